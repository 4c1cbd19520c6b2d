import { inspect } from 'node:util';
import { StoreUnavailable } from '../../core/exchange-error';
import { redisFailureOf, storeUnavailable } from './store-unavailable';

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'. script: 4b3f, on @user_script:31.", 'OOM'],
  ['ERR Error running script (call to f_4b3f): @user_script:31: -OOM command not allowed when used memory', 'OOM'],
  ["READONLY You can't write against a read only replica.", 'READONLY'],
  ['LOADING Redis is loading the dataset in memory', 'LOADING'],
  ["ERR unknown command 'HSOT', with args beginning with: 'passport'", 'ERR'],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'WRONGPASS'],
  ['ERR DB index is out of range', 'no-such-database'],
  ['Command timed out', 'timeout'],
  ["Socket timeout. Expecting data, but didn't receive any in 1500ms.", 'timeout'],
  ["Stream isn't writeable and enableOfflineQueue options is false", 'not-connected'],
  ['Connection is closed.', 'not-connected'],
  ['Reached the max retries per request limit (which is 0). Refer to "maxRetriesPerRequest" option for details.', 'connection-lost'],
  ['passport', 'unknown'],
])('"%s" is %s', (message, failure) => {
  expect(redisFailureOf(new Error(message))).toBe(failure);
});

test('a code of the socket is the kind of the failure', () => {
  expect(redisFailureOf(Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
  expect(redisFailureOf('thrown text')).toBe('unknown');
  expect(redisFailureOf(null)).toBe('unknown');
});

test('nothing of the command is passed on: neither its arguments nor the text of Redis', () => {
  const error = Object.assign(new Error("ERR unknown command 'x', with args beginning with: 'canary'"), {
    command: { name: 'evalsha', args: ['canary'] },
  });
  const unavailable = storeUnavailable('a commit', error);
  expect(inspect(unavailable, { depth: 12, showHidden: true })).not.toContain('canary');
  expect(JSON.stringify(unavailable)).not.toContain('canary');
  expect(unavailable).toMatchObject({ code: 'store-unavailable', retriable: true, cause: { code: 'ERR' } });
});

test('what is a StoreUnavailable already stays the same object', () => {
  const first = new StoreUnavailable('once');
  expect(storeUnavailable('a commit', first)).toBe(first);
});

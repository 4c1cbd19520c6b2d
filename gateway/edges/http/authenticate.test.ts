import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { FakeClock } from '../../../test/support/fake-clock';
import { createAuthenticate, type ApiKey, type Principal } from './authenticate';
import { ApiKeyTable } from './identity/api-key-table';

const keyOf = (token: string, more: Partial<ApiKey> = {}): ApiKey => ({
  sha256: hash('sha256', token, 'hex'),
  role: 'agent',
  tenant: token,
  name: token,
  ...more,
});
const request = (authorization?: string): IncomingMessage => ({ headers: { authorization } }) as unknown as IncomingMessage;

function given(...keys: ApiKey[]) {
  const clock = new FakeClock('2026-11-30T00:00:00Z');
  const table = new ApiKeyTable(clock, keys);
  const authenticate = createAuthenticate({ keys: table });
  return {
    clock,
    table,
    authenticate,
    tenantOf: (token: string) => (authenticate(request(`Bearer ${token}`)) as Principal | undefined)?.name,
  };
}

test('a key is who it is, whatever the letters of the scheme and the blanks', () => {
  const { authenticate } = given(keyOf('one'), keyOf('two'));
  const one = { role: 'agent', tenant: 'one', name: 'one' };
  for (const header of ['Bearer one', 'bearer one', 'BEARER  one ']) expect(authenticate(request(header))).toEqual(one);
});

test.each(['', 'one', 'Bearer', 'Bearer ', 'Bearer One', 'Bearer onee', 'Basic one', 'Bearer one two', `Bearer ${'one'.repeat(2_000)}`])(
  'nobody: %j',
  (header) => expect(given(keyOf('one')).authenticate(request(header))).toBeUndefined(),
);

test('nobody without a header, nor with the hash of a key', () => {
  const { authenticate } = given(keyOf('one'));
  expect(authenticate(request())).toBeUndefined();
  expect(authenticate(request(`Bearer ${hash('sha256', 'one', 'hex')}`))).toBeUndefined();
});

test('keys whose hashes begin alike are told apart', () => {
  const real = keyOf('one');
  const twin = { ...keyOf('twin'), sha256: real.sha256.slice(0, 60) + (real.sha256.endsWith('0000') ? '1111' : '0000') };
  expect(given(twin, real).tenantOf('one')).toBe('one');
  expect(given(twin).tenantOf('one')).toBeUndefined();
});

test('a key is valid from its beginning until its end, to the millisecond', () => {
  const { clock, tenantOf } = given(keyOf('one', { notBefore: '2026-12-01T00:00:00Z', expires: '2026-12-02T00:00:00Z' }));
  const at = (time: string): string | undefined => {
    clock.jumpTo(time);
    return tenantOf('one');
  };
  expect([at('2026-11-30T23:59:59.999Z'), at('2026-12-01T00:00:00Z')]).toEqual([undefined, 'one']);
  expect([at('2026-12-01T23:59:59.999Z'), at('2026-12-02T00:00:00Z')]).toEqual(['one', undefined]);
});

test('replaced keys count at once, the others no more', () => {
  const { table, tenantOf } = given(keyOf('old'), keyOf('both'));
  table.replace([keyOf('both'), keyOf('new')]);
  expect(['old', 'both', 'new'].map(tenantOf)).toEqual([undefined, 'both', 'new']);
});

test('what has the form of a token is asked for where there is an issuer, and no key is', () => {
  const asked: string[] = [];
  const keys = new ApiKeyTable(new FakeClock('2026-11-30T00:00:00Z'), [keyOf('a.b.c')]);
  const verify = (token: string, sha256: string): undefined => {
    expect(sha256).toBe(hash('sha256', token, 'hex'));
    asked.push(token);
  };
  const authenticate = createAuthenticate({ keys, tokens: { verify } });
  for (const token of ['a.b.c', 'd.e.f', 'd.e.', 'd.e', '..', 'd.e.f.g', 'd.e.f=', 'plain']) void authenticate(request(`Bearer ${token}`));
  expect(asked).toEqual(['d.e.f']);
});

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCredentials } from '../gateway/edges/http/identity/credentials-file';
import { apiKey } from './api-key';

const directory = mkdtempSync(join(tmpdir(), 'api-key-'));

afterAll(() => rmSync(directory, { recursive: true }));

function run(...argv: string[]): { code: number; out: string; err: string } {
  const said = { out: '', err: '' };
  const to = (where: 'out' | 'err') => ({ write: (text: string) => (said[where] += text) });
  return { code: apiKey(argv, { out: to('out'), err: to('err'), env: {}, directory }), ...said };
}

test('a key of 256 bits is shown once, and the row has its hash and not the key', () => {
  const { code, out } = run('--role', 'agent', '--tenant', 'vosa', '--name', 'vosa-erp', '--expires', '2027-06-01');
  const key = /^ {2}(seaport_\S+)$/m.exec(out)?.[1] ?? '';
  const row = /^\{.*\}$/m.exec(out)?.[0] ?? '';
  expect(code).toBe(0);
  expect(Buffer.from(key.slice('seaport_'.length), 'base64url')).toHaveLength(32);
  expect(row).not.toContain(key);
  expect(readCredentials(`{"keys":[${row}]}`, []).keys).toEqual([
    {
      sha256: createHash('sha256').update(key).digest('hex'),
      role: 'agent',
      tenant: 'vosa',
      name: 'vosa-erp',
      expires: '2027-06-01T00:00:00.000Z',
    },
  ]);
  expect(run('--role', 'operator', '--name', 'night').out).not.toContain(key);
});

test.each([
  [['--role', 'agent', '--name', 'erp'], 'tenant'],
  [['--role', 'agency', '--agency', 'nobody', '--name', 'desk'], 'unknown agency'],
  [['--role', 'operator', '--tenant', 'vosa', '--name', 'night'], 'tenant'],
  [['--role', 'operator'], 'name'],
  [['--role', 'chief', '--name', 'boss'], 'role'],
  [['--role', 'operator', '--name', 'night', '--expires', 'soon'], '--expires'],
  [['--role', 'operator', '--name', 'night', '--expired', '2027-01-01'], '--expired'],
])('%j makes no key, and says why', (argv, why) => {
  const { code, out, err } = run(...argv);
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(why);
});

test('a file is checked before it is rolled out', () => {
  writeFileSync(join(directory, 'good.json'), '{"keys":[]}');
  writeFileSync(join(directory, 'bad.json'), '{"keys":[{"sha256":"x","role":"operator"}]}');
  expect(run('--check', 'good.json')).toMatchObject({ code: 0, out: '0 keys, nothing wrong\n' });
  expect(run('--check', 'bad.json').err.trim().split('\n').length).toBe(2);
});

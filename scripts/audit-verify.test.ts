import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog } from '../gateway/audit-log';
import { openEmbeddedMessageLog } from '../gateway/edges/embedded/embedded-message-log';
import { createEd25519Signer } from '../gateway/edges/signing/ed25519-signer';
import { FakeClock } from '../test/support/fake-clock';
import { auditVerify } from './audit-verify';

/** A real chain in an embedded log, signed by a real key; then copies of it that were tampered with. */
let folder: string;
let lines: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'audit-verify-'));
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  writeFileSync(join(folder, 'key.pem'), pem);
  const log = await openEmbeddedMessageLog({ path: join(folder, 'data') });
  const topics = ['audit', 'dossiers'].map((topic) => ({ topic, partitions: 2 }));
  await log.createTopics(topics);
  const clock = new FakeClock('2026-11-24T03:00:00Z');
  const ports = { log, signer: createEd25519Signer(pem), clock, partitions: 2, onWarning: () => undefined };
  const audit = new AuditLog({ ...ports, chain: 'c'.repeat(32) });
  await audit.start({});
  for (let i = 0; i < 4; i++) await audit.record({ action: 'audit.read', by: { role: 'auditor', name: 'auditor' } });
  await audit.stop();
  lines = [];
  await log.read(
    'audit',
    [0, 1].map((partition) => ({ partition, from: 0, to: 100 })),
    ({ partition, records }) => {
      for (const { offset, value } of records) lines.push(`{"partition":${partition},"offset":${offset},"record":${value.toString()}}`);
    },
  );
  await log.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

async function run(...argv: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const out = { write: (said: string) => (text += said) };
  const env = { DATA_DIR: join(folder, 'data'), SIGNING_KEY_FILE: join(folder, 'key.pem') };
  return { code: await auditVerify(argv, { out, err: out, env, directory: folder }), text };
}

const copy = (changed: string[]): string => {
  writeFileSync(join(folder, 'copy.jsonl'), changed.join('\n'));
  return 'copy.jsonl';
};

test('finds nothing in the log, nor in a file of it, and gives the heads to keep', async () => {
  expect(await run()).toEqual({ code: 0, text: '6 records, 1 chains, 6 signatures, 0 repeats: nothing found\n' });
  const { code, text } = await run('--file', copy(lines), '--json');
  expect(code).toBe(0);
  writeFileSync(join(folder, 'heads.json'), JSON.stringify((JSON.parse(text) as { heads: unknown }).heads));
  expect((await run('--heads', 'heads.json')).code).toBe(0);
});

const at = 2;
test.each<[string, () => string[], string]>([
  ['changed', () => lines.with(at, (lines[at] as string).replace('"name":"auditor"', '"name":"nobody"')), 'changed'],
  ['dropped', () => lines.toSpliced(at, 1), 'record-missing'],
  ['added', () => lines.toSpliced(at, 0, (lines[at] as string).replace('"name":"auditor"', '"name":"nobody"')), 'changed'],
  ['swapped', () => [...lines.slice(0, at), lines[at + 1], lines[at], ...lines.slice(at + 2)] as string[], 'out-of-order'],
  ['cut off', () => lines.slice(0, at), 'head-missing'],
  ['no JSON', () => lines.with(at, '{'), 'unreadable'],
])('finds a record that was %s', async (_what, changed, fault) => {
  const { code, text } = await run('--file', copy(changed()), '--heads', 'heads.json');
  expect([code, text]).toEqual([3, expect.stringContaining(fault)]);
});

test('verifies pages as GET /v1/audit gives them, one alone only as a part', async () => {
  const { partition } = JSON.parse(lines[0] as string) as { partition: number };
  const page = (items: string[]) =>
    `{"items":[${items.join(',')}],"next":"","more":false,"partitions":[{"partition":${partition},"start":0,"end":6}]}`;
  const [first, second] = [page(lines.slice(0, 3)), page(lines.slice(3))];
  expect((await run('--file', copy([first, second]), '--heads', 'heads.json')).code).toBe(0);
  expect((await run('--file', copy([second, first]))).code).toBe(3);
  expect(await run('--file', copy([second]))).toEqual({ code: 3, text: expect.stringContaining('start-missing') as string });
  expect((await run('--part', '--file', copy([second]))).code).toBe(0);
});

test('does not take another key for ours', async () => {
  const other = createEd25519Signer(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  writeFileSync(join(folder, 'jwks.json'), JSON.stringify(other.jwks()));
  expect(await run('--jwks', 'jwks.json')).toEqual({ code: 3, text: expect.stringContaining('signature-invalid') as string });
});

test('says what it cannot look at', async () => {
  expect(await run('--file', 'absent')).toEqual({ code: 1, text: expect.stringContaining('ENOENT') as string });
});

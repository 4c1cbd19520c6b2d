import { FakeClock } from '../test/support/fake-clock';
import { FakeMessageLog } from '../test/support/fake-message-log';
import { FakeSigner } from '../test/support/fake-signer';
import { AuditDesk, auditPageText, type AuditPage } from './audit-desk';
import { parsePositions } from './positions-cursor';
import { AuditLog } from './audit-log';
import { AuditVerifier, type AuditFinding } from './core/verify-audit';

/** Two processes' chains in one topic, read page by page; then pages that were tampered with. */
const chains = ['a'.repeat(32), 'c'.repeat(32)];
const signer = new FakeSigner();
let log: FakeMessageLog;
let desk: AuditDesk;

beforeEach(async () => {
  log = new FakeMessageLog();
  await log.createTopics(['audit', 'dossiers'].map((topic) => ({ topic, partitions: 2 })));
  desk = new AuditDesk({ log, partitions: 2 });
  const clock = new FakeClock('2026-11-24T03:00:00Z');
  const ports = { log, signer, clock, partitions: 2, onWarning: () => undefined };
  const audits = chains.map((chain) => new AuditLog({ ...ports, chain }));
  for (const audit of audits) await audit.start({});
  for (let turn = 0; turn < 5; turn++)
    for (const audit of audits)
      await Promise.all(
        Array.from({ length: 4 }, (_, i) =>
          audit.record({ action: 'task.read', by: { role: 'agency', name: 'desk' }, subject: { taskId: `${turn}-${i}` } }),
        ),
      );
  for (const audit of audits) await audit.stop();
});

async function read(after: string | undefined, limit: number, chain?: string): Promise<AuditPage> {
  const prepared = await desk.prepare();
  return desk.page({ after: parsePositions(after) ?? new Map(), limit, chain }, prepared);
}

async function pages(limit: number, chain?: string): Promise<AuditPage[]> {
  const all = [await read(undefined, limit, chain)];
  while (all.at(-1)?.more === true) all.push(await read(all.at(-1)?.next, limit, chain));
  return all;
}

function faults(read: readonly AuditPage[], isPart = false, heads: { chain: string; n: number; hash: string }[] = []): string[] {
  const verifier = new AuditVerifier({ verifies: (signature, text) => signature === signer.sign(text), isPart, heads });
  for (const page of read)
    for (const { partition, offset, record } of (JSON.parse(auditPageText(page)) as { items: Parameters<typeof verifier.add>[0][] }).items)
      verifier.add({ partition, offset, record });
  return verifier.report().findings.map(({ fault }: AuditFinding) => fault);
}

test.each([1, 3, 7, 1_000])('pages of %i hold every record once, as it is stored, and verify', async (limit) => {
  const all = await pages(limit);
  const items = all.flatMap((page) => page.items);
  expect(items.map(({ partition, offset, record }) => [partition, offset, record])).toEqual(
    log.data.records('audit').map(({ partition, offset, value }) => [partition, offset, value.toString()]),
  );
  expect(faults(all)).toEqual([]);
  // Each by itself, too: the last entry of each is signed.
  for (const page of all) expect(faults([page], true)).toEqual([]);
});

test('pages of one chain hold it alone', async () => {
  const all = await pages(3, chains[0]);
  const records = all.flatMap(({ items }) => items.map(({ record }) => JSON.parse(record ?? '') as { chain: string; n: number }));
  expect(records.map(({ chain, n }) => [chain, n])).toEqual(Array.from({ length: 22 }, (_, n) => [chains[0], n]));
  expect(faults(all, true)).toEqual([]);
});

test('what is written later follows on the cursor of the last page', async () => {
  const last = (await pages(1_000)).at(-1) as AuditPage;
  expect((await read(last.next, 10)).items).toEqual([]);
  await log.append([{ topic: 'audit', partition: 0, key: null, value: Buffer.from('no JSON'), headers: {} }]);
  expect((await read(last.next, 10)).items).toMatchObject([{ partition: 0, record: null }]);
});

test('a page begins where retention has come to, and says so', async () => {
  const part = log.data.topics.get('audit')?.partitions.findIndex(({ records }) => records.length > 10) ?? -1;
  log.data.deleteUntil('audit', part, 5);
  const page = await read(undefined, 1_000);
  expect(page.partitions[part]).toMatchObject({ start: 5 });
  expect(page.items.filter(({ partition }) => partition === part)[0]?.offset).toBe(5);
});

test('a page that was tampered with does not verify', async () => {
  const all = await pages(1_000);
  const page = all[0] as AuditPage;
  const at = page.items.findIndex(({ record }) => record?.includes('"taskId":"2-1"') === true);
  const item = page.items[at] as AuditPage['items'][number];
  const changed = { ...item, record: (item.record ?? '').replace('"2-1"', '"2-9"') };
  const swapped = page.items.toSpliced(at, 2, page.items[at + 1] as typeof item, item);
  const { chain, n, hash } = JSON.parse(page.items.at(-1)?.record ?? '') as { chain: string; n: number; hash: string };
  const tampered: [AuditPage['items'], string, boolean][] = [
    [page.items.with(at, changed), 'changed', false],
    [page.items.toSpliced(at, 1), 'record-missing', false],
    [page.items.toSpliced(at, 0, changed), 'changed', false],
    [swapped, 'out-of-order', false],
    // To the next place in the file: cut off after an entry that is not signed, and after one that is.
    [page.items.slice(0, at + 1), 'end-unsigned', true],
    [page.items.slice(0, -4), 'head-missing', true],
  ];
  for (const [items, fault, isPart] of tampered) expect(faults([{ ...page, items }], isPart, [{ chain, n, hash }])).toContain(fault);
});

test('what is no cursor is none', () => {
  for (const cursor of ['nonsense', 'e30', Buffer.from('[[0,-1]]').toString('base64url'), Buffer.from('[[0]]').toString('base64url')])
    expect(parsePositions(cursor)).toBeUndefined();
});

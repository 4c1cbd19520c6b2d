import { LogOutcomeUnknown } from './core/exchange-error';
import { OperatorJobs, type JobItem, type OperatorJob } from './operator-jobs';
import { FakeClock } from '../test/support/fake-clock';
import { FakeDossierStore, FakeStoreData } from '../test/support/fake-dossier-store';
import { FakeLogData, FakeMessageLog } from '../test/support/fake-message-log';
import { untilHolds } from '../test/support/until-holds';

const clock = new FakeClock('2026-11-24T03:00:00Z');
let data: FakeLogData;
let log: FakeMessageLog;
let storeData: FakeStoreData;
let settled: string[];
let pauses: number[];
let all: OperatorJobs[];

beforeEach(async () => {
  data = new FakeLogData(() => clock.nowMs());
  log = new FakeMessageLog(data);
  await log.createTopics([{ topic: 'out', partitions: 1 }]);
  storeData = new FakeStoreData();
  settled = [];
  pauses = [];
  all = [];
});
afterEach(() => Promise.all(all.map((jobs) => jobs.close())));

function jobs(pause?: (ms: number, signal: AbortSignal) => Promise<void>): OperatorJobs {
  const own = new OperatorJobs({
    log,
    store: new FakeDossierStore(storeData),
    clock,
    settled: (kind, outcome) => settled.push(`${kind} ${outcome}`),
    failed: () => undefined,
    pause: (ms, signal) => {
      pauses.push(ms);
      return pause?.(ms, signal) ?? Promise.resolve();
    },
  });
  all.push(own);
  return own;
}

/** Items whose record says their number; each third has none. */
async function* items(count: number): AsyncGenerator<JobItem> {
  for (let n = 0; n < count; n++) {
    const record = { topic: 'out', partition: 0, key: null, value: Buffer.from(String(n)), headers: { ce_id: `id-${n}` } };
    yield await Promise.resolve(n % 3 === 2 ? { id: String(n), outcome: 'sealed' } : { id: String(n), outcome: 'redriven', record });
  }
}

const sent = (): string[] => data.records('out').map(({ value }) => value.toString());
const expected = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n)).filter((_, n) => n % 3 !== 2);

const over = (own: OperatorJobs, jobId: string): Promise<OperatorJob> =>
  untilHolds(async () => {
    const job = await own.get(jobId);
    if (job === undefined || job.state === 'running') throw new Error('it runs');
    return job;
  });

it('sends everything in order, counts what came of each and tells it in any process', async () => {
  const own = jobs();
  const begun = await own.start('redrive', 'night-shift', 10_000, items(250));
  expect(begun).toMatchObject({ kind: 'redrive', state: 'running', startedBy: 'night-shift' });
  const job = await over(jobs(), begun.jobId);
  expect(job).toMatchObject({ state: 'done', outcomes: { redriven: 167, sealed: 83 } });
  expect(sent()).toEqual(expected(250));
  expect(settled).toHaveLength(250);
  expect((await jobs().list()).map(({ jobId }) => jobId)).toEqual([begun.jobId]);
});

it('keeps to the rate', async () => {
  const own = jobs();
  const { jobId } = await own.start('redrive', 'op', 20, items(30));
  await over(own, jobId);
  // A clock that stands: each pause is as long as all that was sent until then may take.
  expect(pauses.at(-1)).toBeCloseTo((expected(30).length / 20) * 1000, 0);
});

it('stops before its next records when another process is told', async () => {
  let go: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  const own = jobs(() => held);
  const { jobId } = await own.start('redrive', 'op', 10, items(30));
  await untilHolds(() => Promise.resolve(expect(sent()).toEqual(['0'])));
  expect(await jobs().stop(jobId)).toMatchObject({ state: 'running' });
  go();
  expect(await over(own, jobId)).toMatchObject({ state: 'stopped', outcomes: { redriven: 1 } });
  expect(sent()).toEqual(['0']);
});

it('does not outlive its process, and is told to be lost', async () => {
  const own = jobs(() => new Promise(() => undefined));
  const { jobId } = await own.start('redrive', 'op', 10, items(30));
  await untilHolds(() => Promise.resolve(expect(sent()).toEqual(['0'])));
  clock.advance(31_000);
  expect(await jobs().get(jobId)).toMatchObject({ state: 'lost' });
  all = [];
});

it('fails with the code of the fault, and may be done again', async () => {
  const own = jobs();
  let appends = 0;
  log.afterAppend = () => {
    if (++appends === 2) throw new LogOutcomeUnknown('the answer was lost');
  };
  const first = await over(own, (await own.start('redrive', 'op', 100, items(40))).jobId);
  expect(first).toMatchObject({ state: 'failed', code: 'outcome-unknown' });
  const second = await over(own, (await own.start('redrive', 'op', 100, items(40))).jobId);
  expect(second.state).toBe('done');
  // What was sent twice has one identity.
  expect(new Set(data.records('out').map(({ headers }) => headers['ce_id'])).size).toBe(expected(40).length);
});

it('runs four at once and no more', async () => {
  const own = jobs((_ms, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())));
  for (let n = 0; n < 4; n++) await own.start('redrive', 'op', 1, items(9));
  await expect(own.start('redrive', 'op', 1, items(9))).rejects.toMatchObject({ code: 'jobs-running' });
});

it('tells beforehand what it would come to, and sends nothing', async () => {
  expect(await jobs().preview(items(250))).toMatchObject({
    outcomes: { redriven: 167, sealed: 83 },
    items: expect.arrayContaining([{ id: '0', outcome: 'redriven' }]) as unknown,
    truncated: false,
  });
  expect((await jobs().preview(items(10_001))).truncated).toBe(true);
  expect(sent()).toEqual([]);
});

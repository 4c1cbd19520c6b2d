import { startSupervised, type SessionEvents } from './consumer-supervisor';

/** Pauses take no time, and are counted. */
let nowMs = 0;
jest.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => {
    nowMs += ms;
    return new Promise((resolve) => setImmediate(resolve));
  },
}));
beforeEach(() => {
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
});
afterEach(() => jest.restoreAllMocks());

const denied = (): Error => Object.assign(new Error('no'), { type: 'TOPIC_AUTHORIZATION_FAILED', retriable: false });
const broken = (): Error => Object.assign(new Error('no'), { type: 'INVALID_REQUEST', retriable: false });

/** Sessions that start one after the other; a fault is what the start of one rejects with. */
async function supervised(starts: (Error | undefined)[]) {
  const opened: SessionEvents[] = [];
  const said: (string | undefined)[] = [];
  const fatal: Error[] = [];
  const options = { ping: () => Promise.resolve(), onRefused: (_group: string, why: string | undefined) => void said.push(why) };
  const consumption = { group: 'g', topics: ['t'], onBatch: () => Promise.resolve(), onFatal: (cause: Error) => void fatal.push(cause) };
  const starting = startSupervised(options, consumption, (events) => {
    const fault = starts[opened.push(events) - 1];
    return {
      start: () => (fault === undefined ? Promise.resolve() : Promise.reject(fault)),
      stop: () => Promise.resolve(),
      abandon: () => undefined,
      idleMs: () => 0,
    };
  });
  return { consumer: await starting, opened, said, fatal };
}

const away = (): Error => Object.assign(new Error('no'), { type: 'GROUP_COORDINATOR_NOT_AVAILABLE', retriable: true });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a start that is refused says what is missing', async () => {
  await expect(supervised([denied()])).rejects.toThrow(
    /group g cannot consume t: this user has no ACL for it .*TOPIC_AUTHORIZATION_FAILED/,
  );
});

test('what is refused while it runs ends no process: it is told, tried again, and told when it is over', async () => {
  const { consumer, opened, said, fatal } = await supervised([]);
  opened[0]?.onCrash(denied());
  await turn();
  expect(said).toEqual([expect.stringMatching(/this user has no ACL for it/)]);
  while (said.length < 2) await turn();
  expect([said[1], opened.length, fatal]).toEqual([undefined, 2, []]);
  await consumer.stop();
});

test('another fault that no waiting mends still ends the process', async () => {
  const { consumer, opened, said, fatal } = await supervised([]);
  opened[0]?.onCrash(broken());
  await turn();
  expect([said, fatal.map(({ message }) => message)]).toEqual([[], ['group g cannot go on: INVALID_REQUEST']]);
  await consumer.stop();
});

test('a coordinator that is away for a minute and a half while brokers answer ends no process', async () => {
  const beganMs = nowMs;
  const { consumer, opened, fatal } = await supervised([undefined, ...Array.from({ length: 40 }, away)]);
  opened[0]?.onCrash(away());
  while (opened.length < 42) await turn();
  expect(nowMs - beganMs).toBeGreaterThan(90_000);
  expect(fatal).toEqual([]);
  await consumer.stop();
});

test('a topic that is gone while brokers answer ends the process after a few tries', async () => {
  const gone = (): Error => Object.assign(new Error('no'), { type: 'UNKNOWN_TOPIC_OR_PARTITION', retriable: true });
  const { consumer, opened, fatal } = await supervised([undefined, ...Array.from({ length: 40 }, gone)]);
  opened[0]?.onCrash(gone());
  while (fatal.length === 0) await turn();
  expect(opened.length).toBe(6);
  await consumer.stop();
});

test('a coordinator that is away for much longer does: a new process looks for it anew', async () => {
  const { consumer, opened, fatal } = await supervised([undefined, ...Array.from({ length: 100 }, away)]);
  opened[0]?.onCrash(away());
  while (fatal.length === 0) await turn();
  expect(opened.length).toBeLessThan(100);
  expect(fatal[0]?.message).toBe('group g cannot go on: GROUP_COORDINATOR_NOT_AVAILABLE');
  await consumer.stop();
});

import { FakeClock } from '../test/support/fake-clock';
import type { AuditEntry } from './core/audit-chain';
import { AuditUnavailable } from './core/exchange-error';
import { digestOf } from './core/identifiers';
import { RefusedAccess } from './refused-access';

let entries: AuditEntry[];
let isAway: boolean;
let whileRecording: () => void;
let refused: RefusedAccess;
let clock: FakeClock;

beforeEach(() => {
  jest.useFakeTimers();
  entries = [];
  isAway = false;
  whileRecording = () => undefined;
  clock = new FakeClock('2026-11-24T03:00:00Z');
  refused = new RefusedAccess({
    audit: {
      record: (entry) => {
        whileRecording();
        if (isAway) return Promise.reject(new AuditUnavailable('away'));
        entries.push(entry);
        return Promise.resolve();
      },
    },
    clock,
    fingerprint: (text) => digestOf(`key ${text}`).slice(0, 32),
    onWarning: () => undefined,
  });
});

afterEach(async () => {
  isAway = false;
  await refused.stop();
  jest.useRealTimers();
});

interface Told {
  refused: { code: string; name?: string; credential?: string; source: string; count: number }[];
  others: number;
}
const told = (): Told[] => entries.map(({ detail }) => detail as unknown as Told);
const total = (): number =>
  told().reduce((sum, { refused, others }) => sum + others + refused.reduce((all, { count }) => all + count, 0), 0);

test('counts each credential and source in one entry a minute, and names neither', async () => {
  for (let i = 0; i < 3; i++) refused.note({ code: 'unauthenticated', source: '192.0.2.7', credential: 'Bearer stolen-secret' });
  refused.note({ code: 'unauthenticated', source: '192.0.2.8', credential: 'Bearer stolen-secret' });
  refused.note({ code: 'unauthenticated', source: '192.0.2.7' });
  for (let i = 0; i < 2; i++) refused.note({ code: 'forbidden', source: '192.0.2.7', name: 'agent-042', credential: 'Bearer valid' });
  await jest.advanceTimersByTimeAsync(60_000);
  const [first, second] = [digestOf('key 192.0.2.7').slice(0, 32), digestOf('key 192.0.2.8').slice(0, 32)];
  const credential = digestOf('key Bearer stolen-secret').slice(0, 32);
  expect(told()).toEqual([
    {
      since: '2026-11-24T03:00:00Z',
      until: '2026-11-24T03:00:00Z',
      refused: [
        { code: 'unauthenticated', source: first, credential, count: 3 },
        { code: 'unauthenticated', source: second, credential, count: 1 },
        { code: 'unauthenticated', source: first, credential: 'none', count: 1 },
        { code: 'forbidden', source: first, name: 'agent-042', count: 2 },
      ],
      others: 0,
    },
  ]);
  expect(JSON.stringify(entries)).not.toMatch(/stolen|valid|192/);
  await jest.advanceTimersByTimeAsync(300_000);
  expect(entries).toHaveLength(1);
});

test('an attack writes one small entry, counts everything, and does not hide who asked for more than it may', async () => {
  for (let i = 0; i < 20_000; i++) refused.note({ code: 'unauthenticated', source: `192.0.2.${i % 200}`, credential: `guess-${i}` });
  refused.note({ code: 'forbidden', source: '192.0.2.7', name: 'desk-1' });
  await jest.advanceTimersByTimeAsync(60_000);
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries).length).toBeLessThan(16_000);
  expect(total()).toBe(20_001);
  expect(told()[0]?.refused.some(({ name }) => name === 'desk-1')).toBe(true);
});

test('what could not be recorded is in the next entry, and what came meanwhile in the one after', async () => {
  refused.note({ code: 'unauthenticated', source: 'a', credential: 'x' });
  isAway = true;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(entries).toEqual([]);
  refused.note({ code: 'unauthenticated', source: 'a', credential: 'x' });
  isAway = false;
  whileRecording = () => refused.note({ code: 'unauthenticated', source: 'a', credential: 'x' });
  await jest.advanceTimersByTimeAsync(60_000);
  whileRecording = () => undefined;
  expect(told()[0]?.refused).toMatchObject([{ count: 2 }]);
  await refused.stop();
  expect(total()).toBe(3);
});

test('what was counted at the end is recorded before it stops', async () => {
  refused.note({ code: 'forbidden', source: 'a', name: 'desk-1' });
  await refused.stop();
  expect(told()[0]?.refused).toMatchObject([{ name: 'desk-1', count: 1 }]);
});

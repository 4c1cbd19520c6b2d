import { FakeClock } from '../test/support/fake-clock';
import type { AuditEntry } from './core/audit-chain';
import { AuditUnavailable } from './core/exchange-error';
import { digestOf } from './core/identifiers';
import { AccessLog } from './access-log';

let entries: AuditEntry[];
let isAway: boolean;
let whileRecording: () => void;
let accesses: AccessLog;
let clock: FakeClock;

beforeEach(() => {
  jest.useFakeTimers();
  entries = [];
  isAway = false;
  whileRecording = () => undefined;
  clock = new FakeClock('2026-11-24T03:00:00Z');
  accesses = new AccessLog({
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
  await accesses.stop();
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
  for (let i = 0; i < 3; i++) accesses.refused({ code: 'unauthenticated', source: '192.0.2.7', credential: 'Bearer stolen-secret' });
  accesses.refused({ code: 'unauthenticated', source: '192.0.2.8', credential: 'Bearer stolen-secret' });
  accesses.refused({ code: 'unauthenticated', source: '192.0.2.7' });
  for (let i = 0; i < 2; i++) accesses.refused({ code: 'forbidden', source: '192.0.2.7', name: 'agent-042', credential: 'Bearer valid' });
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
  for (let i = 0; i < 20_000; i++) accesses.refused({ code: 'unauthenticated', source: `192.0.2.${i % 200}`, credential: `guess-${i}` });
  accesses.refused({ code: 'forbidden', source: '192.0.2.7', name: 'desk-1' });
  await jest.advanceTimersByTimeAsync(60_000);
  expect(entries).toHaveLength(1);
  expect(JSON.stringify(entries).length).toBeLessThan(16_000);
  expect(total()).toBe(20_001);
  expect(told()[0]?.refused.some(({ name }) => name === 'desk-1')).toBe(true);
});

test('what could not be recorded is in the next entry, and what came meanwhile in the one after', async () => {
  accesses.refused({ code: 'unauthenticated', source: 'a', credential: 'x' });
  isAway = true;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(entries).toEqual([]);
  accesses.refused({ code: 'unauthenticated', source: 'a', credential: 'x' });
  isAway = false;
  whileRecording = () => accesses.refused({ code: 'unauthenticated', source: 'a', credential: 'x' });
  await jest.advanceTimersByTimeAsync(60_000);
  whileRecording = () => undefined;
  expect(told()[0]?.refused).toMatchObject([{ count: 2 }]);
  await accesses.stop();
  expect(total()).toBe(3);
});

test('what was counted at the end is recorded before it stops', async () => {
  accesses.refused({ code: 'forbidden', source: 'a', name: 'desk-1' });
  await accesses.stop();
  expect(told()[0]?.refused).toMatchObject([{ name: 'desk-1', count: 1 }]);
});

const agent = { role: 'agent', tenant: 't', name: 'hp-agency' } as const;
const signIns = (): { signedIn: unknown[]; others: number }[] =>
  entries.filter(({ action }) => action === 'access.signed-in').map(({ detail }) => detail as { signedIn: unknown[]; others: number });

test('tells who signed in and where from, once, and again after an hour without a request', async () => {
  for (let i = 0; i < 5; i++) accesses.signedIn({ by: agent, source: '192.0.2.7' });
  accesses.signedIn({ by: agent, source: '192.0.2.8' });
  accesses.signedIn({ by: { role: 'auditor', name: 'hp-agency' }, source: '192.0.2.7' });
  await jest.advanceTimersByTimeAsync(60_000);
  const [first, second] = [digestOf('key 192.0.2.7').slice(0, 32), digestOf('key 192.0.2.8').slice(0, 32)];
  const auditor = { by: { role: 'auditor', name: 'hp-agency' }, source: first };
  expect(signIns()).toEqual([{ signedIn: [{ by: agent, source: first }, { by: agent, source: second }, auditor], others: 0 }]);
  for (let minute = 0; minute < 120; minute++) {
    clock.advance(60_000);
    accesses.signedIn({ by: agent, source: '192.0.2.7' });
  }
  await jest.advanceTimersByTimeAsync(60_000);
  expect(signIns()).toHaveLength(1);
  clock.advance(3_600_000);
  accesses.signedIn({ by: agent, source: '192.0.2.7' });
  await accesses.stop();
  expect(signIns()[1]).toEqual({ signedIn: [{ by: agent, source: first }], others: 0 });
});

test('a fleet of callers writes one bounded entry, and what could not be recorded is in the next', async () => {
  for (let i = 0; i < 20_000; i++) accesses.signedIn({ by: agent, source: `10.0.${i >> 8}.${i & 255}` });
  accesses.refused({ code: 'forbidden', source: 'a', name: 'desk-1' });
  isAway = true;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(entries).toEqual([]);
  isAway = false;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(entries.map(({ action }) => action)).toEqual(['access.signed-in', 'access.refused']);
  expect(signIns()[0]).toMatchObject({ signedIn: { length: 100 }, others: 19_900 });
});

import { agencyRequest } from '../../test/support/agency-requests';
import { canonicalJson } from '../../gateway/core/canonical-json';
import type { Clock } from '../../gateway/ports/clock';
import { AgencyCaller, defaultCallPolicy, type AgencyCallerOptions, type CallPolicy } from './agency-caller';

const request = agencyRequest();
const decision = { taskId: request.taskId, outcome: 'accepted' };
const never = new AbortController().signal;

type Reply = (body: string, headers: Record<string, string>) => Response | Promise<Response>;

const json = (value: unknown, status = 200): Response =>
  new Response(typeof value === 'string' ? value : JSON.stringify(value), { status });
const status = (code: number, headers: Record<string, string> = {}): Response => new Response(null, { status: code, headers });
const unreachable: Reply = () => Promise.reject(new TypeError('fetch failed'));

/** A world whose time passes only by sleeping. */
function setUp(reply: Reply | Reply[], policy: Partial<CallPolicy> = {}, more: Partial<AgencyCallerOptions> = {}) {
  let nowMs = 0;
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const slept: number[] = [];
  const calls: { body: string; headers: Record<string, string>; atMs: number }[] = [];
  const signed = (text: string | Buffer): string => `head..${text.length}`;
  const caller = new AgencyCaller({
    url: 'http://agency.example/requests',
    clock,
    signer: { keyId: 'k', sign: signed, signAside: (text) => Promise.resolve(signed(text)), jwks: () => ({ keys: [] }) },
    policy,
    random: () => 0.5,
    sleep: (ms, signal) => {
      signal.throwIfAborted();
      slept.push(ms);
      nowMs += ms;
      return Promise.resolve();
    },
    fetch: async (_url, init) => {
      const body = init?.body as string;
      const headers = init?.headers as Record<string, string>;
      calls.push({ body, headers, atMs: nowMs });
      const next = Array.isArray(reply) ? (reply[calls.length - 1] ?? reply.at(-1)) : reply;
      return (next as Reply)(body, headers);
    },
    ...more,
  });
  return { caller, calls, slept, ask: (which = request) => caller.call(which, '00-aa-bb-01', never) };
}

describe('calling an agency', () => {
  it('sends the request once, signed, with its identity, and takes the decision', async () => {
    const { ask, calls } = setUp(() => json(decision));
    expect(await ask()).toEqual({ kind: 'decision', decision });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toBe(canonicalJson(request));
    expect(calls[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': request.taskId,
      'x-jws-signature': `head..${canonicalJson(request).length}`,
      'ce-type': 'vn.seaport.request.v1',
      traceparent: '00-aa-bb-01',
    });
  });

  it.each([202, 204])('takes %d for a decision that comes later', async (code) => {
    expect(await setUp(() => status(code)).ask()).toEqual({ kind: 'taken' });
  });

  it('tells a cancel under an identity of its own and expects no decision', async () => {
    const { ask, calls } = setUp(() => json(''));
    expect(await ask(agencyRequest({ action: 'cancel', view: {} }))).toEqual({ kind: 'taken' });
    expect(calls[0]?.headers['idempotency-key']).toBe(`${request.taskId}:cancel`);
  });

  it('tries again after a failure, with growing pauses and the same identity', async () => {
    const { ask, calls, slept } = setUp([unreachable, () => status(503), () => status(500), () => json(decision)]);
    expect(await ask()).toEqual({ kind: 'decision', decision });
    expect(slept).toEqual([100, 200, 400]);
    expect(new Set(calls.map((call) => call.headers['idempotency-key'])).size).toBe(1);
  });

  it('comes later when it is asked to, but not later than the longest pause', async () => {
    const { ask, slept } = setUp([
      () => status(429, { 'retry-after': '7' }),
      () => status(503, { 'retry-after': '99999' }),
      () => json(decision),
    ]);
    await ask();
    expect(slept).toEqual([7000, defaultCallPolicy.maxDelayMs]);
  });

  it('gives up at once what the agency refuses', async () => {
    const { ask, calls } = setUp(() => status(422));
    expect(await ask()).toEqual({ kind: 'given-up', reason: 'agency-refused-request', attempts: 1 });
    expect(calls).toHaveLength(1);
  });

  it.each([401, 403, 404, 302])('waits when %d says that our address or credential is wrong: no request is lost to it', async (code) => {
    const { ask } = setUp([...Array.from({ length: 20 }, () => () => status(code)), () => json(decision)]);
    expect(await ask()).toEqual({ kind: 'decision', decision });
  });

  it.each([
    ['nonsense', 'decision-invalid', () => json('<html>')],
    ['an unknown outcome', 'decision-invalid', () => json({ ...decision, outcome: 'maybe' })],
    ['more than is read', 'decision-invalid', () => json('x'.repeat(4 * 1024 * 1024 + 1))],
    ['a decision on another task', 'agency-mismatch', () => json({ ...decision, taskId: agencyRequest({ agency: 'tax' }).taskId })],
    ['a decision of another agency', 'agency-mismatch', () => json({ ...decision, agency: 'tax' })],
  ] as [string, string, Reply][])('gives up after some tries when the answer is %s', async (_name, reason, reply) => {
    const { ask } = setUp(reply, { maxAttempts: 3 });
    expect(await ask()).toEqual({ kind: 'given-up', reason, attempts: 3 });
  });

  it('waits for an agency that is away, however many attempts that takes', async () => {
    const { ask, calls } = setUp([...Array.from({ length: 50 }, () => unreachable), () => json(decision)]);
    expect(await ask()).toEqual({ kind: 'decision', decision });
    expect(calls).toHaveLength(51);
  });

  it('gives up at last, by time', async () => {
    const { ask } = setUp(unreachable, { giveUpAfterMs: 60_000 });
    expect(await ask()).toMatchObject({ kind: 'given-up', reason: 'agency-unreachable' });
  });

  it('gives up a request that alone fails while others are served', async () => {
    const poison = agencyRequest({ revision: 7 });
    const { caller, ask } = setUp(async (body) => {
      if (body !== canonicalJson(poison)) return json(decision);
      // Somebody else is served between the failures of this one.
      await ask();
      return status(500);
    });
    expect(await caller.call(poison, undefined, never)).toEqual({
      kind: 'given-up',
      reason: 'agency-unreachable',
      attempts: defaultCallPolicy.maxAttempts,
    });
  });

  it('stops calling while the circuit is open, and asks with one probe', async () => {
    const { ask, calls, caller } = setUp([...Array.from({ length: 6 }, () => unreachable), () => json(decision)], {
      circuit: { failureThreshold: 3, openMs: 10_000, maxOpenMs: 60_000 },
      retryBudget: { perCall: 1, perSecond: 100, maxTokens: 100 },
    });
    await ask();
    const pauses = calls.slice(1).map((call, i) => call.atMs - (calls[i]?.atMs ?? 0));
    // Two retries by back-off, then each probe after twice the time of the last.
    expect(pauses.slice(2)).toEqual([10_000, 20_000, 40_000, 60_000]);
    expect(caller.circuitPhase).toBe('closed');
  });

  it('retries no more than its budget allows', async () => {
    const { ask, calls } = setUp([...Array.from({ length: 4 }, () => () => status(429)), () => json(decision)], {
      baseDelayMs: 1,
      maxDelayMs: 1,
      retryBudget: { perCall: 0, perSecond: 1, maxTokens: 1 },
    });
    await ask();
    // One retry at once, the others a second apart.
    expect(calls.at(-1)?.atMs).toBeGreaterThanOrEqual(3000);
  });

  it('has no more calls under way than allowed, and lets the next ones in, in order', async () => {
    const open: (() => void)[] = [];
    const started: number[] = [];
    const { caller } = setUp(
      (body) => {
        started.push((JSON.parse(body) as { revision: number }).revision);
        return new Promise((resolve) => open.push(() => resolve(json(decision))));
      },
      { maxConcurrency: 2 },
    );
    const calls = [1, 2, 3, 4].map((revision) => caller.call(agencyRequest({ revision }), undefined, never));
    for (const expected of [
      [1, 2],
      [1, 2, 3],
      [1, 2, 3, 4],
    ]) {
      await new Promise(setImmediate);
      expect(started).toEqual(expected);
      open.shift()?.();
    }
    open.forEach((finish) => finish());
    expect(await Promise.all(calls)).toHaveLength(4);
  });

  it('ends at once when it is aborted, in a call as well as in the queue, and decides nothing', async () => {
    const abort = new AbortController();
    const { caller } = setUp(
      unreachable,
      { maxConcurrency: 1 },
      {
        fetch: (_url, init) =>
          new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))),
      },
    );
    const calls = [caller.call(request, undefined, abort.signal), caller.call(request, undefined, abort.signal)];
    await new Promise(setImmediate);
    abort.abort(new Error('stopping'));
    const results = await Promise.allSettled(calls);
    expect(results.map((result) => (result.status === 'rejected' ? (result.reason as Error).message : 'answered'))).toEqual([
      'stopping',
      'stopping',
    ]);
    expect(caller.circuitPhase).toBe('closed');
  });

  it('counts no answer within the time limit as a failure', async () => {
    let calls = 0;
    const { ask } = setUp(
      unreachable,
      { timeoutMs: 5 },
      {
        fetch: (_url, init) =>
          calls++ === 0
            ? new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)))
            : Promise.resolve(json(decision)),
      },
    );
    expect(await ask()).toEqual({ kind: 'decision', decision });
    expect(calls).toBe(2);
  });
});

import { WriteBehind, type DeferredSource } from './write-behind';

/** A source whose writes end when the test says so. */
class Source implements DeferredSource {
  readonly settled: boolean[] = [];
  readonly writes: { commit(): void; refuse(cause: Error): void }[] = [];

  write(): Promise<unknown>[] {
    return [new Promise((resolve, reject) => this.writes.push({ commit: () => resolve(true), refuse: reject }))];
  }

  settle(isCommitted: boolean): void {
    this.settled.push(isCommitted);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('writing behind', () => {
  let writeBehind: WriteBehind;
  let source: Source;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    writeBehind = new WriteBehind();
    source = new Source();
    writeBehind.add(source);
  });

  afterEach(() => jest.useRealTimers());

  it('writes once for all that came in a while', async () => {
    writeBehind.later();
    writeBehind.later();
    expect(source.writes).toHaveLength(0);
    jest.runOnlyPendingTimers();
    expect(source.writes).toHaveLength(1);
    source.writes[0]?.commit();
    await turn();
    expect(source.settled).toEqual([true]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('writes the sources together: one that fails settles none', async () => {
    const other = new Source();
    writeBehind.add(other);
    const written = writeBehind.now();
    source.writes[0]?.commit();
    other.writes[0]?.refuse(new Error('disk full'));
    await expect(written).rejects.toThrow('disk full');
    expect([source.settled, other.settled]).toEqual([[false], [false]]);
    expect(writeBehind.failure).toMatchObject({ message: 'disk full' });
  });

  it('answers who asks during a write after the next one, which serves all of them, and never writes twice at a time', async () => {
    const first = writeBehind.now();
    const [second, third] = [writeBehind.now(), writeBehind.now()];
    expect(second).toBe(third);
    expect(source.writes).toHaveLength(1);
    source.writes[0]?.commit();
    await first;
    const fourth = writeBehind.now();
    await turn();
    expect(source.writes).toHaveLength(2);
    source.writes[1]?.commit();
    await Promise.all([second, third, fourth]);
    expect(source.writes).toHaveLength(2);
  });

  it('tries again by itself after a failure, and forgets the failure when it has gone well', async () => {
    writeBehind.soon();
    source.writes[0]?.refuse(new Error('disk full'));
    await turn();
    expect(source.settled).toEqual([false]);
    jest.runOnlyPendingTimers();
    source.writes[1]?.commit();
    await turn();
    expect(source.settled).toEqual([false, true]);
    expect(writeBehind.failure).toBeUndefined();
  });
});

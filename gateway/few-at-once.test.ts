import { setTimeout as sleep } from 'node:timers/promises';
import { FewAtOnce } from './few-at-once';

const A_LONG_TIME_MS = 60_000;

/** Work that ends when it is told to. */
function work(log: string[], name: string): { run: () => Promise<string>; end: () => void; fail: () => void } {
  let end = (): void => undefined;
  let fail = (): void => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = () => {
      reject(new Error(name));
    };
  });
  const run = async (): Promise<string> => {
    log.push(name);
    await ended;
    return name;
  };
  return { run, end: () => end(), fail: () => fail() };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('so many are under way, and the others follow in the order in which they came', async () => {
  const few = new FewAtOnce(2, A_LONG_TIME_MS);
  const log: string[] = [];
  const works = ['a', 'b', 'c', 'd'].map((name) => work(log, name));
  const results = works.map(({ run }) => few.run(run));
  await settle();
  expect(log).toEqual(['a', 'b']);
  works[1]?.end();
  await settle();
  expect(log).toEqual(['a', 'b', 'c']);
  for (const { end } of works) end();
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd']);
});

test('a turn that was given is not taken by one that comes later', async () => {
  const few = new FewAtOnce(1, A_LONG_TIME_MS);
  const log: string[] = [];
  const [a, b, c] = [work(log, 'a'), work(log, 'b'), work(log, 'c')];
  const first = few.run(a.run);
  const second = few.run(b.run);
  const third = first.then(() => few.run(c.run));
  a.end();
  await settle();
  expect(log).toEqual(['a', 'b']);
  b.end();
  c.end();
  await Promise.all([second, third]);
  expect(log).toEqual(['a', 'b', 'c']);
});

test('work that fails gives its turn on', async () => {
  const few = new FewAtOnce(1, A_LONG_TIME_MS);
  const log: string[] = [];
  const [a, b] = [work(log, 'a'), work(log, 'b')];
  const first = few.run(a.run);
  const second = few.run(b.run);
  a.fail();
  b.end();
  await expect(first).rejects.toThrow('a');
  expect(await second).toBe('b');
});

test('who has waited long enough does not wait for those that hang', async () => {
  const few = new FewAtOnce(1, 20);
  const log: string[] = [];
  const [hanging, other] = [work(log, 'hanging'), work(log, 'other')];
  void few.run(hanging.run);
  other.end();
  expect(await few.run(other.run)).toBe('other');
  hanging.end();
  await sleep(0);
  expect(log).toEqual(['hanging', 'other']);
});

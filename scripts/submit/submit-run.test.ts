import { percentile, Progress, runBounded, Tally } from './submit-run';

test('no more run at once than is allowed, and each runs once', async () => {
  let running = 0;
  let most = 0;
  const seen: number[] = [];
  await runBounded(50, 4, async (index) => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    seen.push(index);
    running--;
  });
  expect(most).toBe(4);
  expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
});

test('one at once keeps the order', async () => {
  const seen: number[] = [];
  await runBounded(5, 1, async (index) => {
    await Promise.resolve();
    seen.push(index);
  });
  expect(seen).toEqual([0, 1, 2, 3, 4]);
});

test('percentiles are values that occurred', () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([50, 99, 100]);
  expect(percentile([7], 0.5)).toBe(7);
  expect(percentile([], 0.99)).toBe(0);
});

test('the summary says counts, throughput and times', () => {
  const tally = new Tally();
  tally.add({ kind: 'failure', message: 'gone' }, 5);
  tally.add({ kind: 'fault', httpStatus: 422, problem: { code: 'required' } }, 15);
  tally.add({ kind: 'fault', httpStatus: 422, problem: { code: 'required' } }, 25);
  tally.retry();
  expect(tally.summary(2_000)).toEqual([
    '3 sent in 2.0 s (1.5/s)',
    '  2  error 422 required',
    '  1  error: gone',
    '  1 sent again as the gateway asked',
    'time to the answer: p50 15 ms, p90 25 ms, p99 25 ms, max 25 ms',
  ]);
});

const written = (isTTY: boolean) => {
  const texts: string[] = [];
  return { isTTY, texts, write: (text: string) => texts.push(text) };
};

test('on a terminal the progress is one line, rewritten and removed', () => {
  const stream = written(true);
  const progress = new Progress(stream, 2);
  progress.started('a.xml', 0);
  progress.tick();
  progress.tick();
  expect(stream.texts.at(-1)).toBe('\r\x1b[2K0/2 a.xml: waiting for the answer (2 s)');
  progress.finished('a.xml', 'granted', 1, 0);
  progress.clear();
  expect(stream.texts.join('')).not.toContain('\n');
  expect(stream.texts.at(-1)).toBe('\r\x1b[2K');
});

test('elsewhere the progress is plain lines: each of a few, each tenth of many', () => {
  const few = written(false);
  new Progress(few, 2).finished('a.xml', 'granted', 1, 0);
  expect(few.texts).toEqual(['1/2 a.xml: granted\n']);
  const many = written(false);
  const progress = new Progress(many, 1_000);
  for (let done = 1; done <= 1_000; done++) progress.finished('a.xml', 'granted', done, 0);
  expect(many.texts).toHaveLength(10);
  expect(many.texts.join('')).not.toContain('\r');
});

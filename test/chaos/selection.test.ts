import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runChaos } from './runner/run-chaos';

jest.setTimeout(900_000);

/** A few faults of `npm run chaos`, seeded: a broker, a Redis and a process a role under load, the whole history held against I1 to I12. */
const root = path.resolve(__dirname, '..', '..');

test.each([
  { client: 'kafkajs', faults: ['F01-intake-exchange', 'F06-broker-kill'] },
  { client: 'platformatic', faults: ['F01-exchange-adapters', 'F22-flush'] },
])('with $client nothing is lost, doubled or leaked through $faults', async ({ client, faults }) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-chaos-'));
  try {
    const options = { seed: 7, minutes: undefined, rate: 8, from: root, keep: false, say: () => undefined };
    const report = await runChaos({ ...options, only: faults, client, directory });
    // How long it took is not asserted: other tests run beside it.
    expect(report.rows).toMatchObject(
      faults.map((fault) => ({ fault, violated: {}, violations: [], drainedMs: expect.any(Number) as number })),
    );
    expect([report.whole.violated, report.whole.violations]).toEqual([{}, []]);
    for (const { accepted } of report.rows) expect(accepted).toBeGreaterThan(20);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

import path from 'node:path';
import { buildGateway } from '../../support/gateway-process';
import { crashCycles } from './crash-cycles';

jest.setTimeout(300_000);

/** Fault F41. `npm run chaos -- --only F41` does it by the thousand. */
const build = path.resolve(path.dirname(buildGateway()), '..');

test('the embedded default, killed fifty times in the midst of its commits, opens with all that was acknowledged and what follows from it', async () => {
  const figures = await crashCycles({ cycles: 50, seed: 41, build });
  expect(figures.violations).toEqual([]);
  expect(figures.cycles).toBe(50);
  expect(figures.acknowledged).toBeGreaterThan(50);
  expect(figures.found).toBeGreaterThanOrEqual(figures.acknowledged);
  expect(figures.tornTails).toBeGreaterThan(0);
});

test('a record that is acknowledged before it is stored is found out', async () => {
  const { violations } = await crashCycles({ cycles: 100, seed: 41, build, isEarly: true });
  expect(violations[0]).toMatch(/was acknowledged at/);
});

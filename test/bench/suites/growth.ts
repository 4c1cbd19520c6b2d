import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import agenciesFile from '../../../config/agencies.json';
import needToKnow from '../../../config/need-to-know.json';
import { consignmentsWithin, makeBody, type Size } from '../../load/bodies';
import { redisMemory, type BenchServices, type SuiteOptions } from '../end-to-end';
import { figure, lineThrough, shown, type Figure } from '../figures';
import { gatewayCpu } from '../gateway-cpu';
import { oneProcess } from '../gateway-under-test';
import { doneRateOf, type JudgedRun, type LiveLoad, type PhaseOptions } from '../phase';
import { startBackend } from './own-backend';
import type { BenchSettings } from '../settings';
import { atRate, ceiling, phase, shareOfCeiling, type MakeSuites } from './shared';

/** How cost grows: with the size of a message, with the dossiers that are alive, with the number of agencies, with the time they take. */

// ---------------------------------------------------------------------------------------------------------------- message size

/** Consignments: 10, 13, 23, 73, 640 kB, 3 MB of XML. */
const SIZES: readonly Size[] = ['small', 0, 'typical', 20, 100, 'large', 'huge'];
const LARGEST_BYTES = 8 * 1024 * 1024;
/** Bytes of bodies under way. */
const BYTES_IN_FLIGHT = 20_000_000;
const FEWEST_IN_FLIGHT = 4;

export const growthSizeSuites: MakeSuites = (settings, services) => {
  const nowMs = Date.now();
  const sizes = [...SIZES, ...(settings.quick ? [] : [consignmentsWithin(LARGEST_BYTES, 'xml', nowMs)])];
  return [
    {
      name: 'growth, message size',
      topology: oneProcess,
      services,
      client: settings.clients[0] ?? 'kafkajs',
      phases: sizes.map((size) => {
        const bytes = makeBody(size, 'xml', 'original', nowMs).bytes.length;
        const inFlight = Math.max(FEWEST_IN_FLIGHT, Math.min(settings.inFlight, Math.floor(BYTES_IN_FLIGHT / bytes)));
        const connections = Math.min(settings.connections, Math.max(2, Math.ceil(inFlight / 4)));
        return phase(settings, `${shown(bytes / 1000)} kB`, { size, inFlight, connections }, { repetitions: 1 });
      }),
      conclude: (judged) => {
        const points = judged.flatMap(({ phases: [result] }): [number, number][] =>
          result === undefined ? [] : [[result.load.bytesPerRequest / 1000, gatewayCpu(result.cpu)]],
        );
        const { slope, intercept, r2 } = lineThrough(points);
        const large = points.filter(([kilobytes]) => kilobytes > 100).map(([kilobytes, ms]) => ms / kilobytes);
        return {
          figures: [
            figure('gateway CPU a kB', slope * 1000, 'µs'),
            figure('gateway CPU beside the size', intercept, 'ms'),
            figure('explained by a line', r2),
            figure('CPU a kB, most : least above 100 kB', Math.max(...large) / Math.min(...large)),
          ],
          series: [
            {
              name: 'growth by message size',
              x: 'kB of XML',
              y: 'gateway CPU, ms a declaration',
              lines: [{ name: 'gateway CPU', points }],
            },
          ],
        };
      },
    },
  ];
};

// -------------------------------------------------------------------------------------------------------------- dossiers alive

/** Of what is free at the start, Redis may use so much. */
const MEMORY_SHARE = 0.6;
const STUCK_AFTER_MS = 60_000;

export const growthDossiersSuites: MakeSuites = (settings, services) => [
  { ...aliveSuite(settings, services), services, client: settings.clients[0] ?? 'kafkajs' },
];

export const growthEmbeddedSuites: MakeSuites = (settings) => [
  { ...aliveSuite(settings, undefined), name: 'growth, dossiers alive, embedded', services: undefined },
];

function aliveSuite(settings: BenchSettings, services: BenchServices | undefined): Omit<SuiteOptions, 'services'> {
  const levels = [...settings.dossiers].sort((a, b) => a - b);
  const roomBytes = os.freemem() * MEMORY_SHARE;
  const skipped: Figure[] = [];
  let bytesEach = 0;
  const fill = (level: number, below: number): PhaseOptions => {
    const total = level - below;
    const scenario = async (live: LiveLoad): Promise<void> => {
      const before = (await redisMemory(services)) ?? NaN;
      await untilDone(live, total);
      bytesEach = (((await redisMemory(services)) ?? NaN) - before) / total;
    };
    return phase(settings, `fill to ${level}`, { size: 'small', total, inFlight: 4 * settings.inFlight }, { scenario });
  };
  /** What the filling before took tells whether there is room; embedded everything is on the disk. */
  const fits = (level: number): boolean => skipped.length === 0 && !(bytesEach * level > roomBytes);
  return {
    name: 'growth, dossiers alive',
    topology: oneProcess,
    phases: levels.flatMap((level, i): SuiteOptions['phases'] => [
      () => {
        if (fits(level)) return fill(level, levels[i - 1] ?? 0);
        skipped.push(figure(`not measured at ${level}: Redis needs`, (bytesEach * level) / 1e9, 'GB'));
        return undefined;
      },
      () => (skipped.length === 0 ? { ...ceiling(settings, {}, { profile: false }), name: `${level} dossiers alive` } : undefined),
    ]),
    conclude: (judged) => {
      const rates = judged
        .filter(({ phases }) => phases.length > 0)
        .map(({ run }): [string, number] => [run.options.name, doneRateOf(run)]);
      const [first] = rates;
      return {
        figures: [
          ...(Number.isFinite(bytesEach) ? [figure('Redis bytes a small dossier', bytesEach, 'B')] : []),
          ...rates.slice(1).map(([name, rate]) => figure(`${name} : ${first?.[0] ?? ''}`, rate / (first?.[1] ?? NaN))),
          ...skipped,
        ],
        series: [
          {
            name: 'growth by dossiers alive',
            x: 'dossiers alive',
            y: 'declarations a second',
            lines: [{ name: 'cleared', points: rates.map(([name, rate]) => [Number(name.split(' ')[0]), rate]) }],
          },
        ],
      };
    },
  };
}

async function untilDone(live: LiveLoad, total: number): Promise<void> {
  let [last, sinceMs] = [-1, performance.now()];
  while (live.done() < total) {
    if (live.done() !== last) [last, sinceMs] = [live.done(), performance.now()];
    // The gate tells how many are missing.
    if (performance.now() - sinceMs > STUCK_AFTER_MS) return;
    await sleep(100);
  }
}

// -------------------------------------------------------------------------------------------------------------------- agencies

/** Agencies with rules of their own, of which the others are copies. */
const ORIGINALS = agenciesFile.agencies.filter(({ connected }) => connected);

export const growthAgenciesSuites: MakeSuites = (settings, services) =>
  settings.agencies.map((count): SuiteOptions => {
    const { file, ruleCopies } = agenciesOf(count, settings.gateway);
    return {
      name: `growth, ${count} agencies`,
      topology: oneProcess,
      services,
      client: settings.clients[0] ?? 'kafkajs',
      env: { AGENCIES_FILE: file },
      ruleCopies,
      phases: [ceiling(settings, {}, { profile: false })],
      conclude: ([one]) => ({ figures: costFigures('agencies', count, '', one) }),
    };
  });

/** The shipped agencies and copies of them, with the same rules and lists: `count` are connected. */
function agenciesOf(count: number, checkout: string): { file: string; ruleCopies: Record<string, string> } {
  const ruleCopies: Record<string, string> = {};
  const lists: Record<string, unknown> = needToKnow;
  const copies = Array.from({ length: Math.max(0, count - ORIGINALS.length) }, (_, i) => {
    const original = ORIGINALS[i % ORIGINALS.length] as (typeof ORIGINALS)[number];
    const code = `${original.code}-${2 + Math.floor(i / ORIGINALS.length)}`;
    ruleCopies[code] = original.code;
    return { ...original, code, fields: lists[original.code] };
  });
  const folder = path.join(checkout, 'var', 'bench');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `agencies-${count}.json`);
  writeFileSync(file, JSON.stringify({ agencies: [...agenciesFile.agencies, ...copies] }));
  return { file, ruleCopies };
}

// ------------------------------------------------------------------------------------------------------------------- slow agency

const SLOW = 'customs';

export const growthDelaySuites: MakeSuites = (settings, services) =>
  settings.delaysMs.map((delayMs): SuiteOptions => ({
    name: `growth, ${SLOW} answers after ${delayMs} ms`,
    topology: oneProcess,
    services,
    client: settings.clients[0] ?? 'kafkajs',
    env: { [`AGENCY_${SLOW.toUpperCase()}_MODE`]: 'backend' },
    before: async (world) => {
      const backend = await startBackend(world, SLOW, delayMs);
      return () => backend.stop();
    },
    phases: [
      // Enough under way that the delay is not the limit.
      ceiling(settings, { inFlight: settings.inFlight + delayMs * 4 }, { profile: false }),
      (runs) => atRate(settings, 'half of the ceiling', shareOfCeiling(runs, 0.5)),
    ],
    conclude: ([one, half]) => ({
      figures: [
        ...costFigures('delay', delayMs, 'ms', one),
        figure('clearance p50 beside the delay', (half?.phases[0]?.cleared?.p50 ?? NaN) - delayMs, 'ms'),
        figure('clearance p99 beside the delay', (half?.phases[0]?.cleared?.p99 ?? NaN) - delayMs, 'ms'),
      ],
    }),
  }));

/** What the document puts side by side from several suites. */
function costFigures(what: string, value: number, unit: string, judged: JudgedRun | undefined): Figure[] {
  const result = judged?.phases[0];
  return [
    figure(what, value, unit),
    figure('cleared', result?.donePerSecond.median ?? NaN, '/s'),
    figure('gateway CPU', result === undefined ? NaN : gatewayCpu(result.cpu), 'ms'),
  ];
}

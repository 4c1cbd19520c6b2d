import { ASSUMPTIONS, costsAt, limitsOf, MOST_PARTITIONS, sizeFor, type Costs, type Demand } from '../capacity/model';
import { busiestShare, simulatePeak, spreadOverPartitions } from '../capacity/simulate';
import { shown } from '../figures';
import { markdownTable } from './markers';
import { figureOf, phaseOf, suiteNamed, type Summary } from './summary';

/** The generated parts of docs/capacity.md: from the measured cost of a declaration to ports, a country, the world. Pure. */

const DEMANDS: readonly Demand[] = [
  { name: 'a port, 40 ships a day', declarationsPerDay: 240, dossiersPerDay: 40, peakPerSecond: 1, averageKb: 12 },
  {
    name: 'a large port, 200 ships a day, cargo by line',
    declarationsPerDay: 2_000,
    dossiersPerDay: 200,
    peakPerSecond: 10,
    averageKb: 100,
  },
  {
    name: 'a country: its day of 89,000 within a minute',
    declarationsPerDay: 89_000,
    dossiersPerDay: 30_000,
    peakPerSecond: 1_483,
    averageKb: 12,
  },
  {
    name: 'the world: 5 million calls a year, cargo by line',
    declarationsPerDay: 82_000,
    dossiersPerDay: 13_700,
    peakPerSecond: 50,
    averageKb: 200,
  },
];

const SKEW_RECORDS = 100_000;
const MACHINES = [1, 10, 100];
const PARTITIONS = [12, 64, 256, MOST_PARTITIONS];
const LIMITS_SHOWN = 4;
const DAY = { declarations: 89_000, seconds: 60 };

export function capacityParts(summary: Summary): Record<string, string> {
  const costs = costsOf(summary);
  if (costs === undefined) {
    const missing = 'Not measured: `kafka, a process a role` and `growth, message size` are wanted.';
    return { costs: missing, sizing: missing, limits: missing, skew: skewPart(), peak: missing, assumptions: assumptionsPart() };
  }
  return {
    costs: costsPart(costs, summary),
    sizing: sizingPart(costs),
    limits: limitsPart(costs),
    skew: skewPart(),
    peak: peakPart(costs),
    assumptions: assumptionsPart(),
  };
}

/** Of one run: roles by process, the slope of size, bytes by topic, memory. */
function costsOf(summary: Summary): Costs | undefined {
  const found = suiteNamed(summary, 'kafka, a process a role');
  const ceiling = phaseOf(found, 'ceiling');
  const perKbUs = figureOf(suiteNamed(summary, 'growth, message size, one process'), 'gateway CPU a kB');
  if (found === undefined || ceiling === undefined || perKbUs === undefined || found.suite.faults.length > 0) return undefined;
  const ms = (process: string): number => ceiling.cpu[process]?.median ?? 0;
  const { topics, declarations, redisBytes = 0 } = found.suite;
  return {
    intakeMs: ms('intake'),
    exchangeMs: ms('exchange'),
    adaptersMs: ms('adapters'),
    brokerMs: ms('broker'),
    redisMs: ms('redis'),
    perKbMs: perKbUs / 1000,
    typicalKb: ceiling.load.bytesPerRequest / 1000,
    writtenBytes: topics.reduce((sum, { records, valueBytes, metaBytes }) => sum + records * (valueBytes + metaBytes), 0) / declarations,
    redisBytes,
  };
}

function costsPart(costs: Costs, summary: Summary): string {
  const rebuilt = figureOf(suiteNamed(summary, 'rebuild, one process'), 'rebuilt');
  return markdownTable(
    ['of a typical declaration, measured', 'value', 'unit'],
    [
      ['intake', shown(costs.intakeMs), 'ms of a core'],
      ['exchange', shown(costs.exchangeMs), 'ms of a core'],
      ['adapters, four agencies by rules', shown(costs.adaptersMs), 'ms of a core'],
      ['broker, one copy', shown(costs.brokerMs), 'ms of a core'],
      ['Redis', shown(costs.redisMs), 'ms of a core'],
      ['each further kB of message, gateway', shown(costs.perKbMs * 1000), 'µs of a core'],
      ['message', shown(costs.typicalKb), 'kB of XML'],
      ['written to topics, one copy', shown(costs.writtenBytes / 1000), 'kB'],
      ['Redis memory of a dossier', shown(costs.redisBytes / 1000), 'kB'],
      ...(rebuilt === undefined ? [] : [['store made anew by one process', shown(rebuilt), 'declarations/s']]),
    ],
  );
}

function sizingPart(costs: Costs): string {
  return markdownTable(
    [
      'demand',
      'a day',
      'peak/s',
      'kB',
      'busy cores: gateway / brokers / Redis',
      'processes: intake / exchange / adapters',
      'partitions',
      'brokers',
      'MB/s with copies',
      'disk for retention, TB',
      'Redis, GB with its copy',
      'does not fit',
    ],
    DEMANDS.map((demand) => {
      const { cores, processes, partitions, brokers, bytesPerSecond, diskBytes, redisBytes, limits } = sizeFor(costs, demand);
      return [
        demand.name,
        shown(demand.declarationsPerDay),
        shown(demand.peakPerSecond),
        shown(demand.averageKb),
        [cores.gateway, cores.brokers, cores.redis].map(shown).join(' / '),
        [processes.intake, processes.exchange, processes.adapters].join(' / '),
        shown(partitions),
        shown(brokers),
        shown(bytesPerSecond / 1e6),
        shown(diskBytes / 1e12),
        shown(redisBytes / 1e9),
        limits.join('; ') || '–',
      ];
    }),
  );
}

function limitsPart(costs: Costs): string {
  return [12, 200]
    .map((kilobytes) =>
      [
        `Messages of ${kilobytes} kB:`,
        '',
        markdownTable(
          ['machines', 'partitions', 'of them brokers', 'exchange processes', 'what ends first, second, … (declarations/s)'],
          MACHINES.flatMap((machines) =>
            PARTITIONS.map((partitions) => {
              const { brokers, exchangeProcesses, limits } = limitsOf(costsAt(costs, kilobytes), machines, partitions, share);
              return [
                shown(machines),
                shown(partitions),
                shown(brokers),
                shown(exchangeProcesses),
                limits
                  .slice(0, LIMITS_SHOWN)
                  .map(({ name, perSecond }) => `${name} ${rate(perSecond)}`)
                  .join(', '),
              ];
            }),
          ),
          5,
        ),
      ].join('\n'),
    )
    .join('\n\n');
}

/** Hashing a hundred thousand ids is the same however often it is asked. */
const spreads = new Map<number, number[]>();

function share(partitions: number, processes: number): number {
  let spread = spreads.get(partitions);
  if (spread === undefined) spreads.set(partitions, (spread = spreadOverPartitions(SKEW_RECORDS, partitions)));
  return busiestShare(spread, processes);
}

function skewPart(): string {
  const processes = [1, 4, 10, 40, 100, 400];
  return markdownTable(
    ['partitions', ...processes.map((count) => `${count} processes`)],
    PARTITIONS.map((partitions) => [
      shown(partitions),
      ...processes.map((count) => (count > partitions ? `${count - partitions} idle` : (share(partitions, count) * count).toFixed(2))),
    ]),
  );
}

function peakPart(costs: Costs): string {
  const processes = [1, 2, 4, 8];
  const each = { ...DAY, partitions: 64, serviceMs: costs.exchangeMs };
  return markdownTable(
    ['exchange processes', 'all folded after, s', 'wait p50, ms', 'wait p99, ms', 'busiest : even'],
    processes.map((count) => {
      const { doneAfterSeconds, p50, p99, busiestShare: busiest } = simulatePeak({ ...each, processes: count });
      return [shown(count), shown(doneAfterSeconds), shown(p50), shown(p99), (busiest * count).toFixed(2)];
    }),
  );
}

function assumptionsPart(): string {
  const a = ASSUMPTIONS;
  return markdownTable(
    ['assumed, not measured', 'value'],
    [
      ['a core is busy at the peak, in the mean', `${a.busy * 100} %`],
      ['copies of each topic, each costing its broker what the measured one did', String(a.replication)],
      [
        'machine',
        `${a.machineCores} cores like the measured one, ${a.machineMemoryBytes / 1e9} GB, ${(a.nicBytesPerSecond * 8) / 1e9} Gbit/s each way, ${a.diskBytesPerSecond / 1e6} MB/s to ${a.diskBytes / 1e12} TB of disk`,
      ],
      ['copies of the store', String(a.redisCopies)],
      ['retention', `${a.retentionDays} days; the store keeps every dossier as long`],
      [
        'partitions for each process of a role',
        `at least ${a.partitionsPerProcess}; ${a.leastPartitions} at least, ${MOST_PARTITIONS} at most`,
      ],
      [
        'CPU of other sizes',
        'grows by its measured slope, shared by the roles as for a typical one; broker, Redis, bytes and memory in proportion',
      ],
    ],
    2,
  );
}

function rate(perSecond: number): string {
  return perSecond >= 10_000 ? `${Math.round(perSecond / 1000)} k` : shown(Math.round(perSecond));
}

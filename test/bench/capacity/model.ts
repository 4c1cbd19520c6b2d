/**
 * From measured cost per declaration to cores, processes, partitions, brokers, bytes, disk and memory. Pure arithmetic; what is assumed
 * and not measured stands in `Assumptions` and is shown in docs/capacity.md.
 */
export interface Costs {
  /** CPU milliseconds of a typical declaration, by part, on one core of the measured machine. */
  intakeMs: number;
  exchangeMs: number;
  adaptersMs: number;
  brokerMs: number;
  redisMs: number;
  /** Gateway CPU of each further kB of message. */
  perKbMs: number;
  typicalKb: number;
  /** Written to topics for a typical declaration, all of them, before replication. */
  writtenBytes: number;
  /** Of a typical dossier. */
  redisBytes: number;
}

export interface Assumptions {
  /** Of a core, in the mean, at the peak. */
  busy: number;
  replication: number;
  /** Processes that a partition count has to feed evenly: partitions for each. */
  partitionsPerProcess: number;
  leastPartitions: number;
  machineCores: number;
  machineMemoryBytes: number;
  nicBytesPerSecond: number;
  diskBytesPerSecond: number;
  diskBytes: number;
  leastBrokers: number;
  retentionDays: number;
  /** Copies of the store. */
  redisCopies: number;
}

export const ASSUMPTIONS: Assumptions = {
  busy: 0.6,
  replication: 3,
  partitionsPerProcess: 4,
  leastPartitions: 12,
  machineCores: 16,
  machineMemoryBytes: 128e9,
  nicBytesPerSecond: 1.25e9,
  diskBytesPerSecond: 500e6,
  diskBytes: 8e12,
  leastBrokers: 3,
  retentionDays: 400,
  redisCopies: 2,
};

export interface Demand {
  name: string;
  declarationsPerDay: number;
  /** Calls: what stays in the store. */
  dossiersPerDay: number;
  peakPerSecond: number;
  averageKb: number;
}

/** Costs of a declaration of another size. Bytes grow with the message; CPU by its measured slope, shared out as it was. */
export function costsAt(costs: Costs, kilobytes: number): Costs {
  const gatewayMs = costs.intakeMs + costs.exchangeMs + costs.adaptersMs;
  const factor = Math.max(0, 1 + (costs.perKbMs * (kilobytes - costs.typicalKb)) / gatewayMs);
  const bytesFactor = kilobytes / costs.typicalKb;
  return {
    ...costs,
    intakeMs: costs.intakeMs * factor,
    exchangeMs: costs.exchangeMs * factor,
    adaptersMs: costs.adaptersMs * factor,
    // Both move bytes.
    brokerMs: costs.brokerMs * Math.max(1, bytesFactor),
    redisMs: costs.redisMs * Math.max(1, bytesFactor),
    writtenBytes: costs.writtenBytes * bytesFactor,
    redisBytes: costs.redisBytes * bytesFactor,
    typicalKb: kilobytes,
  };
}

export interface Sizing {
  processes: { intake: number; exchange: number; adapters: number };
  partitions: number;
  brokers: number;
  /** Busy cores at the peak: gateway, brokers with their copies, Redis. */
  cores: { gateway: number; brokers: number; redis: number };
  /** At the peak, into all brokers with copies. */
  bytesPerSecond: number;
  diskBytes: number;
  redisBytes: number;
  /** What does not fit the assumed machines. */
  limits: string[];
}

export function sizeFor(costs: Costs, demand: Demand, given: Assumptions = ASSUMPTIONS): Sizing {
  const { busy, replication } = given;
  const at = costsAt(costs, demand.averageKb);
  const busyCores = (ms: number): number => (demand.peakPerSecond * ms) / 1000;
  const processes = (ms: number): number => Math.max(1, Math.ceil(busyCores(ms) / busy));
  const roles = { intake: processes(at.intakeMs), exchange: processes(at.exchangeMs), adapters: processes(at.adaptersMs) };
  const partitions = Math.max(given.leastPartitions, given.partitionsPerProcess * Math.max(roles.exchange, roles.adapters));
  const brokerCores = busyCores(at.brokerMs) * replication;
  const bytesPerSecond = demand.peakPerSecond * at.writtenBytes * replication;
  const diskBytes = demand.declarationsPerDay * given.retentionDays * at.writtenBytes * replication;
  const brokers = Math.max(
    given.leastBrokers,
    Math.ceil(brokerCores / busy / given.machineCores),
    Math.ceil(bytesPerSecond / busy / given.diskBytesPerSecond),
    // Records leave once for each copy and once for whom they are meant.
    Math.ceil(bytesPerSecond / busy / given.nicBytesPerSecond),
    Math.ceil(diskBytes / busy / given.diskBytes),
  );
  const redisBytes = demand.dossiersPerDay * given.retentionDays * at.redisBytes * given.redisCopies;
  const redisCores = busyCores(at.redisMs);
  const limits: string[] = [];
  if (redisCores > busy) limits.push('more than one Redis core');
  if (redisBytes / given.redisCopies > given.machineMemoryBytes * busy) limits.push('more memory than one Redis machine has');
  if (partitions > MOST_PARTITIONS) limits.push(`more than ${MOST_PARTITIONS} partitions`);
  return {
    processes: roles,
    partitions,
    brokers,
    cores: { gateway: busyCores(at.intakeMs + at.exchangeMs + at.adaptersMs), brokers: brokerCores, redis: redisCores },
    bytesPerSecond,
    diskBytes,
    redisBytes,
    limits,
  };
}

/** Of the measured gateway. */
const AGENCIES = 4;

/** TOPIC_PARTITIONS allows no more. */
export const MOST_PARTITIONS = 1_000;

export interface Limit {
  name: string;
  /** Declarations per second at which it is reached. */
  perSecond: number;
}

/**
 * What so many machines do, and what ends first: limits in rising order. One machine has everything; of several, so many are brokers that
 * the rest and they end together, and one has Redis.
 * @param busiestShare of the records that the busiest of so many exchange processes gets (simulate.ts)
 */
export function limitsOf(
  costs: Costs,
  machines: number,
  partitions: number,
  busiestShare: (partitions: number, processes: number) => number,
  given: Assumptions = ASSUMPTIONS,
): { brokers: number; exchangeProcesses: number; limits: Limit[] } {
  const candidates =
    machines === 1
      ? [{ brokers: 1, gatewayCores: given.machineCores, brokerCores: given.machineCores, shared: true }]
      : Array.from({ length: Math.max(1, machines - 1 - given.leastBrokers) }, (_, i) => {
          const brokers = given.leastBrokers + i;
          return {
            brokers,
            gatewayCores: Math.max(1, machines - 1 - brokers) * given.machineCores,
            brokerCores: brokers * given.machineCores,
            shared: false,
          };
        });
  // Redis ends when it ends, whatever the others are.
  const reach = ({ limits }: { limits: Limit[] }): number => limits.find(({ name }) => name !== ONE_REDIS)?.perSecond ?? 0;
  const all = candidates.map((candidate) => limitsWith(costs, candidate, partitions, busiestShare, given));
  return all.reduce((best, one) => (reach(one) > reach(best) ? one : best));
}

const ONE_REDIS = 'one Redis core';

function limitsWith(
  costs: Costs,
  { brokers, gatewayCores, brokerCores, shared }: { brokers: number; gatewayCores: number; brokerCores: number; shared: boolean },
  partitions: number,
  busiestShare: (partitions: number, processes: number) => number,
  given: Assumptions,
): { brokers: number; exchangeProcesses: number; limits: Limit[] } {
  const { intakeMs, exchangeMs, adaptersMs, brokerMs, redisMs, writtenBytes } = costs;
  const gatewayMs = intakeMs + exchangeMs + adaptersMs;
  const copies = Math.min(given.replication, brokers);
  const perSecond = (cores: number, ms: number): number => (cores * given.busy * 1000) / ms;
  // As many as the role needs cores; a group gives work to no more members than there are partitions. Each agency is a group of its own.
  const processes = (ms: number): number => Math.max(1, Math.min(partitions, Math.ceil((gatewayCores * ms) / gatewayMs)));
  const [exchangeProcesses, agencyProcesses] = [processes(exchangeMs), processes(adaptersMs / AGENCIES)];
  const bytesEach = (writtenBytes * copies) / brokers;
  const limits: Limit[] = [
    shared
      ? { name: 'cores of the machine', perSecond: perSecond(gatewayCores, gatewayMs + brokerMs + redisMs) }
      : { name: 'cores of the gateway', perSecond: perSecond(gatewayCores, gatewayMs) },
    ...(shared ? [] : [{ name: 'cores of the brokers', perSecond: perSecond(brokerCores, brokerMs * copies) }]),
    {
      name: exchangeProcesses === partitions ? 'partitions: a fold each' : 'the busiest exchange process',
      perSecond: perSecond(1, exchangeMs) / busiestShare(partitions, exchangeProcesses),
    },
    {
      name: agencyProcesses === partitions ? "partitions: an agency's adapter each" : 'the busiest adapter process',
      perSecond: perSecond(1, adaptersMs / AGENCIES) / busiestShare(partitions, agencyProcesses),
    },
    { name: ONE_REDIS, perSecond: perSecond(1, redisMs) },
    { name: 'network of a broker', perSecond: (given.nicBytesPerSecond * given.busy) / bytesEach },
    { name: 'disk of a broker', perSecond: (given.diskBytesPerSecond * given.busy) / bytesEach },
  ];
  return { brokers, exchangeProcesses, limits: limits.sort((a, b) => a.perSecond - b.perSecond) };
}

/**
 * What a user would build instead. Measured once, on 2 cores with broker and load generator on the same machine, the same records and the
 * same broker in one run: HTTP POST of an EPC XML of 11.6 kB, 64 connections, 202 after acks=all, parse and XSD validation, fan-out to
 * four agencies, aggregation in memory, clearance topic; tuned in good faith. `npm run bench` does not measure them again.
 */
export interface Other {
  name: string;
  perSecond: number;
  range?: [number, number];
  /** Own CPU milliseconds a declaration. */
  cpuMs: number;
  /** With the broker's. */
  withBrokerMs: number;
  /** At 500 a second: milliseconds to clearance. */
  p50?: number;
  p99?: number;
  /** Receives and validates messages, as we do. */
  validates: boolean;
}

export const OTHERS: readonly Other[] = [
  {
    name: 'Apache Camel 4.18',
    perSecond: 1_782,
    range: [1_698, 1_922],
    cpuMs: 0.82,
    withBrokerMs: 1.03,
    p50: 68,
    p99: 218,
    validates: true,
  },
  { name: 'Camel with its default consumer', perSecond: 513, cpuMs: 2.15, withBrokerMs: 3.6, validates: true },
  {
    name: 'Spring Boot 4 + spring-kafka',
    perSecond: 1_515,
    range: [1_488, 1_769],
    cpuMs: 1.06,
    withBrokerMs: 1.22,
    p50: 25,
    p99: 156,
    validates: true,
  },
  { name: 'plain Java clients, no HTTP, no XML', perSecond: 17_200, cpuMs: 0.05, withBrokerMs: 0.09, p50: 9, p99: 19, validates: false },
];

export const BEST_OTHER: Other = OTHERS.filter(({ validates }) => validates).reduce((best, other) =>
  other.perSecond > best.perSecond ? other : best,
);
/** Declarations per CPU-second of the one that needs least. */
export const LEAST_CPU_MS = Math.min(...OTHERS.filter(({ validates }) => validates).map(({ cpuMs }) => cpuMs));

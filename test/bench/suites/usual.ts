import type { SuiteOptions } from '../end-to-end';
import { intakeOnly, oneProcess, primaryAndWorkers, processPerRole } from '../gateway-under-test';
import type { PhaseOptions } from '../phase';
import { atRate, ceiling, halfOfCeiling, phase, type MakeSuites } from './shared';

/** Intake alone, end to end in one process and in a process a role, embedded, mixed traffic, sizes. */

export const intakeSuites: MakeSuites = (settings, services) =>
  settings.clients.map((client) => ({
    name: 'intake',
    topology: intakeOnly,
    services,
    client,
    intakeOnly: true,
    phases: [
      phase(settings, 'xml', {}, { profile: settings.profile }),
      ...(settings.quick ? [] : [phase(settings, 'json', { format: 'json' })]),
    ],
  }));

export const kafkaSuites: MakeSuites = (settings, services) => {
  const { workers, quick } = settings;
  return settings.clients.flatMap((client): SuiteOptions[] => {
    const base = { name: 'kafka', services, client };
    return [
      { ...base, topology: oneProcess, phases: [ceiling(settings), ...latencies(settings)] },
      { ...base, topology: processPerRole(), phases: [ceiling(settings), ...(quick ? [] : latencies(settings))] },
      // The 14 records that the floor moves: without what agencies are told of each version.
      { ...base, name: 'kafka, without results', topology: processPerRole(), env: { RESULTS: 'none' }, phases: [ceiling(settings)] },
      ...(workers > 1
        ? [primaryAndWorkers(workers), processPerRole(workers)].map((topology) => ({ ...base, topology, phases: [ceiling(settings)] }))
        : []),
    ];
  });
};

export const embeddedSuites: MakeSuites = (settings) => [
  { name: 'embedded', topology: oneProcess, services: undefined, phases: [ceiling(settings), ...latencies(settings)] },
];

export const mixSuites: MakeSuites = (settings, services) => {
  const rate = settings.rates[0] ?? 500;
  const mixed = (format: 'xml' | 'json'): PhaseOptions => {
    const options = atRate(settings, `${format}, ${rate}/s`, rate);
    return { ...options, load: { ...options.load, format, replays: 0.05, amendments: 0.05, invalid: 0.02 } };
  };
  return [
    {
      name: 'kafka, 5 % replays, 5 % amendments, 2 % invalid',
      topology: oneProcess,
      services,
      client: settings.clients[0] ?? 'kafkajs',
      phases: [mixed('xml'), mixed('json')],
    },
  ];
};

export const sizesSuites: MakeSuites = (settings, services) => {
  const { inFlight } = settings;
  const once = { repetitions: 1, profile: false };
  return [
    {
      name: 'kafka, sizes',
      topology: oneProcess,
      services,
      client: settings.clients[0] ?? 'kafkajs',
      phases: [
        phase(settings, 'small', { size: 'small', inFlight }, once),
        phase(settings, 'typical, json', { format: 'json', inFlight }, once),
        phase(settings, 'large', { size: 'large', connections: 8, inFlight: 32 }, once),
        phase(settings, 'huge', { size: 'huge', connections: 4, inFlight: 8 }, once),
      ],
    },
  ];
};

function latencies(settings: Parameters<MakeSuites>[0]): SuiteOptions['phases'] {
  return settings.latencies ? [...settings.rates.map((rate) => atRate(settings, `${rate}/s`, rate)), halfOfCeiling(settings)] : [];
}

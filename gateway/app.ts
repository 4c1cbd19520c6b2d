import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import portZones from '../config/port-zones.json';
import { loadRules } from '../config/load-rules';
import { readKafkaCredentials, readRedisCredentials } from '../config/server-credentials';
import type { Settings } from '../config/settings';
import { startAdapters, assessorOf, type Adapters } from '../adapters';
import { loadRegistries } from '../adapters/registries/load-registries';
import type { Registries } from '../adapters/registries/registries';
import { AccessLog } from './access-log';
import { Admission } from './admission';
import { AuditDesk } from './audit-desk';
import { AuditLog } from './audit-log';
import { isoTime } from './core/deadlines';
import type { FoldRules } from './core/fold';
import { DeadLetterDesk } from './dead-letter-desk';
import { DecisionDesk } from './decision-desk';
import { ensureDevelopmentDataKeys, ensureDevelopmentSigningKey, refuseDevelopmentKeys } from './development';
import { DryRun } from './dry-run';
import { configurationAtStart } from './configuration-in-force';
import { createDocuments } from './documents';
import { openEmbeddedDossierStore } from './edges/embedded/embedded-dossier-store';
import { openEmbeddedMessageLog } from './edges/embedded/embedded-message-log';
import { openEnvironment } from './edges/embedded/open-environment';
import { createAdminServer } from './edges/http/admin-server';
import { createHttpServer, type HttpServer } from './edges/http/server';
import { tellingWho } from './edges/http/principal';
import type * as kafkajsLog from './edges/kafka/kafka-message-log';
import { mergeMetrics } from './edges/metrics/merge-metrics';
import { createMetrics, type Metrics } from './edges/metrics/metrics';
import { observeAdmission } from './edges/metrics/observe-admission';
import { observeExchange } from './edges/metrics/observe-exchange';
import type * as platformaticLog from './edges/platformatic/platformatic-message-log';
import { openRedisDossierStore } from './edges/redis/redis-dossier-store';
import { createAesSealer, readDataKeys } from './edges/signing/aes-sealer';
import { createFingerprint } from './edges/signing/keyed-fingerprint';
import { createRandom } from './edges/random';
import { createReadingThread } from './edges/threads/reading-thread';
import { createEd25519Signer, readPublicKeys } from './edges/signing/ed25519-signer';
import { ErasureDesk } from './erasure-desk';
import { createEvidence } from './evidence';
import { EvidenceDesk } from './evidence-desk';
import { Exchange } from './exchange';
import { openIdentity, type Identity } from './identity';
import { Intake } from './intake';
import { lagOf, OperatorDesk, totalLag } from './operator-desk';
import { OperatorJobs } from './operator-jobs';
import { systemClock } from './ports/clock';
import type { DossierStore } from './ports/dossier-store';
import type { LogConsumer, LogRecord, MessageLog } from './ports/message-log';
import type { Signer } from './ports/signer';
import { limitsOf, rolesOf, type Part } from './part';
import type { Health, ProcessReport } from './process-report';
import { Reads } from './reads';
import { decisionTopics, relayBatch } from './relay';
import { indexes } from './read-model';
import { StoreReader } from './store-reader';
import { TaskDesk } from './task-desk';
import { ensureTopics } from './topics';
import { topicCatalogue } from './topic-catalogue';
import { Waiting } from './waiting';
import { tellingOfAppends, watchFold } from './watch-fold';
import { deadLetterRecord } from './wire/dead-letter';
import { writeEpcClearance, writeEpcProblems, writeEpcReceipt } from './wire/epc/write-epc';
import { readDeclaration } from './wire/read-declaration';
import { createDeclarationValidator } from './wire/validate/validate-declaration';
import { createZoneOfPort } from './wire/validate/port-zones';

/** Wiring by hand: opened in order, closed in reverse. Everything that is chosen is chosen here, once. */
export interface Gateway {
  /** Undefined where this process has not the role intake. */
  url: string | undefined;
  /** Undefined where another process has the admin port. */
  adminUrl: string | undefined;
  report(): Promise<ProcessReport>;
  /** Reads keys and certificates again. */
  reload(): void;
  stop(): Promise<void>;
}

const DRAIN_MS = 10_000;
/** Larger bodies are read off the main thread (architecture.md §5 "Large declarations"). */
const LARGE_BODY_BYTES = 200_000;
const DEADLINE_TICK_MS = 500;
/** How long a start waits at most for the fold to be where it was (recovery: 15 s after a process). */
const FOLD_BEFORE_READS_MS = 10_000;
const FOLD_LOOK_MS = 20;
const MAX_WAITERS = 20_000;

export async function startGateway(
  settings: Settings,
  logger: Logger,
  build: { version: string },
  onFatal: (cause: Error) => void,
  part: Part = { part: 'whole' },
): Promise<Gateway> {
  const closers: (() => Promise<void> | void)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse())
      await Promise.resolve(close()).catch((cause: unknown) => logger.warn({ err: describe(cause) }, 'something did not close'));
  };
  try {
    return await open(settings, logger, build, onFatal, part, closers, closeAll);
  } catch (cause) {
    await closeAll();
    throw cause;
  }
}

async function open(
  settings: Settings,
  logger: Logger,
  build: { version: string },
  onFatal: (cause: Error) => void,
  part: Part,
  closers: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<Gateway> {
  const roles = rolesOf(settings, part);
  const rules: FoldRules = loadRules(settings);
  const connected = rules.agencies.filter((agency) => agency.connected).map((agency) => agency.code);
  const partitions = settings.topicPartitions;
  const clock = systemClock;
  const metrics = createMetrics({ version: build.version, node: process.version });
  refuseDevelopmentKeys(settings);
  const signer = createEd25519Signer(
    settings.signingKeyFile === '' ? ensureDevelopmentSigningKey(settings.varDir) : readFileSync(settings.signingKeyFile, 'utf8'),
    settings.signingRetiredKeysFile === '' ? [] : readPublicKeys(readFileSync(settings.signingRetiredKeysFile, 'utf8')),
  );
  const dataKeys = settings.dataKeyFile === '' ? ensureDevelopmentDataKeys(settings.varDir) : readDataKeys(settings.dataKeyFile);
  const sealer = createAesSealer(dataKeys);
  const agencies = rules.agencies.map(({ code }) => code);
  const identity: Identity = await openIdentity({ settings, agencies, connected, clock, metrics, logger });
  closers.push(() => identity.stop());

  const { log, store } = await openLogAndStore(settings, roles, logger, closers);
  await ensureTopics(
    log,
    topicCatalogue(connected, { partitions, retentionDays: settings.logRetentionDays }),
    settings.kafkaBrokers.length === 0 ? 'missing' : settings.production ? 'none' : 'all',
  );
  const audit = new AuditLog({
    log,
    signer,
    clock,
    partitions,
    chain: createRandom()(16),
    onWarning: (message, cause) => logger.warn({ err: describe(cause) }, message),
  });
  // An adapter may not read `dossiers` (deploy/acls.md), and nobody reads or does anything through it.
  if (roles.has('intake') || roles.has('exchange')) {
    await audit.start({ version: build.version, roles: [...roles], configuration: configurationAtStart(settings, rules) });
    closers.push(() => audit.stop());
  }
  const reader = new StoreReader(store, log, clock, exchangeGroupOf(settings));
  const deadLetter = (record: LogRecord, reason: string) =>
    deadLetterRecord({ source: record, reason, attempts: 1, sealer, at: isoTime(clock.nowMs()), partitions });
  // The adapters decide by them, and the dry run of intake predicts by them.
  let loadedRegistries: Registries | undefined;
  const registries = (): Registries => (loadedRegistries ??= loadRegistries());
  const groups = new Map<string, string[]>();
  let stopping = false;

  let exchange: Exchange | undefined;
  if (roles.has('exchange')) {
    exchange = await startExchange({
      settings,
      logger,
      metrics,
      log,
      store,
      signer,
      rules,
      connected,
      deadLetter,
      groups,
      onFatal,
      closers,
      partitions,
    });
  }
  if (roles.has('adapters')) {
    const adapters: Adapters = await startAdapters({
      log,
      clock,
      signer,
      sealer,
      partitions,
      groupPrefix: settings.topicPrefix,
      agencies: rules.agencies.filter(
        (agency) => agency.connected && (settings.adapters.length === 0 || settings.adapters.includes(agency.code)),
      ),
      urls: settings.agencyUrls,
      registries: registries(),
      onDeadLetter: (topic, reason) => metrics.deadLetters.inc({ topic, reason }),
      onWarning: (message, context) => logger.warn(context, message),
      onFatal,
    });
    for (const [group, topics] of adapters.groups) groups.set(group, [...topics]);
    closers.push(() => adapters.stop());
  }

  const waiting = new Waiting(store, MAX_WAITERS);
  closers.push(() => waiting.close());
  const reads = new Reads({ store, reader, rules, partitions });
  let http: HttpServer | undefined;
  const limits = limitsOf(settings, part);
  const admission = new Admission({ maxFoldDelayMs: settings.maxFoldDelayMs, maxInFlight: limits.maxInFlight, partitions }, clock);
  if (roles.has('intake')) {
    const watch = watchFold(store, admission);
    closers.push(() => watch.stop());
    const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone: settings.portTimeZone });
    const largeBodies = createReadingThread(settings.portTimeZone);
    const otherBodies = readsApart(settings, roles) ? createReadingThread(settings.portTimeZone) : undefined;
    closers.push(() => Promise.all([largeBodies.close(), otherBodies?.close()]).then(() => undefined));
    const evidence = createEvidence(settings.rawEvidence, sealer);
    const intake = new Intake({
      log: tellingOfAppends(log, admission),
      store: reader,
      signer,
      clock,
      rules,
      partitions,
      maxDeclarationBytes: settings.maxDeclarationBytes,
      read: (format, bytes, receivedAt) =>
        bytes.byteLength > LARGE_BODY_BYTES
          ? largeBodies.read(format, bytes, receivedAt)
          : (otherBodies?.read(format, bytes, receivedAt) ?? readDeclaration(format, bytes, receivedAt, validate)),
      ...(evidence === undefined ? {} : { evidence }),
      stage: (stage, seconds) => metrics.stageSeconds.observe({ stage }, seconds),
    });
    const predictedBy = registries();
    const jobs = new OperatorJobs({
      log,
      store,
      clock,
      settled: (kind, outcome) => metrics.operatorRecords.inc({ kind, outcome }),
      failed: (kind, cause) => logger.warn({ kind, err: describe(cause) }, 'a job of an operator failed'),
    });
    closers.push(() => jobs.close());
    const operator = new OperatorDesk({
      log,
      store,
      clock,
      groups: allGroups(settings, connected, groups),
      exchangeGroup: exchangeGroupOf(settings),
    });
    closers.push(operator.watch());
    const accessLog = new AccessLog({
      audit,
      clock,
      fingerprint: createFingerprint(dataKeys[0]),
      onWarning: (message, cause) => logger.warn({ err: describe(cause) }, message),
    });
    closers.push(() => accessLog.stop());
    http = createHttpServer(
      {
        settings,
        limits,
        admission,
        clock,
        rules,
        authenticate: tellingWho(identity.authenticate, accessLog),
        intake,
        dryRun: new DryRun({ intake, rules, store: reader, assess: (request) => assessorOf(request, predictedBy, rules.agencies) }),
        reads,
        waiting,
        decisions: new DecisionDesk({ log, store, reads, clock, partitions, agencies }),
        operator,
        deadLetters: new DeadLetterDesk({ log, sealer }),
        tasks: new TaskDesk({ store, reader, rules, partitions }),
        jobs,
        audit,
        auditDesk: new AuditDesk({ log, partitions }),
        accessLog,
        erasures: new ErasureDesk({ log, reads, clock, partitions }),
        evidence: new EvidenceDesk({ log, store, reads, sealer, signer, clock, partitions }),
        signer,
        metrics,
        epc: { receipt: writeEpcReceipt, clearance: writeEpcClearance, problems: writeEpcProblems },
        documents: createDocuments(rules),
        random: createRandom(),
        stopping: () => stopping,
        logger,
      },
      identity.tls,
    );
    identity.serve(http);
  }

  const report = async (dependencies: Health['dependencies'] = {}): Promise<ProcessReport> => {
    const [own] = await Promise.all([
      healthOf(log, store, stopping),
      beforeScrape(metrics, log, store, groups, exchange, connected, clock.nowMs()),
    ]);
    const health = withDependencies(own, dependencies);
    metrics.ready.set(health.ready ? 1 : 0);
    observeAdmission(metrics, admission);
    return { health, metrics: await metrics.registry.getMetricsAsJSON() };
  };
  if (part.part === 'primary') part.workers.onReplaced = () => metrics.workersReplaced.inc();
  // A crash takes the embedded store's last tenths of a second: who saw a version then must not be shown an older one now.
  if (settings.redisUrl === '') await untilFolded(log, store);
  let adminUrl: string | undefined;
  if (part.part !== 'worker') {
    const peers = part.part === 'primary' ? part.workers : undefined;
    const admin = createAdminServer({
      metrics: async (worker) => {
        const { contentType } = metrics.registry;
        if (worker !== undefined) {
          const one = await peers?.metricsOf(worker);
          return one === undefined ? undefined : { contentType, text: await mergeMetrics([one]).metrics() };
        }
        const others = await peers?.reports();
        const own = await report(others?.dependencies);
        // Collected once: each time begins a new histogram of event-loop delays, so a second look would find it empty.
        return { contentType, text: await mergeMetrics([own.metrics, ...(others?.metrics ?? [])]).metrics() };
      },
      health: async () => {
        const [own, others] = await Promise.all([healthOf(log, store, stopping), peers?.reports()]);
        return withDependencies(own, others?.dependencies ?? {});
      },
    });
    adminUrl = await listen(admin, settings.adminPort, settings.adminHost);
    closers.push(() => new Promise<void>((resolve) => admin.close(() => resolve()) && admin.closeAllConnections()));
  }
  let url: string | undefined;
  if (http !== undefined) {
    const opened = http;
    url = await listen(opened.server, settings.port, settings.host);
    closers.push(() => opened.close(DRAIN_MS));
  }
  return {
    url,
    adminUrl,
    report: () => report(),
    reload: () => identity.reload(),
    stop: async () => {
      // Not ready first, then no new work, then what is under way, then out of the groups.
      stopping = true;
      await closeAll();
    },
  };
}

/** Where one process has all roles its one thread is what is scarce; with a process for each role the core is. */
function readsApart(settings: Settings, roles: ReadonlySet<string>): boolean {
  if (settings.readingThread !== 'auto') return settings.readingThread === 'on';
  return roles.has('exchange') && availableParallelism() > 1;
}

const load = createRequire(__filename);

/** Only the client library that is chosen is loaded. */
function openKafkaLog(
  client: Settings['kafkaClient'],
): typeof kafkajsLog.openKafkaMessageLog | typeof platformaticLog.openPlatformaticMessageLog {
  return client === 'kafkajs'
    ? (load('./edges/kafka/kafka-message-log') as typeof kafkajsLog).openKafkaMessageLog
    : (load('./edges/platformatic/platformatic-message-log') as typeof platformaticLog).openPlatformaticMessageLog;
}

async function openLogAndStore(
  settings: Settings,
  roles: ReadonlySet<string>,
  logger: Logger,
  closers: (() => Promise<void> | void)[],
): Promise<{ log: MessageLog; store: DossierStore }> {
  const needsEnvironment = settings.kafkaBrokers.length === 0 || settings.redisUrl === '';
  const environment = needsEnvironment ? openEnvironment(settings.dataDir) : undefined;
  if (environment !== undefined) closers.push(() => environment.close());
  const log =
    environment !== undefined && settings.kafkaBrokers.length === 0
      ? await openEmbeddedMessageLog({ environment: environment.environment, topicPrefix: settings.topicPrefix })
      : await openKafkaLog(settings.kafkaClient)({
          brokers: [...settings.kafkaBrokers],
          clientId: ['seaport', ...roles].join('-'),
          topicPrefix: settings.topicPrefix,
          ...(settings.topicReplicationFactor > 0 ? { replicationFactor: settings.topicReplicationFactor } : {}),
          ...readKafkaCredentials(settings),
          onWarning: (message, context) => logger.warn(context, message),
        });
  closers.push(() => log.close());
  const store =
    environment !== undefined && settings.redisUrl === ''
      ? await openEmbeddedDossierStore({ environment: environment.environment })
      : await openRedisDossierStore({
          url: settings.redisUrl,
          ...readRedisCredentials(settings),
          keyPrefix: settings.redisKeyPrefix,
          onWarning: (message) => logger.warn({}, message),
        });
  closers.push(() => store.close());
  return { log, store };
}

async function startExchange(wiring: {
  settings: Settings;
  logger: Logger;
  metrics: Metrics;
  log: MessageLog;
  store: DossierStore;
  signer: Signer;
  rules: FoldRules;
  connected: string[];
  deadLetter: (record: LogRecord, reason: string) => ReturnType<typeof deadLetterRecord>;
  groups: Map<string, string[]>;
  onFatal: (cause: Error) => void;
  closers: (() => Promise<void> | void)[];
  partitions: number;
}): Promise<Exchange> {
  const { settings, logger, metrics, log, store, signer, rules, connected, deadLetter, groups, onFatal, closers, partitions } = wiring;
  const exchangeGroup = exchangeGroupOf(settings);
  const exchange = new Exchange({
    group: exchangeGroup,
    log,
    store,
    signer,
    clock: systemClock,
    rules,
    partitions,
    results: settings.results === 'all',
    deadLetter,
    observe: observeExchange(metrics, logger, systemClock),
  });
  const relayGroup = `${settings.topicPrefix}relay`;
  groups.set(relayGroup, decisionTopics(connected));
  groups.set(exchangeGroup, ['dossiers']);
  const relayPorts = {
    log,
    clock: systemClock,
    partitions,
    deadLetter,
    refused: (record: LogRecord, reason: string) => {
      metrics.rejected.inc({ code: reason });
      metrics.deadLetters.inc({ topic: record.topic, reason });
      logger.warn({ reason, topic: record.topic, partition: record.partition, offset: record.offset }, 'a record was set aside');
      if (reason === 'agency-mismatch')
        logger.error(
          { topic: record.topic, partition: record.partition, offset: record.offset },
          'a decision names another agency than its topic',
        );
    },
  };
  const consumers: LogConsumer[] = await Promise.all([
    log.consume({ group: relayGroup, topics: decisionTopics(connected), onBatch: (batch) => relayBatch(batch, relayPorts), onFatal }),
    log.consume({
      group: exchangeGroup,
      topics: ['dossiers'],
      onBatch: (batch, control) => exchange.onBatch(batch, control),
      onAssigned: (given) => exchange.assign(given.map(({ partition }) => partition)),
      onRevoked: (revoked) => revoked.forEach(({ partition }) => exchange.release(partition)),
      onFatal,
    }),
  ]);
  let firing: Promise<void> | undefined;
  const ticker = setInterval(() => {
    firing ??= exchange
      .fireDeadlines()
      .catch((cause: unknown) => logger.warn({ err: describe(cause) }, 'deadlines could not be logged; they are tried again'))
      .finally(() => (firing = undefined));
  }, DEADLINE_TICK_MS);
  closers.push(async () => {
    clearInterval(ticker);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await firing;
  });
  return exchange;
}

/** Resolves when the store is as far as `dossiers` is now; after a while in any case: reads then say what is missing. */
async function untilFolded(log: MessageLog, store: DossierStore): Promise<void> {
  const untilMs = performance.now() + FOLD_BEFORE_READS_MS;
  for (const { partition, end } of await log.offsets('dossiers')) {
    while (((await store.marker(partition))?.offset ?? -1) < end - 1 && performance.now() < untilMs) await sleep(FOLD_LOOK_MS);
  }
}

function exchangeGroupOf({ topicPrefix }: Settings): string {
  return `${topicPrefix}exchange`;
}

/** Every group of the deployment, so that an operator asks any process. */
function allGroups(settings: Settings, connected: string[], own: ReadonlyMap<string, string[]>): ReadonlyMap<string, readonly string[]> {
  const prefix = settings.topicPrefix;
  const groups = new Map<string, readonly string[]>(own);
  groups.set(`${prefix}relay`, decisionTopics(connected));
  groups.set(exchangeGroupOf(settings), ['dossiers']);
  for (const agency of connected)
    if (!groups.has(`${prefix}adapter.${agency}`))
      groups.set(`${prefix}adapter.${agency}`, [`requests.${agency}`, `test.requests.${agency}`]);
  return groups;
}

async function healthOf(log: MessageLog, store: DossierStore, stopping: boolean): Promise<Health> {
  const check = async (ping: Promise<void>): Promise<{ ok: boolean; detail?: string }> =>
    ping.then(() => ({ ok: true })).catch((cause: unknown) => ({ ok: false, detail: describe(cause).message }));
  const [logState, storeState] = await Promise.all([check(log.ping()), check(store.ping())]);
  const dependencies: Health['dependencies'] = {
    log: logState,
    store: storeState,
    process: stopping ? { ok: false, detail: 'stopping' } : { ok: true },
  };
  return { ready: Object.values(dependencies).every((dependency) => dependency.ok), dependencies };
}

function withDependencies(own: Health, more: Health['dependencies']): Health {
  return {
    ready: own.ready && Object.values(more).every(({ ok }) => ok),
    dependencies: { ...own.dependencies, ...more },
  };
}

/** Gauges that are looked up when somebody asks. */
async function beforeScrape(
  metrics: Metrics,
  log: MessageLog,
  store: DossierStore,
  groups: ReadonlyMap<string, string[]>,
  exchange: Exchange | undefined,
  agencies: readonly string[],
  nowMs: number,
): Promise<void> {
  try {
    for (const agency of agencies) {
      let open = 0;
      let overdue = 0;
      for (const partition of exchange?.ownedPartitions() ?? []) {
        open += await store.count(partition, indexes.openTasks(agency));
        overdue += (await store.range(partition, indexes.openTasks(agency), { max: nowMs, limit: 10_000 })).length;
      }
      metrics.tasksOpen.set({ agency }, open);
      metrics.tasksOverdue.set({ agency }, overdue);
    }
    for (const [group, topics] of groups) {
      for (const topic of topics) {
        metrics.lag.set({ group, topic }, totalLag(await lagOf(log, group, topic)));
      }
    }
  } catch {
    // A dependency is away: the scrape shows the rest, and health says which.
  }
}

/** Connections that wait to be accepted, where the system allows as many: one that finds no room tries again after a second, then after three. */
const BACKLOG = 4_096;

function listen(server: Server | TlsServer, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog: BACKLOG }, () => {
      server.off('error', reject);
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve(
        `${'setSecureContext' in server ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? '127.0.0.1' : host}:${bound}`,
      );
    });
  });
}

function describe(cause: unknown): { name: string; message: string; code?: string } {
  const error = cause instanceof Error ? cause : new Error('not an error');
  const code = (cause as { code?: unknown } | null)?.code;
  return { name: error.name, message: error.message, ...(typeof code === 'string' ? { code } : {}) };
}

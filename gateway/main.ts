import { pino, type Logger } from 'pino';
import { readSettings, SettingsFault, type Settings } from '../config/settings';
import { startGateway, type Gateway } from './app';
import { developmentCredentialsFile, setDevelopmentBaseUrl } from './development';
import { ExchangeError } from './core/exchange-error';
import { answerPrimary, isIntakeWorker, tellLastReport } from './edges/cluster/intake-worker';
import { IntakeWorkers } from './edges/cluster/intake-workers';
import { isDevelopment } from './identity';
import { rolesOf, type Part } from './part';
import { TopicsFault } from './topics';

/**
 * The process: settings, start, signals. With WORKERS above 1 it is the primary of so many processes like it, which do the intake on one
 * port; it has the other roles and the admin port itself.
 */
const STOP_WITHIN_MS = 25_000;
const build = { version: process.env['npm_package_version'] ?? '0.1.0' };

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  if (isIntakeWorker()) await runWorker(settings);
  else if (settings.workers > 1) await runPrimary(settings);
  else await runWhole(settings);
}

async function runWhole(settings: Settings): Promise<void> {
  const logger = createLogger(settings, { part: 'whole' });
  let gateway: Gateway | undefined;
  const stop = createStop(logger, () => gateway?.stop());
  onSignals(['SIGTERM', 'SIGINT'], stop);
  onReload(settings, () => gateway?.reload());
  gateway = await startGateway(settings, logger, build, onFatal(logger, stop));
  announce(settings, logger, gateway.url, gateway.adminUrl);
}

async function runPrimary(settings: Settings): Promise<void> {
  const logger = createLogger(settings, { part: 'primary' });
  let gateway: Gateway | undefined;
  const workers = new IntakeWorkers({
    count: settings.workers,
    exec: __filename,
    onWarning: (message, context) => logger.warn(context, message),
    onMoved: (url) => rememberUrl(settings, url),
  });
  // Workers first: what they acknowledge is still folded, and read, meanwhile.
  const stop = createStop(logger, async () => {
    await workers.stop();
    await gateway?.stop();
  });
  onSignals(['SIGTERM', 'SIGINT'], stop);
  onReload(settings, () => {
    gateway?.reload();
    workers.reload();
  });
  gateway = await startGateway(settings, logger, build, onFatal(logger, stop), { part: 'primary', workers });
  try {
    announce(settings, logger, await workers.start(), gateway.adminUrl);
  } catch (cause) {
    // Unless it is told to stop anyway.
    if (stop('workers', 1)) tellFault(cause);
  }
}

async function runWorker(settings: Settings): Promise<void> {
  const logger = createLogger(settings, { part: 'worker' });
  let gateway: Gateway | undefined;
  const stop = createStop(logger, async () => {
    await gateway?.stop();
    if (gateway !== undefined) await tellLastReport(await gateway.report());
  });
  onSignals(['SIGTERM'], stop);
  onReload(settings, () => gateway?.reload());
  // A terminal interrupts the whole group; the primary says when.
  process.on('SIGINT', () => undefined);
  gateway = await startGateway(settings, logger, build, onFatal(logger, stop), { part: 'worker' });
  const { report, url = '' } = gateway;
  answerPrimary(url, report);
  logger.info({ url }, 'started');
}

function createLogger(settings: Settings, part: Pick<Part, 'part'>): Logger {
  return pino({
    level: settings.logLevel,
    base: { pid: process.pid, roles: [...rolesOf(settings, part)] },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

/** False when it was stopping already. */
type Stop = (reason: string, exitCode: number) => boolean;

/** Stops once, and ends the process whatever comes of it. */
function createStop(logger: Logger, stopAll: () => Promise<void> | undefined): Stop {
  let stopping = false;
  return (reason, exitCode) => {
    if (stopping) return false;
    stopping = true;
    logger.info({ reason }, 'stopping');
    setTimeout(() => {
      logger.error({ afterMs: STOP_WITHIN_MS }, 'did not stop in time');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    Promise.resolve(stopAll()).then(
      () => process.exit(exitCode),
      () => process.exit(1),
    );
    return true;
  };
}

function onSignals(signals: NodeJS.Signals[], stop: Stop): void {
  for (const signal of signals) process.on(signal, () => stop(signal, 0));
}

/** Only where there is something to read again: otherwise a terminal that closes ends what was started in it. */
function onReload(settings: Settings, reload: () => void): void {
  if (!isDevelopment(settings) || settings.tlsCertFile !== '') process.on('SIGHUP', reload);
}

function onFatal(logger: Logger, stop: Stop): (cause: Error) => void {
  return (cause) => {
    logger.fatal({ err: { name: cause.name, message: cause.message } }, 'cannot go on; to be restarted');
    stop('fatal', 1);
  };
}

/** Only where the credentials are those that the gateway made. */
function rememberUrl(settings: Settings, url: string): string | undefined {
  if (!isDevelopment(settings)) return undefined;
  setDevelopmentBaseUrl(settings.varDir, url);
  return developmentCredentialsFile(settings.varDir);
}

function announce(settings: Settings, logger: Logger, url: string | undefined, adminUrl: string | undefined): void {
  const lines = [`admin    ${adminUrl}/metrics  ${adminUrl}/health/ready`];
  if (url !== undefined) {
    const credentials = rememberUrl(settings, url);
    lines.unshift(`gateway  ${url}`);
    if (credentials !== undefined) {
      lines.push(`development credentials in ${credentials}`);
      const token = `$(node -p "JSON.parse(require('fs').readFileSync('${credentials}')).tokens.agent")`;
      lines.push(
        '',
        'Submit a sample and wait for its clearance:',
        '',
        `  curl -sS -H "Authorization: Bearer ${token}" -H 'Content-Type: application/xml' -H 'Prefer: wait=10' --data-binary @test/fixtures/epc/arrival-2021.xml ${url}/v1/declarations`,
        '',
      );
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  logger.info(
    {
      url,
      adminUrl,
      log: settings.kafkaBrokers.length > 0 ? 'kafka' : 'embedded',
      store: settings.redisUrl !== '' ? 'redis' : 'embedded',
      ...(settings.workers > 1 ? { workers: settings.workers } : {}),
    },
    'started',
  );
}

function tellFault(cause: unknown): void {
  const told = cause instanceof SettingsFault || cause instanceof TopicsFault || cause instanceof ExchangeError;
  process.stderr.write(`${told ? cause.message : cause instanceof Error ? (cause.stack ?? cause.message) : 'failed'}\n`);
}

main().catch((cause: unknown) => {
  tellFault(cause);
  process.exit(1);
});

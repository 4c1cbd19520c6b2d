import { pino } from 'pino';
import { readSettings, SettingsFault } from '../config/settings';
import { startGateway, type Gateway } from './app';
import { developmentCredentialsFile } from './development';
import { TopicsFault } from './topics';

/** The process: settings, start, signals. */
const STOP_WITHIN_MS = 25_000;

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const logger = pino({
    level: settings.logLevel,
    base: { pid: process.pid, roles: [...settings.roles] },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  let gateway: Gateway | undefined;
  let stopping = false;
  const stop = (reason: string, exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, 'stopping');
    setTimeout(() => {
      logger.error({ afterMs: STOP_WITHIN_MS }, 'did not stop in time');
      process.exit(1);
    }, STOP_WITHIN_MS).unref();
    Promise.resolve(gateway?.stop()).then(
      () => process.exit(exitCode),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM', 0));
  process.on('SIGINT', () => stop('SIGINT', 0));
  const onFatal = (cause: Error): void => {
    logger.fatal({ err: { name: cause.name, message: cause.message } }, 'cannot go on; to be restarted');
    stop('fatal', 1);
  };
  gateway = await startGateway(settings, logger, { version: process.env['npm_package_version'] ?? '0.1.0' }, onFatal);
  announce(gateway, settings.apiKeysFile === '' && !settings.production ? developmentCredentialsFile(settings.varDir) : undefined);
  logger.info(
    {
      url: gateway.url,
      adminUrl: gateway.adminUrl,
      log: settings.kafkaBrokers.length > 0 ? 'kafka' : 'embedded',
      store: settings.redisUrl !== '' ? 'redis' : 'embedded',
    },
    'started',
  );
}

function announce(gateway: Gateway, credentials: string | undefined): void {
  const lines = [`admin    ${gateway.adminUrl}/metrics  ${gateway.adminUrl}/health/ready`];
  if (gateway.url !== undefined) {
    lines.unshift(`gateway  ${gateway.url}`);
    if (credentials !== undefined) {
      lines.push(`development credentials in ${credentials}`);
      const token = `$(node -p "JSON.parse(require('fs').readFileSync('${credentials}')).tokens.agent")`;
      lines.push(
        '',
        'Submit a sample and wait for its clearance:',
        '',
        `  curl -sS -H "Authorization: Bearer ${token}" -H 'Content-Type: application/xml' -H 'Prefer: wait=10' --data-binary @test/fixtures/epc/arrival-2021.xml ${gateway.url}/v1/declarations`,
        '',
      );
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

main().catch((cause: unknown) => {
  const told = cause instanceof SettingsFault || cause instanceof TopicsFault;
  process.stderr.write(`${told ? cause.message : cause instanceof Error ? (cause.stack ?? cause.message) : 'failed'}\n`);
  process.exit(1);
});

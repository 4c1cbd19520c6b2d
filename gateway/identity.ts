import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { SettingsFault, type Settings } from '../config/settings';
import { ensureDevelopmentCredentials } from './development';
import { reloading, type Reloading } from './edges/files/reloading';
import { createAuthenticate, type Authenticate } from './edges/http/authenticate';
import { ApiKeyTable } from './edges/http/identity/api-key-table';
import { CredentialsFault, readCredentials, type Credentials } from './edges/http/identity/credentials-file';
import type { Metrics } from './edges/metrics/metrics';
import type { Clock } from './ports/clock';

/** Wires who may call: from files that are read again when they change, in development from credentials that the gateway makes. */
export interface Identity {
  authenticate: Authenticate;
  /** Reads every file again (SIGHUP). */
  reload(): void;
  stop(): void;
}

export interface IdentityPorts {
  settings: Settings;
  /** Agencies of which there are rows: a credential may be there before its agency is connected. */
  agencies: readonly string[];
  connected: readonly string[];
  clock: Clock;
  metrics: Metrics;
  logger: Pick<Logger, 'info' | 'warn'>;
}

/** @throws SettingsFault where a file is not usable at start */
export function openIdentity({ settings, agencies, connected, clock, metrics, logger }: IdentityPorts): Identity {
  const parts: Reloading[] = [];
  const read = () => readCredentials(readFileSync(settings.apiKeysFile, 'utf8'), agencies);
  const first = isDevelopment(settings)
    ? { keys: ensureDevelopmentCredentials(settings.varDir, connected) }
    : atStart(`API_KEYS_FILE="${settings.apiKeysFile}"`, read);
  const keys = new ApiKeyTable(clock, first.keys);
  if (settings.apiKeysFile !== '') {
    parts.push(
      reloading({
        files: [settings.apiKeysFile],
        load: () => keys.replace(read().keys),
        onLoaded: () => {
          metrics.credentialReloads.inc({ what: 'api-keys', outcome: 'loaded' });
          logger.info({ what: 'api-keys' }, 'credentials were read again');
        },
        onFault: (cause) => {
          metrics.credentialReloads.inc({ what: 'api-keys', outcome: 'refused' });
          logger.warn({ what: 'api-keys', fault: (cause as Error).message }, 'credentials cannot be read; those of before stay in force');
        },
      }),
    );
  }
  return {
    authenticate: createAuthenticate({ keys }),
    reload: () => parts.forEach((part) => part.reload()),
    stop: () => parts.forEach((part) => part.stop()),
  };
}

function atStart(what: string, read: () => Credentials): Credentials {
  try {
    return read();
  } catch (cause) {
    throw new SettingsFault(
      (cause instanceof CredentialsFault ? cause.faults : [(cause as Error).message]).map((fault) => `${what}: ${fault}`),
    );
  }
}

/** Credentials that the gateway makes itself (contract.md §2). */
export function isDevelopment(settings: Pick<Settings, 'production' | 'apiKeysFile'>): boolean {
  return !settings.production && settings.apiKeysFile === '';
}

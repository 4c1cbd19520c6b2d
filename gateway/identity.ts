import { readFileSync } from 'node:fs';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { SettingsFault, type Settings } from '../config/settings';
import { ensureDevelopmentCredentials } from './development';
import { isDevelopmentToken } from './development-mark';
import { reloading, type Reloading } from './edges/files/reloading';
import { createAuthenticate, type Authenticate } from './edges/http/authenticate';
import { ApiKeyTable } from './edges/http/identity/api-key-table';
import { CertificateTable } from './edges/http/identity/certificate-table';
import { CredentialsFault, readCredentials } from './edges/http/identity/credentials-file';
import { discoveredKeys, issuerKeys, readKeySet, type IssuerKeys } from './edges/http/identity/issuer-keys';
import { readTls } from './edges/http/identity/server-certificate';
import { createTokenVerifier, type TokenVerifier } from './edges/http/identity/token-verifier';
import type { Metrics } from './edges/metrics/metrics';
import type { Clock } from './ports/clock';

/** Wires who may call: from files that are read again when they change, in development from credentials that the gateway makes. */
export interface Identity {
  authenticate: Authenticate;
  /** What the HTTP port does TLS with at its start; undefined: none. */
  tls: SecureContextOptions | undefined;
  /** From now on this server has what the files of TLS say, for each new connection. */
  serve(server: { useTls(options: SecureContextOptions): void }): void;
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
export async function openIdentity(ports: IdentityPorts): Promise<Identity> {
  const { settings, agencies, connected, clock } = ports;
  const parts: Pick<Reloading, 'reload' | 'stop'>[] = [];
  const keys = new ApiKeyTable(clock, isDevelopment(settings) ? ensureDevelopmentCredentials(settings.varDir, connected) : []);
  const certificates = settings.tlsClientCaFile === '' ? undefined : new CertificateTable(clock);
  if (settings.apiKeysFile !== '') {
    const load = (): void => {
      const read = readCredentials(readFileSync(settings.apiKeysFile, 'utf8'), agencies);
      keys.replace(read.keys);
      certificates?.replace(read.certificates ?? []);
    };
    parts.push(loaded('api-keys', `API_KEYS_FILE="${settings.apiKeysFile}"`, [settings.apiKeysFile], load, ports));
  }
  const tokens = settings.oidcIssuer === '' ? undefined : await openTokens(ports, parts);
  let tls: SecureContextOptions | undefined;
  let served: Parameters<Identity['serve']>[0] | undefined;
  if (settings.tlsCertFile !== '') {
    const { tlsCertFile: certFile, tlsKeyFile: keyFile, tlsClientCaFile: clientCaFile } = settings;
    const load = (): void => {
      tls = readTls({ certFile, keyFile, clientCaFile }, clock.nowMs());
      served?.useTls(tls);
    };
    const files = [certFile, keyFile, clientCaFile].filter((file) => file !== '');
    parts.push(loaded('tls', `TLS_CERT_FILE="${certFile}"`, files, load, ports));
  }
  return {
    authenticate: createAuthenticate({ keys, tokens, certificates, ...(settings.production ? { isRefused: isDevelopmentToken } : {}) }),
    tls,
    serve: (server) => {
      served = server;
      if (tls !== undefined) server.useTls(tls);
    },
    reload: () => parts.forEach((part) => part.reload()),
    stop: () => parts.forEach((part) => part.stop()),
  };
}

async function openTokens(ports: IdentityPorts, parts: Pick<Reloading, 'reload' | 'stop'>[]): Promise<TokenVerifier> {
  const { settings, agencies, clock, logger } = ports;
  let tokens: TokenVerifier | undefined;
  const onChanged = (): void => tokens?.forget();
  let keys: IssuerKeys;
  if (settings.oidcJwksFile !== '') {
    let set: ReturnType<IssuerKeys['current']>;
    const load = (): void => {
      set = readKeySet(JSON.parse(readFileSync(settings.oidcJwksFile, 'utf8')));
      onChanged();
    };
    parts.push(loaded('jwks', `OIDC_JWKS_FILE="${settings.oidcJwksFile}"`, [settings.oidcJwksFile], load, ports));
    keys = { current: () => set, isReachable: () => true, refresh: () => Promise.resolve(), stop: () => undefined };
  } else {
    const fetch = discoveredKeys(settings.oidcIssuer);
    const onWarning = (message: string, cause: unknown): void => logger.warn({ fault: (cause as Error).message }, message);
    keys = issuerKeys({ fetch, clock, onChanged, onWarning });
    parts.push({ reload: () => void keys.refresh(), stop: () => keys.stop() });
  }
  const { oidcIssuer: issuer, oidcAudience: audience, oidcRoleClaim: roleClaim } = settings;
  const { oidcTenantClaim: tenantClaim, oidcAgencyClaim: agencyClaim } = settings;
  return (tokens = await createTokenVerifier(keys, clock, { issuer, audience, roleClaim, tenantClaim, agencyClaim, agencies }));
}

/**
 * Loads now, and again whenever a file changes.
 * @throws SettingsFault with every fault of what is loaded now
 */
function loaded(what: string, named: string, files: readonly string[], load: () => void, { metrics, logger }: IdentityPorts): Reloading {
  try {
    load();
  } catch (cause) {
    throw new SettingsFault(
      (cause instanceof CredentialsFault ? cause.faults : [(cause as Error).message]).map((fault) => `${named}: ${fault}`),
    );
  }
  return reloading({
    files,
    load,
    onLoaded: () => {
      metrics.credentialReloads.inc({ what, outcome: 'loaded' });
      logger.info({ what }, 'credentials were read again');
    },
    onFault: (cause) => {
      metrics.credentialReloads.inc({ what, outcome: 'refused' });
      logger.warn({ what, fault: (cause as Error).message }, 'credentials cannot be read; those of before stay in force');
    },
  });
}

/** Credentials that the gateway makes itself (contract.md §2). */
export function isDevelopment(settings: Pick<Settings, 'production' | 'apiKeysFile' | 'oidcIssuer'>): boolean {
  return !settings.production && settings.apiKeysFile === '' && settings.oidcIssuer === '';
}

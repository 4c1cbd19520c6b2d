import { settingsTable, type Settings } from '../config/settings';
import type { FoldRules } from './core/fold';

/** What this process runs with, without secrets, as operators are shown it. */
export function configurationInForce(settings: Settings, rules: FoldRules): Record<string, unknown> {
  return {
    settings: settingsTable.map(({ field, env, unit, meaning }) => ({ setting: env, value: shown(settings, field, env), unit, meaning })),
    agencies: rules.agencies,
    ruleSets: rules.ruleSets.map(({ id, title, inForceFrom, inForceTo }) => ({ id, title, inForceFrom, inForceTo })),
  };
}

/** The same in short, for the first entry of the process's audit chain. */
export function configurationAtStart(settings: Settings, rules: FoldRules): Record<string, unknown> {
  return {
    settings: Object.fromEntries(settingsTable.map(({ field, env }) => [env, shown(settings, field, env)])),
    connected: rules.agencies.filter(({ connected }) => connected).map(({ code }) => code),
    agencyModes: settings.agencyModes,
    ruleSets: rules.ruleSets.map(({ id }) => id),
  };
}

/** A Redis URL may carry a password; files are named, never read. */
function shown(settings: Settings, field: (typeof settingsTable)[number]['field'], env: string): unknown {
  const value: unknown = settings[field];
  if (env === 'REDIS_URL' && typeof value === 'string') return value.replace(/\/\/[^@/]*@/, '//***@');
  return value instanceof Set ? [...(value as Set<unknown>)] : value;
}

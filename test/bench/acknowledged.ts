import type { MessageLog } from '../../gateway/ports/message-log';
import type { LoadResult } from '../load/load';

/**
 * The validity gate: what was acknowledged against what the log holds. A run in which a declaration got no clearance, or more than one,
 * counts for nothing, however fast it was.
 */
export interface Cleared {
  /** When the log took each version, milliseconds, by version. */
  atMs: number[];
  /** Whether the last version is final. */
  final: boolean;
  /** A version that stands there twice. */
  repeated: boolean;
  rejected: number;
}

/** What stands on `clearances`, by dossier. */
export async function readClearances(log: MessageLog): Promise<Map<string, Cleared>> {
  const found = new Map<string, Cleared>();
  await readAll(log, 'clearances', ({ key, value, headers, timestampMs }) => {
    let cleared = found.get(key);
    if (cleared === undefined) found.set(key, (cleared = { atMs: [], final: false, repeated: false, rejected: 0 }));
    const version = Number(/-v(\d+)$/.exec(headers['ce_id'] ?? '')?.[1] ?? NaN);
    if (Number.isNaN(version)) cleared.rejected++;
    else if (version !== cleared.atMs.length + 1) cleared.repeated = true;
    else {
      cleared.atMs.push(timestampMs);
      // Canonical JSON: a quote within a text is escaped, so this is the member.
      cleared.final = value.includes('"final":true');
    }
  });
  return found;
}

/** When `dossiers` took each declaration, by dossier: what an intake that nobody folds has done. */
export async function readDeclarations(log: MessageLog): Promise<Map<string, Cleared>> {
  const found = new Map<string, Cleared>();
  await readAll(log, 'dossiers', ({ key, timestampMs, headers }) => {
    if (headers['ce_type']?.includes('.declaration.') !== true) return;
    const known = found.get(key);
    if (known === undefined) found.set(key, { atMs: [timestampMs], final: true, repeated: false, rejected: 0 });
    else known.repeated = true;
  });
  return found;
}

async function readAll(
  log: MessageLog,
  topic: string,
  take: (record: { key: string; value: Buffer; headers: Record<string, string>; timestampMs: number }) => void,
): Promise<void> {
  const ranges = (await log.offsets(topic)).map(({ partition, start, end }) => ({ partition, from: start, to: end }));
  await log.read(topic, ranges, ({ records }) => {
    for (const { key, value, headers, timestampMs } of records) if (key !== null) take({ key, value, headers, timestampMs });
  });
}

/**
 * What is wrong with a run; nothing when it counts. A dossier with one declaration has exactly one clearance and it is final; one that was
 * amended has versions 1 to n, each once, the last one final.
 */
export function faultsOf(result: LoadResult, cleared: ReadonlyMap<string, Cleared>): string[] {
  const amended = new Set(result.dossierIds.filter((_, i) => result.kinds[i] === 'amendment'));
  const counts = { 'without a clearance': 0, 'not final': 0, 'with a version twice': 0, 'with more than one clearance': 0, rejected: 0 };
  for (const dossierId of new Set(result.dossierIds)) {
    const found = cleared.get(dossierId);
    if (found === undefined || found.atMs.length === 0) counts['without a clearance']++;
    else if (!found.final) counts['not final']++;
    else if (found.repeated) counts['with a version twice']++;
    else if (found.atMs.length > 1 && !amended.has(dossierId)) counts['with more than one clearance']++;
    if (found !== undefined && found.rejected > 0 && !amended.has(dossierId)) counts.rejected++;
  }
  const faults = Object.entries(counts).flatMap(([what, count]) => (count === 0 ? [] : [`${count} acknowledged ${what}`]));
  if (result.unexpected > 0) faults.push(`${result.unexpected} unexpected answers: ${JSON.stringify(result.statuses)}`);
  if (result.dossierIds.length === 0) faults.push('nothing was acknowledged');
  return faults;
}

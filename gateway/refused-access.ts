import type { AuditActor } from './core/audit-chain';
import { isoTime } from './core/deadlines';
import type { Audit } from './ports/audit';
import type { Clock } from './ports/clock';

/**
 * Refused sign-ins, and what credentials asked for that they may not do, in the audit log: one entry a minute at most, with a count for
 * each credential and source, so that an attack writes no more than a mistake does. A credential that is not known and an address are told
 * by a keyed hash: the same again is recognised, neither can be read.
 */
export interface RefusedAccessPorts {
  audit: Audit;
  clock: Clock;
  /** Keyed hash, hexadecimal. */
  fingerprint(text: string): string;
  /** Told when an entry could not be written: its counts are in the next one. */
  onWarning(message: string, cause: unknown): void;
}

export interface Refusal {
  code: 'unauthenticated' | 'forbidden';
  /** Address that it came from; behind a proxy that of the proxy. */
  source: string;
  /** As it was sent; only its fingerprint is kept. */
  credential?: string | undefined;
  /** Who it is, where the credential is known. */
  name?: string;
}

/** What an entry says of one credential at one source. */
interface Counted {
  code: Refusal['code'];
  source: string;
  name?: string;
  credential?: string;
  count: number;
}

const EVERY_MS = 60_000;
/** Credentials and sources told apart in a minute, of each code: whoever is refused for a role is not hidden by a flood of guesses. */
const MAX_TOLD_APART = 50;
const GATEWAY: AuditActor = { role: 'gateway', name: 'gateway' };

export class RefusedAccess {
  private readonly ports: RefusedAccessPorts;
  private readonly counted: Record<Refusal['code'], Map<string, Counted>> = { unauthenticated: new Map(), forbidden: new Map() };
  private others = 0;
  private since: string;
  private writing: Promise<void> | undefined;
  private readonly ticker: NodeJS.Timeout;

  constructor(ports: RefusedAccessPorts) {
    this.ports = ports;
    this.since = isoTime(ports.clock.nowMs());
    this.ticker = setInterval(() => void this.write(), EVERY_MS);
    this.ticker.unref();
  }

  note({ code, source, credential, name }: Refusal): void {
    const { fingerprint } = this.ports;
    const who = name === undefined ? { credential: credential === undefined ? 'none' : fingerprint(credential) } : { name };
    const told: Counted = { code, source: fingerprint(source), ...who, count: 0 };
    const key = `${told.source} ${name ?? ''} ${told.credential ?? ''}`;
    const table = this.counted[code];
    let known = table.get(key);
    if (known === undefined && table.size < MAX_TOLD_APART) table.set(key, (known = told));
    if (known === undefined) this.others++;
    else known.count++;
  }

  /** What has been counted, in one entry; nothing where nobody was refused. */
  write(): Promise<void> {
    return (this.writing ??= this.writeNow().finally(() => (this.writing = undefined)));
  }

  async stop(): Promise<void> {
    clearInterval(this.ticker);
    await this.writing;
    await this.write();
  }

  private async writeNow(): Promise<void> {
    const { audit, clock, onWarning } = this.ports;
    const tables = Object.values(this.counted);
    const refused = tables.flatMap((table) => [...table.values()]);
    const { others, since } = this;
    if (refused.length === 0) {
      this.since = isoTime(clock.nowMs());
      return;
    }
    const told = refused.map((entry) => ({ ...entry }));
    const until = isoTime(clock.nowMs());
    try {
      await audit.record({ action: 'access.refused', by: GATEWAY, detail: { since, until, refused: told, others } });
    } catch (cause) {
      onWarning('refused sign-ins were not recorded', cause);
      return;
    }
    // What was counted meanwhile stays.
    refused.forEach((entry, i) => (entry.count -= told[i]?.count ?? 0));
    for (const table of tables) for (const [key, { count }] of table) if (count === 0) table.delete(key);
    this.others -= others;
    this.since = until;
  }
}

import type { AuditActor } from './core/audit-chain';
import { isoTime } from './core/deadlines';
import type { Audit } from './ports/audit';
import type { Clock } from './ports/clock';

/**
 * Who signed in, who was refused, and what credentials asked for that they may not do, in the audit log: an entry of each a minute at most,
 * so that an attack writes no more than a mistake does. Refusals are counted for each credential and source; a sign-in is the first request
 * of a caller from a source, and the first after an hour without one. A credential that is not known and an address are told by a keyed
 * hash: the same again is recognised, neither can be read.
 */
export interface AccessLogPorts {
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

/** A caller that is known, and where from. */
export interface SignIn {
  by: AuditActor;
  source: string;
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
/** A caller that made no request for so long signs in anew with the next one. */
const SIGNED_IN_MS = 3_600_000;
/** Callers and sources remembered; the one seen first is forgotten for another. */
const MAX_SIGNED_IN = 10_000;
/** Sign-ins of one entry; more are counted. */
const MAX_SIGN_INS = 100;
const GATEWAY: AuditActor = { role: 'gateway', name: 'gateway' };

export class AccessLog {
  private readonly ports: AccessLogPorts;
  private readonly counted: Record<Refusal['code'], Map<string, Counted>> = { unauthenticated: new Map(), forbidden: new Map() };
  private others = 0;
  /** Last request of each caller and source. */
  private readonly lastMs = new Map<string, number>();
  private signIns: SignIn[] = [];
  private otherSignIns = 0;
  private since: string;
  private writing: Promise<void> | undefined;
  private readonly ticker: NodeJS.Timeout;

  constructor(ports: AccessLogPorts) {
    this.ports = ports;
    this.since = isoTime(ports.clock.nowMs());
    this.ticker = setInterval(() => void this.write(), EVERY_MS);
    this.ticker.unref();
  }

  /** To be told of each request of a caller that is known. */
  signedIn({ by, source }: SignIn): void {
    const key = `${by.role} ${by.tenant ?? by.agency ?? ''} ${by.name} ${source}`;
    const nowMs = this.ports.clock.monotonicMs();
    const lastMs = this.lastMs.get(key);
    if (lastMs === undefined && this.lastMs.size >= MAX_SIGNED_IN) this.lastMs.delete(this.lastMs.keys().next().value ?? '');
    this.lastMs.set(key, nowMs);
    if (lastMs !== undefined && nowMs - lastMs < SIGNED_IN_MS) return;
    if (this.signIns.length < MAX_SIGN_INS) this.signIns.push({ by, source: this.ports.fingerprint(source) });
    else this.otherSignIns++;
  }

  refused({ code, source, credential, name }: Refusal): void {
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

  /** What has come since, in an entry of each kind; nothing where nobody signed in or was refused. */
  write(): Promise<void> {
    return (this.writing ??= this.writeNow().finally(() => (this.writing = undefined)));
  }

  async stop(): Promise<void> {
    clearInterval(this.ticker);
    await this.writing;
    await this.write();
  }

  private async writeNow(): Promise<void> {
    try {
      await this.writeSignIns();
      await this.writeRefused();
    } catch (cause) {
      this.ports.onWarning('sign-ins were not recorded', cause);
    }
  }

  private async writeSignIns(): Promise<void> {
    const { signIns, otherSignIns: others } = this;
    if (signIns.length === 0) return;
    const count = signIns.length;
    await this.ports.audit.record({ action: 'access.signed-in', by: GATEWAY, detail: { signedIn: [...signIns], others } });
    // Who came meanwhile stays.
    this.signIns = this.signIns.slice(count);
    this.otherSignIns -= others;
  }

  private async writeRefused(): Promise<void> {
    const { audit, clock } = this.ports;
    const tables = Object.values(this.counted);
    const refused = tables.flatMap((table) => [...table.values()]);
    const { others, since } = this;
    if (refused.length === 0) {
      this.since = isoTime(clock.nowMs());
      return;
    }
    const told = refused.map((entry) => ({ ...entry }));
    const until = isoTime(clock.nowMs());
    await audit.record({ action: 'access.refused', by: GATEWAY, detail: { since, until, refused: told, others } });
    // What was counted meanwhile stays.
    refused.forEach((entry, i) => (entry.count -= told[i]?.count ?? 0));
    for (const table of tables) for (const [key, { count }] of table) if (count === 0) table.delete(key);
    this.others -= others;
    this.since = until;
  }
}

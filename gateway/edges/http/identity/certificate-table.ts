import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../../ports/clock';
import { principalOf, type Principal, type PrincipalRow } from '../authenticate';

/** Who a client certificate is: by one name of its subjectAltName, or by its whole subject. */
export interface CertificateRow extends PrincipalRow {
  /** DNS:…, URI:… or email:…, as the certificate has it. */
  san?: string;
  /** The parts in the order of the certificate: C=VN, O=Customs, CN=gateway-1. */
  subject?: string;
}

interface Known {
  rows: ReadonlyMap<string, Principal>;
  principal: Principal | undefined;
  fromMs: number;
  untilMs: number;
}

/** Client certificates: TLS has verified them by the authorities of TLS_CLIENT_CA_FILE, or they count for nothing. */
export class CertificateTable {
  private readonly clock: Clock;
  private rows: ReadonlyMap<string, Principal> = new Map();
  /** A certificate is read once a connection, and again when the rows change. */
  private readonly known = new WeakMap<Socket, Known>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** From now on these rows count and no others. */
  replace(rows: readonly CertificateRow[]): void {
    this.rows = new Map(rows.map((row) => [row.san ?? `subject ${row.subject ?? ''}`, principalOf(row)]));
  }

  /** Whose verified certificate this connection has, if it is valid now: a connection may live longer than it. */
  find(socket: Socket): Principal | undefined {
    if (!isVerified(socket)) return undefined;
    let known = this.known.get(socket);
    if (known?.rows !== this.rows) this.known.set(socket, (known = this.read(socket)));
    const nowMs = this.clock.nowMs();
    return known.fromMs <= nowMs && nowMs < known.untilMs ? known.principal : undefined;
  }

  private read(socket: TLSSocket): Known {
    const certificate = socket.getPeerX509Certificate();
    const names = [...namesOf(certificate?.subjectAltName), `subject ${(certificate?.subject ?? '').split('\n').join(', ')}`];
    const found = new Set(names.flatMap((name) => this.rows.get(name) ?? []));
    return {
      rows: this.rows,
      // With names of two principals nobody could say which one acts.
      principal: found.size === 1 ? [...found][0] : undefined,
      fromMs: Date.parse(certificate?.validFrom ?? ''),
      untilMs: Date.parse(certificate?.validTo ?? ''),
    };
  }
}

function isVerified(socket: Socket): socket is TLSSocket {
  return (socket as Partial<TLSSocket>).authorized === true;
}

/** Node writes a value with a comma or worse in it in quotes: it is none of ours. */
function namesOf(subjectAltName: string | undefined): string[] {
  return [...(subjectAltName ?? '').matchAll(/((?:DNS|URI|email):(?!")[^,]+|[^:]+:(?:"(?:[^"\\]|\\.)*"|[^,]*))(?:, |$)/gy)]
    .map(([, name]) => name ?? '')
    .filter((name) => !name.includes('"'));
}

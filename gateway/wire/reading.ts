import type { Problem } from '../core/problem';

/** Where something stands in the sender's own document. Lines and columns are 1-based. */
export interface SourcePosition {
  xpath?: string;
  line?: number;
  column?: number;
}

/**
 * What a dialect's reader makes of the bytes: a candidate in canonical shape, not yet validated. Strings stay as the sender wrote
 * them (times may lack a zone: `normalise` reads them in the zone of the port of call).
 */
export interface ReadDeclaration {
  /** json | epc-2011 | epc-2021 | … */
  dialect: string;
  /** True where a resend under the same message id with other bytes is an update (EPC). */
  resendIsUpdate: boolean;
  candidate: Record<string, unknown>;
  /** What `JSON.stringify` would write for the candidate, where the sender's bytes are that already. */
  json?: string;
  /** Faults and warnings met while reading that did not stop it. */
  problems: Problem[];
  /** The sender's position of a canonical JSON Pointer: of the nearest ancestor that came from the document. */
  locate(pointer: string): SourcePosition;
}

/** The bytes could not be read as a document of the dialect at all (400, 415): nothing else is looked at. */
export interface Unreadable {
  unreadable: Problem[];
}

export type Reading = ReadDeclaration | Unreadable;

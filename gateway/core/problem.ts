/**
 * Faults in what somebody sent: values, never thrown. Every fault carries a stable code of the catalogue
 * (`problem-catalogue.ts`), where it is in the canonical declaration and, where known, in the sender's own document.
 */
export type Severity = 'error' | 'warning';

export interface Problem {
  /** A code of the problem catalogue; documented in docs/errors.md. */
  code: string;
  severity: Severity;
  /** JSON Pointer (RFC 6901) into the canonical declaration; '' is the whole of it. */
  pointer: string;
  /** Path in the sender's own XML document, by local names with positions: /EPCMessage/EPCRequestBody/ETA. */
  xpath?: string;
  /** 1-based, in the sender's own document. */
  line?: number;
  /** 1-based, in the sender's own document. */
  column?: number;
  /** A sentence that a ship's agent understands; never a value of a person. */
  message: string;
  messageVi: string;
}

/** Either a value with warnings or all the faults that stop it. */
export type Outcome<T> = { ok: true; value: T; warnings: Problem[] } | { ok: false; problems: Problem[] };

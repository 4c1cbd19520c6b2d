/** The world failing: thrown, with a stable code. A sender's fault is a Problem, a refused verdict is a result. */
export class ExchangeError extends Error {
  readonly code: string;
  /** True when the same call may succeed later. */
  readonly retriable: boolean;

  constructor(code: string, message: string, options: { retriable: boolean; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = 'ExchangeError';
    this.code = code;
    this.retriable = options.retriable;
  }
}

/** The log said no, or was not reached: nothing was stored. */
export class LogUnavailable extends ExchangeError {
  constructor(message: string, cause?: unknown) {
    super('log-unavailable', message, { retriable: true, cause });
  }
}

/** The log may or may not have stored it: the same must be sent again. */
export class LogOutcomeUnknown extends ExchangeError {
  constructor(message: string, cause?: unknown) {
    super('outcome-unknown', message, { retriable: true, cause });
  }
}

/** One record is larger than its topic takes. */
export class RecordTooLarge extends ExchangeError {
  constructor(message: string, cause?: unknown) {
    super('record-too-large', message, { retriable: false, cause });
  }
}

/** The store did not answer in time, or refused. */
export class StoreUnavailable extends ExchangeError {
  constructor(message: string, cause?: unknown) {
    super('store-unavailable', message, { retriable: true, cause });
  }
}

/** Nobody can say now whether a token is valid. */
export class IssuerUnavailable extends ExchangeError {
  constructor(message: string, cause?: unknown) {
    super('issuer-unavailable', message, { retriable: true, cause });
  }
}

/** What must be recorded first cannot be recorded now: it is not done. */
export class AuditUnavailable extends ExchangeError {
  constructor(message: string, cause?: unknown) {
    super('audit-unavailable', message, { retriable: true, cause });
  }
}

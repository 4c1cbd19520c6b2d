import type { Clock } from '../../gateway/ports/clock';

/** A clock that stands until it is moved. */
export class FakeClock implements Clock {
  private wallMs: number;
  private elapsedMs = 0;

  constructor(at: string) {
    this.wallMs = Date.parse(at);
  }

  nowMs(): number {
    return this.wallMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  /** Time goes by. */
  advance(ms: number): void {
    this.wallMs += ms;
    this.elapsedMs += ms;
  }

  /** The wall clock jumps; no time goes by. */
  jumpTo(at: string): void {
    this.wallMs = Date.parse(at);
  }
}

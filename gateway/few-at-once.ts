/**
 * Lets a few pieces of work be under way at a time, in the order in which they came. One that has waited for `patienceMs` begins beside
 * them: what they wait for, a partition without a leader say, must not stop it.
 */
export class FewAtOnce {
  private underWay = 0;
  private readonly waiting = new Set<() => void>();
  private readonly limit: number;
  private readonly patienceMs: number;

  constructor(limit: number, patienceMs: number) {
    this.limit = limit;
    this.patienceMs = patienceMs;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.underWay < this.limit) this.underWay++;
    else await this.turn();
    try {
      return await work();
    } finally {
      this.underWay--;
      const [first] = this.waiting;
      if (this.underWay < this.limit) first?.();
    }
  }

  /** Counted as under way when it resolves. */
  private turn(): Promise<void> {
    return new Promise((resolve) => {
      const begin = (): void => {
        clearTimeout(timer);
        this.waiting.delete(begin);
        this.underWay++;
        resolve();
      };
      const timer = setTimeout(begin, this.patienceMs);
      this.waiting.add(begin);
    });
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { startGatewayProcess, type GatewayFolder, type GatewayProcess } from '../../support/gateway-process';
import { keepText } from './file-history';

/** Before a process that ended is started again, as an orchestrator would. */
const RESTART_AFTER_MS = 1_000;
/** However busy the machine is; how long a recovery takes is measured elsewhere. */
const START_WITHIN_MS = 240_000;
const UP_WITHIN_MS = 500_000;

export interface ProcessOptions {
  name: string;
  folder: GatewayFolder;
  env: Record<string, string>;
  /** The checkout whose build runs. */
  from: string;
  nodeArguments: string[];
}

/** A gateway process that is started again whenever it ends without having been told to. */
export class SupervisedProcess {
  readonly name: string;
  /** Ends that nobody asked for. */
  gaveUp = 0;
  /** Lives begun. */
  lives = 0;
  /** Told what a life that ended wrote since it was kept last. */
  onEnded: ((text: string) => Promise<void>) | undefined;
  private readonly options: ProcessOptions;
  private running: GatewayProcess | undefined;
  private wanted = false;
  private turning: Promise<void> = Promise.resolve();
  private kept = 0;
  private expectsDeath = false;
  private lastWords: string | undefined;

  constructor(options: ProcessOptions) {
    this.options = options;
    this.name = options.name;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    this.wanted = true;
    this.turning = this.keepRunning();
    await this.up();
  }

  /** Resolves when it runs; it may have to be started more than once, for what it needs may be away. */
  async up(withinMs = UP_WITHIN_MS): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (this.running === undefined) {
      if (performance.now() > untilMs) throw new Error(`${this.name} does not start`);
      await sleep(50);
    }
  }

  get pid(): number | undefined {
    return this.running?.child.pid;
  }

  get adminUrl(): string | undefined {
    return this.running?.adminUrl;
  }

  get output(): string {
    return this.running?.output() ?? '';
  }

  /** SIGKILL and SIGTERM end this life; SIGSTOP and SIGCONT do not. */
  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.expectsDeath = true;
    this.running?.child.kill(signal);
  }

  /** Ends it for good. Returns its exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.wanted = false;
    this.expectsDeath = true;
    const code = (await this.running?.stop(signal)) ?? null;
    await this.turning;
    return code;
  }

  /** What it wrote since the last time, into the directory. */
  async keepOutput(directory: string): Promise<void> {
    const text = this.output.slice(this.kept);
    this.kept += text.length;
    if (text !== '') await keepText(directory, `${this.name}.log`, text);
  }

  private async keepRunning(): Promise<void> {
    while (this.wanted) {
      const { folder, env, from, nodeArguments } = this.options;
      try {
        const running = await startGatewayProcess(folder, env, { from, nodeArguments, startWithinMs: START_WITHIN_MS });
        this.lives++;
        this.kept = 0;
        this.running = running;
        const code = await new Promise<number | null>((resolve) => {
          if (running.child.exitCode !== null || running.child.signalCode !== null) resolve(running.child.exitCode);
          else running.child.once('exit', resolve);
        });
        if (!this.expectsDeath) this.gaveUp++;
        if (!this.expectsDeath) this.lastWords = `${this.name} ended with ${String(code)}: ${running.output().slice(-1_500)}`;
        await this.onEnded?.(running.output().slice(this.kept));
      } catch (cause) {
        // What it needs at its start is away, or it was killed while it started.
        if (!this.expectsDeath) this.lastWords = cause instanceof Error ? cause.message.slice(-1_500) : String(cause);
      }
      this.expectsDeath = false;
      this.running = undefined;
      if (this.wanted) await sleep(RESTART_AFTER_MS);
    }
  }

  /** The end of what it wrote before it gave up, or why it could not start; once. */
  takeLastWords(): string | undefined {
    const words = this.lastWords;
    this.lastWords = undefined;
    return words;
  }
}

import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, type Consumer, type Producer } from 'kafkajs';
import type { DecisionMessage, RequestMessage } from '../../../gateway/core/messages';
import { HttpClient } from './http-client';
import type { Journal } from './journal';
import type { Random } from './random';

/**
 * The outside back-ends of the agencies. Each knows repeats by an inbox keyed as the contract says, journals every request that reached it,
 * and misbehaves as often as it is told to; in the end each says something conclusive on every task.
 */
export const PROMPT = { prompt: 1 };
/** What a busy day looks like. */
export const MIXED = {
  prompt: 60,
  slow: 8,
  twice: 6,
  contradicts: 6,
  holds: 4,
  revokes: 4,
  wantsMore: 4,
  silent: 3,
  forges: 3,
  garbage: 2,
};
export type Behaviour = keyof typeof MIXED;
export type Manners = Partial<Record<Behaviour, number>>;

const AGAIN_AFTER_MS = 500;
const SLOW_MS = 3_000;

type Decision = Partial<DecisionMessage> & { taskId: string };

/**
 * What an agency says on a task, step by step; the last word clears it. A hold outlives its task: it is released on the present one,
 * whichever that is by then.
 */
function* wordsOn(behaviour: Behaviour, taskId: string, releases: boolean): Generator<Decision> {
  const reasons = [{ code: 'C-1', text: 'To be looked at.' }];
  if (behaviour === 'contradicts') yield { taskId, outcome: 'refused', reasons };
  if (behaviour === 'revokes') {
    yield { taskId, outcome: 'accepted' };
    yield { taskId, outcome: 'revoked', reasons };
  }
  if (behaviour === 'wantsMore') yield { taskId, outcome: 'moreInfoRequired', reasons };
  if (behaviour === 'holds') yield { taskId, outcome: 'held', reasons };
  // A reference, so that it is another decision than one before it.
  yield { taskId, outcome: 'accepted', reference: `REF-${behaviour}` };
  if (releases) yield { taskId, outcome: 'released' };
}

/** Customs, with nothing but a Kafka client of its own, straight at the broker. */
export class CustomsBackend {
  manners: Manners = MIXED;
  /** Bad records written. */
  injected = 0;
  private readonly kafka: Kafka;
  private readonly prefix: string;
  private readonly journal: Journal;
  private readonly random: Random;
  private readonly inbox = new Set<string>();
  private readonly held = new Set<string>();
  private readonly silent: RequestMessage[] = [];
  private readonly atWork = new Set<Promise<void>>();
  private consumer: Consumer | undefined;
  private producer: Producer | undefined;
  private stopped = false;

  constructor(options: { brokers: string; prefix: string; journal: Journal; random: Random }) {
    this.kafka = new Kafka({
      clientId: 'customs',
      brokers: [options.brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 5, initialRetryTime: 200, maxRetryTime: 2_000 },
    });
    this.prefix = options.prefix;
    this.journal = options.journal;
    this.random = options.random;
  }

  async start(): Promise<void> {
    const consumer = this.kafka.consumer({
      groupId: `${this.prefix}customs-backend`,
      // Else its own way back would be what is measured.
      sessionTimeout: 6_000,
      heartbeatInterval: 1_500,
      retry: { retries: 1_000, maxRetryTime: 2_000 },
    });
    this.consumer = consumer;
    await consumer.connect();
    await consumer.subscribe({ topic: `${this.prefix}requests.customs`, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        this.take(message.value);
        return Promise.resolve();
      },
    });
  }

  get outstanding(): number {
    return this.atWork.size + this.silent.length;
  }

  /** Answers what it was silent about. */
  wakeUp(): void {
    for (const request of this.silent.splice(0)) this.begin(request, 'prompt');
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.consumer?.disconnect().catch(() => undefined);
    await this.producer?.disconnect().catch(() => undefined);
  }

  /** Records on a topic that are none. */
  async poison(topic: string, partition: number): Promise<void> {
    this.injected++;
    const value = this.random.pick([
      Buffer.from('not json'),
      Buffer.alloc(200, 255),
      Buffer.from('{"dossierId":"x"}'),
      Buffer.from('[]'),
      Buffer.alloc(0),
    ]);
    await this.send(topic, value, partition);
  }

  private take(value: Buffer | null): void {
    let request: RequestMessage;
    try {
      request = JSON.parse(value?.toString() ?? '') as RequestMessage;
      if (typeof request.taskId !== 'string') return;
    } catch {
      // Somebody's poison.
      return;
    }
    const { taskId, action, test } = request;
    const name = `${taskId} ${action}`;
    const effect = !this.inbox.has(name);
    this.inbox.add(name);
    this.journal.write({ kind: 'agency', agency: 'customs', taskId, action, test, effect });
    if (!effect || action === 'cancel') return;
    const behaviour = this.random.weighted({ prompt: 0, ...this.manners });
    if (behaviour === 'silent') this.silent.push(request);
    else this.begin(request, behaviour);
  }

  private begin(request: RequestMessage, behaviour: Behaviour): void {
    const work = this.decide(request, behaviour).finally(() => this.atWork.delete(work));
    this.atWork.add(work);
  }

  private async decide({ taskId, dossierId, revision }: RequestMessage, behaviour: Behaviour): Promise<void> {
    if (behaviour === 'slow') await sleep(SLOW_MS * (0.5 + this.random.next()));
    if (behaviour === 'garbage') await this.poison('decisions.customs', 0);
    if (behaviour === 'forges') {
      this.injected++;
      const forged = this.random.pick([
        { taskId, agency: 'tax', outcome: 'accepted' },
        { taskId: `${dossierId}-0123456789abcdef`, outcome: 'accepted' },
        { taskId, outcome: 'accepted', revision: revision + 7 },
        { taskId, outcome: 'granted' },
      ]);
      const position = await this.send('decisions.customs', forged);
      if ('agency' in forged) this.journal.write({ kind: 'decision', agency: 'customs', intent: 'forged', ...position });
    }
    if (behaviour === 'holds') this.held.add(dossierId);
    for (const word of wordsOn(behaviour, taskId, this.held.has(dossierId))) {
      for (let i = 0; i < (behaviour === 'twice' ? 3 : 1); i++) {
        // Of several words the last counts that comes in last: one partition keeps their order, as a sensible client does.
        const position = await this.send('decisions.customs', word, undefined, behaviour === 'prompt' ? undefined : dossierId);
        this.journal.write({ kind: 'decision', agency: 'customs', intent: 'genuine', ...position });
      }
      await sleep(100 * this.random.next());
    }
  }

  /** Until it is written; wherever the client's own partitioner puts it. */
  private async send(
    topic: string,
    value: object | Buffer,
    partition?: number,
    key?: string,
  ): Promise<{ topic: string; partition: number; offset: number }> {
    const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
    const messages = [{ value: bytes, ...(partition === undefined ? {} : { partition }), ...(key === undefined ? {} : { key }) }];
    while (!this.stopped) {
      try {
        this.producer ??= this.kafka.producer();
        await this.producer.connect();
        const [written] = await this.producer.send({ topic: `${this.prefix}${topic}`, messages });
        if (written !== undefined) return { topic, partition: written.partition, offset: Number(written.baseOffset) };
      } catch {
        // The broker is away: it comes back.
      }
      await sleep(AGAIN_AFTER_MS);
    }
    throw new Error('stopped');
  }
}

/** The tax authority's system, called over HTTP. */
export class TaxServer {
  /** Shares of the calls: an error before, a cut after it has taken effect, a slow answer, a nonsense, silence until the caller gives up. */
  manners: { fails: number; cuts: number; slow: number; nonsense: number; hangs: number } = {
    fails: 0,
    cuts: 0,
    slow: 0,
    nonsense: 0,
    hangs: 0,
  };
  injected = 0;
  url = '';
  private readonly server: http.Server;
  private readonly journal: Journal;
  private readonly random: Random;
  private readonly inbox = new Map<string, string>();

  constructor(options: { journal: Journal; random: Random }) {
    this.journal = options.journal;
    this.random = options.random;
    this.server = http.createServer((request, response) => void this.answer(request, response));
  }

  async start(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${String(port)}/`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { manners, random } = this;
    const isTrue = (share: number): boolean => random.next() < share && ++this.injected > 0;
    if (isTrue(manners.fails)) return void response.writeHead(random.pick([500, 503, 429]), { 'retry-after': '1' }).end();
    if (isTrue(manners.hangs)) return;
    const { taskId, action, test } = JSON.parse(Buffer.concat(chunks).toString()) as RequestMessage;
    const key = String(request.headers['idempotency-key'] ?? '');
    const known = this.inbox.get(`${key} ${action}`);
    const body =
      known ?? (action === 'cancel' ? '' : JSON.stringify({ taskId, outcome: 'accepted', reference: `TAX-${String(this.inbox.size)}` }));
    this.inbox.set(`${key} ${action}`, body);
    this.journal.write({ kind: 'agency', agency: 'tax', taskId, action, test, key, effect: known === undefined });
    if (isTrue(manners.cuts)) return void response.destroy();
    if (isTrue(manners.slow)) await sleep(SLOW_MS);
    if (isTrue(manners.nonsense)) return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"outcome":"perhaps"}');
    if (body === '') return void response.writeHead(202).end();
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  }
}

/** Officers at their desks: decide through the gateway's own API, where there is no Kafka. */
export class CustomsDesk {
  private readonly client: HttpClient;
  private readonly random: Random;
  private stopped = false;
  private working: Promise<void> = Promise.resolve();

  constructor(options: { urls: readonly string[]; token: string; random: Random }) {
    this.client = new HttpClient(options.urls, options.token);
    this.random = options.random;
  }

  start(): void {
    this.working = this.work();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.working;
    this.client.close();
  }

  private async work(): Promise<void> {
    while (!this.stopped) {
      await sleep(AGAIN_AFTER_MS / 2);
      const { status, text } = await this.client.get('/v1/agencies/customs/tasks');
      if (status !== 200) continue;
      const { items } = JSON.parse(text) as { items: { taskId: string; held: boolean }[] };
      for (const { taskId } of items) {
        const behaviour = this.random.weighted({ prompt: 6, contradicts: 1, holds: 1 });
        for (const { taskId: _taskId, ...word } of wordsOn(behaviour, taskId, behaviour === 'holds'))
          await this.client.post(`/v1/agencies/customs/tasks/${taskId}/decisions`, JSON.stringify(word), {
            'content-type': 'application/json',
          });
      }
    }
  }
}

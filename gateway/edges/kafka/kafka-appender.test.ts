import { LogOutcomeUnknown, LogUnavailable, RecordTooLarge } from '../../core/exchange-error';
import type { OutgoingRecord } from '../../ports/message-log';
import { openKafkaAppender, type Appender } from './kafka-appender';
import type { ProduceAnswer, ProduceClient } from './produce-client';
import type { TopicRecords } from './produce-request';

class Refusal extends Error {
  readonly type: string;
  readonly retriable: boolean;

  constructor(type: string, retriable: boolean) {
    super(type);
    this.type = type;
    this.retriable = retriable;
  }
}

const NOT_LEADER = new Refusal('NOT_LEADER_OR_FOLLOWER', true);
const TOO_LARGE = new Refusal('MESSAGE_TOO_LARGE', false);
const TIMED_OUT = new Refusal('REQUEST_TIMED_OUT', true);

/** A broker of which a test says, request by request, what it refuses and when it answers. */
class FakeBroker {
  /** What is stored, by topic and partition. */
  readonly stored = new Map<string, string[]>();
  readonly requests: string[][] = [];
  clients = 0;
  /** Why records of a place are refused; asked at each request. */
  refuse: (place: string, request: number, texts: string[]) => Error | undefined = () => undefined;
  /** Settled when the request is to be answered. */
  answerAfter: (topics: string[]) => Promise<void> = () => Promise.resolve();

  open(): ProduceClient {
    this.clients++;
    let sent = 0;
    return {
      connect: () => Promise.resolve(),
      produce: async (topics) => {
        sent++;
        const request = this.requests.push(placesOf(topics)) - 1;
        await this.answerAfter(topics.map(({ name }) => name));
        return topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partition, records }): ProduceAnswer => {
            const place = `${name} ${partition}`;
            const texts = records.map(({ value }) => value.toString());
            const refusal = this.refuse(place, request, texts);
            const kept = this.stored.get(place) ?? [];
            const baseOffset = kept.length;
            if (refusal === undefined) this.stored.set(place, [...kept, ...texts]);
            return { topicName: name, partition, baseOffset, refusal };
          }),
        );
      },
      producesSent: () => sent,
      cut: () => undefined,
      close: () => Promise.resolve(),
    };
  }
}

function placesOf(topics: TopicRecords[]): string[] {
  return topics.flatMap(({ name, partitions }) => partitions.map(({ partition }) => `${name} ${partition}`));
}

function record(topic: string, text: string, partition = 0): OutgoingRecord {
  return { topic, partition, key: null, value: Buffer.from(text), headers: {} };
}

/** Resolves once everything that waits for no timer is done. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

let broker: FakeBroker;
let appender: Appender;

function open(flushedTopics: string[] = []): void {
  appender = openKafkaAppender({ topicPrefix: '', appendDeadlineMs: 60_000, flushedTopics, openClient: () => broker.open() });
}

beforeEach(() => {
  broker = new FakeBroker();
  open();
});

afterEach(() => appender.close());

describe('a request that a broker refuses in part', () => {
  it('is sent again only for the partitions that were refused', async () => {
    broker.refuse = (place, request) => (place === 'b 0' && request === 0 ? NOT_LEADER : undefined);
    const positions = await Promise.all([appender.append([record('a', '1'), record('b', '2')]), appender.append([record('a', '3', 1)])]);
    expect(broker.requests).toEqual([['a 0', 'a 1', 'b 0'], ['b 0']]);
    expect(positions.flat()).toEqual([
      { topic: 'a', partition: 0, offset: 0 },
      { topic: 'b', partition: 0, offset: 0 },
      { topic: 'a', partition: 1, offset: 0 },
    ]);
    // After any error the client is replaced.
    expect(broker.clients).toBe(2);
  });

  it('does not keep those waiting whose records are stored', async () => {
    let isHealed = false;
    broker.refuse = (place) => (place === 'b 0' && !isHealed ? NOT_LEADER : undefined);
    const refused = appender.append([record('b', '1')]);
    await appender.append([record('a', '2')]);
    isHealed = true;
    await refused;
    expect(broker.stored.get('a 0')).toEqual(['2']);
  });

  it('keeps the order of a partition that was refused', async () => {
    broker.refuse = (place, request) => (place === 'b 0' && request < 2 ? NOT_LEADER : undefined);
    const texts = Array.from({ length: 20 }, (_, i) => String(i));
    const appends = texts.map((text) => appender.append([record('a', text), record('b', text)]));
    await settled();
    await Promise.all([...appends, appender.append([record('b', '20')])]);
    expect(broker.stored.get('b 0')).toEqual([...texts, '20']);
    expect(broker.stored.get('a 0')).toEqual(texts);
  });

  it('says no plainly where nothing of an append is stored', async () => {
    broker.refuse = (place) => (place === 'b 0' ? new Refusal('TOPIC_AUTHORIZATION_FAILED', false) : undefined);
    const other = appender.append([record('a', '1')]);
    await expect(appender.append([record('b', '2')])).rejects.toThrow(LogUnavailable);
    await expect(appender.append([record('a', '3'), record('b', '4')])).rejects.toThrow(LogOutcomeUnknown);
    await other;
    expect(broker.stored.get('a 0')).toEqual(['1', '3']);
  });

  it('says that the outcome is unknown where a broker does not know it', async () => {
    appender = openKafkaAppender({ topicPrefix: '', appendDeadlineMs: 300, openClient: () => broker.open() });
    broker.refuse = (place) => (place === 'b 0' ? TIMED_OUT : undefined);
    await expect(appender.append([record('b', '1')])).rejects.toThrow(LogOutcomeUnknown);
  });

  it('finds the record that is too large among others of its partition', async () => {
    broker.refuse = (_place, _request, texts) => (texts.includes('much too large') ? TOO_LARGE : undefined);
    const outcomes = await Promise.allSettled(['1', '2', 'much too large', '4'].map((text) => appender.append([record('a', text)])));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect((outcomes[2] as PromiseRejectedResult).reason).toBeInstanceOf(RecordTooLarge);
    expect(broker.stored.get('a 0')).toEqual(['1', '2', '4']);
  });
});

describe('topics that are written to disk before they are acknowledged', () => {
  let flush: () => void;

  beforeEach(() => {
    open(['dossiers']);
    const flushed = new Promise<void>((resolve) => {
      flush = resolve;
    });
    broker.answerAfter = (topics) => (topics.includes('dossiers') ? flushed : Promise.resolve());
  });

  it('hold up no other', async () => {
    const slow = appender.append([record('dossiers', '1')]);
    await settled();
    await appender.append([record('requests.customs', '2')]);
    expect(broker.stored.get('dossiers 0')).toBeUndefined();
    flush();
    expect(await slow).toEqual([{ topic: 'dossiers', partition: 0, offset: 0 }]);
  });

  it('go in one request with what is appended with them, one request at a time and in order', async () => {
    const appends = [appender.append([record('dossiers', '1'), record('evidence', '1')])];
    await settled();
    for (const text of ['2', '3', '4']) {
      appends.push(appender.append([record('dossiers', text), record('evidence', text)]));
      await settled();
    }
    expect(broker.requests).toEqual([['dossiers 0', 'evidence 0']]);
    flush();
    await Promise.all(appends);
    expect(broker.requests).toHaveLength(2);
    expect(broker.stored.get('dossiers 0')).toEqual(['1', '2', '3', '4']);
    expect(broker.stored.get('evidence 0')).toEqual(['1', '2', '3', '4']);
  });

  it('lose no client to a fault of the others', async () => {
    const slow = appender.append([record('dossiers', '1')]);
    await settled();
    broker.refuse = (place, request) => (place === 'decisions.tax 0' && request === 1 ? NOT_LEADER : undefined);
    await appender.append([record('decisions.tax', '2')]);
    flush();
    await slow;
    expect(broker.stored.get('dossiers 0')).toEqual(['1']);
    expect(broker.requests.filter((places) => places.includes('dossiers 0'))).toHaveLength(1);
  });

  it('are waited for when the log is closed', async () => {
    const slow = appender.append([record('dossiers', '1')]);
    const other = appender.append([record('requests.customs', '2')]);
    const closing = appender.close();
    await other;
    flush();
    await Promise.all([slow, closing]);
    expect(broker.stored.get('dossiers 0')).toEqual(['1']);
    await expect(appender.append([record('dossiers', '3')])).rejects.toThrow(LogUnavailable);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LogRecord, MessageLog } from '../../ports/message-log';
import { eventually } from '../../../test/support/eventually';
import { openEmbeddedMessageLog } from './embedded-message-log';
import { openEnvironment, type Environment } from './open-environment';

describe('the embedded message log', () => {
  let directory: string;
  let environment: Environment;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'seaport-embedded-log-'));
    environment = openEnvironment(directory);
  });

  afterEach(async () => {
    await environment.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const record = (text: string) => ({ topic: 'facts', partition: 0, key: null, value: Buffer.from(text), headers: {} });

  async function all(log: MessageLog, topic = 'facts'): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    await log.read(topic, [{ partition: 0, from: 0, to: 1e9 }], (batch) => {
      records.push(...batch.records);
    });
    return records;
  }

  it('shares an environment that its owner closes, and keeps prefixes apart', async () => {
    const [a, b] = await Promise.all([
      openEmbeddedMessageLog({ environment: environment.environment, topicPrefix: 'a.' }),
      openEmbeddedMessageLog({ environment: environment.environment, topicPrefix: 'b.' }),
    ]);
    await a.createTopics([{ topic: 'facts', partitions: 1 }]);
    expect(await b.topics()).toEqual([]);
    await b.createTopics([{ topic: 'facts', partitions: 2 }]);
    await Promise.all([a.append([record('of a')]), b.append([record('of b')])]);
    expect((await all(a)).map(({ value }) => value.toString())).toEqual(['of a']);
    expect((await all(b)).map(({ value }) => value.toString())).toEqual(['of b']);
    await a.close();
    await b.append([record('after a was closed')]);
    expect(await all(b)).toHaveLength(2);
    await b.close();
  });

  it('wakes consumers of another log on the same environment', async () => {
    const [writer, reader] = await Promise.all([
      openEmbeddedMessageLog({ environment: environment.environment }),
      openEmbeddedMessageLog({ environment: environment.environment }),
    ]);
    await writer.createTopics([{ topic: 'facts', partitions: 1 }]);
    const seen = new Promise<string>((resolve) => {
      void reader.consume({
        group: 'g',
        topics: ['facts'],
        onBatch: ({ records }) => {
          resolve(String(records[0]?.value));
          return Promise.resolve();
        },
      });
    });
    await writer.append([record('hello')]);
    expect(await seen).toBe('hello');
    await Promise.all([writer.close(), reader.close()]);
  });

  it('deletes what is older than its topic keeps, and nothing else', async () => {
    let nowMs = 1_000_000;
    const log = await openEmbeddedMessageLog({ environment: environment.environment, nowMs: () => nowMs });
    await log.createTopics([
      { topic: 'facts', partitions: 1, retentionMs: 10_000 },
      { topic: 'kept', partitions: 1, retentionMs: -1 },
    ]);
    for (const text of ['one', 'two', 'three']) {
      await log.append([record(text), { ...record(text), topic: 'kept' }]);
      nowMs += 6_000;
    }
    await log.trim();
    expect((await all(log)).map(({ value }) => value.toString())).toEqual(['three']);
    expect(await log.offsets('facts')).toEqual([{ partition: 0, start: 2, end: 3 }]);
    expect(await all(log, 'kept')).toHaveLength(3);
    nowMs += 20_000;
    await log.trim();
    expect(await log.offsets('facts')).toEqual([{ partition: 0, start: 3, end: 3 }]);
    expect((await log.append([record('four')]))[0]?.offset).toBe(3);
    await log.close();
  });

  it('deletes records that were written together when the last of them goes', async () => {
    const log = await openEmbeddedMessageLog({ environment: environment.environment });
    await log.createTopics([{ topic: 'facts', partitions: 1 }]);
    await log.append(['a', 'b', 'c'].map(record));
    await log.append(['d'].map(record));
    const stored = environment.environment.openDB('message-log', { encoding: 'binary', keyEncoding: 'binary' });
    expect(stored.getKeysCount()).toBe(2);
    await log.deleteUntil('facts', 0, 2);
    expect(stored.getKeysCount()).toBe(2);
    expect((await all(log)).map(({ value }) => value.toString())).toEqual(['c', 'd']);
    await log.deleteUntil('facts', 0, 3);
    expect(stored.getKeysCount()).toBe(1);
    expect((await all(log)).map(({ offset }) => offset)).toEqual([3]);
    await log.close();
  });

  it('reads what was written until 2026-11, one record a value, and goes on behind it', async () => {
    const before = await openEmbeddedMessageLog({ environment: environment.environment });
    await before.createTopics([{ topic: 'facts', partitions: 1 }]);
    await before.close();
    await environment.close();
    environment = openEnvironment(directory);
    const stored = environment.environment.openDB<Buffer, Buffer>('message-log', { encoding: 'binary', keyEncoding: 'binary' });
    const written = 'AUJ5q2l+h7AAAAAABQAAACNraG/DoXsiY2VfaWQiOiLDvC0xIiwiY29udGVudC10eXBlIjoieCJ9dmFsdWU=';
    // Keys: number of the partition (4 bytes), offset (6 bytes).
    for (const offset of ['00', '01', '02'])
      await stored.put(Buffer.from(`000000010000000000${offset}`, 'hex'), Buffer.from(written, 'base64'));
    const log = await openEmbeddedMessageLog({ environment: environment.environment });
    expect(await log.offsets('facts')).toEqual([{ partition: 0, start: 0, end: 3 }]);
    await log.append([record('four'), record('five')]);
    const read = await all(log);
    expect(read.map(({ offset, value }) => `${offset} ${value.toString()}`)).toEqual(['0 value', '1 value', '2 value', '3 four', '4 five']);
    expect(read[1]).toMatchObject({ key: 'khoá', headers: { ce_id: 'ü-1', 'content-type': 'x' } });
    await log.close();
  });

  it('gives consumers every record once, whether they keep up with memory or come from far behind', async () => {
    const log = await openEmbeddedMessageLog({ environment: environment.environment });
    await log.createTopics([{ topic: 'facts', partitions: 1 }]);
    await log.append(Array.from({ length: 30 }, (_, i) => record(`${i}`)));
    const quick: number[] = [];
    const slow: number[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const took = (into: number[], gate: Promise<void>) => async (batch: { records: LogRecord[] }) => {
      await gate;
      into.push(...batch.records.map(({ offset }) => offset));
    };
    await log.consume({ group: 'quick', topics: ['facts'], onBatch: took(quick, Promise.resolve()) });
    await log.consume({ group: 'slow', topics: ['facts'], onBatch: took(slow, held) });
    for (let i = 0; i < 20; i++) await log.append([record('x'), record('y')]);
    await eventually('the quick one has all', () => quick.length >= 70);
    release();
    await eventually('the slow one has all', () => slow.length >= 70);
    const expected = Array.from({ length: 70 }, (_, i) => i);
    expect(quick).toEqual(expected);
    expect(slow).toEqual(expected);
    await log.close();
  });

  it('never lets the time of a partition fall when the clock is set back', async () => {
    let nowMs = 50_000;
    const log = await openEmbeddedMessageLog({ environment: environment.environment, nowMs: () => nowMs });
    await log.createTopics([{ topic: 'facts', partitions: 1 }]);
    await log.append([record('one')]);
    nowMs = 10_000;
    await log.append([record('two')]);
    expect((await all(log)).map(({ timestampMs }) => timestampMs)).toEqual([50_000, 50_000]);
    await log.close();
  });

  it('needs an environment or a path', async () => {
    await expect(openEmbeddedMessageLog({})).rejects.toThrow('needs an environment or a path');
  });
});

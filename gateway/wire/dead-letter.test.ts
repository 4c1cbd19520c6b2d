import { createAesSealer } from '../edges/signing/aes-sealer';
import type { LogRecord } from '../ports/message-log';
import { deadLetterRecord, MAX_DEAD_LETTER_VALUE_BYTES, openDeadLetter } from './dead-letter';

const sealer = createAesSealer([Buffer.alloc(32, 1)]);
const source: LogRecord = {
  topic: 'requests.customs',
  partition: 7,
  offset: 41,
  timestampMs: 0,
  key: 'key-canary',
  value: Buffer.from('{"name":"value-canary"}'),
  headers: { ce_id: 'header-canary', traceparent: '00-1-2-01' },
};
const input = { source, reason: 'poison', attempts: 1, sealer, at: '2026-11-24T03:00:00Z' };

describe('a dead letter', () => {
  it('names where it came from and why, and nothing of the content', () => {
    const letter = deadLetterRecord(input);
    expect(letter).toMatchObject({ topic: 'dead-letters', partition: 7, key: null });
    expect(letter.headers).toMatchObject({
      reason: 'poison',
      source_topic: 'requests.customs',
      source_partition: '7',
      source_offset: '41',
      attempts: '1',
    });
    expect(letter.headers['digest']).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(letter.headers) + letter.value.toString('latin1')).not.toContain('canary');
  });

  it('opens to the record as it was, so that a redrive keeps its identity', () => {
    const opened = openDeadLetter(deadLetterRecord(input), sealer);
    expect(opened).toEqual({ ...source, timestampMs: Date.parse(input.at) });
  });

  it('has the same identity when the same record is set aside again', () => {
    expect(deadLetterRecord(input).headers['ce_id']).toBe(deadLetterRecord({ ...input, attempts: 9, reason: 'other' }).headers['ce_id']);
    expect(deadLetterRecord(input).headers['ce_id']).not.toBe(
      deadLetterRecord({ ...input, source: { ...source, offset: 42 } }).headers['ce_id'],
    );
  });

  it('fits its partition into a narrower topic', () => {
    expect(deadLetterRecord({ ...input, partitions: 3 }).partition).toBe(1);
  });

  it('leaves out a value that its topic would refuse, and says so', () => {
    const letter = deadLetterRecord({ ...input, source: { ...source, value: Buffer.alloc(MAX_DEAD_LETTER_VALUE_BYTES + 1) } });
    expect(letter.headers['value_omitted']).toBe(String(MAX_DEAD_LETTER_VALUE_BYTES + 1));
    expect(openDeadLetter(letter, sealer).value).toHaveLength(0);
  });
});

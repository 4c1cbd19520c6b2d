import { CompressionAlgorithms, createRecordsBatch, type CreateRecordsBatchOptions } from '@platformatic/kafka';
import { recordsByLibrary } from './fetch-records';

/** A batch as a broker keeps it: at an offset, here with the time of its client. */
function batchAt(offset: number, values: string[], options: Partial<CreateRecordsBatchOptions> = {}): Buffer {
  const messages = values.map((value, i) => ({
    topic: 't',
    key: Buffer.from(`key-${value}`),
    value: Buffer.from(value),
    headers: new Map([[Buffer.from('name'), Buffer.from(value)]]),
    timestamp: BigInt(1_000 + i),
  }));
  const bytes = Buffer.from(createRecordsBatch(messages, options).buffer);
  bytes.writeBigInt64BE(BigInt(offset), 0);
  return bytes;
}

const CONTROL = 0x30;
const ATTRIBUTES_AT = 21;
/** The marker that ends an aborted transaction. */
function abortAt(offset: number, producerId: bigint): Buffer {
  const bytes = batchAt(offset, ['marker'], { producerId });
  bytes.writeInt16BE(CONTROL, ATTRIBUTES_AT);
  return bytes;
}

function read(batches: Buffer[], fromOffset = 0, abortedTransactions: { producerId: string; firstOffset: string }[] = []) {
  const recordSet = Buffer.concat(batches);
  return recordsByLibrary(
    { partition: 3, errorCode: 0, highWatermark: 100, abortedTransactions, preferredReadReplica: -1, recordSet },
    'topic',
    fromOffset,
  );
}

test.each([CompressionAlgorithms.GZIP, CompressionAlgorithms.SNAPPY, CompressionAlgorithms.LZ4, CompressionAlgorithms.NONE])(
  'records compressed with %s are read, from the offset that was asked for',
  (compression) => {
    const { records, lastOffset } = read([batchAt(5, ['a', 'b'], { compression }), batchAt(7, ['c'], { compression })], 6);
    expect(lastOffset).toBe(7);
    expect(records).toEqual([
      { topic: 'topic', partition: 3, offset: 6, timestampMs: 1_001, key: 'key-b', value: Buffer.from('b'), headers: { name: 'b' } },
      { topic: 'topic', partition: 3, offset: 7, timestampMs: 1_000, key: 'key-c', value: Buffer.from('c'), headers: { name: 'c' } },
    ]);
  },
);

test('what a transaction has left that was aborted is not given; what its producer did before and does afterwards is', () => {
  const own = { producerId: 9n, transactionalId: 'own' };
  const { records, lastOffset } = read(
    [
      batchAt(0, ['before'], own),
      batchAt(1, ['aborted'], own),
      batchAt(2, ['other'], { producerId: 8n, transactionalId: 'other' }),
      batchAt(3, ['aborted too'], own),
      abortAt(4, 9n),
      batchAt(5, ['after'], own),
      batchAt(6, ['plain']),
    ],
    0,
    [{ producerId: '9', firstOffset: '1' }],
  );
  expect(records.map(({ value }) => value.toString())).toEqual(['before', 'other', 'after', 'plain']);
  expect(lastOffset).toBe(6);
});

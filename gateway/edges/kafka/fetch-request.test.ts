import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { decodeFetchResponse, encodeFetchRequest, type FetchRequest } from './fetch-request';

/** Node's own comes from another realm than jest's. */
const rangeError = expect.objectContaining({ name: 'RangeError' }) as Error;

const load = createRequire(__filename);
const fetchV11 = load('kafkajs/src/protocol/requests/fetch/v11/request') as (request: object) => object;
const encodeRequest = load('kafkajs/src/protocol/request') as (request: object) => Promise<{ buffer: Buffer }>;

const requests: fc.Arbitrary<FetchRequest> = fc.record({
  isolationLevel: fc.constantFrom(0, 1),
  maxWaitTime: fc.nat(),
  minBytes: fc.nat(),
  maxBytes: fc.nat(),
  topics: fc.array(
    fc.record({
      topic: fc.stringMatching(/^[a-z.-]{1,40}$/),
      partitions: fc.array(
        fc.record({ partition: fc.nat({ max: 9_999 }), fetchOffset: fc.nat({ max: 2 ** 50 }).map(String), maxBytes: fc.nat() }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

test('a request is byte for byte what kafkajs would send', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const theirs = await encodeRequest({
        correlationId: 0,
        clientId: 'seaport',
        request: fetchV11({ ...request, replicaId: -1, topics: request.topics }),
      });
      expect(encodeFetchRequest('seaport', request, 0).toString('hex')).toBe(theirs.buffer.toString('hex'));
    }),
  );
});

test('each topic and each partition stands first in its turn', () => {
  const partitions = [0, 1, 2].map((partition) => ({ partition, fetchOffset: '0', maxBytes: 1 }));
  const request = {
    isolationLevel: 1,
    maxWaitTime: 0,
    minBytes: 1,
    maxBytes: 1,
    topics: ['a', 'b'].map((topic) => ({ topic, partitions })),
  };
  const firsts = new Set(
    Array.from({ length: 6 }, (_, turn) => {
      const bytes = encodeFetchRequest('c', request, turn);
      // 4 length, 8 head, 3 client id, 25 settings, 4 count, 2 length of the name
      const nameAt = 4 + 8 + 3 + 25 + 4 + 2;
      return `${bytes.toString('latin1', nameAt, nameAt + 1)}${bytes.readInt32BE(nameAt + 1 + 4)}`;
    }),
  );
  expect([...firsts].sort()).toEqual(['a0', 'a1', 'a2', 'b0', 'b1', 'b2']);
});

test('an answer that is cut off anywhere is no answer', () => {
  const int = (value: number, bytes: number): Buffer => {
    const buffer = Buffer.alloc(bytes);
    buffer.writeIntBE(value, Math.max(0, bytes - 6), Math.min(6, bytes));
    return buffer;
  };
  const bytes = Buffer.concat([
    ...[int(3, 4), int(0, 2), int(0, 4), int(1, 4), int(1, 2), Buffer.from('t'), int(1, 4)],
    ...[int(7, 4), int(0, 2), int(99, 8), int(99, 8), int(0, 8), int(1, 4), int(5, 8), int(6, 8), int(-1, 4), int(2, 4), Buffer.from('ab')],
  ]);
  expect(decodeFetchResponse(bytes)).toEqual({
    clientSideThrottleTime: 3,
    responses: [
      {
        topicName: 't',
        partitions: [
          {
            partition: 7,
            errorCode: 0,
            highWatermark: 99,
            abortedTransactions: [{ producerId: '5', firstOffset: '6' }],
            preferredReadReplica: -1,
            recordSet: Buffer.from('ab'),
          },
        ],
      },
    ],
  });
  for (let length = 0; length < bytes.length; length++) expect(() => decodeFetchResponse(bytes.subarray(0, length))).toThrow(rangeError);
});

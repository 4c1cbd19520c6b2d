import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { partitionOf } from './partition';

describe('partitionOf', () => {
  it('agrees with the default partitioner of kafkajs on every key', () => {
    const metadata = Array.from({ length: 12 }, (_, partitionId) => ({
      partitionId,
      leader: 1,
      partitionErrorCode: 0,
      replicas: [],
      isr: [],
    }));
    const choose = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (key) => {
        const expected = choose({ topic: 't', partitionMetadata: metadata, message: { key, value: null } });
        expect(partitionOf(key, 12)).toBe(expected);
      }),
    );
  });
});

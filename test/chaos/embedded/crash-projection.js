'use strict';

/** What the writer of the crash cycles appends and makes of it; the parent computes the same from the log alone. */
const PARTITIONS = 3;
const TOPIC = 'facts';
const GROUP = 'fold';
/** Keys that a number may fall on. */
const SLOTS = 16;

/** From a few bytes to more than a page of lmdb. */
const valueOf = (number) => Buffer.from(`${number} ${'x'.repeat((number * 7) % 6_000)}`);
const slotOf = (number) => number % SLOTS;

/** The changes that follow from records, of which the last stands at the offset. */
function changesOf(numbers, offset) {
  const changes = numbers.flatMap((number) => [
    { put: `slot ${slotOf(number)}`, value: `${number}` },
    { index: 'latest', add: `slot ${slotOf(number)}`, score: number },
  ]);
  return [...changes, { put: 'count', value: String(offset + 1) }];
}

module.exports = { PARTITIONS, TOPIC, GROUP, SLOTS, valueOf, slotOf, changesOf };

import type { StoreChange } from './dossier-store';

/** Longest key, index name or member: an lmdb key holds two of them, and is at most 1,978 bytes. */
export const maxStoreNameBytes = 900;

/** A partition number that the embedded store's keys hold in two bytes. */
export const maxStorePartition = 65_535;

/** A list of changes with one outcome for each key and each member: the last one of the list. */
export interface SettledChanges {
  /** Null: removed. */
  values: Map<string, Buffer | string | null>;
  /** Index name → member → score; null: dropped. */
  indexes: Map<string, Map<string, number | null>>;
}

/**
 * What a store applies, so that it does not depend on the order in which it carries changes out.
 * @throws RangeError as checkStoreChanges
 */
export function settleChanges(changes: readonly StoreChange[]): SettledChanges {
  checkStoreChanges(changes);
  const values: SettledChanges['values'] = new Map();
  const indexes: SettledChanges['indexes'] = new Map();
  for (const change of changes) {
    if ('put' in change) values.set(change.put, change.value);
    else if ('remove' in change) values.set(change.remove, null);
    // -0 and 0 are one score; they would be two in the embedded store's key order.
    else if ('add' in change) membersOf(indexes, change.index).set(change.add, change.score === 0 ? 0 : change.score);
    else membersOf(indexes, change.index).set(change.drop, null);
  }
  return { values, indexes };
}

/** @throws RangeError for a name that is too long or a score that is not finite: a bug of the caller, found before anything is changed */
export function checkStoreChanges(changes: readonly StoreChange[]): void {
  for (const change of changes) {
    if ('put' in change) checkStoreName(change.put);
    else if ('remove' in change) checkStoreName(change.remove);
    else {
      checkStoreName(change.index);
      checkStoreName('add' in change ? change.add : change.drop);
      if ('add' in change && !Number.isFinite(change.score)) throw new RangeError(`a score of index ${change.index} is not finite`);
    }
  }
}

/** Whether a key, index name or member is short enough to be in a store. */
export function isStoreName(name: string): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8, so most names need no counting.
  return name.length * 3 <= maxStoreNameBytes || Buffer.byteLength(name) <= maxStoreNameBytes;
}

/** @throws RangeError when it is longer than maxStoreNameBytes; the message does not repeat it */
export function checkStoreName(name: string): void {
  if (!isStoreName(name)) throw new RangeError(`a key, index name or member of the store is longer than ${maxStoreNameBytes} bytes`);
}

/** @throws RangeError */
export function checkStorePartition(partition: number): void {
  if (!Number.isInteger(partition) || partition < 0 || partition > maxStorePartition) {
    throw new RangeError(`${partition} is not a partition number`);
  }
}

/** @throws RangeError for a bound that is not a number or a limit that is not a whole number from 0 */
export function checkStoreQuery(query: { min?: number; max?: number; limit: number }): void {
  if (Number.isNaN(query.min) || Number.isNaN(query.max)) throw new RangeError('a bound of a range is not a number');
  if (!Number.isSafeInteger(query.limit) || query.limit < 0) throw new RangeError('the limit of a range is not a whole number from 0');
}

function membersOf(indexes: SettledChanges['indexes'], index: string): Map<string, number | null> {
  let members = indexes.get(index);
  if (members === undefined) indexes.set(index, (members = new Map<string, number | null>()));
  return members;
}

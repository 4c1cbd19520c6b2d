import { checkStorePartition, checkStoreQuery, isStoreName, maxStoreNameBytes, settleChanges } from './settle-changes';

describe('settleChanges', () => {
  test('leaves one outcome for each key and member: the last', () => {
    const { values, indexes } = settleChanges([
      { put: 'a', value: '1' },
      { remove: 'b' },
      { remove: 'a' },
      { put: 'b', value: '2' },
      { index: 'i', add: 'm', score: 1 },
      { index: 'i', drop: 'm' },
      { index: 'i', drop: 'n' },
      { index: 'j', add: 'm', score: 2 },
      { index: 'i', add: 'n', score: 3 },
    ]);
    expect([...values]).toEqual([
      ['a', null],
      ['b', '2'],
    ]);
    expect([...(indexes.get('i') ?? [])]).toEqual([
      ['m', null],
      ['n', 3],
    ]);
    expect([...(indexes.get('j') ?? [])]).toEqual([['m', 2]]);
  });

  test('knows one zero only', () => {
    expect(
      settleChanges([{ index: 'i', add: 'm', score: -0 }])
        .indexes.get('i')
        ?.get('m'),
    ).toBe(0);
  });

  test('refuses a name that is too long without repeating it, and a score that is not finite', () => {
    const long = 'ü'.repeat(maxStoreNameBytes / 2 + 1);
    expect(() => settleChanges([{ put: long, value: '' }])).toThrow(/^(?!.*ü).*longer than 900 bytes/);
    expect(() => settleChanges([{ index: 'i', add: 'm', score: -Infinity }])).toThrow(RangeError);
  });
});

test('a name is measured in bytes of UTF-8', () => {
  expect(isStoreName('a'.repeat(900))).toBe(true);
  expect(isStoreName('a'.repeat(901))).toBe(false);
  expect(isStoreName('🚢'.repeat(225))).toBe(true);
  expect(isStoreName('🚢'.repeat(226))).toBe(false);
});

test('partitions are whole numbers of two bytes, limits whole numbers from 0', () => {
  for (const partition of [-1, 0.5, 65_536, NaN]) expect(() => checkStorePartition(partition)).toThrow(RangeError);
  for (const limit of [-1, 0.5, Infinity, NaN]) expect(() => checkStoreQuery({ limit })).toThrow(RangeError);
  checkStorePartition(65_535);
  checkStoreQuery({ limit: 0, min: -Infinity, max: Infinity });
});

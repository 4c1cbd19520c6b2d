import { indexRegistries } from './registries';
import { loadRegistries } from './load-registries';

describe('registries', () => {
  const registries = loadRegistries();

  it('answer by the date: the day before, the first, the last and the day after', () => {
    const dated = indexRegistries({
      taxpayers: [
        { taxCode: '0299900188', name: 'A', status: 'active', customsStop: 'D', validFrom: '2026-01-01', validTo: '2026-06-30' },
        { taxCode: '0299900188', name: 'A', status: 'active', validFrom: '2026-07-01' },
      ],
    });
    const stopped = ['2025-12-31', '2026-01-01', '2026-06-30', '2026-07-01'].map((on) => dated.taxpayer('0299900188', on)?.customsStop);
    expect(stopped).toEqual([undefined, 'D', 'D', undefined]);
    expect(dated.taxpayer('0299900188', '2025-12-31')).toBeUndefined();
  });

  it('answer for a branch with its enterprise', () => {
    expect(registries.enterprise('0299900011-001', '2026-11-24')?.enterpriseCode).toBe('0299900011');
  });

  it.each([
    [{ code: 'VNHPH-9004' }, 'VNHPH-9004'],
    [{ unLocode: 'VNHPH', name: 'TAN  VU' }, 'VNHPH-9004'],
    [{ unLocode: 'VNHPH', name: 'cảng Tân Vũ' }, 'VNHPH-9004'],
    [{ unLocode: 'VNHPH', code: 'VNHPH-0000', name: 'Đình Vũ' }, 'VNHPH-9003'],
    [{ unLocode: 'VNSGN', name: 'Tân Vũ' }, undefined],
    [{}, undefined],
  ])('find the facility %j', (place, code) => {
    expect(registries.facility(place, '2026-11-24')?.facilityCode).toBe(code);
  });

  it('find goods by the longest and by shorter prefixes', () => {
    expect(registries.goods('72041000', '2026-11-24').map((row) => row.hsPrefix)).toEqual(['7204']);
    expect(registries.goods('7208', '2026-11-24')).toEqual([]);
    expect(registries.goods('72', '2026-11-24')).toEqual([]);
  });

  it('take the level of other ports where a port has no row, and 1 where there is no row at all', () => {
    expect(registries.securityLevel('VNCPH', '2026-09-15')).toBe('2');
    expect(registries.securityLevel('VNCPH', '2026-10-01')).toBe('1');
    expect(indexRegistries({}).securityLevel(undefined, '2026-10-01')).toBe('1');
  });

  it('judge a rule set that is newer than the registry by the newest they know', () => {
    expect(registries.noticeLimit('nd-999-2030', 'arrival', 'dangerousGoods')?.hoursBefore).toBe(24);
    expect(registries.noticeLimit('nd-85-2019', 'arrival', 'dangerousGoods')?.hoursBefore).toBe(8);
  });
});

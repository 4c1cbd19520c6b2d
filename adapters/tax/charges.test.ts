import fc from 'fast-check';
import { agencyRequest } from '../../test/support/agency-requests';
import { loadRegistries } from '../registries/load-registries';
import { amountOf, chargesOf } from './charges';

const registries = loadRegistries();
const lines = (view: object) => chargesOf(agencyRequest({ view }), registries).map(({ row, amount }) => `${row.code} ${amount}`);
const plain = { ship: { grossTonnage: 10_000 }, formalities: null };

describe('chargesOf', () => {
  it.each([
    ['an arrival', {}, ['TONNAGE-IN 340.00', 'SAFETY-IN 1000.00', 'ENTRY 50.00']],
    ['a departure', { header: { declarationType: 'departure' } }, ['TONNAGE-OUT 340.00', 'SAFETY-OUT 1000.00', 'EXIT 50.00']],
    ['a domestic arrival', { voyage: { voyageType: 'domestic' } }, ['TONNAGE-DOMESTIC-IN 2500000']],
    [
      'an arrival from a port of the same country',
      { voyage: null, portCall: { lastPortOfCall: { unLocode: 'VNSGN' } } },
      ['TONNAGE-DOMESTIC-IN 2500000'],
    ],
    [
      'an arrival from nobody knows where',
      { voyage: null, portCall: { lastPortOfCall: null } },
      ['TONNAGE-IN 340.00', 'SAFETY-IN 1000.00', 'ENTRY 50.00'],
    ],
    ['a shift', { header: { declarationType: 'shift' } }, []],
    ['a call before the tariff', { portCall: { eta: '2014-10-22T03:16:00Z' } }, []],
    [
      '24 hours at anchor',
      { portCall: { anchorage: true } },
      ['TONNAGE-IN 340.00', 'ANCHORAGE 120.00', 'SAFETY-IN 1000.00', 'ENTRY 50.00'],
    ],
    [
      '721 hours at anchor',
      { portCall: { anchorage: true, etd: '2026-12-26T03:00:00Z' } },
      ['TONNAGE-IN 340.00', 'ANCHORAGE 3600.00', 'ANCHORAGE-LONG 3.00', 'SAFETY-IN 1000.00', 'ENTRY 50.00'],
    ],
  ])('%s', (_name, view, expected) => {
    expect(lines({ ...plain, ...view })).toEqual(expected);
  });

  it('counts full containers by length, where they are shown', () => {
    const unit = (sizeTypeCode: string, fullOrEmpty: 'full' | 'empty') => ({ equipmentId: 'X', sizeTypeCode, fullOrEmpty });
    const equipment = [unit('22G1', 'full'), unit('22G1', 'empty'), unit('45G1', 'full'), unit('L5G1', 'full')];
    expect(lines({ ...plain, formalities: { cargo: { equipment } } })).toEqual(
      expect.arrayContaining(['INFRASTRUCTURE-20 250000', 'INFRASTRUCTURE-40 1000000']),
    );
  });
});

describe('amountOf', () => {
  it.each([
    ['0.034', 45_000, 2, '1530.00'],
    ['0.034', 1, 2, '0.03'],
    ['0.0005', 10, 2, '0.01'],
    ['0.0005', 9, 2, '0.00'],
    ['250', 17_294, 0, '4323500'],
    ['0.5', 1, 0, '1'],
    ['50', 1, 2, '50.00'],
    ['999999.5', 400_000_000_000, 2, '399999800000000000.00'],
  ])('%s × %d is %s', (rate, quantity, places, amount) => {
    expect(amountOf(rate, quantity, places)).toBe(amount);
  });

  it('is never more than half a unit away from the product', () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.nat(400_000), (millionths, quantity) => {
        const amount = amountOf(`0.${String(millionths).padStart(6, '0')}`, quantity, 2);
        const exact = BigInt(millionths) * BigInt(quantity);
        const difference = BigInt(amount.replace('.', '')) * 10_000n - exact;
        return difference > -5_000n && difference <= 5_000n;
      }),
    );
  });
});

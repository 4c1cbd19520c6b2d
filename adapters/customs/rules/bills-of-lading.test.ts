import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { billsOfLading } from './bills-of-lading';

const registries = loadRegistries();
const bill = (transportContractNumber: string | undefined, more: object = {}) => ({
  ...(transportContractNumber === undefined ? {} : { transportContractNumber }),
  portOfDischarge: { unLocode: 'VNHPH' },
  items: [{ itemNumber: 1, description: 'goods' }],
  ...more,
});
const codes = (...consignments: object[]) =>
  codesOf(billsOfLading(agencyRequest({ view: { formalities: { cargo: { consignments } } } }), registries));

describe('bills of lading', () => {
  it.each([
    ['each once', [bill('A'), bill('B')], []],
    ['without a number', [bill('A'), bill(undefined)], ['CUS-BILL-MISSING note']],
    ['without a number, staying on board', [bill(undefined, { operation: 'remain' })], []],
    ['twice the same', [bill('A'), bill('A')], ['CUS-BILL-REPEATED note']],
    [
      'discharged here for another port',
      [bill('A', { operation: 'discharge', portOfDischarge: { unLocode: 'VNSGN' } })],
      ['CUS-BILL-PORT note'],
    ],
    ['for another port, not discharged', [bill('A', { portOfDischarge: { unLocode: 'VNSGN' } })], []],
  ])('%s', (_name, consignments, expected) => {
    expect(codes(...consignments)).toEqual(expected);
  });

  it('make one finding of many bills', () => {
    const findings = billsOfLading(
      agencyRequest({ view: { formalities: { cargo: { consignments: Array.from({ length: 300 }, () => bill(undefined)) } } } }),
      registries,
    );
    expect(findings).toHaveLength(1);
    expect(findings[0]?.text).toBe('No bill of lading number: consignment #1, #2, #3, #4, #5 and 295 more.');
  });
});

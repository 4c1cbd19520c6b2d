import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { charges } from './charges';

const registries = loadRegistries();
const texts = (view: object) => charges(agencyRequest({ agency: 'tax', view }), registries).map((finding) => finding.text);

describe('charges of the call', () => {
  it('are computed from the tariff in force, and say where a rate is only an example', () => {
    expect(texts({ ship: { grossTonnage: 45_000 }, formalities: null })).toEqual([
      'Tonnage due, entering: 45,000 GT × 0.034 = 1,530.00 USD (Circular 261/2016/TT-BTC).',
      'Maritime-safety due, entering: 45,000 GT × 0.1 = 4,500.00 USD (example rate, not verified).',
      'Port entry fee: 1 call × 50 = 50.00 USD (example rate, not verified).',
    ]);
  });

  it('are notes, so that they never change the advice', () => {
    expect(new Set(codesOf(charges(agencyRequest(), registries)))).toEqual(new Set(['TAX-CHARGE note']));
  });

  it('cannot be computed without tonnage', () => {
    expect(codesOf(charges(agencyRequest({ view: { ship: { grossTonnage: null } } }), registries))).toEqual(['TAX-CHARGE-UNKNOWN note']);
    expect(charges(agencyRequest({ view: { ship: null } }), registries)).toEqual([]);
  });
});

import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import type { Finding } from '../../runtime/assessment';
import { channelOf } from './channel';
/** One consignment of one item, with changes. */
const cargo = (consignment: object, item: object = {}) => ({
  formalities: {
    cargo: {
      consignments: [
        {
          transportContractNumber: 'BL-1',
          portOfLoading: { unLocode: 'SGSIN' },
          portOfDischarge: { unLocode: 'VNHPH' },
          ...consignment,
          items: [{ itemNumber: 1, description: 'goods', hsCode: '847130', ...item }],
        },
      ],
    },
  },
});

const registries = loadRegistries();
const finding = (code: string): Finding => ({ kind: 'note', code, text: '', textVi: '', rule: 'r' });
const channel = (findings: Finding[], view: object = {}) => channelOf(agencyRequest({ view }), registries, findings);

describe('the channel', () => {
  it.each([
    ['green without any finding', [], {}, 'GREEN', 'CUS-CHANNEL-GREEN note'],
    ['green with findings that say nothing of goods', ['CUS-CARGO-LATE'], {}, 'GREEN', 'CUS-CHANNEL-GREEN note'],
    ['yellow by a finding', ['CUS-HS-MISSING'], {}, 'YELLOW', 'CUS-CHANNEL-YELLOW note'],
    ['red by a finding, whatever else is yellow', ['CUS-HS-MISSING', 'CUS-DG-CLASS'], {}, 'RED', 'CUS-CHANNEL-RED condition'],
    ['yellow by a risk profile', [], cargo({}, { hsCode: '240220' }), 'YELLOW', 'CUS-CHANNEL-YELLOW note'],
    ['red by a risk profile of goods', [], cargo({}, { hsCode: '720410' }), 'RED', 'CUS-CHANNEL-RED condition'],
    ['red by a risk profile of a port', [], cargo({ portOfLoading: { unLocode: 'AQMCM' } }), 'RED', 'CUS-CHANNEL-RED condition'],
  ])('is %s', (_name, codes, view, expected, code) => {
    const result = channel(codes.map(finding), view);
    expect(result.channel).toBe(expected);
    expect(codesOf([result.finding])).toEqual([code]);
  });

  it('says why', () => {
    expect(channel([finding('CUS-DG-CLASS')], cargo({}, { hsCode: '720410' })).finding.text).toBe(
      'Red channel, physical inspection before release: VD-RISK-1, CUS-DG-CLASS. Scrap: every consignment is inspected for radiation and waste.',
    );
  });
});

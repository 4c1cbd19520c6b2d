import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { noticeInTime } from './notice-in-time';

const registries = loadRegistries();
/** Hours before the arrival expected at 2026-11-26T02:00Z, left the last port on 2026-11-22. */
function received(hoursBefore: number, view: object = {}, more: object = {}) {
  const receivedAt = new Date(Date.parse('2026-11-26T02:00:00Z') - hoursBefore * 3_600_000).toISOString();
  return agencyRequest({ receivedAt, view, ...more });
}
const codes = (...args: Parameters<typeof received>) => codesOf(noticeInTime(received(...args), registries));
const longVoyage = { portCall: { previousPorts: [{ port: { unLocode: 'NLRTM' }, to: '2026-10-28' }] } };
const carried = { formalities: { dangerousGoods: { carried: true } } };

describe('notice in time', () => {
  it.each([
    ['12 h before, short voyage', 12, {}, ['HM-SECURITY-NOTICE-LATE note']],
    ['11.9 h before, short voyage', 11.9, {}, ['HM-NOTICE-LATE condition', 'HM-SECURITY-NOTICE-LATE note']],
    ['24 h before, long voyage', 24, longVoyage, []],
    ['20 h before, long voyage', 20, longVoyage, ['HM-NOTICE-LATE condition', 'HM-SECURITY-NOTICE-LATE note']],
    ['20 h before, voyage of unknown length', 20, { portCall: { previousPorts: null } }, ['HM-SECURITY-NOTICE-LATE note']],
    ['after the arrival', -3, {}, ['HM-NOTICE-LATE condition', 'HM-SECURITY-NOTICE-LATE note']],
    ['the notice alone, 9 h before', 9, { formalities: null }, []],
    ['the notice alone, 7 h before', 7, { formalities: null }, ['HM-NOTICE-LATE condition']],
  ])('%s', (_name, hours, view, expected) => {
    expect(codes(hours, view)).toEqual(expected);
  });

  it('judges dangerous goods 10 h before a short voyage by the rule set: in time under 85/2019, late under 336/2026', () => {
    const security = { ...carried, formalities: { ...carried.formalities, security: null, generalDeclaration: null } };
    expect(codes(10, security, { ruleSet: 'nd-85-2019' })).toEqual([]);
    expect(codes(10, security, { ruleSet: 'nd-336-2026' })).toEqual(['HM-DG-NOTICE-LATE condition']);
  });

  it('judges a departure 90 min before by the rule set: in time under 85/2019, late under 336/2026', () => {
    const departure = { view: { header: { declarationType: 'departure' as const }, portCall: { etd: '2026-11-24T03:30:00Z' } } };
    expect(codesOf(noticeInTime(agencyRequest({ ...departure, ruleSet: 'nd-85-2019' }), registries))).toEqual([]);
    expect(codesOf(noticeInTime(agencyRequest({ ...departure, ruleSet: 'nd-336-2026' }), registries))).toEqual([
      'HM-NOTICE-LATE condition',
    ]);
  });

  it('does not take an amendment for a late notice', () => {
    expect(codes(1, {}, { revision: 2, action: 'amend' })).toEqual(['HM-CHANGED-AFTER-LIMIT note']);
    expect(codes(30, {}, { revision: 2, action: 'amend' })).toEqual([]);
  });

  it('asks for the time when there is none', () => {
    const request = agencyRequest({ view: { portCall: { eta: null, etd: null } } });
    expect(codesOf(noticeInTime(request, registries))).toEqual(['HM-TIME-MISSING moreInfo']);
    const shift = agencyRequest({ view: { header: { declarationType: 'shift' }, portCall: { eta: null, etd: null } } });
    expect(noticeInTime(shift, registries)).toEqual([]);
  });

  it('says how late, and by which article, in both languages', () => {
    const [finding] = noticeInTime(received(5.5), registries);
    expect(finding?.text).toContain('5 h 30 min before the expected arrival; Decree 336/2026/NĐ-CP Art. 28.2 asks for 12 h');
    expect(finding?.textVi).toContain('trước giờ dự kiến đến cảng 5 giờ 30 phút');
  });
});

import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { certificates } from './certificates';

const registries = loadRegistries();

describe('certificates', () => {
  it.each([
    ['lasting to the day of the call', { expiryDate: '2026-11-26' }, []],
    ['ended the day before the call', { expiryDate: '2026-11-25' }, ['HM-CERTIFICATE-EXPIRED condition']],
    ['declared as not valid', { expiryDate: '2030-01-01', valid: false }, ['HM-CERTIFICATE-INVALID condition']],
    ['without an end', { expiryDate: null }, []],
    ['not given', null, []],
  ])('a certificate of registry %s', (_name, registryCertificate, expected) => {
    expect(codesOf(certificates(agencyRequest({ view: { ship: { registryCertificate } } }), registries))).toEqual(expected);
  });
});

import { alpha2Of, alpha3Of, isCountryAlpha2, isNationality } from './countries';
import { classesOfUnNumber, isUnNumber } from './dangerous-goods';
import { codeList, codeListNames, codeLists, isCallPurpose, isPackageType, isUnit } from './index';
import { isWasteType } from './short-lists';
import { isUnLocode } from './un-locode';

describe('UN/LOCODE', () => {
  it.each(
    'VNHPH VNSGN VNDAD VNVUT VNCLN VNUIH VNCMT VNNGH VNVAG GRPIR GRLEV GRATK GRNIS GRMLO NLRTM SGSIN HKHKG CNSHA USLAX DEHAM FITKU NOOSL GBWLA DKCPH NZAKL PAPCN AUMEL'.split(
      ' ',
    ),
  )('%s is listed', (code) => {
    expect(isUnLocode(code)).toBe(true);
  });

  it.each(['ZZUKN', 'TR888', 'VN888'])('%s stands for an unknown port', (code) => {
    expect(isUnLocode(code)).toBe(true);
  });

  it.each(['VNXXX', 'XXHPH', 'ZZ888', 'ZZZZZ', 'VN', '', '__proto__', 'VNHPHH'])('%s is not listed', (code) => {
    expect(isUnLocode(code)).toBe(false);
  });
});

describe('countries', () => {
  it('translates between alpha-2 and alpha-3', () => {
    expect([alpha3Of('VN'), alpha3Of('GR'), alpha3Of('XX'), alpha2Of('TUN'), alpha2Of('XXA')]).toEqual([
      'VNM',
      'GRC',
      undefined,
      'TN',
      undefined,
    ]);
  });

  it('knows nationalities of travel documents', () => {
    expect(['VNM', 'XXA', 'XXB', 'XXC', 'XXX', 'GBN'].every(isNationality)).toBe(true);
    expect(['XXD', 'VN', 'ZZZ'].some(isNationality)).toBe(false);
    expect(isCountryAlpha2('UK')).toBe(false);
  });
});

describe('UN numbers', () => {
  it.each([
    ['0012', ['1']],
    ['1203', ['3']],
    ['1234', ['3']],
    ['1017', ['2.3']],
    ['1950', ['2']],
    ['2814', ['6.2']],
    ['3077', ['9']],
    ['3105', ['5.2']],
    ['3480', ['9']],
    ['3556', ['9']],
  ])('%s is of class %j', (unNumber, classes) => {
    expect(classesOfUnNumber(unNumber)).toEqual(classes);
  });

  it.each(['6666', '0001', '0000', '9999', '1004', '3561', '1203 ', ''])('%j is not assigned', (unNumber) => {
    expect(isUnNumber(unNumber)).toBe(false);
  });
});

describe('other codes', () => {
  it('knows those that declarations carry', () => {
    expect(['KGM', 'TNE', 'LTR', 'MTQ', 'MTR', 'CEL', 'FAH', 'NAR', 'H87'].every(isUnit)).toBe(true);
    expect(['AE', 'CL', 'PK', 'BX', 'DR'].every(isPackageType)).toBe(true);
    expect(['1', '25', '98', '03'].every(isCallPurpose)).toBe(true);
    expect(['101', '999', '1301', '1200'].every(isWasteType)).toBe(true);
    expect([isUnit('KG'), isPackageType('??'), isCallPurpose('26'), isWasteType('77'), isWasteType('1700')]).toEqual(Array(5).fill(false));
  });
});

describe('the public lists', () => {
  it('each have entries with distinct codes and a name', () => {
    for (const name of codeListNames) {
      const entries = codeLists[name];
      expect(entries.length).toBeGreaterThan(2);
      expect(new Set(entries.map(({ code }) => code)).size).toBe(entries.length);
      expect(entries.every((entry) => entry.code !== '' && entry.name !== '')).toBe(true);
    }
  });

  it('are none of another name', () => {
    expect([codeList('persons'), codeList('__proto__'), codeList('toString')]).toEqual([undefined, undefined, undefined]);
  });
});

import rows from './data/countries.json';

/** ISO 3166-1 with English and Vietnamese short names (CLDR). See README.md for sources. */
export interface Country {
  /** ISO 3166-1 alpha-2. */
  code: string;
  /** ISO 3166-1 alpha-3. */
  alpha3: string;
  name: string;
  nameVi: string;
}

export const countries: readonly Country[] = rows.map(([code = '', alpha3 = '', name = '', nameVi = '']) => ({
  code,
  alpha3,
  name,
  nameVi,
}));

/** Nationality codes of travel documents beside ISO 3166-1 alpha-3 (ISO/IEC 7501-1, ICAO Doc 9303-3 §5). */
export const travelDocumentNationalities: readonly { code: string; name: string; nameVi: string }[] = [
  { code: 'XXA', name: 'Stateless person (1954 Convention)', nameVi: 'Người không quốc tịch (Công ước 1954)' },
  { code: 'XXB', name: 'Refugee (1951 Convention, 1967 Protocol)', nameVi: 'Người tị nạn (Công ước 1951, Nghị định thư 1967)' },
  { code: 'XXC', name: 'Refugee (other)', nameVi: 'Người tị nạn (khác)' },
  { code: 'XXX', name: 'Person of unspecified nationality', nameVi: 'Người không rõ quốc tịch' },
  { code: 'GBD', name: 'British Overseas Territories citizen', nameVi: 'Công dân lãnh thổ hải ngoại Anh' },
  { code: 'GBN', name: 'British National (Overseas)', nameVi: 'Người Anh (hải ngoại)' },
  { code: 'GBO', name: 'British Overseas citizen', nameVi: 'Công dân hải ngoại Anh' },
  { code: 'GBP', name: 'British protected person', nameVi: 'Người được Anh bảo hộ' },
  { code: 'GBS', name: 'British subject', nameVi: 'Thần dân Anh' },
  { code: 'UNO', name: 'United Nations official', nameVi: 'Viên chức Liên hợp quốc' },
  { code: 'UNA', name: 'Official of a United Nations specialised agency', nameVi: 'Viên chức cơ quan chuyên môn Liên hợp quốc' },
  { code: 'UNK', name: 'Resident of Kosovo (UNMIK document)', nameVi: 'Cư dân Kosovo (giấy tờ UNMIK)' },
  { code: 'RKS', name: 'Kosovo', nameVi: 'Kosovo' },
  { code: 'XOM', name: 'Sovereign Military Order of Malta', nameVi: 'Dòng Hiệp sĩ Malta' },
  { code: 'EUE', name: 'European Union laissez-passer', nameVi: 'Giấy thông hành Liên minh châu Âu' },
];

const byAlpha2 = new Map(countries.map((country) => [country.code, country]));
const byAlpha3 = new Map(countries.map((country) => [country.alpha3, country]));
const nationalities = new Set([...byAlpha3.keys(), ...travelDocumentNationalities.map(({ code }) => code)]);

export function isCountryAlpha2(code: string): boolean {
  return byAlpha2.has(code);
}

export function isNationality(alpha3: string): boolean {
  return nationalities.has(alpha3);
}

/** EPC carries nationalities as alpha-2, the canonical declaration as alpha-3. */
export function alpha3Of(alpha2: string): string | undefined {
  return byAlpha2.get(alpha2)?.alpha3;
}

export function alpha2Of(alpha3: string): string | undefined {
  return byAlpha3.get(alpha3)?.code;
}

/** Numbers and lists as they stand in a decision's text, in English and Vietnamese. No locale data of the machine is asked. */

/** 1,530.00 (en) or 1.530,00 (vi). */
export function decimal(value: number, places: number): { en: string; vi: string } {
  return grouped(value.toFixed(places));
}

/** The same of a decimal number as text, kept as exact as it is. */
export function grouped(value: string): { en: string; vi: string } {
  const point = value.indexOf('.');
  const end = point < 0 ? value.length : point;
  const firstDigit = value.startsWith('-') ? 1 : 0;
  let at = firstDigit + ((end - firstDigit) % 3 || 3);
  let en = value.slice(0, at);
  let vi = en;
  for (; at < end; at += 3) {
    const three = value.slice(at, at + 3);
    en += `,${three}`;
    vi += `.${three}`;
  }
  if (point < 0) return { en, vi };
  const fraction = value.slice(point + 1);
  return { en: `${en}.${fraction}`, vi: `${vi},${fraction}` };
}

/** A length in metres, two places at most. */
export function metres(value: number): { en: string; vi: string } {
  const text = String(Math.round(value * 100) / 100);
  return { en: `${text} m`, vi: `${text.replace('.', ',')} m` };
}

/** 5 h 20 min. */
export function duration(ms: number): { en: string; vi: string } {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  return { en: `${Math.floor(minutes / 60)} h ${minutes % 60} min`, vi: `${Math.floor(minutes / 60)} giờ ${minutes % 60} phút` };
}

const LISTED = 5;

/** The first five, and how many more: a rule makes one finding a code, however many items it is about. */
export function listed(items: readonly string[]): { en: string; vi: string } {
  const distinct = [...new Set(items)];
  const shown = distinct.slice(0, LISTED).join(', ');
  const more = distinct.length - LISTED;
  return more <= 0 ? { en: shown, vi: shown } : { en: `${shown} and ${more} more`, vi: `${shown} và ${more} mục khác` };
}

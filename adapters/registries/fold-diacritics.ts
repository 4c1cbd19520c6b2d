const combiningMarks = /\p{M}/gu;

/** Lower case, without Vietnamese marks (đ becomes d), single spaces: for comparing names that people typed. */
export function foldDiacritics(text: string): string {
  return text.normalize('NFD').replace(combiningMarks, '').toLowerCase().replaceAll('đ', 'd').replace(/\s+/g, ' ').trim();
}

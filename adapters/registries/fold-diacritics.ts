const combiningMarks = /\p{M}/gu;
const beyondAscii = /[^ -~]/;

/** Lower case, without Vietnamese marks (đ becomes d), single spaces: for comparing names that people typed. */
export function foldDiacritics(text: string): string {
  // Most names have no mark: composing and decomposing them again costs more than the rest of a rule.
  if (!beyondAscii.test(text)) return text.toLowerCase().replace(/ +/g, ' ').trim();
  return text.normalize('NFD').replace(combiningMarks, '').toLowerCase().replaceAll('đ', 'd').replace(/\s+/g, ' ').trim();
}

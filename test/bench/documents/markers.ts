/** Generated parts of a document stand between `<!-- bench:name -->` and `<!-- /bench:name -->`; the rest is written by hand. Pure. */

/** @throws Error naming parts without markers, and markers without a part: neither may be forgotten */
export function withParts(document: string, parts: Readonly<Record<string, string>>): string {
  const left = new Set(Object.keys(parts));
  const unknown: string[] = [];
  const filled = document.replace(/<!-- bench:([\w-]+) -->\n[\s\S]*?<!-- \/bench:\1 -->/g, (whole, name: string) => {
    left.delete(name);
    const part = parts[name];
    if (part === undefined) {
      unknown.push(name);
      return whole;
    }
    return `<!-- bench:${name} -->\n${part.trim()}\n<!-- /bench:${name} -->`;
  });
  if (left.size + unknown.length > 0)
    throw new Error(`parts without markers: ${[...left].join(', ') || 'none'}; markers without a part: ${unknown.join(', ') || 'none'}`);
  return filled;
}

/** Cells are made safe; the first column stands left, the others right unless `left` says more. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  if (rows.length === 0) return 'Not measured.';
  return [line(head), line(head.map((_, i) => (i < left ? '---' : '--:'))), ...rows.map(line)].join('\n');
}

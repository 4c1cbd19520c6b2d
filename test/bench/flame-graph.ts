import type { Frame } from './profile';
import { escaped } from './svg';

/**
 * A flame graph as a still SVG: callers below, callees above, width is time, colour is the stage; a frame tells its name and share when
 * pointed at. Own code because the libraries for it draw HTML with scripts, or are no longer kept.
 */
const WIDTH = 1_200;
const ROW = 16;
const TITLE = 20;
const LEGEND_ROW = 14;
const LETTER = 6.2;
/** Frames narrower than this are left out, more of them while the file is too large. */
const NARROWEST = 0.6;
const LARGEST_BYTES = 180_000;
const COLOURS = [
  '#e8a33d',
  '#5b8dd6',
  '#6fb36f',
  '#c96a6a',
  '#9a7fc7',
  '#4fb0b0',
  '#c9b458',
  '#d884b4',
  '#8c9bab',
  '#a3785a',
  '#7fae3f',
  '#b7a6d9',
  '#e6c36a',
  '#6d8f5a',
  '#d98f6c',
  '#7aa5c9',
];

export function flameGraph(tree: Frame, title: string): string {
  for (let narrowest = NARROWEST; ; narrowest *= 1.5) {
    const svg = draw(tree, title, narrowest);
    if (Buffer.byteLength(svg) <= LARGEST_BYTES) return svg;
  }
}

function draw(tree: Frame, title: string, narrowest: number): string {
  const scale = WIDTH / Math.max(1, tree.totalUs);
  const boxes: { frame: Frame; x: number; depth: number }[] = [];
  const place = (frame: Frame, x: number, depth: number): void => {
    if (frame.totalUs * scale < narrowest) return;
    boxes.push({ frame, x, depth });
    let at = x;
    // Alike places in graphs of several processes, so that they can be compared.
    for (const child of [...frame.children].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      place(child, at, depth + 1);
      at += child.totalUs * scale;
    }
  };
  place(tree, 0, 0);
  const depths = Math.max(0, ...boxes.map(({ depth }) => depth));
  const stages = [...new Set(boxes.map(({ frame }) => frame.stage))];
  const colourOf = (stage: string): string => COLOURS[stages.indexOf(stage) % COLOURS.length] ?? '';
  const { entries, height: legendHeight } = legend(stages, colourOf);
  const height = TITLE + legendHeight + (depths + 1) * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/><text x="4" y="14" font-size="13">${escaped(title)}</text>`,
    ...entries,
    ...boxes.map(({ frame, x, depth }) => {
      const width = frame.totalUs * scale;
      const y = height - (depth + 1) * ROW;
      const letters = Math.floor((width - 4) / LETTER);
      const label =
        letters < 4
          ? ''
          : `<text x="${fixed(x + 2)}" y="${y + 12}">${escaped(frame.name.length <= letters ? frame.name : `${frame.name.slice(0, letters - 1)}…`)}</text>`;
      return (
        `<g><title>${escaped(frame.name)}\n${((frame.totalUs * 100) / tree.totalUs).toFixed(1)} %</title>` +
        `<rect x="${fixed(x)}" y="${y}" width="${fixed(width)}" height="${ROW - 1}" fill="${colourOf(frame.stage)}"/>${label}</g>`
      );
    }),
    '</svg>\n',
  ].join('\n');
}

function legend(stages: readonly string[], colourOf: (stage: string) => string): { entries: string[]; height: number } {
  let [x, y] = [4, TITLE];
  const entries = stages.map((stage) => {
    const width = 24 + stage.length * 5.4;
    if (x + width > WIDTH) [x, y] = [4, y + LEGEND_ROW];
    const entry = `<rect x="${fixed(x)}" y="${y + 2}" width="10" height="10" fill="${colourOf(stage)}"/><text x="${fixed(x + 13)}" y="${y + 11}" font-size="10">${escaped(stage)}</text>`;
    x += width;
    return entry;
  });
  return { entries, height: y - TITLE + LEGEND_ROW + 4 };
}

function fixed(value: number): string {
  return value.toFixed(1);
}

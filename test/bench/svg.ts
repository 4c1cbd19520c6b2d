import type { Series } from './figures';

/** Plots as still SVG, read by any browser and by GitHub. Pure. */
const [WIDTH, HEIGHT] = [720, 320];
const [LEFT, RIGHT, TOP, BOTTOM] = [70, 20, 40, 46];
const COLOURS = ['#2f6fb5', '#c0562f', '#3f8f4f', '#7d5bb0', '#8a7a2c'];
/** A range wider than this many powers of ten is drawn on a logarithmic scale. */
const LOGARITHMIC_ABOVE = 1.5;
const TICKS = 5;

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

export function plot({ name, x, y, lines }: Series, title = name): string {
  const points = lines.flatMap((line) => line.points).filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b));
  const across = scaleOf(
    points.map(([value]) => value),
    LEFT,
    WIDTH - RIGHT,
    false,
  );
  const up = scaleOf(
    points.map(([, value]) => value),
    HEIGHT - BOTTOM,
    TOP,
    !across.isLogarithmic,
  );
  const path = (line: Series['lines'][number]): string =>
    line.points
      .filter(([a, b]) => Number.isFinite(a) && Number.isFinite(b))
      .map(([a, b]) => `${across.at(a).toFixed(1)},${up.at(b).toFixed(1)}`)
      .join(' ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/><text x="${LEFT}" y="18" font-size="13">${escaped(title)}</text>`,
    ...across.ticks.map(
      (value) =>
        `<path d="M${across.at(value).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#e4e4e4"/><text x="${across.at(value).toFixed(1)}" y="${HEIGHT - BOTTOM + 15}" text-anchor="middle">${tick(value)}</text>`,
    ),
    ...up.ticks.map(
      (value) =>
        `<path d="M${LEFT} ${up.at(value).toFixed(1)}H${WIDTH - RIGHT}" stroke="#e4e4e4"/><text x="${LEFT - 6}" y="${(up.at(value) + 4).toFixed(1)}" text-anchor="end">${tick(value)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(x)}</text>`,
    `<text x="14" y="${(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(TOP + HEIGHT - BOTTOM) / 2})">${escaped(y)}</text>`,
    ...lines.map((line, i) => {
      const colour = COLOURS[i % COLOURS.length] ?? '';
      const dots =
        line.points.length > 40
          ? ''
          : path(line)
              .split(' ')
              .filter((dot) => dot !== '')
              .map((dot) => `<circle cx="${dot.split(',')[0] ?? ''}" cy="${dot.split(',')[1] ?? ''}" r="3" fill="${colour}"/>`)
              .join('');
      const legend = `<text x="${WIDTH - RIGHT - 130}" y="${TOP + 12 + i * 14}" fill="${colour}">${escaped(line.name)}</text>`;
      return `<polyline points="${path(line)}" fill="none" stroke="${colour}" stroke-width="1.6"/>${dots}${lines.length > 1 ? legend : ''}`;
    }),
    '</svg>\n',
  ].join('\n');
}

interface Scale {
  isLogarithmic: boolean;
  ticks: number[];
  at(value: number): number;
}

/** @param fromZero a linear scale begins at 0 */
function scaleOf(values: readonly number[], from: number, to: number, fromZero: boolean): Scale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least > 0 && Math.log10(most / least) > LOGARITHMIC_ABOVE) {
    const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
    return {
      isLogarithmic: true,
      ticks: Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)),
      at: (value) => from + ((to - from) * (Math.log10(value) - low)) / (high - low),
    };
  }
  const low = fromZero ? Math.min(0, least) : least;
  // Values that are all alike have a range too.
  const step = niceStep((most - low || Math.abs(most) || 1) / TICKS);
  const [first, last] = [Math.floor(low / step) * step, Math.ceil(most / step) * step];
  const span = last - first || 1;
  return {
    isLogarithmic: false,
    ticks: Array.from({ length: Math.round((last - first) / step) + 1 }, (_, i) => first + i * step),
    at: (value) => from + ((to - from) * (value - first)) / span,
  };
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((step) => step * power >= least) ?? 10) * power;
}

function tick(value: number): string {
  return Math.abs(value) >= 1e6
    ? `${Number((value / 1e6).toPrecision(3))} M`
    : Math.abs(value) >= 10_000
      ? `${Number((value / 1000).toPrecision(3))} k`
      : String(Number(value.toPrecision(3)));
}

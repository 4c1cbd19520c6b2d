/** What a suite found out beyond rates, latencies and CPU. Names are stable: targets and documents refer to them. */
export interface Figure {
  name: string;
  value: number;
  /** '' where the value is a ratio or a count. */
  unit: string;
}

/** For a plot. */
export interface Series {
  name: string;
  x: string;
  y: string;
  lines: { name: string; points: [x: number, y: number][] }[];
}

export function figure(name: string, value: number, unit = ''): Figure {
  return { name, value, unit };
}

/** Two significant places after a whole number or two, none after a hundred. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size >= 100 || Number.isInteger(value) ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toPrecision(size < 0.01 ? 1 : 3);
}

/** Least squares: y = intercept + slope · x, and how much of the spread it explains (1: a line). */
export function lineThrough(points: readonly (readonly [x: number, y: number])[]): { slope: number; intercept: number; r2: number } {
  const count = points.length;
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / count;
  const [meanX, meanY] = [mean(0), mean(1)];
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - meanX) ** 2;
    xy += (x - meanX) * (y - meanY);
    yy += (y - meanY) ** 2;
  }
  const slope = xx === 0 ? 0 : xy / xx;
  return { slope, intercept: meanY - slope * meanX, r2: yy === 0 || xx === 0 ? 1 : (xy * xy) / (xx * yy) };
}

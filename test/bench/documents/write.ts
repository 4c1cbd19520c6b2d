import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BenchResult } from '../bench';
import { plot } from '../svg';
import { capacityParts } from './capacity-parts';
import { withParts } from './markers';
import { performanceParts, plotsOf } from './performance-parts';
import { flameGraphName, summaryOf, type Summary } from './summary';

/** Writes docs/performance.json from results of `npm run bench`, and from it the tables and plots of the documents. */
const LARGEST_PLOT_BYTES = 200_000;

/** @param files results of the bench; none: the documents are made again from docs/performance.json */
export function writeDocuments(root: string, files: readonly string[]): string[] {
  const docs = path.join(root, 'docs');
  const [summaryFile, plots] = [path.join(docs, 'performance.json'), path.join(docs, 'plots')];
  const written: string[] = [];
  const write = (file: string, content: string): void => {
    writeFileSync(file, content);
    written.push(path.relative(root, file));
  };
  if (files.length > 0) {
    const results = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as BenchResult);
    rmSync(plots, { recursive: true, force: true });
    mkdirSync(plots, { recursive: true });
    for (const profile of results.flatMap((result) => result.profiles)) {
      if (!existsSync(profile.flameGraph) || statSync(profile.flameGraph).size > LARGEST_PLOT_BYTES) continue;
      copyFileSync(profile.flameGraph, path.join(plots, flameGraphName(profile)));
      written.push(path.join('docs', 'plots', flameGraphName(profile)));
    }
    write(summaryFile, `${JSON.stringify(summaryOf(results))}\n`);
  }
  mkdirSync(plots, { recursive: true });
  const summary: Summary = existsSync(summaryFile) ? (JSON.parse(readFileSync(summaryFile, 'utf8')) as Summary) : { runs: [] };
  for (const [name, series] of plotsOf(summary)) write(path.join(plots, name), plot(series));
  for (const [name, parts] of Object.entries({ performance: performanceParts(summary), capacity: capacityParts(summary) })) {
    const file = path.join(docs, `${name}.md`);
    write(file, withParts(readFileSync(file, 'utf8'), parts));
  }
  return written;
}

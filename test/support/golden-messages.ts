import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FoldRules } from '../../gateway/core/fold';
import { compileView } from '../../gateway/core/need-to-know';
import type { Agency } from '../../gateway/core/rule-set';
import type { OutgoingRecord } from '../../gateway/ports/message-log';
import { ExchangeWorld, type ExchangeProcess } from './exchange-world';
import { shippedRules } from './test-rules';

/** Messages as a build wrote them, kept for ever: what is in `dossiers`, and what the fold made of it (test/fixtures/messages/README.md). */
export interface GoldenMessages {
  agencies: Agency[];
  needToKnow: Record<string, string[]>;
  /** Decisions as agencies wrote them. */
  decisions: { value: Record<string, unknown> }[];
  dossiers: GoldenRecord[];
  /** Topic → what was appended, by ce_id. */
  outputs: Record<string, Record<string, string>>;
}

export interface GoldenRecord {
  partition: number;
  key: string | null;
  headers: Record<string, string>;
  value: string;
}

export const goldenFolder = path.join(__dirname, '..', 'fixtures', 'messages');

export function readGolden(name: string): GoldenMessages {
  return JSON.parse(readFileSync(path.join(goldenFolder, `${name}.json`), 'utf8')) as GoldenMessages;
}

/** Agencies and lists of that day; the rule sets are the shipped ones, of which none that was in force is ever edited. */
export function goldenRules({ agencies, needToKnow }: GoldenMessages): FoldRules {
  const viewOf = new Map(Object.entries(needToKnow).map(([agency, paths]) => [agency, compileView(paths)]));
  return { ...shippedRules, agencies, viewOf };
}

/** Folds records as a new process would, all at once; with the signer of the tests. */
export async function foldGolden(
  records: readonly GoldenRecord[],
  rules: FoldRules,
): Promise<{ world: ExchangeWorld; process: ExchangeProcess }> {
  const world = await ExchangeWorld.create();
  await world.append(...records.map((record): OutgoingRecord => ({ ...record, topic: 'dossiers', value: Buffer.from(record.value) })));
  const process = world.process({ rules });
  await process.consume();
  return { world, process };
}

/** Everything appended to topics other than `dossiers`, by topic and ce_id. */
export function outputsOf(world: ExchangeWorld): Record<string, Record<string, string>> {
  const topics = [...world.logData.topics.keys()].filter((topic) => topic !== 'dossiers' && topic !== 'dead-letters').sort();
  const outputs: Record<string, Record<string, string>> = {};
  for (const topic of topics) {
    const all = world.firsts(topic);
    if (all.size > 0) outputs[topic] = Object.fromEntries(all);
  }
  return outputs;
}

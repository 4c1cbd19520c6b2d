import { randomBytes } from 'node:crypto';
import { EventType } from './core/messages';
import type { MessageLog, OutgoingRecord, TopicSpec } from './ports/message-log';

/** The topics of a prefix at start: all are created when none exists, otherwise they must be complete and equal (contract.md §1). */
export class TopicsFault extends Error {
  constructor(faults: string[]) {
    super(`The topics are not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'TopicsFault';
  }
}

/**
 * @param mayCreate false in production: topics are made with deploy/topics.js
 * @throws TopicsFault naming every missing topic and every wrong partition count
 */
export async function ensureTopics(log: MessageLog, specs: readonly TopicSpec[], mayCreate: boolean): Promise<void> {
  const wanted = new Map(specs.map((spec) => [spec.topic, spec]));
  let existing = await log.topics();
  if (existing.filter(({ topic }) => wanted.has(topic)).length === 0 && mayCreate) {
    const created = await log.createTopics([...specs]);
    if (created.includes('dossiers')) await writeEpochs(log, wanted.get('dossiers')?.partitions ?? 0);
    existing = await log.topics();
  }
  // Another process may be creating them at this moment: look again for a while before saying that some are missing.
  for (let tries = 0; mayCreate && tries < 50 && specs.some(({ topic }) => !existing.some((found) => found.topic === topic)); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    existing = await log.topics();
  }
  const faults = specs.flatMap(({ topic, partitions }) => {
    const found = existing.find((candidate) => candidate.topic === topic);
    if (found === undefined) return [`topic ${topic} is missing`];
    return found.partitions === partitions ? [] : [`topic ${topic} has ${found.partitions} partitions, not ${partitions}`];
  });
  if (faults.length > 0) throw new TopicsFault(faults);
}

/** The first record of each `dossiers` partition names the log: a store made from another one is known by it. */
export async function writeEpochs(log: MessageLog, partitions: number): Promise<void> {
  const records = Array.from({ length: partitions }, (_, partition): OutgoingRecord => {
    const epoch = randomBytes(16).toString('hex');
    const headers = {
      ce_specversion: '1.0',
      ce_id: epoch,
      ce_source: '/seaport/topics',
      ce_type: EventType.epoch,
      'content-type': 'application/json',
    };
    return { topic: 'dossiers', partition, key: null, value: Buffer.from(JSON.stringify({ epoch })), headers };
  });
  await log.append(records);
}

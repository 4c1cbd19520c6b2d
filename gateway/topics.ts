import { randomBytes } from 'node:crypto';
import { EventType } from './core/messages';
import type { MessageLog, OutgoingRecord, TopicSpec } from './ports/message-log';

/**
 * The topics of a prefix at start: `all` are created when none exists, otherwise they must be complete and equal (contract.md §1);
 * `none` is created in production on Kafka, where deploy/topics.js does it. On the embedded log what is `missing` is created: nothing
 * else can, and a first start may have been cut short.
 */
export type TopicCreation = 'none' | 'all' | 'missing';

export class TopicsFault extends Error {
  constructor(faults: string[], hint = '') {
    super(`The topics are not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}${hint}`);
    this.name = 'TopicsFault';
  }
}

const HIDDEN = '\nKafka does not show a topic to a user who may not describe it: has this user its ACLs (deploy/acls.js)?';
const CREATE_TRIES = 5;
const CREATE_PAUSE_MS = 500;

/**
 * @throws TopicsFault naming every missing topic and every wrong partition count
 */
export async function ensureTopics(log: MessageLog, specs: readonly TopicSpec[], creation: TopicCreation): Promise<void> {
  const wanted = new Map(specs.map((spec) => [spec.topic, spec]));
  let existing = await log.topics();
  const present = existing.filter(({ topic }) => wanted.has(topic)).length;
  if (creation === 'missing' ? present < wanted.size : creation === 'all' && present === 0) {
    await createTopics(log, specs);
    existing = await log.topics();
  }
  // Another process may be creating them at this moment: look again for a while before saying that some are missing.
  for (
    let tries = 0;
    creation === 'all' && tries < 50 && specs.some(({ topic }) => !existing.some((found) => found.topic === topic));
    tries++
  ) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    existing = await log.topics();
  }
  const faults = specs.flatMap(({ topic, partitions }) => {
    const found = existing.find((candidate) => candidate.topic === topic);
    if (found === undefined) return [`topic ${topic} is missing`];
    return found.partitions === partitions ? [] : [`topic ${topic} has ${found.partitions} partitions, not ${partitions}`];
  });
  const isMissing = specs.some(({ topic }) => !existing.some((found) => found.topic === topic));
  const isKafka = creation !== 'missing';
  if (faults.length > 0) throw new TopicsFault(faults, isMissing && isKafka ? HIDDEN : '');
}

/**
 * Creates what is missing and names the log. Tried again: a cluster may not know a topic yet that it has just created.
 * @returns the topics that this call created, as far as the cluster said so
 */
export async function createTopics(log: MessageLog, specs: readonly TopicSpec[]): Promise<string[]> {
  const created: string[] = [];
  for (let tries = 1; ; tries++) {
    try {
      created.push(...(await log.createTopics([...specs])));
      await writeEpochs(log);
      return created;
    } catch (cause) {
      if (tries === CREATE_TRIES) throw cause;
      await new Promise((resolve) => setTimeout(resolve, CREATE_PAUSE_MS));
    }
  }
}

/**
 * The first record of each `dossiers` partition names the log: a store made from another one is known by it. Written into empty
 * partitions only; whatever record comes first serves as well.
 */
async function writeEpochs(log: MessageLog): Promise<void> {
  const empty = (await log.offsets('dossiers')).filter(({ end }) => end === 0);
  const records = empty.map(({ partition }): OutgoingRecord => {
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
  if (records.length > 0) await log.append(records);
}

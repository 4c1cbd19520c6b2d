import type { OutgoingRecord } from '../../../gateway/ports/message-log';
import { EventType, type RequestMessage } from '../../../gateway/core/messages';
import { Exchange } from '../../../gateway/exchange';
import { systemClock } from '../../../gateway/ports/clock';
import { FakeDossierStore } from '../../support/fake-dossier-store';
import type { Benches } from './harness';
import { createLog, receivedAt, recordOf, rules, signer } from './materials';

const DECLARATIONS = 100;
const control = { isStale: () => false, heartbeat: () => Promise.resolve(), seek: () => undefined };
const nothing = (): void => undefined;

/** Batches through the exchange over fakes: fold, sign, serialise, project; no Kafka and no Redis. */
export const benches: Benches = async () => {
  const records = await Promise.all(Array.from({ length: DECLARATIONS }, (_, n) => recordOf(n)));
  const declarations = records.map((record) => outgoing(record.dossierId, EventType.declaration, record.declarationId, record));
  return [
    {
      name: `exchange: a declaration and its decisions, in batches of ${DECLARATIONS}`,
      per: DECLARATIONS,
      run: () => exchangeAll(declarations),
    },
  ];
};

async function exchangeAll(declarations: OutgoingRecord[]): Promise<number> {
  const log = await createLog();
  const exchange = new Exchange({
    log,
    store: new FakeDossierStore(),
    signer,
    clock: systemClock,
    rules,
    partitions: 1,
    deadLetter: (record) => ({ ...record, topic: 'dead-letters', headers: {} }),
    observe: { folded: nothing, poison: nothing, voided: nothing, epochChanged: nothing, rebuilding: nothing, stage: nothing },
  });
  let from = 0;
  const take = async (records: OutgoingRecord[]): Promise<void> => {
    await log.append(records);
    const all = log.data.records('dossiers');
    await exchange.onBatch({ topic: 'dossiers', partition: 0, records: all.slice(from), endOffset: all.length }, control);
    from = all.length;
  };
  await take(declarations);
  const requests = [...log.data.topics.keys()].filter((topic) => topic.startsWith('requests.')).flatMap((topic) => log.data.records(topic));
  await take(requests.map(({ value }) => accepted(JSON.parse(value.toString()) as RequestMessage)));
  const cleared = log.data.records('clearances').length;
  if (cleared !== declarations.length) throw new Error(`${cleared} of ${declarations.length} were cleared`);
  return cleared;
}

function accepted({ taskId, dossierId, agency }: RequestMessage): OutgoingRecord {
  const value = { taskId, dossierId, agency, outcome: 'accepted', decisionId: taskId, receivedAt, test: false };
  return outgoing(dossierId, EventType.decision, taskId, value);
}

function outgoing(key: string, type: EventType, id: string, value: object): OutgoingRecord {
  return { topic: 'dossiers', partition: 0, key, value: Buffer.from(JSON.stringify(value)), headers: { ce_type: type, ce_id: id } };
}

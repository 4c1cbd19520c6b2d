import { agencyAdapters } from '../../../../adapters';
import { loadRegistries } from '../../../../adapters/registries/load-registries';
import { parseRequest } from '../../../../adapters/runtime/parse-request';
import { rulesHandler } from '../../../../adapters/runtime/rules-adapter';
import { fold, requestText } from '../../../../gateway/core/fold';
import type { RequestMessage } from '../../../../gateway/core/messages';
import type { LogRecord, MessageLog } from '../../../../gateway/ports/message-log';
import { systemClock } from '../../../../gateway/ports/clock';
import type { Sealer } from '../../../../gateway/ports/sealer';
import type { Benches } from '../harness';
import { recordOf, rules } from '../materials';

const BATCH = 100;
const control = { isStale: () => false, heartbeat: () => Promise.resolve(), seek: () => undefined };
const log = { append: () => Promise.resolve([]) } as Pick<MessageLog, 'append'> as MessageLog;
const sealer = {
  seal: () => {
    throw new Error('a request was set aside');
  },
  open: Buffer.from,
} as Pick<Sealer, 'seal' | 'open'> as Sealer;

/** Requests of a typical declaration: read, assessed, and both with the decision written, in batches. */
export const benches: Benches = async () => {
  const registries = loadRegistries();
  const { requests } = fold(
    undefined,
    { kind: 'declaration', position: { partition: 0, offset: 1 }, value: await recordOf() },
    undefined,
    rules,
  );
  return requests.flatMap((folded) => {
    const assess = agencyAdapters[folded.agency]?.assess;
    if (assess === undefined) return [];
    const value = Buffer.from(requestText(folded, rules));
    const request = JSON.parse(value.toString()) as RequestMessage;
    const record: LogRecord = {
      topic: `requests.${folded.agency}`,
      partition: 0,
      offset: 0,
      timestampMs: 0,
      key: folded.dossierId,
      value,
      headers: {},
    };
    const batch = { topic: record.topic, partition: 0, records: Array.from({ length: BATCH }, () => record), endOffset: BATCH };
    const handle = rulesHandler({ log, clock: systemClock, sealer, agency: folded.agency, assess, registries });
    return [
      { name: `adapters: ${folded.agency} reads a request`, run: () => parseRequest(record, folded.agency) },
      { name: `adapters: ${folded.agency} assesses`, run: () => assess(request, registries) },
      { name: `adapters: ${folded.agency} answers, in batches of ${BATCH}`, per: BATCH, run: () => handle(batch, control) },
    ];
  });
};

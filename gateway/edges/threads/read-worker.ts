import { parentPort, workerData } from 'node:worker_threads';
import portZones from '../../../config/port-zones.json';
import { readDeclaration } from '../../wire/read-declaration';
import { createZoneOfPort } from '../../wire/validate/port-zones';
import { createDeclarationValidator } from '../../wire/validate/validate-declaration';
import type { ReadAnswer, ReadJob } from './reading-thread';

/** The thread of reading-thread.ts. */
const { defaultZone } = workerData as { defaultZone: string };
const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone });

function answerTo({ id, format, bytes, receivedAt }: ReadJob): ReadAnswer {
  try {
    return { id, result: readDeclaration(format, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), receivedAt, validate) };
  } catch (cause) {
    return { id, failed: cause instanceof Error ? cause.name : 'not an error' };
  }
}

parentPort?.on('message', (jobs: ReadJob[]) => {
  parentPort?.postMessage(jobs.map(answerTo));
});

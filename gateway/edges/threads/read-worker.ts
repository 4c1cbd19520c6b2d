import { parentPort, workerData } from 'node:worker_threads';
import portZones from '../../../config/port-zones.json';
import { readDeclaration } from '../../wire/read-declaration';
import { createZoneOfPort } from '../../wire/validate/port-zones';
import { createDeclarationValidator } from '../../wire/validate/validate-declaration';
import type { ReadAnswer, ReadJob } from './large-body-reader';

/** The thread of large-body-reader.ts. */
const { defaultZone } = workerData as { defaultZone: string };
const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone });

parentPort?.on('message', ({ id, format, bytes, receivedAt }: ReadJob) => {
  let answer: ReadAnswer;
  try {
    answer = { id, result: readDeclaration(format, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), receivedAt, validate) };
  } catch (cause) {
    answer = { id, failed: cause instanceof Error ? cause.name : 'not an error' };
  }
  parentPort?.postMessage(answer);
});

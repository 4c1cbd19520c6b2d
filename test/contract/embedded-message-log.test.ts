import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEmbeddedMessageLog, type EmbeddedMessageLog } from '../../gateway/edges/embedded/embedded-message-log';
import { messageLogContract, type LogUnderTest } from './message-log';

for (const [name, topicPrefix] of [
  ['lmdb', ''],
  ['lmdb with a topic prefix', 'prefix.'],
] as const)
  messageLogContract(name, (): Promise<LogUnderTest> => {
    const directory = mkdtempSync(path.join(tmpdir(), 'seaport-log-'));
    let log: EmbeddedMessageLog | undefined;
    return Promise.resolve({
      open: async () => (log = await openEmbeddedMessageLog({ path: directory, topicPrefix })),
      deleteUntil: async (topic, partition, before) => log?.deleteUntil(topic, partition, before),
      dispose: () => {
        rmSync(directory, { recursive: true, force: true });
        return Promise.resolve();
      },
    });
  });

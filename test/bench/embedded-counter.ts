import { open } from 'lmdb';
import { LogStorage } from '../../gateway/edges/embedded/log-storage';

/**
 * Counts records of a topic in the embedded log of a gateway that runs: read only, from outside, so that asking ten times a second costs
 * the gateway nothing (its metrics page costs milliseconds).
 */
export function openEmbeddedCounter(dataDir: string, topic: string): { count(): number; close(): Promise<void> } {
  const environment = open({ path: dataDir, noSubdir: false, maxDbs: 16, readOnly: true });
  return {
    // A new storage looks at the ends as they are now.
    count: () => (new LogStorage(environment, Date.now).partitions(topic) ?? []).reduce((sum, { start, end }) => sum + end - start, 0),
    close: () => environment.close(),
  };
}

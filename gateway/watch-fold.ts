import type { Admission } from './admission';
import type { DossierStore } from './ports/dossier-store';
import type { MessageLog } from './ports/message-log';

/** Tells the admission what its intake appends and what the store says is folded. It costs a read of the markers each time. */
const LOOK_EVERY_MS = 25;

export function watchFold(store: Pick<DossierStore, 'marker'>, admission: Admission): { stop(): void } {
  let isReading = false;
  const read = async (): Promise<void> => {
    const partitions = admission.awaited();
    if (partitions.length === 0 || isReading) return;
    isReading = true;
    try {
      const markers = await Promise.all(partitions.map((partition) => store.marker(partition)));
      markers.forEach((marker, i) => admission.foldedTo(partitions[i] ?? 0, marker?.offset ?? -1));
    } catch {
      // It is counted and logged by those who need it.
      admission.foldUnknown();
    } finally {
      isReading = false;
    }
  };
  const timer = setInterval(() => {
    admission.look();
    void read();
  }, LOOK_EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** The log as intake is given it. */
export function tellingOfAppends(log: MessageLog, admission: Pick<Admission, 'appended'>): MessageLog {
  return {
    ...log,
    append: async (records) => {
      const positions = await log.append(records);
      positions.forEach(({ topic, partition, offset }, i) => {
        if (topic === 'dossiers') admission.appended(partition, offset, records[i]?.value.byteLength ?? 0);
      });
      return positions;
    },
  };
}

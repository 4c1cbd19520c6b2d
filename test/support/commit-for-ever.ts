import { openEnvironment } from '../../gateway/edges/embedded/open-environment';
import { openEmbeddedDossierStore } from '../../gateway/edges/embedded/embedded-dossier-store';
import { writeBehindOf } from '../../gateway/edges/embedded/write-behind';
import type { StoreChange } from '../../gateway/ports/dossier-store';

/** Commits one generation of the same keys after the other and tells each one's number, and which are written, until it is killed or refused. */
async function commitForEver(directory: string, valueBytes: number): Promise<void> {
  const { environment, close } = openEnvironment(directory);
  const store = await openEmbeddedDossierStore({ environment });
  let marker = await store.marker(1);
  const say = (line: string): unknown => process.stdout.write(`${line}\n`);
  for (;;) {
    const next = { epoch: 'e', offset: (marker?.offset ?? -1) + 1, clearancesOffset: 0 };
    const value = String(next.offset).padEnd(valueBytes);
    const changes = Array.from({ length: 50 }, (_, n): StoreChange[] => [
      { put: `k${n}`, value },
      { index: 'i', add: `m${n}`, score: next.offset },
    ]).flat();
    // The engine uses freed pages again: without something new the file would never reach its limit.
    changes.push({ put: `new in ${next.offset}`, value });
    try {
      await store.commit(1, marker, next, changes);
    } catch (error) {
      say(`refused ${(error as { code: string }).code}`);
      // What the process still sees is what was there before.
      const now = await store.marker(1);
      say(`marker ${now?.offset} after ${marker?.offset}`);
      break;
    }
    marker = next;
    say(`committed ${next.offset}`);
    // As if it were always time to write: the kill is to come in the midst of that.
    const written = writeBehindOf(environment).now();
    written.then(
      () => say(`written ${next.offset}`),
      () => undefined,
    );
    // Every third commit is followed by others before it is written.
    if (next.offset % 3 === 0) await written.catch(() => undefined);
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await store.close();
  await close();
}

void commitForEver(process.argv[2] as string, Number(process.argv[3]));

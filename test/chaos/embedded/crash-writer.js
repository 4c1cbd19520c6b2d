'use strict';

/**
 * A process that appends to the embedded log and folds what it appended into the embedded store, as the gateway does, until it is killed.
 * Each thing that holds is a line, written with fs.writeSync: what the parent has read was said before the kill.
 * Run: node crash-writer.js BUILD DIRECTORY FIRST_NUMBER [early]; it is loaded then, and opens the directory once it is told to on standard
 * input. With `early` it has a bug, which must be found: a record is acknowledged before it is stored.
 */
const fs = require('node:fs');
const path = require('node:path');

const [build, directory, first, bug] = process.argv.slice(2);
const embedded = (file) => require(path.join(build, 'gateway', 'edges', 'embedded', file));
const { openEnvironment } = embedded('open-environment.js');
const { openEmbeddedMessageLog } = embedded('embedded-message-log.js');
const { openEmbeddedDossierStore } = embedded('embedded-dossier-store.js');
const { writeBehindOf } = embedded('write-behind.js');
const { PARTITIONS, TOPIC, GROUP, changesOf, valueOf } = require('./crash-projection.js');

const IN_FLIGHT = 4;
const say = (line) => fs.writeSync(1, `${line}\n`);

async function main() {
  say('opening');
  const { environment } = openEnvironment(directory);
  const log = await openEmbeddedMessageLog({ environment });
  const store = await openEmbeddedDossierStore({ environment });
  await log.createTopics([{ topic: TOPIC, partitions: PARTITIONS }]);
  await log.consume({
    group: GROUP,
    topics: [TOPIC],
    onBatch: async ({ partition, records }) => {
      const marker = await store.marker(partition);
      const fresh = records.filter(({ offset }) => offset > (marker?.offset ?? -1));
      const last = fresh.at(-1);
      if (last === undefined) return;
      const next = { epoch: 'e', offset: last.offset, clearancesOffset: 0 };
      const numbers = fresh.map(({ key }) => Number(key));
      if ((await store.commit(partition, marker, next, changesOf(numbers, last.offset))) !== 'ok') throw new Error('stale');
      // As if it were always time to write: the kill is to come in the midst of that.
      if (last.offset % 2 === 0)
        writeBehindOf(environment)
          .now()
          .then(() => say(`written ${partition} ${last.offset}`));
    },
  });
  const ends = (await log.offsets(TOPIC)).map(({ end }) => end);
  let number = Number(first);
  for (let i = 0; i < IN_FLIGHT; i++)
    void (async () => {
      for (;;) {
        const mine = number++;
        const record = { topic: TOPIC, partition: mine % PARTITIONS, key: String(mine), value: valueOf(mine), headers: {} };
        if (bug === 'early') say(`appended ${mine} ${ends[mine % PARTITIONS]++}`);
        const [{ offset }] = await log.append([record]);
        if (bug !== 'early') say(`appended ${mine} ${offset}`);
      }
    })();
}

process.stdin.once('data', () => void main());

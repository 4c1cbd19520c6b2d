'use strict';

/**
 * A process that appends to the embedded log until it is killed and writes each acknowledged number to standard output, with
 * fs.writeSync: what the parent has read was acknowledged. A refused one is written as `! CODE`; after some of them it ends by itself.
 * Run: node embedded-writer.js DIRECTORY FIRST_NUMBER
 */
const fs = require('node:fs');
require('./register-typescript');
const { openEmbeddedMessageLog } = require('../../gateway/edges/embedded/embedded-message-log');

const PARTITIONS = 3;
const IN_FLIGHT = 8;
const REFUSALS = 40;

async function main([directory, first]) {
  const log = await openEmbeddedMessageLog({ path: directory });
  await log.createTopics([{ topic: 'facts', partitions: PARTITIONS }]);
  let number = Number(first);
  let refusals = 0;
  const write = async () => {
    while (refusals < REFUSALS) {
      const mine = number++;
      const value = Buffer.from(`${mine} ${'x'.repeat(mine % 4_000)}`);
      try {
        await log.append([{ topic: 'facts', partition: mine % PARTITIONS, key: String(mine), value, headers: {} }]);
        fs.writeSync(1, `${mine}\n`);
      } catch (error) {
        refusals++;
        fs.writeSync(1, `! ${error.code}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, write));
  process.exit(0);
}

void main(process.argv.slice(2));

'use strict';

/**
 * A process that appends to the embedded log until it is killed and writes each acknowledged number to standard output, with
 * fs.writeSync: what the parent has read was acknowledged. Run: node embedded-writer.js DIRECTORY FIRST_NUMBER
 */
const fs = require('node:fs');
require('./register-typescript');
const { openEmbeddedMessageLog } = require('../../gateway/edges/embedded/embedded-message-log');

const PARTITIONS = 3;
const IN_FLIGHT = 8;

async function main([directory, first]) {
  const log = await openEmbeddedMessageLog({ path: directory });
  await log.createTopics([{ topic: 'facts', partitions: PARTITIONS }]);
  let number = Number(first);
  const write = async () => {
    for (;;) {
      const mine = number++;
      const value = Buffer.from(`${mine} ${'x'.repeat(mine % 4_000)}`);
      await log.append([{ topic: 'facts', partition: mine % PARTITIONS, key: String(mine), value, headers: {} }]);
      fs.writeSync(1, `${mine}\n`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, write));
}

void main(process.argv.slice(2));

import { randomBytes } from 'node:crypto';
import { EventType } from '../../../../gateway/core/messages';
import { crc32c } from '../../../../gateway/edges/kafka/crc32c';
import { encodeProduceRequest, mostBytesOf } from '../../../../gateway/edges/kafka/produce-request';
import { readRecordSet } from '../../../../gateway/edges/kafka/record-batches';
import { kafkajsBatch, kafkajsProduceRequest, kafkajsRecords } from '../../../support/kafkajs-codec';
import type { OutgoingRecord } from '../../../../gateway/ports/message-log';
import { eventHeaders } from '../../../../gateway/wire/event-envelope';
import type { Bench, Benches } from '../harness';

const nowMs = Date.now();
const head = { clientId: 'gateway', timeoutMs: 1_800, nowMs };

/** The records of one partition, with the eight headers that each of ours has. */
function recordsOf(count: number, valueBytes: number): OutgoingRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const id = randomBytes(24).toString('hex');
    return {
      topic: 'requests.customs',
      partition: 0,
      key: id,
      value: randomBytes(valueBytes),
      headers: eventHeaders({
        type: EventType.request,
        id: `${id}-assess`,
        source: '/seaport/exchange',
        time: new Date(nowMs + (i >> 3) * 1_000).toISOString(),
        subject: `D-${id.slice(0, 26)}`,
        traceparent: `00-${id.slice(0, 32)}-${id.slice(8, 24)}-01`,
      }),
    };
  });
}

/** What the edge pays per record, beside what kafkajs pays for the same. */
export const benches: Benches = async () => {
  const all: Bench[] = [];
  for (const [count, valueBytes] of [
    [1, 1_000],
    [10, 1_000],
    [100, 500],
    [100, 1_000],
    [100, 10_000],
    [400, 1_000],
  ] as const) {
    const records = recordsOf(count, valueBytes);
    const topics = [
      {
        name: 'requests.customs',
        partitions: [{ partition: 0, records, mostBytes: records.reduce((sum, record) => sum + mostBytesOf(record), 0) }],
      },
    ];
    const room = Buffer.alloc(8 * 1024 * 1024);
    const set = await kafkajsBatch(records, nowMs);
    const of = `${count} of ${valueBytes} B`;
    all.push(
      { name: `edges/kafka: encode ${of}`, per: count, run: () => encodeProduceRequest(room, head, topics) },
      { name: `edges/kafka: encode ${of}, kafkajs`, per: count, run: () => kafkajsProduceRequest(head, topics) },
      { name: `edges/kafka: decode ${of}`, per: count, run: () => readRecordSet(set, 'requests.customs', 0, 0) },
      { name: `edges/kafka: decode ${of}, kafkajs`, per: count, run: () => kafkajsRecords(set, 'requests.customs', 0, 0) },
    );
  }
  const bytes = randomBytes(20_000);
  all.push({ name: 'edges/kafka: crc32c of 20 kB', run: () => crc32c(bytes, 0, bytes.length) });
  return all;
};

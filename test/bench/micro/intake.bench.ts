import type { Benches } from './harness';
import { bytesOf, createIntake, createLog } from './materials';

/** The intake without HTTP, Kafka and Redis: what it costs itself. */
export const benches: Benches = async () => {
  const log = await createLog();
  // Nothing is kept: the log of a bench would grow for ever.
  log.append = (records) => Promise.resolve(records.map(({ topic, partition }) => ({ topic, partition, offset: 0 })));
  const intake = createIntake(log);
  const [xml, json] = [bytesOf('typical', 'xml'), bytesOf('typical', 'json')];
  const submission = { tenant: 'agent', idempotencyKey: undefined, traceparent: undefined };
  return [
    { name: 'intake: prepare, xml', run: () => intake.prepare({ ...submission, bytes: xml, format: 'xml' }) },
    { name: 'intake: prepare, json', run: () => intake.prepare({ ...submission, bytes: json, format: 'json' }) },
    {
      name: 'intake: submit over fakes, xml',
      run: () => createIntake(log).submit({ ...submission, bytes: xml, format: 'xml' }),
    },
  ];
};

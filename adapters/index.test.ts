import { agencyRequest } from '../test/support/agency-requests';
import { FakeLogData, FakeMessageLog } from '../test/support/fake-message-log';
import { FakeClock } from '../test/support/fake-clock';
import { FakeSigner } from '../test/support/fake-signer';
import { eventually } from '../test/support/eventually';
import type { RequestMessage } from '../gateway/core/messages';
import { createAesSealer } from '../gateway/edges/signing/aes-sealer';
import type { LogRecord } from '../gateway/ports/message-log';
import { assessorOf, startAdapters, type Adapters, type AdaptersOptions } from './index';
import { loadRegistries } from './registries/load-registries';

const registries = loadRegistries();

async function setUp(agencies: AdaptersOptions['agencies'], changes: Partial<AdaptersOptions> = {}) {
  const log = new FakeMessageLog(new FakeLogData());
  const codes = agencies.map((agency) => agency.code);
  const topics = codes.flatMap((code) => [`requests.${code}`, `decisions.${code}`, `test.requests.${code}`, `test.decisions.${code}`]);
  await log.createTopics([...topics, 'dead-letters'].map((topic) => ({ topic, partitions: 1 })));
  const options: AdaptersOptions = {
    log,
    clock: new FakeClock('2026-11-24T02:00:05Z'),
    signer: new FakeSigner(),
    sealer: createAesSealer([Buffer.alloc(32, 1)]),
    registries,
    groupPrefix: 'p-',
    agencies,
    urls: {},
    ...changes,
  };
  const ask = (request: RequestMessage): Promise<unknown> => {
    const topic = `${request.test ? 'test.' : ''}requests.${request.agency}`;
    return log.append([{ topic, partition: 0, key: request.dossierId, value: Buffer.from(JSON.stringify(request)), headers: {} }]);
  };
  const read = async (topic: string): Promise<LogRecord[]> => {
    const records: LogRecord[] = [];
    const [offsets] = await log.offsets(topic);
    await log.read(topic, [{ partition: 0, from: 0, to: offsets?.end ?? 0 }], (batch) => void records.push(...batch.records));
    return records;
  };
  return { log, options, ask, read };
}

const four = ['harbour-master', 'customs', 'tax', 'planning'].map((code) => ({ code, mode: 'rules' as const }));

describe('startAdapters', () => {
  let running: Adapters | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  it('answers each agency in a group of its own', async () => {
    const { options, ask, read } = await setUp(four);
    running = await startAdapters(options);
    expect([...running.groups]).toEqual(four.map(({ code }) => [`p-adapter.${code}`, [`requests.${code}`, `test.requests.${code}`]]));
    for (const { code } of four) await ask(agencyRequest({ agency: code }));
    for (const { code } of four) {
      await eventually('a decision', async () => (await read(`decisions.${code}`)).length === 1);
      const [record] = await read(`decisions.${code}`);
      expect(JSON.parse(record?.value.toString() ?? '')).toMatchObject({ agency: code, outcome: 'accepted' });
    }
  });

  it.each(['backend', 'desk'] as const)('in mode %s answers test requests only, and passes the real ones by', async (mode) => {
    const { log, options, ask, read } = await setUp([{ code: 'customs', mode }]);
    running = await startAdapters(options);
    await ask(agencyRequest());
    await ask(agencyRequest({ test: true }));
    await eventually('a decision', async () => (await read('test.decisions.customs')).length === 1);
    // Passed by means committed: a later change to rules does not decide the past again.
    await eventually('a commit', async () => (await log.committed('p-adapter.customs', 'requests.customs'))[0]?.offset === 1);
    expect(await read('decisions.customs')).toEqual([]);
  });

  it('in mode http calls the system of the agency, and lets one that is away delay nobody else', async () => {
    const { options, ask, read } = await setUp([
      { code: 'customs', mode: 'http' },
      { code: 'tax', mode: 'rules' },
    ]);
    // Nobody listens on the discard port of loopback.
    running = await startAdapters({ ...options, urls: { customs: 'http://127.0.0.1:9/' } });
    await ask(agencyRequest({ agency: 'customs' }));
    await ask(agencyRequest({ agency: 'tax' }));
    await eventually('a decision', async () => (await read('decisions.tax')).length === 1);
    expect(await read('decisions.customs')).toEqual([]);
  });

  it('refuses to start on any fault, and names them all', async () => {
    const { options } = await setUp([
      { code: 'customs', mode: 'http' },
      { code: 'tax', mode: 'http' },
      { code: 'border-guard', mode: 'rules' },
    ]);
    await expect(startAdapters({ ...options, urls: { tax: 'ftp://tax.example' } })).rejects.toMatchObject({
      code: 'adapters-invalid',
      message: expect.stringMatching(/customs: .*tax: .*border-guard: /) as string,
    });
  });
});

describe('assessorOf', () => {
  it('predicts what the rules would decide, with the rules that fired, and nothing for another mode', () => {
    const request = agencyRequest({ agency: 'tax' });
    expect(assessorOf(request, registries, four)).toMatchObject({
      decision: { taskId: request.taskId, outcome: 'accepted' },
      rules: expect.arrayContaining(['charges']) as string[],
    });
    expect(assessorOf(request, registries, [{ code: 'tax', mode: 'desk' }])).toBeUndefined();
    expect(assessorOf(agencyRequest({ agency: 'border-guard' }), registries, [{ code: 'border-guard', mode: 'rules' }])).toBeUndefined();
  });
});

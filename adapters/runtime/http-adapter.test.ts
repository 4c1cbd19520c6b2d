import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { agencyRequest } from '../../test/support/agency-requests';
import { FakeSigner } from '../../test/support/fake-signer';
import { dossierIdOf, taskIdOf } from '../../gateway/core/identifiers';
import type { RequestMessage } from '../../gateway/core/messages';
import { createAesSealer } from '../../gateway/edges/signing/aes-sealer';
import { systemClock } from '../../gateway/ports/clock';
import type { BatchControl, LogBatch, LogRecord, MessageLog, OutgoingRecord } from '../../gateway/ports/message-log';
import { openDeadLetter } from '../../gateway/wire/dead-letter';
import { httpHandler } from './http-adapter';

const sealer = createAesSealer([Buffer.alloc(32, 1)]);
const control: BatchControl = { isStale: () => false, heartbeat: () => Promise.resolve(), seek: () => undefined };

function requestOf(dossier: string, revision = 1, changes: Partial<RequestMessage> = {}): RequestMessage {
  const dossierId = dossierIdOf('agent', dossier);
  return { ...agencyRequest({ agency: 'customs' }), dossierId, taskId: taskIdOf(dossierId, 'customs', revision), revision, ...changes };
}

function batchOf(...values: (RequestMessage | string)[]): LogBatch {
  const records = values.map((value, offset): LogRecord => ({
    topic: 'requests.customs',
    partition: 2,
    offset,
    timestampMs: 0,
    key: typeof value === 'string' ? null : value.dossierId,
    value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    headers: { traceparent: '00-aa-bb-01' },
  }));
  return { topic: 'requests.customs', partition: 2, records, endOffset: records.length };
}

/** A real agency system on loopback. */
class AgencySystem {
  readonly seen: RequestMessage[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  respond: (request: RequestMessage, response: ServerResponse) => void = (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ taskId: request.taskId, outcome: 'accepted' }));
  };
  private readonly server: Server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const request = JSON.parse(Buffer.concat(chunks).toString()) as RequestMessage;
      this.seen.push(request);
      this.headers.push(message.headers);
      this.respond(request, response);
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/requests`;
  }

  stop(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

describe('the http adapter, against a server', () => {
  let agency: AgencySystem;
  let url: string;
  let appended: OutgoingRecord[];
  let letters: string[];
  let append: (records: OutgoingRecord[]) => Promise<never[]>;

  beforeEach(async () => {
    agency = new AgencySystem();
    url = await agency.start();
    appended = [];
    letters = [];
    append = (records) => {
      appended.push(...records);
      return Promise.resolve([]);
    };
  });
  afterEach(() => agency.stop());

  const handler = (changes: Partial<Parameters<typeof httpHandler>[0]> = {}) =>
    httpHandler({
      log: { append: (records: OutgoingRecord[]) => append(records) } as Partial<MessageLog> as MessageLog,
      agency: 'customs',
      url,
      clock: systemClock,
      signer: new FakeSigner(),
      sealer,
      policy: { baseDelayMs: 1, maxDelayMs: 2 },
      onDeadLetter: (_topic, reason) => letters.push(reason),
      ...changes,
    });

  it('brings each answer into the partition of its request, with the trace and an identity that a repeat would share', async () => {
    const request = requestOf('a');
    await handler().onBatch(batchOf(request), control);
    await handler().onBatch(batchOf(request), control);
    expect(appended).toHaveLength(2);
    expect(appended[0]).toMatchObject({ topic: 'decisions.customs', partition: 2, key: request.dossierId });
    expect(appended[0]?.headers).toMatchObject({
      traceparent: '00-aa-bb-01',
      ce_type: 'vn.seaport.decision.v1',
      ce_source: '/seaport/adapters/customs',
    });
    expect(appended[0]?.headers['ce_id']).toBe(appended[1]?.headers['ce_id']);
    expect(agency.headers[0]).toMatchObject({
      'idempotency-key': request.taskId,
      traceparent: '00-aa-bb-01',
      'x-jws-signature': expect.stringContaining('..') as string,
    });
  });

  it('keeps the order within a dossier and lets other dossiers pass', async () => {
    const order: string[] = [];
    let releaseFirst: () => void = () => undefined;
    agency.respond = (request, response) => {
      const name = `${request.dossierId.slice(-2)}:${request.revision}`;
      const finish = (): void => {
        order.push(name);
        response.end(JSON.stringify({ taskId: request.taskId, outcome: 'accepted' }));
        // The slow first request of dossier a is answered only after the other dossier was.
        if (request.dossierId === dossierIdOf('agent', 'b')) releaseFirst();
      };
      if (request.dossierId === dossierIdOf('agent', 'a') && request.revision === 1) releaseFirst = finish;
      else finish();
    };
    await handler().onBatch(batchOf(requestOf('a', 1), requestOf('a', 2), requestOf('b', 1)), control);
    const [a, b] = [dossierIdOf('agent', 'a').slice(-2), dossierIdOf('agent', 'b').slice(-2)];
    expect(order).toEqual([`${b}:1`, `${a}:1`, `${a}:2`]);
  });

  it('writes nothing when the agency takes the request for later', async () => {
    agency.respond = (_request, response) => response.writeHead(202).end();
    await handler().onBatch(batchOf(requestOf('a')), control);
    expect(appended).toEqual([]);
  });

  it('sets aside what the agency refuses, and goes on', async () => {
    agency.respond = (request, response) =>
      request.revision === 1
        ? response.writeHead(400).end()
        : response.end(JSON.stringify({ taskId: request.taskId, outcome: 'accepted' }));
    await handler().onBatch(batchOf(requestOf('a', 1), requestOf('a', 2)), control);
    expect(appended.map((record) => record.topic)).toEqual(['dead-letters', 'decisions.customs']);
    expect(letters).toEqual(['agency-refused-request']);
    const letter = appended[0] as OutgoingRecord;
    expect(JSON.parse(openDeadLetter(letter, sealer).value.toString())).toEqual(requestOf('a', 1));
  });

  it('never shows a test request to a real system', async () => {
    await handler().onBatch(batchOf(requestOf('a', 1, { test: true }), '{'), control);
    expect(agency.seen).toEqual([]);
    expect(letters.sort()).toEqual(['poison', 'test-mismatch']);
  });

  it('does not follow a redirect', async () => {
    let redirected = 0;
    agency.respond = (request, response) =>
      redirected++ === 0
        ? response.writeHead(307, { location: `${url}/elsewhere` }).end()
        : response.end(JSON.stringify({ taskId: request.taskId, outcome: 'accepted' }));
    await handler().onBatch(batchOf(requestOf('a')), control);
    // The second call is a retry of the same address, not the redirect's.
    expect(appended).toHaveLength(1);
    expect(agency.headers.every((headers) => headers['idempotency-key'] === requestOf('a').taskId)).toBe(true);
  });

  it('does not call again for an answer that the log did not take', async () => {
    const adapter = handler();
    append = () => Promise.reject(new Error('log away'));
    await expect(adapter.onBatch(batchOf(requestOf('a')), control)).rejects.toThrow('log away');
    append = (records) => {
      appended.push(...records);
      return Promise.resolve([]);
    };
    await adapter.onBatch(batchOf(requestOf('a')), control);
    expect(agency.seen).toHaveLength(1);
    expect(appended).toHaveLength(1);
  });

  it('commits nothing when it is stopped while the agency is silent', async () => {
    const adapter = handler();
    agency.respond = () => adapter.abort();
    await expect(adapter.onBatch(batchOf(requestOf('a')), control)).rejects.toMatchObject({ code: 'stopping' });
    expect(appended).toEqual([]);
  });

  it('writes nothing for a partition that was taken away meanwhile', async () => {
    await expect(handler().onBatch(batchOf(requestOf('a')), { ...control, isStale: () => true })).rejects.toMatchObject({
      code: 'partition-lost',
    });
    expect(appended).toEqual([]);
  });
});

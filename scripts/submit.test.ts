import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pendingClearance, richClearance } from '../test/support/clearances';
import { submit } from './submit';

/** Against a small HTTP server that plays the gateway: what is sent, what is repeated, what is printed, the exit code. */
interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}
interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

const receipt = {
  receiptId: 'r',
  dossierId: richClearance().dossierId,
  dossierCode: richClearance().dossierCode,
  declarationId: 'd',
  messageId: 'm',
  status: 'received',
  receivedAt: '2026-11-24T02:30:00.000Z',
  agencies: [{ agency: 'customs', role: 'decides', dueAt: '2026-11-24T03:30:00.000Z' }],
  warnings: [],
  signature: 's',
};
const XML = '<EPCMessage><EPCMessageHeader><ShipMessageId>one</ShipMessageId></EPCMessageHeader></EPCMessage>';

let directory: string;
let server: Server;
let received: Received[];
let reply: (request: Received, index: number) => Reply;
let sockets: Set<unknown>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'submit-'));
  received = [];
  sockets = new Set();
  server = createServer((request, response) => {
    sockets.add(request.socket);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
      const { status, body, headers: more } = reply(seen, received.push(seen) - 1);
      response.writeHead(status, { 'Content-Type': 'application/json', ...more }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  writeFileSync(
    join(directory, 'dev-credentials.json'),
    JSON.stringify({ baseUrl: `http://127.0.0.1:${port}`, tokens: { agent: 'secret' } }),
  );
  writeFileSync(join(directory, 'call.xml'), XML);
  writeFileSync(join(directory, 'call.json'), '{"header":{"messageId":"one"}}');
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await submit(argv, {
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    directory,
    credentialsFile: join(directory, 'dev-credentials.json'),
  });
  return { code, out, err };
}

test('a granted clearance is printed, with exit code 0', async () => {
  reply = () => ({ status: 200, body: richClearance() });
  const { code, out, err } = await run('call.xml');
  expect(code).toBe(0);
  expect(out).toContain('conditional (code 3), version 2');
  expect(out).toContain(receipt.dossierCode);
  expect(out).toContain('awaited: tax (due 2026-11-24T02:59:00.000Z, overdue)');
  expect(out).toContain('condition of harbour-master: Pilot and two tugs are compulsory. (HM-PILOT)');
  expect(out).toContain('missing: health, due 2026-11-25T05:00:00.000Z');
  expect(err).toBe('sending call.xml\n1/1 call.xml: conditional\n');
  expect(received).toMatchObject([
    {
      method: 'POST',
      url: '/v1/declarations',
      body: XML,
      headers: { authorization: 'Bearer secret', accept: 'application/json', 'content-type': 'application/xml', prefer: 'wait=30' },
    },
  ]);
});

test('faults are printed with line and column, with exit code 1', async () => {
  const errors = [
    {
      code: 'imo-check-digit',
      severity: 'error',
      pointer: '/ship/imoNumber',
      xpath: '/EPCMessage/IMO',
      line: 12,
      column: 34,
      message: 'Wrong.',
      messageVi: 'Sai.',
    },
    { code: 'required', severity: 'error', pointer: '/header', message: 'Missing.', messageVi: 'Thiếu.' },
  ];
  reply = () => ({
    status: 422,
    body: { type: '/problems/imo-check-digit', title: 'The IMO number fails.', status: 422, code: 'imo-check-digit', errors },
  });
  const { code, out } = await run('call.xml');
  expect(code).toBe(1);
  expect(out).toBe(
    [
      'call.xml',
      '  error 422 imo-check-digit: The IMO number fails.',
      '  call.xml:12:34: error imo-check-digit: Wrong. [/ship/imoNumber /EPCMessage/IMO]',
      '  call.xml: error required: Missing. [/header]',
      '',
    ].join('\n'),
  );
});

test('what is still pending says who is awaited, with exit code 4', async () => {
  const waiting = { ...pendingClearance(), agencies: richClearance().agencies.slice(2, 3) };
  reply = ({ method }) => (method === 'POST' ? { status: 202, body: receipt } : { status: 200, body: waiting });
  const { code, out } = await run('call.xml', '--wait', '0');
  expect(code).toBe(4);
  expect(out).toContain('pending (code 45), version 0, not final');
  expect(out).toContain('awaited: tax');
  expect(received.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'POST /v1/declarations',
    `GET /v1/dossiers/${receipt.dossierId}/clearance`,
  ]);
  expect(received[0]?.headers['prefer']).toBeUndefined();
});

test('a clearance of an older revision is not taken for the answer on an amendment', async () => {
  reply = ({ method }) =>
    method === 'POST' ? { status: 202, body: receipt } : { status: 200, body: richClearance({ status: 'granted' }) };
  const { code, out } = await run('call.xml', '--wait', '0');
  expect(code).toBe(4);
  expect(out).toContain('pending: received, no clearance yet');
});

test('a declaration that is not final in time is asked for again with the same bytes', async () => {
  reply = (_request, index) =>
    index === 0
      ? { status: 202, body: receipt }
      : { status: 200, body: richClearance({ status: 'granted' }), headers: { 'Idempotent-Replayed': 'true' } };
  const { code } = await run('call.xml', '--wait', '5');
  expect(code).toBe(0);
  expect(received.map(({ body }) => body)).toEqual([XML, XML]);
});

test.each([
  [503, 'log-unavailable'],
  [429, 'quota-exceeded'],
  [409, 'in-progress'],
])('%i %s is repeated with the same bytes', async (status, code) => {
  reply = (_request, index) =>
    index < 2
      ? { status, body: { code, title: 'Later.' }, headers: { 'Retry-After': '0' } }
      : { status: 200, body: richClearance({ status: 'granted' }) };
  const { code: exitCode, err } = await run('call.xml');
  expect(exitCode).toBe(0);
  expect(received.map(({ body }) => body)).toEqual([XML, XML, XML]);
  expect(err).toContain(`call.xml: ${status}, sending the same again`);
});

test('409 revision-conflict is a fault, not repeated', async () => {
  reply = () => ({ status: 409, body: { code: 'revision-conflict', title: 'Older.', detail: 'Read it.' } });
  const { code, out } = await run('call.xml');
  expect(code).toBe(1);
  expect(out).toContain('error 409 revision-conflict: Older. Read it.');
  expect(received).toHaveLength(1);
});

test('of several files the worst gives the exit code, and a summary follows', async () => {
  reply = (_request, index) => ({ status: 200, body: richClearance({ status: index === 0 ? 'refused' : 'granted' }) });
  const { code, out } = await run('call.xml', 'call.json');
  expect(code).toBe(3);
  expect(out).toContain('2 sent in');
  expect(received.map(({ headers }) => headers['content-type'])).toEqual(['application/xml', 'application/json']);
});

test('a load has its own message ids, kept connections and one summary', async () => {
  reply = () => ({ status: 200, body: richClearance({ status: 'granted' }) });
  const { code, out } = await run('call.xml', 'call.json', '--repeat', '100', '--unique', '--concurrency', '4');
  expect(code).toBe(0);
  expect(out).toMatch(/^200 sent in .*\n {2}200 {2}granted\ntime to the answer: p50 .*\n$/);
  expect(new Set(received.map(({ body }) => body)).size).toBe(200);
  expect(received.filter(({ body }) => body.includes('"messageId":"submit-'))).toHaveLength(100);
  expect(sockets.size).toBeLessThanOrEqual(4);
});

test('a load shows one example of each fault', async () => {
  reply = () => ({ status: 422, body: { code: 'required', title: 'Missing.' } });
  const { code, out } = await run('call.xml', '--repeat', '20');
  expect(code).toBe(1);
  expect(out.match(/for example/g)).toHaveLength(1);
  expect(out).toContain('20  error 422 required');
});

test('a dry run asks with dryRun=true and prints plan and prediction', async () => {
  const plan = [{ agency: 'customs', role: 'decides', mode: 'rules', dueAt: '2026-11-24T03:30:00Z', asked: true, rules: ['CUS-GREEN'] }];
  reply = () => ({
    status: 200,
    body: { valid: true, dialect: 'epc-2021', errors: [], warnings: [], plan, predicted: richClearance({ status: 'refused' }) },
  });
  const { code, out } = await run('call.xml', '--dry-run');
  expect(code).toBe(3);
  expect(received[0]?.url).toBe('/v1/declarations?dryRun=true');
  expect(received[0]?.headers['prefer']).toBeUndefined();
  expect(out).toContain('asks customs (decides, rules), due 2026-11-24T03:30:00Z: CUS-GREEN');
  expect(out).toContain('predicted:\n    refused');
});

test('where nothing listens, it says so at once', async () => {
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { code, out } = await run('call.xml', '--url', `http://127.0.0.1:${port}`);
  expect(code).toBe(1);
  expect(out).toContain('nothing listens at');
  server = createServer().listen(0, '127.0.0.1');
});

test('files that cannot be sent are all named before anything is sent', async () => {
  writeFileSync(join(directory, 'note.txt'), 'hello');
  writeFileSync(join(directory, 'bare.json'), '{}');
  const { code, err } = await run('call.xml', 'absent.xml', 'note.txt', 'bare.json', '--unique');
  expect(code).toBe(1);
  expect(err).toBe('absent.xml cannot be read: ENOENT\nnote.txt is neither XML nor JSON\nbare.json has no message id to replace\n');
  expect(received).toHaveLength(0);
});

test('without credentials it says where they come from', async () => {
  rmSync(join(directory, 'dev-credentials.json'));
  const { code, err } = await run('call.xml');
  expect(code).toBe(1);
  expect(err).toContain('npm start creates it');
});

import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { AgentClient, arrival, freshId } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';

jest.setTimeout(60_000);

/** Every row of guarantees.md §4 as a sender meets it: the answer written there, and nothing stored. */
const folder = gatewayFolder();
let gateway: GatewayProcess;
let agent: AgentClient;
let token: string;

beforeAll(async () => {
  gateway = await startGatewayProcess(folder, { MAX_DECLARATION_BYTES: '2000000' });
  token = folder.tokens()['agent'] ?? '';
  agent = new AgentClient(gateway.url, token);
}, 120_000);
afterAll(async () => {
  // Whatever came, the process lives, and nothing of it was accepted.
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  expect(metrics).not.toMatch(/outcome="accepted"\} [1-9]/);
  expect(await gateway.stop()).toBe(0);
  folder.remove();
});

const xml = (inside: string, before = ''): string => `${before}<EPCMessage xmlns="http://www.iso.org/28005-2">${inside}</EPCMessage>`;
const header =
  '<EPCMessageHeader><ShipMessageId>1</ShipMessageId><MessageType>FAL</MessageType><SentTime>2026-11-24T00:00:00Z</SentTime></EPCMessageHeader>';

async function expectProblem(
  body: string | Buffer,
  contentType: string,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const answer = await agent.request('POST', '/v1/declarations', { body, headers: { 'content-type': contentType, ...headers } });
  expect([answer.status, answer.body['code']]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.body).toMatchObject({ type: `/problems/${code}`, status });
  expect(answer.text).not.toMatch(/\bat .*\.js:\d+/);
  return answer.body;
}

describe('XML that is none, or more than is accepted', () => {
  it.each([
    ['two roots', `${xml(header)}<x/>`, 400, 'xml-malformed'],
    ['a raw ampersand', xml('<a>&</a>'), 400, 'xml-malformed'],
    ['NUL', xml('<a>\0</a>'), 400, 'xml-malformed'],
    ['a reference to NUL', xml('<a>&#0;</a>'), 400, 'xml-malformed'],
    ['an unbound prefix', xml('<p:a/>'), 400, 'xml-malformed'],
    ['a repeated attribute', xml('<a b="1" b="2"/>'), 400, 'xml-malformed'],
    ['an open element', xml('<a>'), 400, 'xml-malformed'],
    ['a DOCTYPE', `<!DOCTYPE EPCMessage>${xml(header)}`, 400, 'xml-doctype'],
    ['an external entity', `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xml('<a>&e;</a>')}`, 400, 'xml-doctype'],
    ['a billion laughs', `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>${xml('&b;')}`, 400, 'xml-doctype'],
    ['a processing instruction', xml('<?php x?>'), 400, 'xml-forbidden'],
    ['XML 1.1', xml(header, '<?xml version="1.1"?>'), 400, 'xml-forbidden'],
    [
      'a comment inside a value',
      xml('<EPCMessageHeader><ShipMessageId>1<!-- x -->2</ShipMessageId></EPCMessageHeader>'),
      400,
      'xml-forbidden',
    ],
    ['too deep', xml('<a>'.repeat(70) + '</a>'.repeat(70)), 400, 'xml-limit'],
    ['too much text in one element', xml(`<a>${'x'.repeat(70_000)}</a>`), 400, 'xml-limit'],
    ['too many attributes', xml(`<a ${Array.from({ length: 40 }, (_, i) => `a${i}="1"`).join(' ')}/>`), 400, 'xml-limit'],
    ['another encoding', xml(header, '<?xml version="1.0" encoding="ISO-8859-1"?>'), 415, 'charset-unsupported'],
    ['an unknown root', '<Other/>', 415, 'dialect-unknown'],
    ['an unknown root namespace', '<EPCMessage xmlns="urn:other"/>', 415, 'dialect-unknown'],
  ])('%s', async (_name, body, status, code) => {
    await expectProblem(body, 'application/xml', status, code);
  });

  it('invalid UTF-8', async () => {
    await expectProblem(
      Buffer.concat([
        Buffer.from('<EPCMessage xmlns="http://www.iso.org/28005-2"><a>'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('</a></EPCMessage>'),
      ]),
      'application/xml',
      400,
      'encoding-invalid',
    );
  });

  it('UTF-16', async () => {
    await expectProblem(Buffer.from(`\ufeff${xml(header)}`, 'utf16le'), 'application/xml', 415, 'charset-unsupported');
  });

  it('gives line and column of a malformed place', async () => {
    const body = await expectProblem(
      '<EPCMessage xmlns="http://www.iso.org/28005-2">\n  <a>\n  </b>\n</EPCMessage>',
      'application/xml',
      400,
      'xml-malformed',
    );
    expect(body['errors']).toEqual([expect.objectContaining({ line: 3, column: expect.any(Number) as number })]);
  });
});

describe('JSON that is none, or more than is accepted', () => {
  const good = (): string => JSON.stringify(arrival());
  it.each([
    ['grammar', '{"header":', 400, 'json-malformed'],
    ['trailing bytes', '{} x', 400, 'json-malformed'],
    ['NaN', '{"a":NaN}', 400, 'json-malformed'],
    ['a duplicate key', '{"header":{},"header":{}}', 400, 'json-duplicate-key'],
    ['too deep', '['.repeat(70) + ']'.repeat(70), 400, 'json-limit'],
  ])('%s', async (_name, body, status, code) => {
    await expectProblem(body, 'application/json', status, code);
  });

  it.each([
    ['__proto__', (text: string) => text.replace('{', '{"__proto__":{"admin":true},'), 'unknown-property'],
    ['an unknown key', (text: string) => text.replace('{', '{"constructor":1,'), 'unknown-property'],
    ['1e999', (text: string) => text.replace('8500.5', '1e999'), 'number-out-of-range'],
    ['an integer beyond 2^53', (text: string) => text.replace('8500.5', '9007199254740993'), 'number-out-of-range'],
    ['a number as identifier', (text: string) => text.replace('"9074729"', '9074729'), 'type'],
    ['a lone surrogate', (text: string) => text.replace('SONG CAM STAR', 'SONG \\ud800'), 'text-invalid'],
    ['a control character', (text: string) => text.replace('SONG CAM STAR', 'SONG\\u0000'), 'text-invalid'],
  ])('%s', async (_name, change, code) => {
    const answer = await agent.request<{ errors: { code: string; line?: number }[] }>('POST', '/v1/declarations', {
      body: change(good()),
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, answer.body.errors.map((error) => error.code)]).toEqual([422, expect.arrayContaining([code])]);
  });
});

describe('HTTP', () => {
  it('no body, no or wrong type, coding or charset', async () => {
    await expectProblem('', 'application/json', 400, 'body-missing');
    await expectProblem('{}', 'text/plain', 415, 'content-type-unsupported');
    await expectProblem('{}', 'application/json; charset=utf-16', 415, 'charset-unsupported');
    await expectProblem('{}', 'application/json', 415, 'content-coding-unsupported', { 'content-encoding': 'br' });
    await expectProblem('{}', 'application/json', 400, 'content-coding-invalid', { 'content-encoding': 'gzip' });
  });

  it('too large, by length and when unpacked', async () => {
    await expectProblem(`{"a":"${'x'.repeat(2_000_001)}"}`, 'application/json', 413, 'too-large');
    await expectProblem(gzipSync(Buffer.alloc(50_000_000, 32)), 'application/json', 413, 'too-large', { 'content-encoding': 'gzip' });
  });

  it('no or a wrong credential, a wrong role', async () => {
    const nobody = new AgentClient(gateway.url, 'nonsense');
    expect((await nobody.submit(arrival())).status).toBe(401);
    const customs = new AgentClient(gateway.url, folder.tokens()['customs'] ?? '');
    expect((await customs.submit(arrival())).status).toBe(403);
  });

  it('an Accept that cannot be met, a method that is not there', async () => {
    const answer = await agent.submit(arrival(), { accept: 'image/png' });
    expect([answer.status, answer.body.code]).toEqual([406, 'not-acceptable']);
    const put = await agent.request('PUT', '/v1/declarations', { body: '{}' });
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
  });

  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(gateway.url);
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  const line = (extra: string): string =>
    `POST /v1/declarations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n${extra}`;

  it.each([
    ['Content-Length with Transfer-Encoding', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two Content-Lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   '],
    ['an odd Transfer-Encoding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a bare line feed', 'X: y\nContent-Length: 2\r\n\r\n{}'],
  ])('%s is a 400 and the connection ends', async (_name, rest) => {
    expect(await raw(line(rest))).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('headers over 8 KB are a 431', async () => {
    expect(await raw(line(`X: ${'y'.repeat(9_000)}\r\n\r\n`))).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('meaning', () => {
  it.each([
    [
      'an IMO number with a wrong check digit',
      (d: ReturnType<typeof arrival>) => Object.assign(d.ship ?? {}, { imoNumber: '9074728' }),
      'imo-check-digit',
      '/ship/imoNumber',
    ],
    [
      'an unknown UN/LOCODE',
      (d: ReturnType<typeof arrival>) => Object.assign(d.portCall?.portOfCall ?? {}, { unLocode: 'VNZZZ' }),
      'locode-unknown',
      '/portCall/portOfCall/unLocode',
    ],
    [
      'a UN number that does not exist',
      (d: ReturnType<typeof arrival>) => Object.assign(d.formalities?.dangerousGoods?.items?.[0] ?? {}, { unNumber: '6666' }),
      'un-number-unknown',
      '/formalities/dangerousGoods/items/0/unNumber',
    ],
    [
      'departure before arrival',
      (d: ReturnType<typeof arrival>) => Object.assign(d.portCall ?? {}, { etd: '2026-01-01T00:00:00Z' }),
      'times-out-of-order',
      '/portCall/etd',
    ],
    [
      'a count that does not match',
      (d: ReturnType<typeof arrival>) => Object.assign(d.formalities?.generalDeclaration ?? {}, { crewCount: 9, personsOnboard: 10 }),
      'count-mismatch',
      expect.any(String),
    ],
  ])('%s', async (_name, change, code, pointer) => {
    const answer = await agent.request<{
      code: string;
      errors: { code: string; pointer: string; message: string; messageVi: string; line?: number }[];
    }>('POST', '/v1/declarations', {
      body: JSON.stringify(
        arrival((d) => void change(d)),
        null,
        2,
      ),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(422);
    expect(answer.body.errors.filter((error) => error.code === code)).toEqual(
      expect.arrayContaining([expect.objectContaining({ pointer, line: expect.any(Number) as number })]),
    );
    expect(answer.body.errors.every((error) => error.message !== '' && error.messageVi !== '')).toBe(true);
  });

  it('all faults at once, and the title in Vietnamese where asked', async () => {
    const answer = await agent.request<{ title: string; errors: { code: string }[] }>('POST', '/v1/declarations', {
      body: JSON.stringify(
        arrival((d) => {
          Object.assign(d.ship ?? {}, { imoNumber: '9074728' });
          Object.assign(d.portCall?.portOfCall ?? {}, { unLocode: 'VNZZZ' });
        }),
      ),
      headers: { 'content-type': 'application/json', 'accept-language': 'vi' },
    });
    expect(answer.body.errors.map((error) => error.code)).toEqual(expect.arrayContaining(['imo-check-digit', 'locode-unknown']));
    expect(answer.body.title).toMatch(/[ăâđêôơưàáạ]/i);
  });

  it('an amendment and a cancel of what is not known', async () => {
    const declaration = arrival();
    for (const purpose of ['amend', 'cancel']) {
      const answer = await agent.submit({
        header: { ...declaration.header, messageId: freshId(), purpose, referenceMessageId: 'never-sent' },
        ...(purpose === 'cancel' ? { cancellation: {} } : { formalities: {} }),
      });
      expect([answer.status, answer.body.code]).toEqual([422, 'reference-unknown']);
    }
  });
});

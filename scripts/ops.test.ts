import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestMessage } from '../gateway/core/messages';
import type { DeadLetterPage } from '../gateway/dead-letter-desk';
import type { GroupProgress } from '../gateway/operator-desk';
import type { JobPreview, OperatorJob } from '../gateway/operator-jobs';
import { AgentClient, arrival } from '../test/support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../test/support/gateway-process';
import { untilHolds } from '../test/support/until-holds';
import { auditVerify } from './audit-verify';
import { ops } from './ops';

jest.setTimeout(60_000);

/** An operator at a real gateway: customs' own system refuses what it is asked, so dead letters come; then it is mended. */
const gatewayFiles = gatewayFolder();
const directory = mkdtempSync(join(tmpdir(), 'ops-'));
const MISSING = '0-999999';
const dossiers: string[] = [];
const asked: string[] = [];
let customs: Server;
let customsRefuses = true;
let gateway: GatewayProcess;
let agent: AgentClient;
let letters: DeadLetterPage['items'];

beforeAll(async () => {
  customs = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { taskId, dossierId } = JSON.parse(body) as RequestMessage;
      asked.push(dossierId);
      if (customsRefuses) return void response.writeHead(400).end();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ taskId, outcome: 'accepted' }));
    });
  });
  await new Promise<void>((resolve) => customs.listen(0, '127.0.0.1', resolve));
  const { port } = customs.address() as AddressInfo;
  gateway = await startGatewayProcess(gatewayFiles, {
    AGENCY_CUSTOMS_MODE: 'http',
    AGENCY_CUSTOMS_URL: `http://127.0.0.1:${port}/requests`,
    TOPIC_PARTITIONS: '2',
  });
  agent = new AgentClient(gateway.url, gatewayFiles.tokens()['agent'] ?? '');
  for (let i = 0; i < 5; i++) {
    const { status, body } = await agent.submit(arrival());
    expect(status).toBe(202);
    dossiers.push(body.dossierId);
  }
  letters = await untilHolds(async () => {
    const { items } = await json<DeadLetterPage>('dead-letters');
    expect(items).toHaveLength(5);
    return items;
  });
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  customs.closeAllConnections();
  customs.close();
  gatewayFiles.remove();
  rmSync(directory, { recursive: true });
}, 60_000);

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await ops(argv, {
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    directory,
    credentialsFile: join(gatewayFiles.varDir, 'dev-credentials.json'),
  });
  return { code, out, err };
}

async function json<T>(...argv: string[]): Promise<T> {
  const { code, out, err } = await run(...argv, '--json');
  expect([argv, code, err.replace(/^job .*\n|^running.*\n/gm, '')]).toEqual([argv, 0, '']);
  return JSON.parse(out) as T;
}

const letterOf = async (dossierId: string): Promise<string> => {
  const { items } = await json<DeadLetterPage>('dead-letters', '--dossier', dossierId);
  return items[0]?.id ?? '';
};

test('lists dead letters as a table, as a filter lets them through, and page by page', async () => {
  const { code, out } = await run('dead-letters');
  expect(code).toBe(0);
  const [head = '', ...rows] = out.trimEnd().split('\n');
  expect(head).toMatch(/^ID +SET ASIDE +REASON +SOURCE +ATTEMPTS +BYTES$/);
  expect(rows.map((row) => row.split(/ +/)[0])).toEqual(letters.map(({ id }) => id));
  expect(new Set(rows.map((row) => row.length)).size).toBe(1);
  expect(rows[0]).toMatch(/ agency-refused-request +requests\.customs\/\d@\d+ /);

  const one = await json<DeadLetterPage>('dead-letters', '--reason', 'agency-refused-request', '--limit', '2');
  expect(one.items).toEqual(letters.slice(0, 2));
  expect((await run('dead-letters', '--limit', '2')).out).toContain(`there may be more: --cursor ${one.next}\n`);
  const rest = await json<DeadLetterPage>('dead-letters', '--cursor', one.next ?? '');
  expect([...one.items, ...rest.items]).toEqual(letters);
  expect(await run('dead-letters', '--reason', 'poison')).toEqual({ code: 0, out: 'no dead letters\n', err: '' });
  expect((await json<DeadLetterPage>('dead-letters', '--to', '2026-01-01')).items).toEqual([]);
});

test('shows what is wrong with one and how it is built, and nothing that was declared', async () => {
  const { code, out } = await run('dead-letter', letters[0]?.id ?? '');
  expect(code).toBe(0);
  expect(out).toMatch(/^reason +agency-refused-request$/m);
  expect(out).toMatch(/^source +requests\.customs\/\d@\d+$/m);
  expect(out).toMatch(/^dossier +[0-9a-f]{30}/m);
  expect(out).toMatch(/^view\.ship\.name +string +1 +\d+$/m);
  expect(out).not.toContain('SAILOR');
  expect(out).not.toContain(arrival().ship?.name);
  expect(await run('dead-letter', MISSING)).toEqual({ code: 1, out: '', err: expect.stringMatching(/^error 404 not-found: .+\n$/) });
});

test('says beforehand what a redrive would do, and does nothing', async () => {
  const before = asked.length;
  const [id = ''] = letters.map((letter) => letter.id);
  expect(await run('redrive', '--id', id, '--preview')).toEqual({
    code: 0,
    out: expect.stringMatching(new RegExp(`^ID +OUTCOME\n${id} +would-be-redriven\n$`)) as string,
    err: '',
  });
  const { out } = await run('redrive', '--reason', 'agency-refused-request', '--preview');
  expect(out).toContain('would come to: 5 redriven\n');
  expect(await json<JobPreview>('redrive', '--topic', 'requests.tax', '--preview')).toEqual({ outcomes: {}, items: [], truncated: false });
  expect((await json<{ items: OperatorJob[] }>('jobs')).items).toEqual([]);
  expect(asked).toHaveLength(before);
});

test('redrives the named ones, and fails where one of them is not there', async () => {
  const [dossierId = ''] = dossiers;
  const before = asked.filter((name) => name === dossierId).length;
  const { code, out } = await run('redrive', '--id', await letterOf(dossierId), '--id', MISSING);
  expect([code, out]).toEqual([1, expect.stringMatching(new RegExp(`redriven\n${MISSING} +unknown\n$`))]);
  await untilHolds(async () => expect(asked.filter((name) => name === dossierId).length).toBe(before + 1));
});

test('stops a job, and shows how far it was', async () => {
  const begun = await json<OperatorJob>('redrive', '--all', '--rate', '1');
  expect(begun).toMatchObject({ kind: 'redrive', state: 'running', recordsPerSecond: 1, startedBy: 'operator' });
  const { code, out } = await run('stop', begun.jobId);
  expect([code, out]).toEqual([0, expect.stringMatching(/^state +stopped$/m)]);
  const job = await json<OperatorJob>('job', begun.jobId);
  expect(job.state).toBe('stopped');
  expect(job.outcomes['redriven'] ?? 0).toBeLessThan(5);
  expect((await run('jobs')).out).toMatch(new RegExp(`^${begun.jobId} +redrive +stopped `, 'm'));
  // It was not done.
  expect((await run('job', begun.jobId, '--follow')).code).toBe(1);
  expect(await run('stop', 'none')).toEqual({ code: 1, out: '', err: expect.stringContaining('error 404 not-found') as string });
});

test('redrives by a filter, follows the job to its end, and customs decides', async () => {
  customsRefuses = false;
  const [, dossierId = ''] = dossiers;
  const { code, out, err } = await run('redrive', '--dossier', dossierId, '--reason', 'agency-refused-request', '--follow');
  expect([code, err]).toEqual([0, expect.stringMatching(/^job [0-9a-f-]{36}\n/)]);
  expect(out).toMatch(/^state +done$/m);
  expect(out).toMatch(/^came to +\d+ redriven$/m);
  expect((await agent.clearance(dossierId)).body.status).toBe('granted');
});

test('asks again what customs owes, after it has said what that is', async () => {
  const [, , dossierId = '', other = ''] = dossiers;
  const preview = await run('resend', '--agency', 'customs', '--dossier', dossierId, '--preview');
  expect(preview.out).toMatch(
    /^ID +AGENCY +DOSSIERCODE +STATE +ASKEDAT +DUEAT +OUTCOME\n\S+ +customs .* resent\nwould come to: 1 resent\n$/,
  );
  expect((await agent.clearance(dossierId, 0)).body.status).toBe('pending');
  const job = await json<OperatorJob>('resend', '--agency', 'customs', '--dossier', dossierId, '--rate', '10', '--follow');
  expect(job).toMatchObject({ kind: 'resend', state: 'done', recordsPerSecond: 10, outcomes: { resent: 1 } });
  expect((await agent.clearance(dossierId)).body.status).toBe('granted');
  expect((await agent.clearance(other, 0)).body.status).toBe('pending');
  expect(await run('resend', '--agency', 'nobody')).toEqual({
    code: 1,
    out: '',
    err: expect.stringContaining('error 400 parameter-invalid: ') as string,
  });
});

test('erases what was declared of a dossier that is final, after it has said what that would be', async () => {
  const [, dossierId = '', , pending = ''] = dossiers;
  const preview = await run('erase', dossierId, '--reason', 'request-of-subject', '--preview');
  expect([preview.code, preview.out]).toEqual([
    0,
    expect.stringMatching(/^state +would-be-erased\n\nMESSAGE +ITS KEY\n[0-9a-f]{32} +\S+$/m),
  ]);
  expect((await agent.get(`/v1/dossiers/${dossierId}`)).status).toBe(200);
  const { code, out } = await run('erase', dossierId, '--reason', 'request-of-subject');
  expect([code, out]).toEqual([0, expect.stringMatching(/^state +erased$/m)]);
  expect((await agent.get(`/v1/dossiers/${dossierId}`)).status).toBe(410);
  for (const more of [[], ['--preview']])
    expect(await run('erase', pending, '--reason', 'request-of-subject', ...more)).toEqual({
      code: 1,
      out: '',
      err: expect.stringContaining('error 409 erasure-too-early') as string,
    });
});

test('shows the position of each group, and of each partition', async () => {
  await untilHolds(async () => expect((await run('lag')).out).toMatch(/^exchange +dossiers +0 +0 of 2 /m));
  const { items } = await json<{ items: GroupProgress[] }>('lag');
  const exchange = items.find(({ group }) => group === 'exchange');
  const { out } = await run('lag', '--partitions');
  for (const { partition, committed, end } of exchange?.partitions ?? [])
    expect(out).toMatch(new RegExp(`^exchange +dossiers +${partition} +${committed === -1 ? '-' : committed} +${end} +0 +`, 'm'));
  expect(exchange?.partitions).toHaveLength(2);
  expect((await json<{ settings: object }>('config')).settings).toMatchObject({});
});

test('is refused with the key of an agent, which it takes from a file and never repeats', async () => {
  const key = gatewayFiles.tokens()['agent'] ?? '';
  writeFileSync(join(directory, 'key'), `${key}\n`);
  for (const argv of [['lag'], ['dead-letters'], ['redrive', '--all'], ['resend', '--all'], ['jobs'], ['stop', 'x']])
    expect([argv, await run(...argv, '--token-file', 'key')]).toEqual([
      argv,
      { code: 1, out: '', err: expect.stringMatching(/^error 403 forbidden: .+\n$/) as string },
    ]);
  const wrong = await run('lag', '--token', 'a-guess');
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('error 401 unauthenticated')]);
  writeFileSync(join(directory, 'key'), `${key}\u0007\n`);
  const broken = await run('lag', '--token-file', 'key');
  expect([broken.code, broken.err.includes(key)]).toEqual([2, false]);
});

test('says that nobody is there', async () => {
  const nobody = createServer();
  await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(nobody.address() as AddressInfo).port}`;
  await new Promise((resolve) => nobody.close(resolve));
  const { code, err } = await run('lag', '--url', url);
  expect([code, err]).toEqual([1, expect.stringContaining(`nothing listens at ${url}`)]);
});

test.each([
  [[], 'no command is named'],
  [['mend'], 'there is no command "mend"'],
  [['lag', 'exchange'], 'lag does not take "exchange"'],
  [['dead-letter'], 'dead-letter takes the ID of a dead letter'],
  [['redrive'], 'redrive takes --id, or --topic'],
  [['redrive', '--reason', ''], '--reason is empty'],
  [['redrive', '--id', '0-1', '--all'], 'redrive takes --id or a filter, not both'],
  [['redrive', '--id', '0-1', '--rate', '5'], '--rate and --follow are for a filter'],
  [['redrive', '--all', '--rate', '0'], '--rate must be a whole number from 1 to 10000, not "0"'],
  [['redrive', '--all', '--from', 'yesterday'], '--from must be a time'],
  [['redrive', '--from', '2026-11-24T02:00'], '--from must be a time'],
  [['resend', '--agency', 'customs', '--all'], '--all and a filter exclude each other'],
  [['resend', '--all', '--preview', '--follow'], '--preview begins no job'],
  [['erase', 'x'], 'erase takes --reason'],
  [['erase', '--reason', 'r'], 'erase takes the id or code of a dossier'],
  [['resend', '--reason', 'poison'], "Unknown option '--reason'"],
  [['lag', '--token', 'a', '--token-file', 'b'], '--token and --token-file exclude each other'],
  [['lag', '--token-file', 'absent'], 'absent cannot be read: ENOENT'],
  [['lag', '--url', 'ftp://x'], '--url must be an http or https address'],
])('%j is wrong usage, with exit code 2', async (argv, fault) => {
  expect(await run(...argv)).toEqual({ code: 2, out: '', err: expect.stringContaining(fault) as string });
});

test('says how it is used', async () => {
  expect(await run('--help')).toEqual({ code: 0, out: expect.stringContaining('npm run ops -- COMMAND'), err: '' });
  expect((await run('redrive', '--help')).code).toBe(0);
});

test('shows an auditor each order with the operator who gave it, and keeps it for the verifier', async () => {
  const { code, out, err } = await run('audit');
  expect([code, err]).toEqual([0, expect.stringMatching(/^\d+ entries; what comes after them: --after \S+\n$/)]);
  for (const action of ['inspect', 'redrive', 'resend', 'stop-job', 'erase'])
    expect(out).toMatch(new RegExp(`^\\d-\\d+ +2\\S+Z +operator\\.${action} +operator operator +`, 'm'));
  const after = /--after (\S+)/.exec(err)?.[1] ?? '';
  // Only that it was read.
  expect((await run('audit', '--after', after)).out).toMatch(/^PLACE .*\n.* audit\.read +auditor auditor .*\n$/);

  expect(await run('audit', '--out', 'audit.jsonl')).toMatchObject({ code: 0, out: '' });
  expect(await run('audit', '--out', 'audit.jsonl')).toMatchObject({ code: 1, err: expect.stringContaining('EEXIST') as string });
  writeFileSync(join(directory, 'jwks.json'), (await agent.get('/.well-known/jwks.json')).text);
  let said = '';
  const io = { out: { write: (text: string) => (said += text) }, err: process.stderr, env: {}, directory };
  expect([await auditVerify(['--file', 'audit.jsonl', '--jwks', 'jwks.json'], io), said]).toEqual([
    0,
    expect.stringMatching(/^\d\d+ records, 1 chains, .*nothing found\n$/),
  ]);
  expect((await run('audit', '--json')).out.split('\n')[0]).toMatch(/^\{"items":\[/);
  const key = gatewayFiles.tokens()['operator'] ?? '';
  expect(await run('audit', '--token', key)).toMatchObject({ code: 1, err: expect.stringContaining('error 403 forbidden') as string });
});

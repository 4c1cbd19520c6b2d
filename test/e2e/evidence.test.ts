import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { auditVerify } from '../../scripts/audit-verify';
import { evidenceVerify } from '../../scripts/evidence-verify';
import type { EvidenceBundle } from '../../gateway/core/evidence-bundle';
import { digestOf } from '../../gateway/core/identifiers';
import type { Clearance } from '../../gateway/core/messages';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';
import { testServices, uniqueKeyPrefix, uniqueTopicPrefix } from '../support/services';
import { untilHolds } from '../support/until-holds';
import { openTask } from './scenarios';

jest.setTimeout(90_000);

/** What an auditor gets, on the embedded default and on Kafka and Redis with a process a role. */
const { kafkaBrokers, redisUrl } = testServices();
const shared = { AGENCY_CUSTOMS_MODE: 'desk', RAW_EVIDENCE: 'all', TOPIC_PARTITIONS: '4' };
const kafka = {
  KAFKA_BROKERS: kafkaBrokers.join(','),
  REDIS_URL: redisUrl,
  REDIS_KEY_PREFIX: uniqueKeyPrefix('evidence'),
  TOPIC_PREFIX: uniqueTopicPrefix('evidence'),
};

describe.each<[string, Record<string, string>, string[]]>([
  ['the embedded default', {}, ['all']],
  ['Kafka and Redis', kafka, ['exchange', 'adapters', 'intake']],
])('evidence on %s', (_name, env, roles) => {
  const folder = gatewayFolder();
  const files = mkdtempSync(path.join(tmpdir(), 'evidence-'));
  const processes: GatewayProcess[] = [];
  let client: (account: string) => AgentClient;

  beforeAll(async () => {
    for (const role of roles) processes.push(await startGatewayProcess(folder, { ...shared, ...env, ROLES: role }));
    client = (account) => new AgentClient(processes.at(-1)?.url ?? '', folder.tokens()[account] ?? '');
    const jwks = await client('auditor').get('/.well-known/jwks.json');
    writeFileSync(path.join(files, 'jwks.json'), jwks.text);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(processes.map((running) => running.stop()));
    folder.remove();
    rmSync(files, { recursive: true });
  }, 60_000);

  /** Pages of the audit log, one a line, until there is no more. */
  async function auditLines(): Promise<string[]> {
    const lines: string[] = [];
    for (let after = ''; ;) {
      const { status, body, text } = await client('auditor').get<{ next: string; more: boolean }>(`/v1/audit?limit=5&after=${after}`);
      expect(status).toBe(200);
      lines.push(text);
      after = body.next;
      if (!body.more) return lines;
    }
  }

  async function verified(name: string, lines: string[], verify: typeof auditVerify): Promise<{ code: number; text: string }> {
    writeFileSync(path.join(files, name), lines.join('\n'));
    let text = '';
    const out = { write: (said: string) => (text += said) };
    const code = await verify(['--file', name, '--jwks', 'jwks.json'], { out, err: out, env: {}, directory: files });
    return { code, text };
  }

  it('shows an auditor who read and decided what, as it is chained, and verifies without the gateway', async () => {
    const { body: receipt } = await client('agent').submit(arrival());
    const customs = client('customs');
    const { taskId } = await openTask(customs, 'customs', receipt.dossierId);
    await customs.get(`/v1/agencies/customs/tasks/${taskId}`);
    await customs.decide('customs', taskId, { outcome: 'accepted' });
    const lines = await auditLines();
    const entries = lines.flatMap(
      (line) => (JSON.parse(line) as { items: { record: { action: string; subject?: { taskId?: string } } }[] }).items,
    );
    expect(entries.filter(({ record }) => record.subject?.taskId === taskId).map(({ record }) => record.action)).toEqual(
      expect.arrayContaining(['task.read', 'decision.submit']),
    );
    expect(entries.filter(({ record }) => record.action === 'process.start')).toHaveLength(
      roles.filter((role) => role !== 'adapters').length,
    );
    // A reading is on the page after it.
    expect(entries.some(({ record }) => record.action === 'audit.read')).toBe(lines.length > 1);
    expect(await verified('audit.jsonl', lines, auditVerify)).toEqual({
      code: 0,
      text: expect.stringContaining('nothing found') as string,
    });
    const forged = lines.map((line) => line.replace('"action":"task.read"', '"action":"task.seen"'));
    expect(await verified('forged.jsonl', forged, auditVerify)).toEqual({ code: 3, text: expect.stringContaining('changed') as string });
    for (const account of ['agent', 'customs', 'operator']) expect((await client(account).get('/v1/audit')).status).toBe(403);
  });

  it('gives an auditor everything of a dossier, signed, and each message byte for byte', async () => {
    const [agent, auditor, customs] = [client('agent'), client('auditor'), client('customs')];
    const body = JSON.stringify(arrival(), null, 1);
    const { body: receipt } = await agent.request<{ dossierId: string; declarationId: string }>('POST', '/v1/declarations', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    const { dossierId, declarationId } = receipt;
    const { taskId } = await openTask(customs, 'customs', dossierId);
    await customs.decide('customs', taskId, { outcome: 'accepted' });
    const { body: clearance } = await agent.clearance(dossierId);
    expect(clearance.status).toBe('granted');

    const answer = await auditor.get<EvidenceBundle>(`/v1/evidence/${dossierId}`);
    expect(answer.status).toBe(200);
    const { parts } = answer.body;
    expect(parts.find(({ name }) => name === `receipts/${declarationId}`)?.value).toEqual(receipt);
    expect(parts.find(({ name }) => name === 'clearances/1')?.value as Clearance).toEqual(clearance);
    expect(parts.filter(({ name }) => name.startsWith('decisions/'))).toHaveLength(4);
    expect(answer.text).not.toContain('crewList":{');
    // By its code, too.
    expect((await auditor.get(`/v1/evidence/${clearance.dossierCode}`)).status).toBe(200);

    const message = await auditor.get(`/v1/evidence/${dossierId}/messages/${declarationId}`);
    expect([message.status, message.text]).toEqual([200, body]);
    expect(message.headers.get('declaration-digest')).toBe(digestOf(body));
    expect((await auditor.get(`/v1/evidence/${dossierId}/messages/${'f'.repeat(32)}`)).status).toBe(404);
    expect((await auditor.get(`/v1/evidence/${'f'.repeat(30)}`)).status).toBe(404);
    for (const account of ['agent', 'customs', 'operator'])
      expect((await client(account).get(`/v1/evidence/${dossierId}`)).status).toBe(403);

    mkdirSync(path.join(files, 'messages'), { recursive: true });
    writeFileSync(path.join(files, 'messages', declarationId), message.text);
    const verify = (text: string): [number, string] => {
      writeFileSync(path.join(files, 'bundle.json'), text);
      let said = '';
      const out = { write: (more: string) => (said += more) };
      const argv = ['bundle.json', '--jwks', 'jwks.json', '--messages', 'messages'];
      return [evidenceVerify(argv, { out, err: out, directory: files }), said];
    };
    expect(verify(answer.text)).toEqual([0, expect.stringContaining('1 clearances, 1 messages: nothing found')]);
    expect(verify(answer.text.replaceAll('granted', 'refused'))).toEqual([3, expect.stringContaining('clearance-signature')]);

    const entries = (await auditLines()).flatMap(
      (line) =>
        (JSON.parse(line) as { items: { record: { action: string; by: { name: string }; subject?: Record<string, string> } }[] }).items,
    );
    const read = entries.filter(({ record }) => record.subject?.['dossierId'] === dossierId).map(({ record }) => record.action);
    expect(read).toEqual(expect.arrayContaining(['evidence.read', 'evidence.raw']));
  });

  it('erases what was declared at the order of an operator, and the clearance still verifies', async () => {
    const [agent, auditor, customs, operator] = ['agent', 'auditor', 'customs', 'operator'].map(client) as [
      AgentClient,
      AgentClient,
      AgentClient,
      AgentClient,
    ];
    const { body: receipt } = await agent.submit(arrival());
    const { dossierId, declarationId } = receipt;
    const { taskId } = await openTask(customs, 'customs', dossierId);
    const erase = (dossier: string) =>
      operator.request('POST', '/v1/ops/erasures', {
        body: JSON.stringify({ dossier, reason: 'request-of-subject' }),
        headers: { 'content-type': 'application/json' },
      });
    expect([(await erase(dossierId)).body['code'], (await erase('none')).status]).toEqual(['erasure-too-early', 400]);
    await customs.decide('customs', taskId, { outcome: 'accepted' });
    const { body: clearance } = await agent.clearance(dossierId);
    // Repeated until it is done, as the operator is told.
    await untilHolds(async () => {
      const { status, body } = await erase(dossierId);
      expect([status, body]).toEqual([
        200,
        expect.objectContaining({ state: 'erased', messages: [{ declarationId, outcome: 'destroyed' }] }),
      ]);
    });
    for (const [who, address] of [
      [agent, `/v1/dossiers/${dossierId}`],
      [customs, `/v1/agencies/customs/tasks/${taskId}`],
      [auditor, `/v1/evidence/${dossierId}/messages/${declarationId}`],
    ] as const)
      expect([address, (await who.get(address)).status]).toEqual([address, 410]);
    expect((await customs.decide('customs', taskId, { outcome: 'refused' })).status).toBe(410);
    expect((await agent.clearance(dossierId)).body).toEqual(clearance);
    expect((await auditor.get<EvidenceBundle>(`/v1/evidence/${dossierId}`)).body.parts[0]?.value).toMatchObject({
      erasedAt: expect.any(String) as string,
    });
    const lines = await auditLines();
    expect(lines.join()).toContain('"operator.erase"');
    expect((await verified('after-erasure.jsonl', lines, auditVerify)).code).toBe(0);
    if (!('KAFKA_BROKERS' in env)) return;
    // The same straight from the brokers, with another process writing on.
    let said = '';
    const out = { write: (more: string) => (said += more) };
    const argv = ['--brokers', env['KAFKA_BROKERS'] ?? '', '--jwks', 'jwks.json'];
    const io = { out, err: out, env: { TOPIC_PREFIX: env['TOPIC_PREFIX'] }, directory: files };
    expect([await auditVerify(argv, io), said]).toEqual([0, expect.stringMatching(/^\d\d+ records, 2 chains, .*nothing found/)]);
  });

  it('shows an auditor who signed in and who was refused, without what was sent', async () => {
    const guess = new AgentClient(processes.at(-1)?.url ?? '', 'a-guessed-token');
    for (let i = 0; i < 3; i++) expect((await guess.submit(arrival())).status).toBe(401);
    expect((await client('agent').get('/v1/ops/lag')).status).toBe(403);
    // Told once a minute, and at the end.
    await processes.pop()?.stop();
    processes.push(await startGatewayProcess(folder, { ...shared, ...env, ROLES: roles.at(-1) ?? '' }));
    const lines = await auditLines();
    const told = lines.flatMap(
      (line) =>
        (JSON.parse(line) as { items: { record: { action: string; detail?: { refused?: object[]; signedIn?: object[] } } }[] }).items,
    );
    const refused = told.filter(({ record }) => record.action === 'access.refused').flatMap(({ record }) => record.detail?.refused ?? []);
    expect(refused).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: 'unauthenticated', count: 3, credential: expect.stringMatching(/^[0-9a-f]{32}$/) as string }),
        expect.objectContaining({ code: 'forbidden', name: 'agent' }),
      ]),
    );
    const signedIn = told.flatMap(({ record }) => (record.action === 'access.signed-in' ? (record.detail?.signedIn ?? []) : []));
    expect(signedIn).toContainEqual({
      by: { role: 'agent', name: 'agent', tenant: 'agent' },
      source: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    });
    expect(lines.join()).not.toContain('a-guessed-token');
  });
});

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { EvidenceBundle } from '../../gateway/core/evidence-bundle';
import type { Clearance } from '../../gateway/core/messages';
import { auditVerify } from '../../scripts/audit-verify';
import { evidenceVerify } from '../../scripts/evidence-verify';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayFolder, type GatewayProcess } from '../support/gateway-process';
import { ownKafka, ownRedis } from '../support/services';
import { untilHolds } from '../support/until-holds';
import { openTask, verifies } from './scenarios';

jest.setTimeout(120_000);

/**
 * The restore drill: what was acknowledged before a back-up reads the same bytes after it; what was acknowledged since is sent again and taken
 * as new, under the same ids. By the commands of docs/operations.md.
 */
const operations = readFileSync(path.resolve(__dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
const backups = mkdtempSync(path.join(tmpdir(), 'seaport-backup-'));
const started: { stop(signal?: NodeJS.Signals): Promise<unknown> }[] = [];
const folders: GatewayFolder[] = [];

afterAll(async () => {
  for (const running of started.reverse()) await running.stop('SIGKILL');
  for (const folder of folders) folder.remove();
  rmSync(backups, { recursive: true });
}, 60_000);

/** A command as an operator finds it in the page, run by a shell. */
async function run(command: string, env: Record<string, string>): Promise<void> {
  expect(operations).toContain(command);
  await shell(command, { BACKUP: backups, ...env });
}

const execute = promisify(execFile);

async function shell(command: string, env: Record<string, string>): Promise<string> {
  return (await execute('sh', ['-ec', command], { env: { PATH: process.env['PATH'] ?? '', ...env } })).stdout;
}

const COPY_DATA = 'tar -C "$DATA_DIR" --exclude ./gateway.lock --exclude ./lock.mdb -czf "$BACKUP/data.tar.gz" .';
const RESTORE_DATA = 'mkdir -m 700 "$NEW_DATA_DIR" && tar -C "$NEW_DATA_DIR" -xzf "$BACKUP/data.tar.gz"';
const COPY_BROKER = 'tar -C "$LOG_DIR" --exclude ./.lock --sparse -czf "$BACKUP/broker.tar.gz" .';
const RESTORE_BROKER = 'mkdir -p "$NEW_LOG_DIR" && tar -C "$NEW_LOG_DIR" -xzf "$BACKUP/broker.tar.gz"';
const EMPTY_STORE = 'redis-cli -u "$REDIS_URL" --scan --pattern "$REDIS_KEY_PREFIX*" | xargs -r redis-cli -u "$REDIS_URL" UNLINK';

function newFolder(): GatewayFolder {
  const folder = gatewayFolder();
  folders.push(folder);
  return folder;
}

/** Keys and credentials, which are kept apart from the data. */
async function withKeysOf(from: GatewayFolder): Promise<GatewayFolder> {
  const to = newFolder();
  await shell('tar -C "$FROM" --exclude ./data -cf - . | tar -C "$TO" -xf -', { FROM: from.varDir, TO: to.varDir });
  return to;
}

async function start(folder: GatewayFolder, env: Record<string, string> = {}): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(folder, { AGENCY_CUSTOMS_MODE: 'desk', RAW_EVIDENCE: 'all', TOPIC_PARTITIONS: '2', ...env });
  started.push(gateway);
  return gateway;
}

/** Returns when all of its threads stand still: what it holds is then of one moment. */
async function freeze({ child }: GatewayProcess): Promise<void> {
  child.kill('SIGSTOP');
  const threads = process.platform === 'linux' ? 'ps -L' : 'ps';
  await untilHolds(async () => expect(await shell(`${threads} -o state= -p ${child.pid}`, {})).toMatch(/^(T\w*\s+)+$/));
}

/** The port's users, at one gateway. */
class Users {
  readonly gateway: GatewayProcess;
  readonly agent: AgentClient;
  readonly customs: AgentClient;
  readonly operator: AgentClient;
  readonly auditor: AgentClient;

  constructor(gateway: GatewayProcess, folder: GatewayFolder) {
    const client = (account: string): AgentClient => new AgentClient(gateway.url, folder.tokens()[account] ?? '');
    this.gateway = gateway;
    [this.agent, this.customs, this.operator, this.auditor] = [client('agent'), client('customs'), client('operator'), client('auditor')];
  }

  /** Declared, decided by customs, cleared. */
  async cleared(declaration: object): Promise<Dossier> {
    const dossier = await this.declared(declaration);
    const taskId = await this.decide(dossier.dossierId);
    const { text, body } = await this.agent.clearance(dossier.dossierId);
    expect([body.status, body.version]).toEqual(['granted', 1]);
    return { ...dossier, taskId, clearance: text };
  }

  async declared(declaration: object): Promise<Dossier> {
    const body = JSON.stringify(declaration);
    const { status, text, body: receipt, headers } = await this.agent.submit(declaration);
    expect([status, headers.get('idempotent-replayed')]).toEqual([202, null]);
    const { dossierId, declarationId } = receipt;
    return { declaration, message: body, receipt: text, dossierId, declarationId, taskId: '', clearance: '' };
  }

  async decide(dossierId: string): Promise<string> {
    const { taskId } = await openTask(this.customs, 'customs', dossierId);
    expect((await this.customs.decide('customs', taskId, { outcome: 'accepted' })).status).toBe(201);
    return taskId;
  }

  async clearanceText(dossierId: string): Promise<string> {
    return (await this.agent.get(`/v1/dossiers/${dossierId}/clearance`)).text;
  }

  async evidence(dossierId: string): Promise<EvidenceBundle & { text: string }> {
    const { status, body, text } = await this.auditor.get<EvidenceBundle>(`/v1/evidence/${dossierId}`);
    expect(status).toBe(200);
    return { ...body, text };
  }

  erase(dossierId: string) {
    return this.operator.request('POST', '/v1/ops/erasures', {
      body: JSON.stringify({ dossier: dossierId, reason: 'request-of-subject' }),
      headers: { 'content-type': 'application/json' },
    });
  }

  /** The audit chains as an auditor gets them, verified; with the heads to keep. */
  async auditReport(heads?: object): Promise<{ code: number; heads: object; faults: string[] }> {
    const pages: string[] = [];
    for (let after = '', more = true; more;) {
      const { body, text } = await this.auditor.get<{ next: string; more: boolean }>(`/v1/audit?limit=1000&after=${after}`);
      pages.push(text);
      ({ next: after, more } = body);
    }
    writeFileSync(path.join(backups, 'audit.jsonl'), pages.join('\n'));
    writeFileSync(path.join(backups, 'jwks.json'), (await this.auditor.get('/.well-known/jwks.json')).text);
    writeFileSync(path.join(backups, 'heads.json'), JSON.stringify(heads ?? []));
    const argv = ['--file', 'audit.jsonl', '--jwks', 'jwks.json', '--heads', 'heads.json', '--json'];
    let out = '';
    const io = { out: { write: (text: string) => (out += text) }, err: process.stderr, env: {}, directory: backups };
    const code = await auditVerify(argv, io);
    const report = JSON.parse(out) as { heads: object; findings: { fault: string }[] };
    return { code, heads: report.heads, faults: report.findings.map(({ fault }) => fault) };
  }

  /** Receipt, clearance, evidence and message read the same bytes, and verify offline. */
  async expectUnchanged(dossier: Dossier, evidence: EvidenceBundle | undefined): Promise<void> {
    const { dossierId, declarationId, declaration, receipt, clearance, message } = dossier;
    await untilHolds(async () => expect(await this.clearanceText(dossierId)).toBe(clearance));
    const again = await this.agent.submit(declaration);
    expect([again.headers.get('idempotent-replayed'), again.text]).toEqual(['true', receipt]);
    const bundle = await this.evidence(dossierId);
    if (evidence !== undefined) expect(bundle.parts).toEqual(evidence.parts);
    const kept = await this.auditor.get(`/v1/evidence/${dossierId}/messages/${declarationId}`);
    expect([kept.status, kept.text]).toEqual([200, message]);
    const files = path.join(backups, 'evidence');
    mkdirSync(path.join(files, 'messages'), { recursive: true });
    writeFileSync(path.join(files, 'messages', declarationId), kept.text);
    writeFileSync(path.join(files, 'bundle.json'), bundle.text);
    writeFileSync(path.join(files, 'jwks.json'), (await this.auditor.get('/.well-known/jwks.json')).text);
    let said = '';
    const out = { write: (text: string) => (said += text) };
    const argv = ['bundle.json', '--jwks', 'jwks.json', '--messages', 'messages'];
    expect([evidenceVerify(argv, { out, err: out, directory: files }), said]).toEqual([
      0,
      expect.stringContaining('1 receipts, 1 clearances, 1 messages: nothing found'),
    ]);
  }

  /** Sent again by its agent with the same bytes: new, and what it was. */
  async expectTakenAsNew(lost: Dossier): Promise<void> {
    expect((await this.agent.get(`/v1/dossiers/${lost.dossierId}`)).status).toBe(404);
    const again = await this.cleared(lost.declaration);
    expect([again.dossierId, again.declarationId, again.taskId]).toEqual([lost.dossierId, lost.declarationId, lost.taskId]);
    const [now, before] = [JSON.parse(again.clearance), JSON.parse(lost.clearance)] as [Clearance, Clearance];
    expect([now.clearanceId, now.version, now.dossierCode]).toEqual([before.clearanceId, 1, before.dossierCode]);
    // Issued twice: what the agent holds of the first one verifies still.
    expect(now.issuedAt).not.toBe(before.issuedAt);
    const at = { url: this.gateway.url, adminUrls: [], tokens: {} };
    expect([await verifies(at, now), await verifies(at, before)]).toEqual([true, true]);
    const { body: feed } = await this.agent.get<{ items: { dossierId: string }[] }>('/v1/events?limit=1000');
    expect(feed.items.some(({ dossierId }) => dossierId === lost.dossierId)).toBe(true);
  }
}

interface Dossier {
  declaration: object;
  message: string;
  receipt: string;
  dossierId: string;
  declarationId: string;
  /** Of customs. */
  taskId: string;
  clearance: string;
}

describe('the embedded default', () => {
  it('is restored from a copy that was made while it stood still in the middle of its work', async () => {
    const folder = newFolder();
    const before = new Users(await start(folder), folder);
    const dossier = await before.cleared(arrival());
    const erasedSince = await before.cleared(arrival());
    const pending = await before.declared(arrival());
    const { heads } = await before.auditReport();
    const evidence = await before.evidence(dossier.dossierId);

    // Declarations are on their way while it is copied.
    const acknowledged: Dossier[] = [];
    let isCopied = false;
    const sending = Promise.all(
      Array.from({ length: 2 }, async () => {
        while (!isCopied) acknowledged.push(await before.declared(arrival()));
      }),
    );
    await untilHolds(async () => expect(acknowledged.length).toBeGreaterThan(5));
    await freeze(before.gateway);
    const copied = [...acknowledged];
    await run(COPY_DATA, { DATA_DIR: path.join(folder.varDir, 'data') });
    isCopied = true;
    before.gateway.child.kill('SIGCONT');
    await sending;
    const lost = await before.cleared(arrival());
    expect((await before.erase(erasedSince.dossierId)).status).toBe(200);
    const { heads: laterHeads } = await before.auditReport();
    await before.gateway.stop('SIGKILL');

    const restored = await withKeysOf(folder);
    const dataDir = path.join(restored.varDir, 'data');
    await run(RESTORE_DATA, { NEW_DATA_DIR: dataDir });
    let said = '';
    const out = { write: (text: string) => (said += text) };
    const env = { DATA_DIR: dataDir, VAR_DIR: restored.varDir };
    writeFileSync(path.join(backups, 'heads.json'), JSON.stringify(heads));
    expect([await auditVerify(['--heads', 'heads.json'], { out, err: out, env, directory: backups }), said]).toEqual([
      0,
      expect.stringContaining('nothing found'),
    ]);
    const after = new Users(await start(restored), restored);
    await after.expectUnchanged(dossier, evidence);
    for (const { declaration, receipt } of copied) {
      const again = await after.agent.submit(declaration);
      expect([again.headers.get('idempotent-replayed'), again.text]).toEqual(['true', receipt]);
    }
    // What was awaited is awaited still.
    await after.decide(pending.dossierId);
    expect((await after.agent.clearance(pending.dossierId)).body.status).toBe('granted');
    await after.expectTakenAsNew(lost);
    // What was erased since is there again, until it is ordered again.
    expect((await after.agent.get(`/v1/dossiers/${erasedSince.dossierId}`)).status).toBe(200);
    expect((await after.erase(erasedSince.dossierId)).status).toBe(200);
    expect((await after.agent.get(`/v1/dossiers/${erasedSince.dossierId}`)).status).toBe(410);
    // Heads of the back-up are still there; what was recorded since is missed.
    expect((await after.auditReport(heads)).code).toBe(0);
    expect(await after.auditReport(laterHeads)).toMatchObject({ code: 3, faults: expect.arrayContaining(['head-missing']) as object });

    // The other way: stopped, copied, put elsewhere.
    expect(await after.gateway.stop()).toBe(0);
    await run(COPY_DATA, { DATA_DIR: dataDir });
    const moved = await withKeysOf(restored);
    await run(RESTORE_DATA, { NEW_DATA_DIR: path.join(moved.varDir, 'data') });
    const third = new Users(await start(moved), moved);
    await third.expectUnchanged(dossier, evidence);
    expect((await third.agent.get(`/v1/dossiers/${erasedSince.dossierId}`)).status).toBe(410);
  });
});

describe('Kafka and Redis', () => {
  it('are restored from a copy of the broker, with the store made anew from the log', async () => {
    const [kafka, redis] = await Promise.all([ownKafka({ directory: mkdtempSync(path.join(backups, 'kafka-')) }), ownRedis()]);
    started.push(kafka, redis);
    const folder = newFolder();
    const store = { REDIS_URL: redis.url, REDIS_KEY_PREFIX: 'restore:' };
    const before = new Users(await start(folder, { ...store, KAFKA_BROKERS: kafka.brokers }), folder);
    const dossier = await before.cleared(arrival());
    const pending = await before.declared(arrival());
    await openTask(before.customs, 'customs', pending.dossierId);
    const evidence = await before.evidence(dossier.dossierId);
    const { heads } = await before.auditReport();

    await kafka.kill('SIGSTOP');
    await run(COPY_BROKER, { LOG_DIR: path.join(kafka.directory, 'data') });
    await kafka.kill('SIGCONT');
    const lost = await before.cleared(arrival());
    await before.gateway.stop('SIGKILL');
    await kafka.kill('SIGKILL');

    const directory = mkdtempSync(path.join(backups, 'restored-'));
    await run(RESTORE_BROKER, { NEW_LOG_DIR: path.join(directory, 'data') });
    const broker = await ownKafka({ directory });
    started.push(broker);
    // Redis is ahead of the log.
    await run(EMPTY_STORE, store);
    const after = new Users(await start(folder, { ...store, KAFKA_BROKERS: broker.brokers }), folder);
    await after.expectUnchanged(dossier, evidence);
    await after.decide(pending.dossierId);
    expect((await after.agent.clearance(pending.dossierId)).body.status).toBe('granted');
    await after.expectTakenAsNew(lost);
    expect((await after.auditReport(heads)).code).toBe(0);
  });
});

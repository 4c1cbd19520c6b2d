import { flattenedVerify, importJWK, type JWK } from 'jose';
import { canonicalJson } from '../../gateway/core/canonical-json';
import type { Clearance, Receipt } from '../../gateway/core/messages';
import { AgentClient, arrival, freshId, type Answer } from '../support/agent-client';
import { eventually } from '../support/eventually';
import { untilHolds } from '../support/until-holds';

/** What a user does with a gateway, the same on every implementation of the ports: customs is in mode desk, the others answer by rules. */
export interface RunningGateway {
  url: string;
  /** Of every process: what intake and exchange count stands on different ones. */
  adminUrls: string[];
  tokens: Record<string, string>;
}

/** Verifies a detached JWS with jose against the published keys. */
export async function verifies(gateway: RunningGateway, signed: object): Promise<boolean> {
  const { signature = '', ...payload } = signed as { signature?: string };
  const [header = '', , bytes = ''] = signature.split('.');
  const jwks = (await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()) as { keys: JWK[] };
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const key = jwks.keys.find((candidate) => candidate.kid === kid);
  if (key === undefined) return false;
  return flattenedVerify(
    { protected: header, payload: Buffer.from(canonicalJson(payload)).toString('base64url'), signature: bytes },
    await importJWK(key, 'EdDSA'),
  ).then(
    () => true,
    () => false,
  );
}

interface TaskItem {
  taskId: string;
  dossierId: string;
  state: string;
  revision: number;
  view: Record<string, unknown>;
}

/** Waits until an agency has an open task on a dossier. */
export async function openTask(client: AgentClient, agency: string, dossierId: string): Promise<TaskItem> {
  return untilHolds(async () => {
    for (let cursor = ''; ;) {
      const page = await client.get<{ items: TaskItem[]; next: string | null }>(`/v1/agencies/${agency}/tasks?cursor=${cursor}`);
      const item = page.body.items.find((candidate) => candidate.dossierId === dossierId);
      if (item !== undefined) return item;
      if (page.body.next === null) throw new Error(`${agency} has no open task on ${dossierId}`);
      cursor = page.body.next;
    }
  });
}

export function gatewayScenarios(name: string, start: () => Promise<RunningGateway>, stop: () => Promise<void>): void {
  describe(`a gateway on ${name}`, () => {
    let gateway: RunningGateway;
    let agent: AgentClient;
    let other: AgentClient;
    let customs: AgentClient;

    beforeAll(async () => {
      gateway = await start();
      const client = (account: string): AgentClient => new AgentClient(gateway.url, gateway.tokens[account] ?? '');
      agent = client('agent');
      other = client('agent2');
      customs = client('customs');
    }, 120_000);
    afterAll(stop, 60_000);

    async function submitted(
      change?: Parameters<typeof arrival>[0],
    ): Promise<{ receipt: Receipt; declaration: ReturnType<typeof arrival> }> {
      const declaration = arrival(change);
      const answer = await agent.submit(declaration);
      expect([answer.status, answer.text]).toEqual([202, expect.anything()]);
      return { receipt: answer.body as unknown as Receipt, declaration };
    }

    async function customsAccepts(dossierId: string, decision: object = { outcome: 'accepted', reference: 'CUS-1' }): Promise<Answer> {
      const task = await openTask(customs, 'customs', dossierId);
      const answer = await customs.decide('customs', task.taskId, decision);
      expect([answer.status, answer.text]).toEqual([201, expect.anything()]);
      return answer;
    }

    async function statusOf(dossierId: string, expected: string): Promise<Clearance> {
      return untilHolds(async () => {
        const answer = await agent.get<Clearance>(`/v1/dossiers/${dossierId}/clearance`);
        if (answer.body.status !== expected) throw new Error(`${answer.status} ${answer.text}`);
        return answer.body;
      });
    }

    it('turns one declaration into one signed clearance', async () => {
      const { receipt } = await submitted();
      expect(await verifies(gateway, receipt)).toBe(true);
      expect(receipt.agencies.map(({ agency }) => agency)).toEqual(['harbour-master', 'customs', 'tax', 'planning']);
      await customsAccepts(receipt.dossierId);
      const { body: clearance } = await agent.clearance(receipt.dossierId);
      expect(clearance).toMatchObject({
        status: 'granted',
        statusCode: '1',
        final: true,
        version: 1,
        revision: 1,
        dossierCode: receipt.dossierCode,
      });
      expect(await verifies(gateway, clearance)).toBe(true);
      expect(await verifies(gateway, { ...clearance, summary: 'changed' })).toBe(false);
    });

    it('answers the submission with the clearance when it is final in time, and with the receipt when not', async () => {
      const declaration = arrival();
      const waiting = agent.submit(declaration, { prefer: 'wait=20' });
      const task = await untilHolds(async () => {
        const page = await customs.get<{ items: TaskItem[] }>('/v1/agencies/customs/tasks');
        const detail = await Promise.all(page.body.items.map((item) => customs.get<TaskItem>(`/v1/agencies/customs/tasks/${item.taskId}`)));
        const found = detail.find(({ body }) => JSON.stringify(body.view).includes(declaration.portCall?.eta ?? '?'));
        if (found === undefined) throw new Error('not asked yet');
        return found.body;
      });
      await customs.decide('customs', task.taskId, {
        outcome: 'conditionallyAccepted',
        conditions: [{ code: 'X', text: 'Show the seals.' }],
      });
      const answer = await waiting;
      expect([answer.status, answer.body.status, answer.body.statusCode]).toEqual([200, 'conditional', '3']);
      const short = await agent.submit(arrival(), { prefer: 'wait=1' });
      expect([short.status, short.body.status]).toEqual([202, 'received']);
    });

    it('is pending at version 0, unsigned, naming who is awaited, until the last deciding agency has answered', async () => {
      const { receipt } = await submitted();
      await openTask(customs, 'customs', receipt.dossierId);
      const pending = await untilHolds(async () => {
        const { body } = await agent.get<Clearance>(`/v1/dossiers/${receipt.dossierId}/clearance`);
        if (body.agencies.filter(({ status }) => status === 'open').length !== 1) throw new Error('others have not answered');
        return body;
      });
      expect(pending).toMatchObject({ version: 0, status: 'pending', statusCode: '45', final: false });
      expect(pending.signature).toBeUndefined();
      expect(pending.summary).toContain('Customs');
    });

    it('gives the first receipt for the same bytes, and refuses the id with others', async () => {
      const declaration = arrival();
      const first = await agent.submit(declaration);
      const again = await agent.submit(declaration);
      expect(again.status).toBe(202);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expect(again.body).toEqual(first.body);
      await openTask(customs, 'customs', first.body.dossierId);
      const changed = await agent.submit({ ...declaration, voyage: { voyageNumber: '999' } });
      expect([changed.status, changed.body.code]).toEqual([422, 'message-id-reused']);
    });

    it('asks again only the agencies whose view an amendment changed', async () => {
      const { receipt, declaration } = await submitted();
      await customsAccepts(receipt.dossierId);
      await statusOf(receipt.dossierId, 'granted');
      const amend = {
        header: { ...declaration.header, messageId: freshId(), purpose: 'amend', referenceMessageId: declaration.header.messageId },
        formalities: { waste: { deliveryStatus: 'all', items: [{ wasteTypeCode: '102', toBeDelivered: { value: 7, unit: 'MTQ' } }] } },
      };
      const answer = await agent.submit(amend, { prefer: 'wait=20' });
      expect([answer.status, answer.body.status, answer.body.revision]).toEqual([200, 'granted', 2]);
      const { body: dossier } = await agent.get<{ tasks: { agency: string; revision: number; current: boolean }[] }>(
        `/v1/dossiers/${receipt.dossierId}`,
      );
      const current = Object.fromEntries(dossier.tasks.filter((task) => task.current).map((task) => [task.agency, task.revision]));
      expect(current).toEqual({ 'harbour-master': 2, customs: 1, tax: 1, planning: 1 });
    });

    it('lets a second original join the dossier by its code', async () => {
      const { receipt, declaration } = await submitted((d) => delete d.formalities?.waste);
      const joining = arrival((d) => {
        d.portCall = { ...declaration.portCall, portOfCall: { unLocode: 'VNHPH' }, visitId: receipt.dossierCode };
        d.formalities = { waste: { items: [{ wasteTypeCode: '101' }] } };
        d.reportedFormalities = [];
      });
      const joined = await agent.submit(joining);
      expect([joined.status, joined.body.dossierId]).toEqual([202, receipt.dossierId]);
      await untilHolds(async () => {
        const { body } = await agent.get<{ revisions: unknown[] }>(`/v1/dossiers/${receipt.dossierId}`);
        expect(body.revisions).toHaveLength(2);
      });
    });

    it('withdraws open tasks when the declarant cancels', async () => {
      const { receipt, declaration } = await submitted();
      const task = await openTask(customs, 'customs', receipt.dossierId);
      const cancel = {
        header: { ...declaration.header, messageId: freshId(), purpose: 'cancel', referenceMessageId: declaration.header.messageId },
        cancellation: { reason: 'Ship diverted.' },
      };
      const answer = await agent.submit(cancel, { prefer: 'wait=20' });
      expect([answer.status, answer.body.status, answer.body.statusCode]).toEqual([200, 'cancelled', undefined]);
      const late = await customs.decide('customs', task.taskId, { outcome: 'accepted' });
      expect([late.status, late.body['code']]).toEqual([409, 'dossier-cancelled']);
      const after = await agent.submit({ ...cancel, header: { ...cancel.header, messageId: freshId() } });
      expect([after.status, after.body.code]).toEqual([409, 'dossier-cancelled']);
    });

    it('takes so many decisions on a task and no more', async () => {
      const { receipt } = await submitted();
      const { taskId } = await openTask(customs, 'customs', receipt.dossierId);
      const say = (id: string): ReturnType<AgentClient['decide']> =>
        customs.decide('customs', taskId, { outcome: 'acknowledged' }, { 'idempotency-key': id });
      for (let n = 0; n < 500; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => say(`${taskId}-${n + i}`)));
      await untilHolds(async () => {
        const { status, body } = await say(freshId());
        expect([status, body['code']]).toEqual([409, 'dossier-full']);
      });
      expect((await say(`${taskId}-0`)).status).toBe(200);
    });

    it('makes a new version when an agency revokes after the grant, and keeps the old one', async () => {
      const { receipt } = await submitted();
      const task = await openTask(customs, 'customs', receipt.dossierId);
      await customs.decide('customs', task.taskId, { outcome: 'accepted' });
      const granted = await statusOf(receipt.dossierId, 'granted');
      await customs.decide('customs', task.taskId, { outcome: 'revoked' });
      const revoked = await statusOf(receipt.dossierId, 'pending');
      expect(revoked.version).toBe(granted.version + 1);
      await customs.decide('customs', task.taskId, { outcome: 'refused', reasons: [{ code: 'R', text: 'No.' }] });
      expect((await statusOf(receipt.dossierId, 'refused')).statusCode).toBe('8');
      const old = await agent.get<Clearance>(`/v1/dossiers/${receipt.dossierId}/clearance?version=${granted.version}`);
      expect(old.body).toEqual(granted);
    });

    it('holds and releases whatever the decisions are', async () => {
      const { receipt } = await submitted();
      const task = await openTask(customs, 'customs', receipt.dossierId);
      await customs.decide('customs', task.taskId, { outcome: 'accepted' });
      await statusOf(receipt.dossierId, 'granted');
      await customs.decide('customs', task.taskId, { outcome: 'held' });
      expect(await statusOf(receipt.dossierId, 'held')).toMatchObject({ final: false, statusCode: '45' });
      await customs.decide('customs', task.taskId, { outcome: 'released' });
      await statusOf(receipt.dossierId, 'granted');
    });

    it('knows a repeated decision, and refuses those on unknown, foreign and superseded tasks', async () => {
      const { receipt, declaration } = await submitted();
      const task = await openTask(customs, 'customs', receipt.dossierId);
      expect((await customs.decide('customs', task.taskId, { outcome: 'acknowledged' })).status).toBe(201);
      expect((await customs.decide('customs', task.taskId, { outcome: 'acknowledged' })).status).toBe(200);
      const invalid = await customs.decide('customs', task.taskId, { outcome: 'perhaps' });
      expect([invalid.status, invalid.body['code']]).toEqual([422, 'decision-invalid']);
      const unknown = await customs.decide('customs', `${receipt.dossierId}-0000000000000000`, { outcome: 'accepted' });
      expect([unknown.status, unknown.body['code']]).toEqual([404, 'task-unknown']);
      const tax = new AgentClient(gateway.url, gateway.tokens['tax'] ?? '');
      expect((await tax.decide('tax', task.taskId, { outcome: 'accepted' })).status).toBe(403);
      expect((await tax.decide('customs', task.taskId, { outcome: 'accepted' })).status).toBe(403);
      const amend = {
        header: { ...declaration.header, messageId: freshId(), purpose: 'amend', referenceMessageId: declaration.header.messageId },
        formalities: { shipStores: { items: [{ sequenceNumber: 1, articleName: 'Rice', quantity: { value: 5, unit: 'KGM' } }] } },
      };
      expect((await agent.submit(amend)).status).toBe(202);
      await untilHolds(async () => {
        const { body } = await agent.get<{ revisions: unknown[] }>(`/v1/dossiers/${receipt.dossierId}`);
        expect(body.revisions).toHaveLength(2);
      });
      const stale = await customs.decide('customs', task.taskId, { outcome: 'accepted' });
      expect([stale.status, stale.body['code']]).toEqual([409, 'task-superseded']);
    });

    it('shows an agency its own view only', async () => {
      const { receipt } = await submitted();
      const task = await openTask(customs, 'customs', receipt.dossierId);
      const detail = await customs.get<TaskItem>(`/v1/agencies/customs/tasks/${task.taskId}`);
      expect(detail.body.view).toHaveProperty('formalities.cargo');
      for (const hidden of ['P0000002', 'SAILOR', 'dateOfBirth', 'visitedAffectedArea']) expect(detail.text).not.toContain(hidden);
    });

    it('gives nothing of one tenant to another', async () => {
      const { receipt, declaration } = await submitted();
      for (const path of ['', '/clearance', '/events']) {
        const answer = await other.get(`/v1/dossiers/${receipt.dossierId}${path}`);
        expect([answer.status, answer.body['code']]).toEqual([404, 'not-found']);
      }
      const amend = await other.submit({
        header: { ...declaration.header, messageId: freshId(), purpose: 'amend', referenceMessageId: declaration.header.messageId },
        formalities: {},
      });
      expect([422, 202]).toContain(amend.status);
      expect(amend.body.dossierId).not.toBe(receipt.dossierId);
      const joined = await other.submit(arrival((d) => Object.assign(d.portCall ?? {}, { visitId: receipt.dossierCode })));
      expect(joined.body.dossierId).not.toBe(receipt.dossierId);
      const feed = await agent.get<{ next: string }>('/v1/events?limit=1');
      expect((await other.get(`/v1/events?after=${feed.body.next}`)).status).toBe(404);
      const list = await other.get('/v1/dossiers');
      expect(list.text).not.toContain(receipt.dossierId);
    });

    it('plans and predicts in a dry run, and stores nothing', async () => {
      const declaration = arrival();
      const answer = await agent.request<{ valid: boolean; plan: { agency: string }[]; predicted: Clearance }>(
        'POST',
        '/v1/declarations?dryRun=true',
        {
          body: JSON.stringify(declaration),
          headers: { 'content-type': 'application/json' },
        },
      );
      expect([answer.status, answer.body.valid]).toEqual([200, true]);
      expect(answer.body.plan.map(({ agency }) => agency)).toEqual(['harbour-master', 'customs', 'tax', 'planning']);
      expect(answer.body.predicted.status).toBe('pending');
      // What the tests before have sent may be under way in its partition still: as long as that is so nobody can say that it is unknown.
      const looked = await eventually('the store is no longer behind', async () => {
        const answered = await agent.get<{ code: string }>(`/v1/dossiers/${answer.body.predicted.dossierId}`);
        return answered.body.code !== 'not-yet' && answered;
      });
      expect(looked.status).toBe(404);
    });

    it('rejects an amendment of a dossier that does not exist', async () => {
      const declaration = arrival();
      const amend = {
        header: { ...declaration.header, purpose: 'amend', referenceMessageId: freshId() },
        formalities: { waste: { items: [{ wasteTypeCode: '101' }] } },
      };
      const answer = await agent.submit(amend, { prefer: 'wait=10' });
      expect([answer.status, answer.body.code]).toEqual([422, 'reference-unknown']);
    });

    it('guards against a lost update by baseRevision', async () => {
      const { receipt, declaration } = await submitted();
      await openTask(customs, 'customs', receipt.dossierId);
      const amend = {
        header: {
          ...declaration.header,
          messageId: freshId(),
          purpose: 'amend',
          referenceMessageId: declaration.header.messageId,
          baseRevision: 7,
        },
        formalities: {},
      };
      const answer = await agent.submit(amend);
      expect([answer.status, answer.body.code]).toEqual([409, 'revision-conflict']);
    });

    it('streams the events of a dossier, and resumes after the last one seen', async () => {
      const { receipt } = await submitted();
      const stream = await fetch(`${gateway.url}/v1/dossiers/${receipt.dossierId}/events`, {
        headers: { authorization: `Bearer ${gateway.tokens['agent'] ?? ''}` },
      });
      expect(stream.headers.get('content-type')).toContain('text/event-stream');
      const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      let text = '';
      const readUntil = async (pattern: RegExp): Promise<void> => {
        while (!pattern.test(text)) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`the stream ended: ${text}`);
          text += decoder.decode(value, { stream: true });
        }
      };
      await readUntil(/event: task/);
      await customsAccepts(receipt.dossierId);
      await readUntil(/event: clearance\ndata: .*"granted"/);
      await reader.cancel();
      const ids = [...text.matchAll(/^id: (\S+)$/gm)].map((match) => match[1] ?? '');
      expect(new Set(ids).size).toBe(ids.length);
      const resumed = await fetch(`${gateway.url}/v1/dossiers/${receipt.dossierId}/events`, {
        headers: { authorization: `Bearer ${gateway.tokens['agent'] ?? ''}`, 'last-event-id': ids.at(-2) ?? '' },
      });
      const again = (resumed.body as ReadableStream<Uint8Array>).getReader();
      let rest = '';
      while (!/event: /.test(rest)) rest += decoder.decode((await again.read()).value, { stream: true });
      await again.cancel();
      expect(rest).toContain(`id: ${ids.at(-1) ?? ''}`);
      expect(rest).not.toContain(`id: ${ids.at(-2) ?? ''}\n`);
    });

    it("gives every event of the tenant's feed once along the cursors, also to one who waits", async () => {
      const start = await agent.get<{ next: string }>('/v1/events?limit=500');
      let cursor = start.body.next;
      for (;;) {
        const page = await agent.get<{ items: unknown[]; next: string }>(`/v1/events?limit=500&after=${cursor}`);
        cursor = page.body.next;
        if (page.body.items.length === 0) break;
      }
      const waiting = agent.get<{ items: { dossierId: string }[] }>(`/v1/events?after=${cursor}&wait=20`);
      const { receipt } = await submitted();
      expect((await waiting).status).toBe(200);
      await customsAccepts(receipt.dossierId);
      await statusOf(receipt.dossierId, 'granted');
      const seen: { id: string; dossierId: string; type: string }[] = [];
      for (let next = cursor; ;) {
        const page = await agent.get<{ items: { id: string; dossierId: string; type: string }[]; next: string }>(
          `/v1/events?limit=3&after=${next}`,
        );
        if (page.body.items.length === 0) break;
        seen.push(...page.body.items);
        next = page.body.next;
      }
      expect(new Set(seen.map(({ id }) => id)).size).toBe(seen.length);
      const types = seen.filter(({ dossierId }) => dossierId === receipt.dossierId).map(({ type }) => type);
      expect(types.filter((type) => type === 'decision')).toHaveLength(4);
      expect(types.at(-1)).toBe('clearance');
    });

    it('lists dossiers newest first, filtered and paged', async () => {
      const { receipt } = await submitted();
      await openTask(customs, 'customs', receipt.dossierId);
      const first = await agent.get<{ items: { dossierId: string; status: string }[] }>('/v1/dossiers?imo=9074729');
      expect(first.body.items[0]?.dossierId).toBe(receipt.dossierId);
      const refused = await agent.get<{ items: { status: string }[] }>('/v1/dossiers?status=refused');
      expect(refused.body.items.every(({ status }) => status === 'refused')).toBe(true);
      expect((await agent.get('/v1/dossiers?status=perhaps')).status).toBe(400);
    });

    it('gives a clearance in the forms that people and EPC systems read, with its identity and signature in headers', async () => {
      const { receipt, declaration } = await submitted();
      await customsAccepts(receipt.dossierId);
      const granted = await statusOf(receipt.dossierId, 'granted');
      const path = `/v1/dossiers/${receipt.dossierId}/clearance`;
      const epc = await agent.get(path, { accept: 'application/xml' });
      expect(epc.text).toContain(`<ShipMessageId>${declaration.header.messageId}</ShipMessageId>`);
      expect(epc.text).toContain(`<JournalNumber>${receipt.dossierCode}</JournalNumber>`);
      expect(epc.text).toContain('<Status>Accepted</Status>');
      for (const accept of ['application/xml', 'application/pdf', 'text/html']) {
        const form = await agent.get(path, { accept, 'accept-language': 'vi' });
        expect([form.status, form.headers.get('content-type')]).toEqual([200, expect.stringContaining(accept)]);
        expect(form.headers.get('clearance-signature')).toBe(granted.signature);
        expect([form.headers.get('clearance-id'), form.headers.get('clearance-version'), form.headers.get('clearance-status')]).toEqual([
          granted.clearanceId,
          '1',
          'granted',
        ]);
      }
      expect((await agent.get(path, { accept: 'image/png' })).status).toBe(406);
    });

    it('answers conditional requests with 304 until the clearance changes', async () => {
      const { receipt } = await submitted();
      await customsAccepts(receipt.dossierId);
      await statusOf(receipt.dossierId, 'granted');
      const path = `/v1/dossiers/${receipt.dossierId}/clearance`;
      const tag = (await agent.get(path)).headers.get('etag') ?? '';
      expect((await agent.get(path, { 'if-none-match': tag })).status).toBe(304);
    });

    it('keeps a test declaration away from real back-ends and answers it by rules', async () => {
      const answer = await agent.submit(
        arrival((d) => (d.header.testIndicator = true)),
        { prefer: 'wait=20' },
      );
      expect([answer.status, answer.body.status]).toEqual([200, 'granted']);
      const page = await customs.get(`/v1/agencies/customs/tasks`);
      expect(page.text).not.toContain(answer.body.dossierId);
    });

    it('tells operators lag, configuration and metrics, and no personal data', async () => {
      const operator = new AgentClient(gateway.url, gateway.tokens['operator'] ?? '');
      const lag = await operator.get<{ items: { group: string }[] }>('/v1/ops/lag');
      expect(lag.body.items.map(({ group }) => group.replace(/^.*\./, ''))).toEqual(expect.arrayContaining(['exchange', 'relay']));
      expect((await operator.get('/v1/ops/config')).status).toBe(200);
      expect((await operator.get('/v1/dossiers')).status).toBe(403);
      expect((await agent.get('/v1/ops/lag')).status).toBe(403);
      const metrics = (await Promise.all(gateway.adminUrls.map(async (url) => (await fetch(`${url}/metrics`)).text()))).join('');
      expect(metrics).toMatch(/^seaport_declarations_total\{.*outcome="accepted".*\} \d+/m);
      expect(metrics).toMatch(/^seaport_clearances_total\{status="granted"\} \d+/m);
      // Looked at twice for one scrape, the histogram of delays was empty: a minimum of 9.2e9 seconds.
      expect(metrics).toMatch(/^nodejs_eventloop_lag_min_seconds 0\.\d+$/m);
      for (const url of gateway.adminUrls) {
        const ready = await (await fetch(`${url}/health/ready`)).json();
        expect(ready).toMatchObject({ ready: true, dependencies: { log: { ok: true }, store: { ok: true } } });
      }
    });
  });
}

import { DossierStory } from '../../test/support/dossier-story';
import { smallArrival } from '../../test/support/declaration-records';
import { rulesWith } from '../../test/support/test-rules';
import { fold, opensDossier, type Exit } from './fold';
import { dossierCodeOf, dossierIdOf, taskIdOf } from './identifiers';

/** Stories of one dossier: what comes in, in the order of the log, and what goes out. */

const dossierId = dossierIdOf('agent', 'M-1');
const dossierCode = dossierCodeOf(dossierId);
const asked = (agencies: { agency: string }[]): string[] => agencies.map(({ agency }) => agency);
const applied: Exit = { exit: 'applied' };
const duplicate = (kind: 'declaration' | 'decision' | 'deadline'): Exit => ({ exit: 'duplicate', kind });
const rejected = (code: string): unknown => ({ exit: 'rejected', code });
const deadLettered = (reason: string): unknown => ({ exit: 'dead-lettered', reason });

const shipStores = { items: [{ sequenceNumber: 1, articleName: 'Paint', quantity: { value: 4, unit: 'LTR' } }] };
/** Customs and tax see ship's stores; harbour master and planning do not. */
const stores = { portCall: undefined, ship: undefined, formalities: { shipStores } };

function opened(rules?: ConstructorParameters<typeof DossierStory>[0]): DossierStory {
  const story = new DossierStory(rules);
  story.declare();
  return story;
}

function granted(): DossierStory {
  return opened().acceptAll();
}

describe('an original', () => {
  test('opens a dossier, asks the four agencies at once and issues nothing yet', () => {
    const story = new DossierStory();
    const { exit, requests, clearance, results, events } = story.declare();
    expect(exit).toEqual(applied);
    expect(requests).toMatchObject(
      [
        ['harbour-master', 'decides'],
        ['customs', 'decides'],
        ['tax', 'advises'],
        ['planning', 'advises'],
      ].map(([agency, role]) => ({
        taskId: taskIdOf(dossierId, agency ?? '', 1),
        dossierId,
        dossierCode,
        revision: 1,
        agency,
        role,
        dueAt: '2026-11-24T04:00:00Z',
        action: 'original',
        test: false,
        receivedAt: '2026-11-24T03:00:00Z',
        ruleSet: 'nd-336-2026',
      })),
    );
    expect(clearance).toBeUndefined();
    expect(results).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['task', 'task', 'task', 'task']);
    expect(story.state).toMatchObject({ version: 0, status: 'pending', final: false, ruleSet: 'nd-336-2026', cancelled: false });
  });

  test('shows each agency its own view and no other', () => {
    const [, customs, , planning] = opened().requests;
    expect(customs?.view.formalities?.cargo?.consignments?.[0]?.items[0]).toMatchObject({ description: 'Rice' });
    expect(planning?.view).not.toHaveProperty('header.messageId');
    expect(planning?.view.formalities).not.toHaveProperty('generalDeclaration');
  });

  test('granted by all is version 1, unsigned, with all times from the log', () => {
    const story = opened().acceptAll();
    expect(story.clearances).toHaveLength(1);
    expect(story.latest).toMatchObject({
      clearanceId: `${dossierId}-v1`,
      dossierId,
      dossierCode,
      version: 1,
      revision: 1,
      status: 'granted',
      statusCode: '1',
      final: true,
      ruleSet: 'nd-336-2026',
      issuedAt: '2026-11-24T03:04:00Z',
      validFrom: '2026-11-24T03:04:00Z',
      validTo: '2026-11-27T02:00:00Z',
      conditions: [],
      missing: [],
      stages: {
        received: '2026-11-24T03:00:00Z',
        requested: '2026-11-24T03:00:00Z',
        firstDecision: '2026-11-24T03:01:00Z',
        lastDecision: '2026-11-24T03:04:00Z',
      },
      basis: { partition: 3, offset: 4 },
    });
    expect(story.latest.signature).toBeUndefined();
    expect(
      story.latest.agencies.map(({ agency, status, decidedAt, dueAt, overdue }) => [agency, status, decidedAt, dueAt, overdue]),
    ).toEqual([
      ['harbour-master', 'accepted', '2026-11-24T03:01:00Z', '2026-11-24T04:00:00Z', false],
      ['customs', 'accepted', '2026-11-24T03:02:00Z', '2026-11-24T04:00:00Z', false],
      ['tax', 'accepted', '2026-11-24T03:03:00Z', '2026-11-24T04:00:00Z', false],
      ['planning', 'accepted', '2026-11-24T03:04:00Z', '2026-11-24T04:00:00Z', false],
    ]);
  });

  test('issuedAt is the stamp of the record that caused the version, whatever other clocks have stamped', () => {
    const story = opened().acceptAll('harbour-master', 'customs', 'tax');
    story.at('2026-11-24T05:00:00Z').decide('tax', 'acknowledged');
    story.at('2026-11-24T03:30:00Z').decide('planning', 'accepted');
    expect(story.latest.issuedAt).toBe('2026-11-24T03:30:00Z');
    expect(story.state?.asOf).toBe('2026-11-24T05:00:00Z');
  });

  test('tells each agency what it may see of the others: reasons only where its list shows them', () => {
    const story = opened().acceptAll('harbour-master', 'tax', 'planning');
    const { results } = story.decide('customs', 'conditionallyAccepted', {
      reasons: [{ code: 'CU-1', text: 'Channel red.' }],
      conditions: [{ code: 'INSPECT', text: 'Wait for inspection.' }],
    });
    expect(asked(results)).toEqual(['harbour-master', 'customs', 'tax', 'planning']);
    const ofCustoms = (agency: string) => results.find((result) => result.agency === agency)?.message.decisions[1];
    expect(ofCustoms('harbour-master')).toMatchObject({ agency: 'customs', outcome: 'conditionallyAccepted', reasons: [{ code: 'CU-1' }] });
    expect(ofCustoms('tax')).toMatchObject({ conditions: [{ code: 'INSPECT' }], decidedAt: '2026-11-24T03:04:00Z' });
    expect(ofCustoms('tax')).not.toHaveProperty('reasons');
    expect(ofCustoms('customs')).toHaveProperty('reasons');
    expect(results[0]?.message).toMatchObject({ dossierId, dossierCode, version: 1, status: 'conditional', dueAt: '2026-11-24T04:00:00Z' });
  });

  test('again with the same bytes is a duplicate, at once and long afterwards', () => {
    const story = granted();
    const before = JSON.stringify(story.state);
    const { exit, requests, events } = story.declare({ sentAt: '2026-11-24T02:00:00Z', receivedAt: '2026-11-24T09:00:00Z' });
    expect(exit).toEqual(duplicate('declaration'));
    expect([requests, events]).toEqual([[], []]);
    expect(JSON.stringify(story.state)).toBe(before);
  });

  test('of a departure is about etd, and is valid from then', () => {
    const story = new DossierStory();
    const { header } = smallArrival();
    story.declare({
      declaration: {
        header: { ...header, declarationType: 'departure' },
        portCall: { portOfCall: { unLocode: 'VNHPH' }, etd: '2026-11-25T02:00:00Z' },
      },
    });
    story.acceptAll();
    expect(story.latest).toMatchObject({ status: 'granted', validTo: '2026-11-26T02:00:00Z' });
  });

  test('a document whose final authority is not connected is named in the summary', () => {
    const story = new DossierStory();
    const crewList = { members: [] };
    story.declare({ declaration: { formalities: { ...smallArrival().formalities, crewList } } });
    story.acceptAll();
    expect(story.latest.summary).toContain('Not connected: Port border-gate Border Guard');
    expect(story.latest.summaryVi).toContain('Chưa kết nối: Biên phòng cửa khẩu cảng');
    expect(granted().latest.summary).toBe('Cleared.');
  });
});

describe('a document of a final authority that has no say', () => {
  const crewList = { members: [] };
  const declaration = { formalities: { ...smallArrival().formalities, crewList } };
  const crewRefused = { documents: { crewList: 'refused' as const } };

  test('is left to the lead while that agency is connected but not asked about such a declaration', () => {
    const asksOfDepartures = rulesWith({ 'border-guard': { connected: true, declarationTypes: ['departure'] } });
    const story = new DossierStory(asksOfDepartures);
    story.declare({ declaration });
    expect(asked(story.requests)).not.toContain('border-guard');
    story.acceptAll('customs', 'tax', 'planning');
    story.decide('harbour-master', 'accepted', crewRefused);
    expect(story.latest).toMatchObject({ status: 'refused', final: true });
    expect(story.latest.summary).toContain('Not asked: Port border-gate Border Guard; their documents were left to Maritime');
    expect(story.latest.summaryVi).toContain('Không được hỏi ý kiến: Biên phòng cửa khẩu cảng');
  });

  test('is left to the lead in a dossier that was opened before the agency was connected', () => {
    const before = new DossierStory();
    before.declare({ declaration });
    before.acceptAll('customs', 'tax', 'planning');
    const after = new DossierStory(rulesWith({ 'border-guard': { connected: true } }));
    after.facts.push(...before.facts);
    after.state = before.state;
    after.body = before.body;
    after.decide('harbour-master', 'accepted', crewRefused);
    expect(after.latest.status).toBe('refused');
  });

  test('is its own where it is asked', () => {
    const story = new DossierStory(rulesWith({ 'border-guard': { connected: true } }));
    story.declare({ declaration });
    story.acceptAll('customs', 'tax', 'planning', 'border-guard');
    story.decide('harbour-master', 'accepted', crewRefused);
    expect(story.latest).toMatchObject({ status: 'granted', summary: 'Cleared.' });
  });
});

describe('versions', () => {
  test('there is none before the first verdict other than pending', () => {
    const story = opened().acceptAll('harbour-master', 'customs', 'tax');
    expect(story.clearances).toEqual([]);
    expect(story.state).toMatchObject({ version: 0, status: 'pending' });
  });

  test('each later decision is one, and they are numbered without a gap', () => {
    const story = opened();
    story.decide('customs', 'refused', { reasons: [{ code: 'X', text: 'x' }] });
    story.acceptAll('harbour-master', 'tax', 'planning');
    expect(story.clearances.map(({ version, status, final }) => [version, status, final])).toEqual([
      [1, 'refused', false],
      [2, 'refused', false],
      [3, 'refused', false],
      [4, 'refused', true],
    ]);
  });

  test('an acknowledgement, a repeat or a new time of the same answer is none', () => {
    const story = granted();
    story.decide('customs', 'acknowledged');
    story.decide('customs', 'accepted', { decidedAt: '2026-11-24T03:30:00Z' });
    expect(story.results.map(({ exit }) => exit.exit)).toEqual(Array<string>(7).fill('applied'));
    expect(story.clearances).toHaveLength(1);
  });

  test('another condition, reason, document or reference is one', () => {
    const story = granted();
    story.decide('customs', 'accepted', { reference: 'CU-7' });
    story.decide('customs', 'accepted', { reference: 'CU-7', documents: { cargo: 'accepted' } });
    story.decide('customs', 'accepted', { reference: 'CU-7', conditions: [{ code: 'A', text: 'a' }] });
    story.decide('customs', 'accepted', { reference: 'CU-7', conditions: [{ code: 'B', text: 'b' }] });
    expect(story.clearances.map(({ version, status }) => [version, status])).toEqual([
      [1, 'granted'],
      [2, 'granted'],
      [3, 'granted'],
      [4, 'conditional'],
      [5, 'conditional'],
    ]);
    expect(story.latest.conditions).toEqual([{ code: 'B', text: 'b', agency: 'customs' }]);
  });

  test('that nothing is awaited any more is one, where nothing else changes', () => {
    const story = opened();
    story.acceptAll('customs', 'tax');
    story.decide('harbour-master', 'refused');
    expect(story.latest).toMatchObject({ version: 1, status: 'refused', final: false });
    story.pass('planning');
    expect(story.latest).toMatchObject({ version: 2, status: 'refused', final: true });
  });
});

describe('decisions', () => {
  test('twice with one identity is a duplicate, whatever it says the second time', () => {
    const story = opened();
    story.decide('customs', 'accepted', { decisionId: 'ce-1' });
    const before = JSON.stringify(story.state);
    expect(story.decide('customs', 'refused', { decisionId: 'ce-1' }).exit).toEqual(duplicate('decision'));
    expect(JSON.stringify(story.state)).toBe(before);
    expect(story.decide('tax', 'accepted', { decisionId: 'ce-1' }).exit).toEqual(applied);
  });

  test('contradicting itself, the last different one counts; returning to an earlier answer needs a new identity', () => {
    const story = opened().acceptAll('harbour-master', 'tax', 'planning');
    story.decide('customs', 'accepted', { decisionId: 'a' });
    story.decide('customs', 'refused', { decisionId: 'b' });
    expect(story.status).toBe('refused');
    expect(story.decide('customs', 'accepted', { decisionId: 'a' }).exit).toEqual(duplicate('decision'));
    expect(story.status).toBe('refused');
    story.decide('customs', 'accepted', { decisionId: 'c' });
    expect(story.clearances.map(({ status }) => status)).toEqual(['granted', 'refused', 'granted']);
  });

  test('an answer leaves nothing of the one before', () => {
    const story = opened();
    story.decide('customs', 'conditionallyAccepted', {
      reasons: [{ code: 'R', text: 'r' }],
      conditions: [{ code: 'C', text: 'c' }],
      documents: { cargo: 'conditionallyAccepted' },
      reference: 'CU-1',
    });
    story.decide('customs', 'accepted');
    expect(story.task('customs')).toMatchObject({ state: 'accepted', reasons: [], conditions: [], documents: {} });
    expect(story.task('customs').reference).toBeUndefined();
  });

  test("the agency's own time is shown, ours is what counts", () => {
    const story = opened();
    story.decide('customs', 'accepted', { decidedAt: '2020-01-01T00:00:00Z' });
    expect(story.task('customs')).toMatchObject({ decidedAt: '2020-01-01T00:00:00Z', overdue: false });
  });

  test('late, it makes a new version, is marked overdue, and what stood before stays as issued', () => {
    const story = opened().acceptAll('harbour-master', 'customs', 'planning');
    story.pass('tax');
    const first = JSON.stringify(story.clearances[0]);
    story.decide('tax', 'conditionallyAccepted', { conditions: [{ code: 'PAY', text: 'Pay.' }] });
    expect(story.clearances.map(({ version, status }) => [version, status])).toEqual([
      [1, 'granted'],
      [2, 'conditional'],
    ]);
    expect(story.latest.agencies[2]).toMatchObject({ agency: 'tax', status: 'conditionallyAccepted', overdue: true });
    expect(JSON.stringify(story.clearances[0])).toBe(first);
  });

  test('late before the deadline was logged, an answer is overdue by its stamp and no deadline is wanted any more', () => {
    const story = opened().at('2026-11-24T04:00:01Z');
    story.decide('customs', 'accepted');
    expect(story.task('customs').overdue).toBe(true);
    expect([...story.timers.keys()]).not.toContain(`task:${story.task('customs').taskId}`);
  });

  test('late, an acknowledgement, hold or release is no answer: the deadline is still to be logged', () => {
    for (const outcome of ['acknowledged', 'held', 'released', 'revoked'] as const) {
      const story = opened().at('2026-11-24T04:00:01Z');
      story.decide('customs', outcome);
      expect(story.task('customs').overdue).toBe(false);
      expect([...story.timers.keys()]).toContain(`task:${story.task('customs').taskId}`);
    }
  });

  test('revoked after grant it is a new version, and the old one is kept', () => {
    const story = granted();
    story.decide('customs', 'revoked', { reasons: [{ code: 'CU-9', text: 'Found later.' }] });
    expect(story.clearances.map(({ version, status, final }) => [version, status, final])).toEqual([
      [1, 'granted', true],
      [2, 'pending', false],
    ]);
    expect(story.latest.agencies[1]).toMatchObject({ status: 'revoked', reasons: [{ code: 'CU-9' }] });
    expect(story.latest.agencies[1]).not.toHaveProperty('decidedAt');
    expect(story.latest).not.toHaveProperty('validFrom');
    story.decide('customs', 'acknowledged');
    expect(story.task('customs').state).toBe('revoked');
    story.decide('customs', 'accepted');
    expect(story.clearances.map(({ status }) => status)).toEqual(['granted', 'pending', 'granted']);
  });

  test('a hold is a flag over the decision, and a release leaves the decision as it was', () => {
    const story = opened().acceptAll('harbour-master', 'customs', 'planning');
    story.decide('tax', 'refused', { reasons: [{ code: 'TAX-ENFORCEMENT-STOP', text: 'Stop.' }] });
    story.decide('tax', 'held', { reasons: [{ code: 'COURT', text: 'A court order.' }] });
    expect(story.latest).toMatchObject({ status: 'held', statusCode: '45', final: false });
    expect(story.latest.agencies[2]).toMatchObject({ status: 'refused', reasons: [{ code: 'COURT' }, { code: 'TAX-ENFORCEMENT-STOP' }] });
    story.decide('tax', 'released', { reasons: [{ code: 'DONE', text: 'Done.' }] });
    // With the reason of the hold in its place the policy row would no longer find it.
    expect(story.latest).toMatchObject({ status: 'refused', final: true });
    expect(story.clearances.map(({ status }) => status)).toEqual(['refused', 'held', 'refused']);
  });

  test('a hold of an agency that has not answered leaves its answer awaited', () => {
    const story = opened();
    story.decide('customs', 'held');
    expect(story.latest).toMatchObject({ version: 1, status: 'held', final: false });
    story.decide('customs', 'released');
    expect(story.latest).toMatchObject({ version: 2, status: 'pending' });
    expect(story.acceptAll().latest).toMatchObject({ status: 'granted' });
  });

  test('an amendment does not lift a hold', () => {
    const story = opened();
    story.decide('customs', 'held', { reasons: [{ code: 'SEARCH', text: 'Search.' }] });
    story.declare({ messageId: 'M-2', action: 'amend', declaration: stores });
    expect(story.latest).toMatchObject({ status: 'held', agencies: [{}, { reasons: [{ code: 'SEARCH' }] }, {}, {}] });
    story.decide('customs', 'released');
    expect(story.acceptAll().status).toBe('granted');
  });

  test.each<[string, (story: DossierStory) => Exit, unknown]>([
    [
      'on a task that nobody knows',
      (story) => story.decide('customs', 'accepted', { taskId: taskIdOf(dossierId, 'customs', 9) }).exit,
      deadLettered('task-unknown'),
    ],
    [
      "on another agency's task",
      (story) => story.decide('tax', 'refused', { taskId: story.task('customs').taskId }).exit,
      deadLettered('agency-mismatch'),
    ],
    ['by the topic of tests', (story) => story.decide('customs', 'accepted', { test: true }).exit, deadLettered('agency-mismatch')],
    ['of another revision', (story) => story.decide('customs', 'accepted', { revision: 2 }).exit, deadLettered('decision-invalid')],
    ['of its own revision', (story) => story.decide('customs', 'accepted', { revision: 1 }).exit, applied],
  ])('%s', (_case, decide, exit) => {
    const story = opened();
    const before = JSON.stringify(story.state);
    expect(decide(story)).toEqual(exit);
    if (exit !== applied) expect(JSON.stringify(story.state)).toBe(before);
  });

  test('before its declaration is in the log goes to the dead letters, and counts when it is redriven', () => {
    const taskId = taskIdOf(dossierId, 'customs', 1);
    const early = new DossierStory();
    expect(early.decide('customs', 'accepted', { taskId, dossierId }).exit).toEqual(deadLettered('task-unknown'));
    expect(early.state).toBeUndefined();
    early.declare({ root: 'M-1' });
    expect(early.decide('customs', 'accepted', { taskId, dossierId }).exit).toEqual(applied);
  });
});

describe('an amendment', () => {
  test('asks again only the agencies whose view changed; the others keep task and decision', () => {
    const story = opened();
    story.decide('harbour-master', 'accepted');
    const kept = story.task('planning').taskId;
    const { exit, requests } = story.declare({ messageId: 'M-2', action: 'amend', declaration: stores });
    expect(exit).toEqual(applied);
    expect(requests.map(({ agency, action, revision }) => [agency, action, revision])).toEqual([
      ['customs', 'amend', 2],
      ['tax', 'amend', 2],
    ]);
    expect(requests[0]?.taskId).toBe(taskIdOf(dossierId, 'customs', 2));
    expect(story.task('harbour-master').state).toBe('accepted');
    // A decision that comes after the amendment, for a task that it left alone, still counts.
    expect(story.decide('planning', 'accepted', { taskId: kept }).exit).toEqual(applied);
    story.acceptAll('customs', 'tax');
    expect(story.latest).toMatchObject({ version: 1, revision: 2, status: 'granted' });
  });

  test('of what no agency sees asks nobody and issues nothing', () => {
    const story = granted();
    const { requests, clearance } = story.declare({
      messageId: 'M-2',
      action: 'amend',
      declaration: { portCall: undefined, ship: undefined, formalities: undefined, extensions: { epc: { Unknown: '1' } } },
    });
    expect([requests, clearance]).toEqual([[], undefined]);
    expect(story.state).toMatchObject({ version: 1, status: 'granted' });
  });

  test('a decision on the task that it replaced is kept, has no effect and is rejected', () => {
    const story = opened();
    const old = story.task('customs').taskId;
    story.declare({ messageId: 'M-2', action: 'amend', declaration: stores });
    const before = JSON.stringify(story.state);
    expect(story.decide('customs', 'accepted', { taskId: old }).exit).toEqual(rejected('task-superseded'));
    expect(JSON.stringify(story.state)).toBe(before);
    expect(story.state?.formerTasks).toMatchObject([{ taskId: old, state: 'withdrawn' }, {}]);
  });

  test('after the grant reopens it: a new version, pending, then granted again', () => {
    const story = granted();
    story.declare({ messageId: 'M-2', action: 'amend', declaration: stores });
    expect(story.latest).toMatchObject({ version: 2, revision: 2, status: 'pending', final: false });
    expect(story.state?.formerTasks.map(({ state }) => state)).toEqual(['accepted', 'accepted']);
    story.acceptAll('customs', 'tax');
    expect(story.clearances.map(({ status }) => status)).toEqual(['granted', 'pending', 'pending', 'granted']);
  });

  test('replaces the formalities that it carries, leaves the others, and withdraws those that are null', () => {
    const story = opened();
    story.declare({ messageId: 'M-2', action: 'amend', declaration: stores });
    expect(Object.keys(story.body?.formalities ?? {}).sort()).toEqual(['cargo', 'generalDeclaration', 'shipStores']);
    story.declare({
      messageId: 'M-3',
      action: 'amend',
      declaration: { ...stores, formalities: { cargo: null, shipStores: { items: [] } } },
    });
    expect(story.body?.formalities).toEqual({ generalDeclaration: { crewCount: 0, passengerCount: 0 }, shipStores: { items: [] } });
    expect(story.state?.formalityOrigin).toEqual({ generalDeclaration: 'M-1', shipStores: 'M-3' });
    expect(story.requests.at(-1)?.view.formalities?.cargo).toBeUndefined();
  });

  test('replaces the sections that it carries and leaves the others', () => {
    const story = opened();
    story.declare({
      messageId: 'M-2',
      action: 'amend',
      declaration: { portCall: undefined, formalities: undefined, ship: { name: 'NEW NAME' } },
    });
    expect(story.body).toMatchObject({ ship: { name: 'NEW NAME' }, portCall: { eta: '2026-11-26T02:00:00Z' } });
    expect(story.state?.index).toMatchObject({ shipName: 'NEW NAME', eta: '2026-11-26T02:00:00Z' });
  });

  test('of the call, the ship or the voyage replaces the members that it carries and leaves the others', () => {
    const story = new DossierStory();
    story.declare({ declaration: { voyage: { voyageNumber: '1E', voyageType: 'international' } } });
    story.declare({
      messageId: 'M-2',
      action: 'amend',
      declaration: {
        portCall: { portOfCall: { unLocode: 'VNHPH', name: 'Hai Phong' }, etd: '2026-11-27T02:00:00Z' },
        ship: { name: 'NEW NAME' },
        voyage: { voyageNumber: '2E' },
        formalities: undefined,
      },
    });
    const { eta, previousPorts } = smallArrival().portCall ?? {};
    expect(story.body).toMatchObject({
      portCall: { portOfCall: { unLocode: 'VNHPH', name: 'Hai Phong' }, eta, etd: '2026-11-27T02:00:00Z', previousPorts },
      ship: { name: 'NEW NAME', imoNumber: '9074729' },
      voyage: { voyageNumber: '2E', voyageType: 'international' },
    });
    expect(story.state?.index).toMatchObject({ eta, etd: '2026-11-27T02:00:00Z', imoNumber: '9074729' });
  });

  test('that says of the call no more than the dossier code asks nobody: the eta stays', () => {
    const story = opened();
    const { requests } = story.declare({
      messageId: 'M-2',
      action: 'amend',
      declaration: { portCall: { portOfCall: { unLocode: 'VNHPH' }, visitId: dossierCode }, ship: undefined, formalities: undefined },
    });
    expect(requests).toEqual([]);
    expect(story.body?.portCall).toEqual(smallArrival().portCall);
    expect(story.state?.index.eta).toBe('2026-11-26T02:00:00Z');
  });

  test('that names the dossier by its code changes nobody’s view by that', () => {
    const story = opened();
    const portCall = { ...smallArrival().portCall, portOfCall: { unLocode: 'VNHPH' } };
    for (const visitId of [dossierCode, dossierCode.toLowerCase()]) {
      const { requests } = story.declare({
        messageId: `by ${visitId}`,
        action: 'amend',
        declaration: { portCall: { ...portCall, visitId }, formalities: undefined },
      });
      expect(requests).toEqual([]);
    }
    const { requests } = story.declare({
      messageId: 'M-9',
      action: 'amend',
      declaration: { portCall: { ...portCall, visitId: 'J-1' }, formalities: undefined },
    });
    expect(asked(requests)).toEqual(['harbour-master', 'customs', 'tax']);
  });

  test('is read against the rule set of the first revision, whatever day it names', () => {
    const story = new DossierStory();
    story.declare({
      declaration: { portCall: { portOfCall: { unLocode: 'VNHPH' }, eta: '2026-10-14T10:00:00Z' } },
      receivedAt: '2026-10-13T00:00:00Z',
    });
    story.at('2026-10-13T00:10:00Z');
    story.declare({
      messageId: 'M-2',
      action: 'amend',
      declaration: { portCall: { portOfCall: { unLocode: 'VNHPH' }, eta: '2026-10-16T10:00:00Z' } },
    });
    expect(story.state).toMatchObject({ ruleSet: 'nd-85-2019', index: { eta: '2026-10-16T10:00:00Z' } });
    expect(story.requests.every(({ ruleSet }) => ruleSet === 'nd-85-2019')).toBe(true);
  });

  test('made from an older revision than the present one is a conflict', () => {
    const story = opened();
    expect(story.declare({ messageId: 'M-2', action: 'amend', baseRevision: 1, declaration: stores }).exit).toEqual(applied);
    const { exit, rejected: told } = story.declare({ messageId: 'M-3', action: 'amend', baseRevision: 1, declaration: stores });
    expect(exit).toEqual(rejected('revision-conflict'));
    expect(told).toMatchObject({
      dossierId,
      dossierCode,
      tenant: 'agent',
      messageId: 'M-3',
      code: 'revision-conflict',
      basis: { partition: 3, offset: 2 },
    });
    expect(story.declare({ messageId: 'M-4', action: 'amend', baseRevision: 3, declaration: stores }).exit).toEqual(
      rejected('revision-conflict'),
    );
    expect(story.declare({ messageId: 'M-5', action: 'amend', baseRevision: 2, declaration: stores }).exit).toEqual(applied);
  });
});

describe('partial submission', () => {
  test('an original that names the dossier code joins and brings its formalities only', () => {
    const story = opened();
    const { exit, requests } = story.declare({
      messageId: 'P-2',
      declaration: {
        header: { ...smallArrival().header, localReferenceNumber: 'other system' },
        portCall: { portOfCall: { unLocode: 'VNSGN' }, visitId: dossierCode },
        ship: { name: 'AS THE TERMINAL SPELLS IT' },
        formalities: { shipStores },
      },
    });
    expect(exit).toEqual(applied);
    expect(asked(requests)).toEqual(['customs', 'tax']);
    expect(story.body?.ship).toEqual(smallArrival().ship);
    expect(Object.keys(story.body?.formalities ?? {}).sort()).toEqual(['cargo', 'generalDeclaration', 'shipStores']);
    expect(story.state?.revisions).toMatchObject([
      { action: 'original' },
      { action: 'amend', messageId: 'P-2', formalities: ['shipStores'] },
    ]);
  });

  test('to a dossier that is not there is rejected, however the code is spelled', () => {
    for (const visitId of [dossierCode, dossierCode.toLowerCase(), dossierCode.replaceAll('0', 'O')]) {
      const story = new DossierStory();
      const {
        exit,
        state,
        rejected: told,
        events,
      } = story.declare({ messageId: 'P-2', root: 'M-1', declaration: { portCall: { portOfCall: {}, visitId } } });
      expect(exit).toEqual(rejected('reference-unknown'));
      expect(state).toBeUndefined();
      expect(told).toMatchObject({ dossierId, messageId: 'P-2', code: 'reference-unknown' });
      expect(events.map(({ type }) => type)).toEqual(['rejected']);
    }
  });
});

describe('an EPC update', () => {
  const epc = { dialect: 'epc-2021' };

  test('replaces the whole body of its message', () => {
    const story = new DossierStory();
    story.declare({ ...epc, sentAt: '2026-11-24T02:00:00Z' });
    const { exit, requests } = story.declare({
      ...epc,
      sentAt: '2026-11-24T02:30:00Z',
      declaration: { formalities: { generalDeclaration: { crewCount: 0 }, shipStores } },
    });
    expect(exit).toEqual(applied);
    expect(asked(requests)).toContain('customs');
    expect(Object.keys(story.body?.formalities ?? {}).sort()).toEqual(['generalDeclaration', 'shipStores']);
    expect(story.state?.revisions.map(({ revision, action }) => [revision, action])).toEqual([
      [1, 'original'],
      [2, 'amend'],
    ]);
  });

  test('leaves what other messages brought', () => {
    const story = new DossierStory();
    story.declare(epc);
    story.declare({ ...epc, messageId: 'P-2', declaration: { formalities: { shipStores } } });
    story.declare({ ...epc, sentAt: '2026-11-24T02:30:00Z', declaration: { formalities: { generalDeclaration: { crewCount: 0 } } } });
    expect(Object.keys(story.body?.formalities ?? {}).sort()).toEqual(['generalDeclaration', 'shipStores']);
    story.declare({
      ...epc,
      messageId: 'P-2',
      sentAt: '2026-11-24T02:40:00Z',
      declaration: { formalities: {}, ship: { name: 'NOT OF THIS MESSAGE' } },
    });
    expect(Object.keys(story.body?.formalities ?? {})).toEqual(['generalDeclaration']);
    expect(story.body?.ship).toEqual(smallArrival().ship);
  });

  test('of an amend replaces what the amend had said', () => {
    const story = new DossierStory();
    story.declare(epc);
    story.declare({ ...epc, messageId: 'A-2', action: 'amend', declaration: { formalities: undefined, ship: { name: 'SECOND NAME' } } });
    story.declare({
      ...epc,
      messageId: 'A-2',
      action: 'amend',
      sentAt: '2026-11-24T02:30:00Z',
      declaration: { formalities: undefined, ship: { name: 'THIRD NAME' } },
    });
    expect(story.body?.ship?.name).toBe('THIRD NAME');
  });

  test('with an older SentTime is rejected: it may be a ghost of a write that timed out', () => {
    const story = new DossierStory();
    story.declare({ ...epc, sentAt: '2026-11-24T02:30:00Z' });
    expect(story.declare({ ...epc, sentAt: '2026-11-24T02:29:59Z' }).exit).toEqual(rejected('revision-conflict'));
    expect(story.declare({ ...epc, sentAt: '2026-11-24T02:30:00Z', declaration: { ship: { name: 'SAME SECOND' } } }).exit).toEqual(applied);
    expect(story.declare({ ...epc, sentAt: '2026-11-24T02:30:00Z' }).exit).toEqual(duplicate('declaration'));
  });

  test('exists in EPC only: elsewhere a message id is used once', () => {
    const story = opened();
    expect(story.declare({ sentAt: '2026-11-24T02:30:00Z' }).exit).toEqual(rejected('message-id-reused'));
  });
});

describe('a dossier does not grow for ever', () => {
  test('after 500 revisions it takes none but a cancel', () => {
    const story = opened();
    for (let n = 2; n <= 500; n++) expect(story.declare({ messageId: `M-${n}`, action: 'amend' }).exit).toEqual(applied);
    expect(story.declare({ messageId: 'M-501', action: 'amend' }).exit).toEqual(rejected('dossier-full'));
    expect(story.declare({ messageId: 'M-2', action: 'amend' }).exit).toEqual(duplicate('declaration'));
    expect(story.declare({ messageId: 'C-1', action: 'cancel' }).exit).toEqual(applied);
  });

  test('after 500 decisions a task takes no other, and the last one stands', () => {
    const story = opened();
    for (let n = 0; n < 500; n++)
      expect(story.decide('customs', n % 2 === 0 ? 'refused' : 'accepted', { decisionId: `d-${n}` }).exit).toEqual(applied);
    expect(story.decide('customs', 'refused', { decisionId: 'd-500' }).exit).toEqual(rejected('dossier-full'));
    expect(story.decide('customs', 'refused', { decisionId: 'd-0' }).exit).toEqual(duplicate('decision'));
    expect(story.state?.tasks.find(({ agency }) => agency === 'customs')?.state).toBe('accepted');
    expect(story.decide('harbour-master', 'accepted').exit).toEqual(applied);
  });
});

describe('a cancel', () => {
  test('withdraws what is open, tells those agencies and is final', () => {
    const story = opened();
    story.decide('customs', 'accepted');
    story.decide('tax', 'acknowledged');
    const { exit, requests, clearance, results } = story.declare({ messageId: 'C-1', action: 'cancel' });
    expect(exit).toEqual(applied);
    expect(requests.map(({ agency, action, taskId, revision, body }) => [agency, action, taskId, revision, body])).toEqual(
      ['harbour-master', 'tax', 'planning'].map((agency) => [agency, 'cancel', taskIdOf(dossierId, agency, 1), 2, undefined]),
    );
    expect(clearance).toMatchObject({ version: 1, revision: 2, status: 'cancelled', final: true, missing: [] });
    expect(clearance).not.toHaveProperty('statusCode');
    expect(clearance?.agencies.map(({ status }) => status)).toEqual(['withdrawn', 'accepted', 'withdrawn', 'withdrawn']);
    expect(asked(results)).toHaveLength(4);
    expect([...story.timers]).toEqual([]);
  });

  test('ends the dossier for declarations and decisions, and again it is a duplicate', () => {
    const story = granted();
    story.declare({ messageId: 'C-1', action: 'cancel' });
    expect(story.latest).toMatchObject({ version: 2, status: 'cancelled' });
    expect(story.decide('customs', 'refused').exit).toEqual(rejected('dossier-cancelled'));
    expect(story.declare({ messageId: 'M-2', action: 'amend' }).exit).toEqual(rejected('dossier-cancelled'));
    expect(story.declare({ messageId: 'C-2', action: 'cancel' }).exit).toEqual(rejected('dossier-cancelled'));
    expect(story.declare({ messageId: 'C-1', action: 'cancel' }).exit).toEqual(duplicate('declaration'));
    expect(story.declare().exit).toEqual(duplicate('declaration'));
    expect(story.clearances).toHaveLength(2);
  });

  test('of a held dossier lifts it', () => {
    const story = opened();
    story.decide('customs', 'held');
    story.declare({ messageId: 'C-1', action: 'cancel' });
    expect(story.latest).toMatchObject({ status: 'cancelled', final: true });
  });
});

describe('a declaration is rejected', () => {
  test.each<[string, string, (story: DossierStory) => Exit]>([
    [
      'reference-unknown',
      'an amend without its root',
      () => new DossierStory().declare({ messageId: 'A', root: 'M-1', action: 'amend' }).exit,
    ],
    [
      'reference-unknown',
      'a cancel without its root',
      () => new DossierStory().declare({ messageId: 'A', root: 'M-1', action: 'cancel' }).exit,
    ],
    [
      'reference-unknown',
      'an original that refers to a root that is not there',
      () => new DossierStory().declare({ messageId: 'A', root: 'M-1' }).exit,
    ],
    ['message-id-reused', 'other bytes under a known id', (story) => story.declare({ sentAt: '2026-11-24T02:10:00Z' }).exit],
    ['revision-conflict', 'an old base', (story) => story.declare({ messageId: 'A', action: 'amend', baseRevision: 0 }).exit],
    ['test-mismatch', 'a test into a real dossier', (story) => story.declare({ messageId: 'A', action: 'amend', test: true }).exit],
  ])('%s: %s', (code, _case, declare) => {
    expect(declare(opened())).toEqual(rejected(code));
  });

  test('told once: the same again for the same reason is a duplicate', () => {
    const story = opened();
    story.declare({ messageId: 'A', action: 'amend', baseRevision: 7 });
    const before = JSON.stringify(story.state);
    const again = story.declare({ messageId: 'A', action: 'amend', baseRevision: 7 });
    expect(again.exit).toEqual(duplicate('declaration'));
    expect(again.rejected).toBeUndefined();
    expect(JSON.stringify(story.state)).toBe(before);
  });

  test('and changes nothing but the list of rejections, which is bounded', () => {
    const story = granted();
    const unchanged = (): unknown => ({ ...story.state, rejections: [] });
    const before = unchanged();
    for (let n = 0; n < 25; n++) story.declare({ messageId: `A-${n}`, action: 'amend', baseRevision: 7 });
    expect(unchanged()).toEqual(before);
    expect(story.state?.rejections.map(({ messageId }) => messageId)).toEqual(Array.from({ length: 20 }, (_, n) => `A-${n + 5}`));
  });

  test('an original opens the dossier of its own message id and no other', () => {
    const story = opened();
    const [fact] = story.facts;
    if (fact?.kind !== 'declaration') throw new Error('no declaration');
    expect(opensDossier(fact.value)).toBe(true);
    expect(opensDossier({ ...fact.value, action: 'amend' })).toBe(false);
    expect(opensDossier({ ...fact.value, tenant: 'agent2' })).toBe(false);
    expect(opensDossier({ ...fact.value, messageId: 'M-2' })).toBe(false);
  });
});

describe('deadlines', () => {
  test('advice is waited for until its due time is logged, then marked overdue', () => {
    const story = opened().acceptAll('harbour-master', 'customs', 'planning');
    expect(story.status).toBe('pending');
    const { exit, events } = story.pass('tax');
    expect(exit).toEqual(applied);
    expect(events.map(({ type }) => type)).toEqual(['deadline', 'clearance']);
    expect(events[0]?.data).toMatchObject({ agency: 'tax', dueAt: '2026-11-24T04:00:00Z' });
    expect(story.latest).toMatchObject({ version: 1, status: 'granted', final: true, issuedAt: '2026-11-24T04:00:00Z' });
    expect(story.latest.agencies[2]).toMatchObject({ agency: 'tax', status: 'open', overdue: true });
    expect(story.latest.summary).toContain('Overdue: Tax authority.');
  });

  test('a decider’s silence is no consent under Decree 336: it stays pending and is marked overdue', () => {
    const story = opened().acceptAll('harbour-master', 'tax', 'planning');
    story.pass('customs');
    expect(story.state).toMatchObject({ status: 'pending', version: 0, final: false });
    expect(story.task('customs')).toMatchObject({ state: 'open', overdue: true });
    story.decide('customs', 'accepted');
    expect(story.latest).toMatchObject({ version: 1, status: 'granted' });
  });

  describe('under Decree 85', () => {
    const early = (): DossierStory => {
      const story = new DossierStory().at('2026-10-10T03:00:00Z');
      story.declare({ declaration: { portCall: { portOfCall: { unLocode: 'VNHPH' }, eta: '2026-10-13T10:00:00Z' } } });
      return story;
    };

    test('the lead decides without a silent agency, and no consent is invented for it', () => {
      const story = early().acceptAll('harbour-master', 'tax', 'planning');
      expect(story.status).toBe('pending');
      story.pass('customs');
      expect(story.latest).toMatchObject({ version: 1, status: 'granted', final: true, ruleSet: 'nd-85-2019' });
      expect(story.latest.agencies[1]).toMatchObject({ agency: 'customs', status: 'open', overdue: true });
      expect(story.latest.agencies[1]).not.toHaveProperty('decidedAt');
    });

    test('a late refusal still counts', () => {
      const story = early().acceptAll('harbour-master', 'tax', 'planning');
      story.pass('customs');
      story.decide('customs', 'refused');
      expect(story.clearances.map(({ status }) => status)).toEqual(['granted', 'refused']);
    });

    test('an acknowledgement after the due time does not stand for the logged deadline', () => {
      const story = early().acceptAll('harbour-master', 'tax', 'planning').at('2026-10-10T05:00:00Z');
      story.decide('customs', 'acknowledged');
      expect(story.status).toBe('pending');
      story.pass('customs');
      expect(story.status).toBe('granted');
    });

    test('who revokes is not silent: nothing is granted again until it answers', () => {
      const story = early().acceptAll().at('2026-10-10T05:00:00Z');
      story.decide('customs', 'revoked');
      story.pass('customs');
      expect(story.status).toBe('pending');
      story.decide('customs', 'acknowledged');
      expect(story.status).toBe('pending');
    });

    test('the silence of the lead itself is waited for', () => {
      const story = early().acceptAll('customs', 'tax', 'planning');
      story.pass('harbour-master');
      expect(story.status).toBe('pending');
    });
  });

  test('a deadline that comes again, for another time or for what is no timer is a duplicate', () => {
    const story = opened();
    const { taskId } = story.task('tax');
    const deadline = (timer: string, dueAt: string): Exit =>
      story.tell({
        kind: 'deadline',
        position: story.position(),
        value: { deadlineId: 'd', dossierId, timer, dueAt, receivedAt: '2026-11-24T04:30:00Z' },
      }).exit;
    expect(deadline(`task:${taskId}`, '2026-11-24T03:59:00Z')).toEqual(duplicate('deadline'));
    expect(deadline('task:none', '2026-11-24T04:00:00Z')).toEqual(duplicate('deadline'));
    expect(deadline(`task:${taskId}`, '2026-11-24T04:00:00Z')).toEqual(applied);
    expect(deadline(`task:${taskId}`, '2026-11-24T04:00:00Z')).toEqual(duplicate('deadline'));
    for (const fact of story.facts.slice(1)) {
      expect(fold(undefined, fact, undefined, story.rules)).toMatchObject({ exit: duplicate('deadline'), state: undefined });
    }
  });

  test('an answer takes its timer away, and an amendment sets a new one', () => {
    const story = opened();
    expect(story.timers.size).toBe(4);
    story.decide('customs', 'accepted');
    expect([...story.timers.keys()]).not.toContain(`task:${story.task('customs').taskId}`);
    story.declare({ messageId: 'M-2', action: 'amend', declaration: stores });
    expect(story.timers.get(`task:${story.task('customs').taskId}`)).toBe('2026-11-24T04:02:00Z');
    expect(story.timers.size).toBe(4);
  });

  test('a formality missing at its due time makes it incomplete until it comes in', () => {
    const story = new DossierStory();
    story.declare({ declaration: { reportedFormalities: ['shipStores'] } });
    expect(story.state?.missing).toEqual([{ formality: 'shipStores', dueAt: '2026-11-25T18:00:00Z' }]);
    story.acceptAll();
    // Not there and not due: it does not hold up the verdict.
    expect(story.latest).toMatchObject({ version: 1, status: 'granted', missing: [{ formality: 'shipStores' }] });
    const { events } = story.pass('shipStores');
    expect(events[0]).toMatchObject({ type: 'deadline', data: { formality: 'shipStores', dueAt: '2026-11-25T18:00:00Z' } });
    expect(story.latest).toMatchObject({ version: 2, status: 'incomplete', statusCode: '35' });
    story.declare({ messageId: 'P-2', declaration: { portCall: { portOfCall: {}, visitId: dossierCode }, formalities: { shipStores } } });
    expect(story.latest).toMatchObject({ version: 3, status: 'pending', missing: [] });
    story.acceptAll('customs', 'tax');
    expect(story.clearances.map(({ status }) => status)).toEqual(['granted', 'incomplete', 'pending', 'pending', 'granted']);
  });

  test('a formality is missing by the stamp of any record after its due time; its deadline, told afterwards, is a duplicate', () => {
    const story = new DossierStory();
    story.declare({ declaration: { reportedFormalities: ['shipStores'] } });
    story.acceptAll();
    story.at('2026-11-25T18:00:01Z').decide('customs', 'accepted', { reference: 'CU-2' });
    expect(story.latest).toMatchObject({ version: 2, status: 'incomplete' });
    const timer = 'formality:shipStores';
    expect(story.timers.has(timer)).toBe(false);
    const [dueAt, receivedAt] = ['2026-11-25T18:00:00Z', story.now];
    const value = { deadlineId: 'late', dossierId, timer, dueAt, receivedAt };
    expect(story.tell({ kind: 'deadline', position: story.position(), value }).exit).toEqual(duplicate('deadline'));
    expect(story.clearances).toHaveLength(2);
  });

  test('a formality that is due later since the call is later is missing no more', () => {
    const story = new DossierStory();
    story.declare({ declaration: { reportedFormalities: ['shipStores'] } });
    story.pass('shipStores');
    expect(story.status).toBe('incomplete');
    story.declare({
      messageId: 'M-2',
      action: 'amend',
      declaration: { formalities: undefined, portCall: { portOfCall: { unLocode: 'VNHPH' }, eta: '2026-11-29T02:00:00Z' } },
    });
    expect(story.state).toMatchObject({ status: 'pending', missing: [{ formality: 'shipStores', dueAt: '2026-11-28T18:00:00Z' }] });
    expect(story.timers.get('formality:shipStores')).toBe('2026-11-28T18:00:00Z');
  });

  test('who is only informed owes no answer and has no timer', () => {
    const story = opened(rulesWith({ finance: { connected: true } }));
    expect(asked(story.requests)).toContain('finance');
    expect([...story.timers.keys()]).not.toContain(`task:${story.task('finance').taskId}`);
    expect(story.acceptAll().latest).toMatchObject({ status: 'granted', final: true });
  });
});

describe('where the harbour master confirms last', () => {
  const rules = rulesWith({ 'harbour-master': { after: ['customs', 'tax'] } });

  test('it is asked when those before it have answered, with a due time of its own', () => {
    const story = opened(rules);
    expect(asked(story.requests)).toEqual(['customs', 'tax', 'planning']);
    expect([...story.timers.keys()]).not.toContain(`task:${story.task('harbour-master').taskId}`);
    story.decide('customs', 'accepted');
    expect(asked(story.requests)).not.toContain('harbour-master');
    const { requests } = story.decide('tax', 'conditionallyAccepted');
    expect(requests).toMatchObject([
      { agency: 'harbour-master', action: 'original', revision: 1, dueAt: '2026-11-24T04:02:00Z', receivedAt: '2026-11-24T03:00:00Z' },
    ]);
    expect(story.requests.at(-1)?.view.ship?.name).toBe('SONG CAM STAR');
    story.acceptAll('harbour-master', 'planning');
    expect(story.latest.status).toBe('conditional');
  });

  test('overdue advice is not waited for, a silent decider is (Decree 336 Art. 29.4b)', () => {
    const story = opened(rules);
    story.decide('customs', 'accepted');
    expect(asked(story.pass('tax').requests)).toEqual(['harbour-master']);
    expect(story.task('harbour-master')).toMatchObject({ asked: true, overdue: false, dueAt: '2026-11-24T05:00:00Z' });
    const silent = opened(rules);
    silent.decide('tax', 'accepted');
    expect(silent.pass('customs').requests).toEqual([]);
    expect(asked(silent.decide('customs', 'accepted').requests)).toEqual(['harbour-master']);
  });

  test('amended before it was asked, it is asked once, about the newest view', () => {
    const story = opened(rules);
    story.declare({ messageId: 'M-2', action: 'amend', declaration: { formalities: undefined, ship: { name: 'NEW NAME' } } });
    story.acceptAll('customs', 'tax');
    const own = story.requests.filter(({ agency }) => agency === 'harbour-master');
    expect(own).toMatchObject([{ action: 'original', revision: 2, view: { ship: { name: 'NEW NAME' } } }]);
    expect(story.state?.formerTasks.map(({ agency }) => agency)).not.toContain('harbour-master');
  });

  test('cancelled before it was asked, it hears nothing', () => {
    const story = opened(rules);
    const { requests } = story.declare({ messageId: 'C-1', action: 'cancel' });
    expect(asked(requests)).toEqual(['customs', 'tax', 'planning']);
    expect(story.task('harbour-master').state).toBe('withdrawn');
  });
});

test('a test declaration is marked in requests and clearance', () => {
  const story = new DossierStory();
  story.declare({ test: true });
  expect(story.requests.every(({ test: isTest }) => isTest)).toBe(true);
  expect(story.decide('customs', 'accepted', { test: false }).exit).toEqual(deadLettered('agency-mismatch'));
  expect(story.acceptAll().latest).toMatchObject({ status: 'granted', test: true });
  expect(story.declare({ messageId: 'M-2', action: 'amend' }).exit).toEqual(rejected('test-mismatch'));
  expect(granted().latest).not.toHaveProperty('test');
});

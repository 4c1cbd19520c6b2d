import fc from 'fast-check';
import { dossierIdOf, taskIdOf } from '../core/identifiers';
import { DecisionOutcome } from '../core/messages';
import { MAX_DECISION_BYTES, parseDecision } from './decision-message';

const taskId = taskIdOf(dossierIdOf('agent', 'm-1'), 'customs', 1);
const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function faultsOf(value: Buffer): string[] {
  const outcome = parseDecision(value);
  return outcome.ok ? [] : outcome.problems.map((fault) => `${fault.code} ${fault.pointer}`);
}

describe('parseDecision', () => {
  it('needs a task and an outcome, no more', () => {
    expect(parseDecision(bytes({ taskId, outcome: 'accepted' }))).toEqual({
      ok: true,
      value: { taskId, outcome: 'accepted' },
      warnings: [],
    });
  });

  it('keeps everything that the contract knows', () => {
    const decision = {
      taskId,
      dossierId: taskId.slice(0, 30),
      revision: 1,
      agency: 'customs',
      outcome: 'conditionallyAccepted',
      reasons: [{ code: 'CUS-CHANNEL-RED', text: 'Inspection', textVi: 'Kiểm tra' }],
      conditions: [{ code: 'CUS-INSPECTION', text: 'Inspection' }],
      documents: { cargo: 'conditionallyAccepted' },
      reference: 'RED-1',
      decidedAt: '2026-11-24T03:00:00Z',
    };
    expect(parseDecision(bytes(decision))).toEqual({ ok: true, value: decision, warnings: [] });
  });

  it('leaves out members that it does not know, also within reasons', () => {
    const outcome = parseDecision(
      bytes({ taskId, outcome: 'refused', reasons: [{ code: 'A', text: 'b', officer: 'x' }], newMember: { a: 1 } }),
    );
    expect(outcome).toEqual({ ok: true, value: { taskId, outcome: 'refused', reasons: [{ code: 'A', text: 'b' }] }, warnings: [] });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'accepted'],
    ['trailing bytes', `{"taskId":"${taskId}","outcome":"accepted"} x`],
    ['an array', '[]'],
    ['a null', 'null'],
    ['a key twice', `{"taskId":"${taskId}","outcome":"accepted","outcome":"refused"}`],
    ['a lone surrogate', `{"taskId":"${taskId}","outcome":"refused","reference":"\\ud800"}`],
    ['deep nesting', '['.repeat(100_000)],
  ])('refuses %s', (_name, json) => {
    expect(faultsOf(bytes(json))[0]).toMatch(/^decision-invalid/);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(faultsOf(Buffer.from([0x22, 0xff, 0x22]))).toEqual(['decision-invalid ']);
  });

  it('refuses more than 4 MiB without reading them', () => {
    expect(faultsOf(Buffer.alloc(MAX_DECISION_BYTES + 1, 0x20))).toEqual(['decision-invalid ']);
  });

  it('names every fault at once', () => {
    expect(faultsOf(bytes({ taskId: 'x', outcome: 'maybe', revision: 0, decidedAt: 'today' })).sort()).toEqual([
      'decision-invalid /decidedAt',
      'decision-invalid /outcome',
      'decision-invalid /revision',
      'decision-invalid /taskId',
    ]);
  });

  it.each([
    ['101 reasons', { reasons: Array.from({ length: 101 }, () => ({ code: 'A', text: 'b' })) }],
    ['a text of 2,001 characters', { conditions: [{ code: 'A', text: 'x'.repeat(2001) }] }],
    ['a reason without code', { reasons: [{ text: 'b' }] }],
    ['an outcome of a document that is none', { documents: { cargo: 'yes' } }],
  ])('bounds its members: %s', (_name, members) => {
    expect(faultsOf(bytes({ taskId, outcome: 'refused', ...members }))).toHaveLength(1);
  });

  it('repeats no value of the sender in a fault', () => {
    const outcome = parseDecision(bytes({ taskId, outcome: 'CANARY-1', documents: { 'CANARY-2': 'CANARY-3' }, decidedAt: 'CANARY-4' }));
    expect(JSON.stringify(outcome)).not.toContain('CANARY');
  });

  it('never throws, whatever comes', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.json().map((json) => Buffer.from(json)),
      fc
        .record({
          taskId: fc.constantFrom(taskId, 'x'),
          outcome: fc.oneof(fc.constantFrom(...Object.values(DecisionOutcome)), fc.jsonValue()),
          reasons: fc.jsonValue(),
        })
        .map((value) => bytes(value)),
    );
    fc.assert(
      fc.property(anything, (value) => {
        const outcome = parseDecision(value);
        return outcome.ok || outcome.problems.every((fault) => fault.code === 'decision-invalid' && fault.severity === 'error');
      }),
    );
  });
});

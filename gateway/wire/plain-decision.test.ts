import fc from 'fast-check';
import { dossierIdOf, taskIdOf } from '../core/identifiers';
import { DecisionOutcome } from '../core/messages';
import { parseDecision } from './decision-message';
import { readPlainDecision, withMembers } from './plain-decision';

const dossierId = dossierIdOf('agent', 'm-1');
const taskId = taskIdOf(dossierId, 'customs', 1);
const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

const text = (maxLength: number) =>
  fc.oneof(
    fc.string({ minLength: 1, maxLength, unit: fc.constantFrom(...'abz 09-_/:,.{}[]áảẩđĐộ≠—'.split('')) }),
    fc.string({ minLength: 1, maxLength, unit: 'binary' }),
  );
const codedText = fc.oneof(
  fc.record({ code: text(64), text: text(80) }),
  fc.record({ code: text(64), text: text(80), textVi: text(80) }, { noNullPrototype: true }),
);
const time = fc.oneof(
  fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') }).map((date) => date.toISOString()),
  fc.constantFrom('2026-02-29T00:00:00Z', '2028-02-29T23:59:60Z', '2026-04-31T00:00:00Z', '2026-12-31T23:59:59.999Z', 'today'),
);

/** Members in the order that our adapters write, each perhaps left out. */
const decision = fc
  .record(
    {
      taskId: fc.constant(taskId),
      dossierId: fc.constant(dossierId),
      revision: fc.integer({ min: 0, max: 12 }),
      agency: fc.constantFrom('customs', 'harbour-master', 'Customs'),
      outcome: fc.constantFrom(...Object.values(DecisionOutcome)),
      reasons: fc.array(codedText, { maxLength: 4 }),
      conditions: fc.array(codedText, { maxLength: 2 }),
      reference: text(40),
      decidedAt: time,
    },
    { requiredKeys: ['taskId', 'outcome'], noNullPrototype: true },
  )
  .map(inOrder);

function inOrder(given: object): object {
  const order = ['taskId', 'dossierId', 'revision', 'agency', 'outcome', 'reasons', 'conditions', 'reference', 'decidedAt'];
  return Object.fromEntries(order.filter((name) => name in given).map((name) => [name, given[name as keyof typeof given]]));
}

/** A change anywhere in the bytes: what JSON, UTF-8 or the schema do not take, and what they do. */
const SNIPPETS = [
  ...['"', '\\', '\\n', '\\u0041', '\\ud800', '\\"', '{', '}', '[', ']', ',', ':', ' ', '\n', '\t', '0', '-1', '1e9', '.5', 'null', 'true'],
  ...['"outcome":"refused",', ',"outcome":"refused"', ',"reasons":[]', ',"agency":"tax"', '"code":"A",', ',"__proto__":{}'],
  ...[',"documents":{"cargo":"refused"}', '\u0085', '\u00a0', '\u00d7', '\ufffe', '\ufeff', '\u{1f6a2}'],
].map((snippet) => Buffer.from(snippet));
const WRONG_BYTES = [0x00, 0x1f, 0x7f, 0x80, 0xc2, 0xc3, 0xed, 0xef, 0xbf, 0xbe, 0xf0, 0xf5, 0xff].map((byte) => Buffer.from([byte]));
const edit = fc.record({
  at: fc.nat(2_000),
  removed: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
  inserted: fc.oneof(fc.constantFrom(...SNIPPETS, ...WRONG_BYTES), fc.constant(undefined), fc.constant('again' as const)),
});

function edited(value: Buffer, { at, removed, inserted }: { at: number; removed: number; inserted: Buffer | 'again' | undefined }): Buffer {
  const from = at % (value.length + 1);
  const rest = value.subarray(inserted === 'again' ? from : from + removed);
  const more = inserted === 'again' ? value.subarray(from, from + removed) : (inserted ?? Buffer.alloc(0));
  return Buffer.concat([value.subarray(0, from), more, rest]);
}

/** What the short way and the long way make of the same bytes, each as it is relayed. */
function expectSameAs(value: Buffer): boolean {
  const plain = readPlainDecision(value);
  if (plain === undefined) return false;
  const parsed = parseDecision(value);
  expect(parsed).toMatchObject({ ok: true });
  if (!parsed.ok) return true;
  expect([plain.taskId, plain.dossierId, plain.agency]).toEqual([parsed.value.taskId, parsed.value.dossierId, parsed.value.agency]);
  expect(JSON.parse(withMembers(value, ',"test":false').toString())).toEqual({ ...parsed.value, test: false });
  return true;
}

describe('readPlainDecision', () => {
  it('knows what it needs of a decision as our adapters write it, and leaves the others to parseDecision', () => {
    const reasons = [{ code: 'CUS-CHANNEL-GREEN', text: 'Green channel: no finding.', textVi: 'Luồng xanh: không có phát hiện.' }];
    const sent = { taskId, dossierId, revision: 1, agency: 'customs', outcome: 'accepted', reasons, conditions: [], reference: 'R-1' };
    expect(readPlainDecision(bytes({ ...sent, decidedAt: '2026-11-24T03:00:00.123Z' }))).toEqual({ taskId, dossierId, agency: 'customs' });
    expect(readPlainDecision(bytes({ taskId, outcome: 'accepted' }))).toEqual({ taskId, dossierId: undefined, agency: undefined });
    expect(readPlainDecision(bytes({ outcome: 'accepted', taskId }))).toBeUndefined();
    expect(readPlainDecision(bytes({ taskId, outcome: 'accepted', documents: { cargo: 'refused' } }))).toBeUndefined();
    expect(readPlainDecision(bytes({ taskId, outcome: 'accepted', newMember: 1 }))).toBeUndefined();
    expect(readPlainDecision(bytes(JSON.stringify({ taskId, outcome: 'accepted' }, null, 1)))).toBeUndefined();
  });

  it('accepts what parseDecision accepts, with the same content, or does not know', () => {
    let plain = 0;
    fc.assert(
      fc.property(decision, (value) => {
        if (expectSameAs(bytes(value))) plain++;
      }),
      { numRuns: 500 },
    );
    expect(plain).toBeGreaterThan(50);
  });

  it('accepts nothing else in bytes that were changed anywhere', () => {
    fc.assert(
      fc.property(decision, fc.array(edit, { minLength: 1, maxLength: 3 }), (value, edits) => {
        expectSameAs(edits.reduce(edited, bytes(value)));
      }),
      { numRuns: 5_000 },
    );
  });

  const withReference = (reference: string): string => `{"taskId":"${taskId}","outcome":"refused","reference":"${reference}"}`;
  const withTime = (decidedAt: string): string => JSON.stringify({ taskId, outcome: 'refused', decidedAt });
  it.each([
    ['a member twice', `{"taskId":"${taskId}","outcome":"refused","reasons":[],"reasons":[]}`],
    ['a member of a reason twice', `{"taskId":"${taskId}","outcome":"refused","reasons":[{"code":"A","text":"b","text":"c"}]}`],
    ['an escape', withReference('\\u0041')],
    ['a lone surrogate', withReference('\\ud800')],
    ['an escaped quote at the end', withReference('\\')],
    ['a control character', withReference('\n')],
    ['DEL', withReference('\x7f')],
    ['a C1 control character', withReference('\u0085')],
    ['U+FFFE', withReference('\ufffe')],
    ['U+FFFF', withReference('\uffff')],
    ['an empty text', withReference('')],
    ['a revision 0', `{"taskId":"${taskId}","revision":0,"outcome":"refused"}`],
    ['a revision with a leading zero', `{"taskId":"${taskId}","revision":01,"outcome":"refused"}`],
    ['a revision that no double holds', `{"taskId":"${taskId}","revision":1234567890123456,"outcome":"refused"}`],
    ['31 April', withTime('2026-04-31T00:00:00Z')],
    ['30 February', withTime('2026-02-30T00:00:00Z')],
    ['24:00', withTime('2026-04-30T24:00:00Z')],
    ['minute 60', withTime('2026-04-30T00:60:00Z')],
    ['second 60', withTime('2026-04-30T00:00:60Z')],
    ['a time without zone', withTime('2026-04-30T00:00:00')],
    ['a line end after it', `${withReference('R')}\n`],
    ['a mark before it', `\ufeff${withReference('R')}`],
  ])('does not know %s', (_name, json) => {
    expect(readPlainDecision(bytes(json))).toBeUndefined();
  });

  it('does not know bytes that are not UTF-8', () => {
    const value = bytes(withReference('~'));
    value[value.indexOf('~')] = 0xc3;
    expect(readPlainDecision(value)).toBeUndefined();
  });

  it.each([
    ['reasons', { reasons: Array.from({ length: 101 }, () => ({ code: 'A', text: 'b' })) }],
    ['a text', { conditions: [{ code: 'A', text: 'x'.repeat(2_001) }] }],
    ['a code', { conditions: [{ code: 'A'.repeat(65), text: 'x' }] }],
    ['a reference', { reference: 'R'.repeat(141) }],
  ])('does not know what is over the limit of the schema: %s', (_name, members) => {
    expect(readPlainDecision(bytes({ taskId, outcome: 'refused', ...members }))).toBeUndefined();
  });

  it('gives up on many megabytes at once', () => {
    expect(readPlainDecision(bytes({ taskId, outcome: 'refused', reference: 'x'.repeat(8_000_000) }))).toBeUndefined();
  });

  it('is not led into long work by a decision that breaks off at its end', () => {
    const reasons = Array.from({ length: 30 }, () => ({ code: 'A', text: 'x'.repeat(2_000) }));
    const broken = bytes(`${JSON.stringify({ taskId, outcome: 'refused', reasons }).slice(0, -1)}!`);
    expect(readPlainDecision(broken)).toBeUndefined();
  });
});

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import needToKnow from '../config/need-to-know.json';
import { agencyRequest, plainArrival } from '../test/support/agency-requests';
import { arrivalJson, departureJson } from '../test/support/fixtures';
import type { Declaration } from '../gateway/core/declaration';
import type { RequestMessage } from '../gateway/core/messages';
import { compileView } from '../gateway/core/need-to-know';
import { parseDecision } from '../gateway/wire/decision-message';
import { readPlainDecision } from '../gateway/wire/plain-decision';
import { customsCodes } from './customs/codes';
import { customsRules } from './customs/assess';
import { harbourMasterCodes } from './harbour-master/codes';
import { harbourMasterRules } from './harbour-master/assess';
import { agencyAdapters } from './index';
import { planningCodes } from './planning/codes';
import { planningRules } from './planning/assess';
import { loadRegistries } from './registries/load-registries';
import type { AgencyView, CodeRow, Rules } from './runtime/assessment';
import { decisionRecord, decisionsOf, type IdentifiedDecision } from './runtime/decide';
import { taxCodes } from './tax/codes';
import { taxRules } from './tax/assess';

/** What holds for every agency with rules of its own. */
const agencies: { code: string; codes: Readonly<Record<string, CodeRow>>; rules: Rules }[] = [
  { code: 'harbour-master', codes: harbourMasterCodes, rules: harbourMasterRules },
  { code: 'customs', codes: customsCodes, rules: customsRules },
  { code: 'tax', codes: taxCodes, rules: taxRules },
  { code: 'planning', codes: planningCodes, rules: planningRules },
];
const registries = loadRegistries();
const fixture = JSON.parse(readFileSync(join(__dirname, '../test/fixtures/json/arrival.json'), 'utf8')) as Declaration;
const EARLY_MS = 48 * 3_600_000;

/** The request as the exchange would send it, two days before the call. */
function requestOf(agency: string, declaration: Declaration, changes: Partial<RequestMessage> = {}): RequestMessage {
  const wholeView = JSON.parse(compileView(needToKnow[agency as 'customs'])(declaration)) as AgencyView;
  const call = declaration.portCall;
  const time = declaration.header.declarationType === 'departure' ? call?.etd : call?.eta;
  const receivedAt = new Date(Date.parse(time ?? '') - EARLY_MS).toISOString();
  return agencyRequest({ agency, receivedAt, ...changes, wholeView });
}

function assess(request: RequestMessage) {
  const adapter = agencyAdapters[request.agency];
  if (adapter === undefined) throw new Error(`no rules for ${request.agency}`);
  return adapter.assess(request, registries);
}

describe.each(agencies)('$code', ({ code, codes, rules }) => {
  it.each<[string, Declaration]>([
    ['the sample arrival of the project', fixture],
    ['a plain arrival', plainArrival as unknown as Declaration],
    ['an arrival with many bills', arrivalJson({ consignments: 300, itemsPerConsignment: 3 })],
    ['an arrival with passengers', arrivalJson({ passengers: 40 })],
    ['an arrival without dangerous goods, stores or cargo', arrivalJson({ dangerousGoods: 0, stores: 0, consignments: 0 })],
    ['a departure', departureJson()],
  ])('accepts %s of an unknown ship and agent, in time: what is merely unknown is no fault', (_name, declaration) => {
    const assessment = assess(requestOf(code, declaration));
    expect({ outcome: assessment.outcome, conditions: assessment.conditions, held: assessment.held }).toEqual({
      outcome: 'accepted',
      conditions: [],
      held: false,
    });
  });

  it('writes its decision so that the relay passes its bytes on', () => {
    const request = requestOf(code, fixture);
    const source = { topic: `requests.${code}`, partition: 0, offset: 0, timestampMs: 0, key: null, value: Buffer.alloc(0), headers: {} };
    const [identified] = decisionsOf(request, assess(request), '2026-11-24T02:00:05.123Z');
    const record = decisionRecord(source, request, identified as IdentifiedDecision, '2026-11-24T02:00:05.123Z');
    expect(readPlainDecision(record.value)).toEqual({ taskId: request.taskId, dossierId: request.dossierId, agency: code });
  });

  it('makes of a late notice a condition at most', () => {
    const receivedAt = fixture.portCall?.eta ?? '';
    expect(['accepted', 'conditionallyAccepted']).toContain(assess(requestOf(code, fixture, { receivedAt })).outcome);
  });

  it('has nothing to decide on an empty view', () => {
    expect(assess(agencyRequest({ agency: code, wholeView: {} }))).toMatchObject({ outcome: 'notApplicable', reasons: [] });
  });

  it('gives the same answer to the same request, and changes nothing of it', () => {
    // Frozen: a rule that writes to its request throws.
    const request = requestOf(code, fixture);
    expect(assess(request)).toEqual(assess(JSON.parse(JSON.stringify(request)) as RequestMessage));
  });

  it('answers whatever part of a declaration it is shown, within the schema and with codes of its catalogue', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), fc.constantFrom(0.02, 0.1, 0.4), (stream, share) => {
        const wholeView = pruned(JSON.parse(JSON.stringify(fixture)), () => (stream.next().value as number) < share) as AgencyView;
        const request = agencyRequest({ agency: code, wholeView });
        const assessment = assess(request);
        return (
          decisionsOf(request, assessment, request.receivedAt).every(
            ({ decision }) => parseDecision(Buffer.from(JSON.stringify(decision))).ok,
          ) && assessment.reasons.every((reason) => reason.code in codes && reason.textVi !== undefined && reason.textVi !== '')
        );
      }),
      { numRuns: 200 },
    );
  });

  it('has a file, a test and a catalogue entry for each rule', () => {
    const folder = join(__dirname, code, 'rules');
    const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
    const names = [...Object.keys(rules), ...(code === 'customs' ? ['channel'] : [])].sort();
    expect(files.map((file) => file.slice(0, -3)).sort()).toEqual(names);
    expect(names.filter((name) => !existsSync(join(folder, `${name}.test.ts`)))).toEqual([]);
    expect([...new Set(Object.values(codes).map((row) => row.rule))].sort()).toEqual(names);
  });

  it('names every code in the test of its rule', () => {
    const untested = Object.entries(codes).filter(
      ([name, row]) => !readFileSync(join(__dirname, code, 'rules', `${row.rule}.test.ts`), 'utf8').includes(name),
    );
    expect(untested.map(([name]) => name)).toEqual([]);
  });

  it('explains every code in its README, and no other', () => {
    const table = readFileSync(join(__dirname, code, 'README.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| `[A-Z]/.test(line))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, 5),
      );
    expect(table).toEqual(Object.entries(codes).map(([name, row]) => [`\`${name}\``, row.rule, row.kind, row.meaning]));
  });
});

describe('the policies of the rule sets', () => {
  it.each(['nd-85-2019', 'nd-336-2026'])('%s blocks by codes that the advisers have', (ruleSet) => {
    const { policies } = JSON.parse(readFileSync(join(__dirname, `../config/rule-sets/${ruleSet}.json`), 'utf8')) as {
      policies: { agency: string; reasonCode: string }[];
    };
    for (const { agency, reasonCode } of policies)
      expect(agencies.find(({ code }) => code === agency)?.codes[reasonCode]?.kind).toBe('refuse');
  });
});

/** Leaves out members by chance: need-to-know cuts below what the schema requires. */
function pruned(value: unknown, drop: () => boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => pruned(item, drop));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(() => !drop())
      .map(([key, member]) => [key, pruned(member, drop)]),
  );
}

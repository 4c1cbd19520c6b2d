import needToKnow from '../../config/need-to-know.json';
import type { Fact } from '../../gateway/core/fold';
import type { Agency, RuleSet } from '../../gateway/core/rule-set';

/**
 * A second fold, written from contract.md, architecture.md §5 and guarantees.md I5/I7 alone: what the status of a dossier is after these
 * records. It shares no code with gateway/core but the spelling of a taskId; slow, and short enough to be checked by reading.
 */
type Json = Record<string, unknown>;
type Formalities = Record<string, { value: unknown; from: string }>;
interface Owed { id: string; view: string; outcome?: string; held: boolean; overdue: boolean; reasons: string[]; conditions: boolean; documents: Json; ids: Set<string>; due: number } // prettier-ignore

const get = (value: unknown, [step, ...rest]: string[]): unknown =>
  Array.isArray(value) ? value.map((item) => get(item, [step ?? '', ...rest])) : step === undefined ? value : get((value as Json | null | undefined)?.[step.replace('[]', '')], rest); // prettier-ignore
const answers = ['accepted', 'conditionallyAccepted', 'refused', 'moreInfoRequired', 'notApplicable'];

export function referenceStatus(
  facts: readonly Fact[],
  agencies: readonly Agency[],
  lawOf: (id: string) => RuleSet,
  taskIdOf: (dossier: string, agency: string, revision: number) => string,
  missingAt: (declaration: unknown, law: RuleSet) => number[],
): string | undefined {
  const revisions: { id: string; digest: string; sent: number }[] = [];
  const tasks = new Map<string, Owed>();
  let [law, cancelled, test, asOf] = [undefined as RuleSet | undefined, false, false, 0];
  let [sections, formalities]: [Json, Formalities] = [{}, {}];
  const body = (): Json => ({ ...sections, formalities: Object.fromEntries(Object.entries(formalities).map(([name, { value }]) => [name, value])) }); // prettier-ignore
  for (const { kind, value } of facts) {
    const at = Date.parse(value.receivedAt);
    if (kind === 'declaration') {
      const { messageId: id, digest, action, declaration, dialect } = value;
      const earlier = revisions.filter((revision) => revision.id === id);
      const sent = Date.parse(declaration.header.sentAt);
      const base = declaration.header.baseRevision;
      if (earlier.some((revision) => revision.digest === digest)) continue;
      if (law === undefined && (action !== 'original' || declaration.portCall?.visitId === value.dossierCode)) continue;
      if (cancelled || (law !== undefined && test !== value.test)) continue;
      if (earlier.length > 0 && (!dialect.startsWith('epc') || earlier.some((revision) => revision.sent > sent))) continue;
      if (law !== undefined && base !== undefined && base !== revisions.length) continue;
      const [root, opens] = [revisions[0]?.id ?? id, law === undefined];
      law ??= lawOf(value.ruleSet);
      [test, asOf] = [value.test, Math.max(asOf, at)];
      revisions.push({ id, digest, sent });
      if (action === 'cancel') cancelled = true;
      if (cancelled) continue;
      const { formalities: carried = {}, ...others } = declaration as unknown as { formalities?: Json } & Json;
      if (earlier.length > 0) formalities = Object.fromEntries(Object.entries(formalities).filter(([, { from }]) => from !== id));
      for (const [name, content] of Object.entries(carried)) {
        if (content === null) delete formalities[name];
        else formalities[name] = { value: content, from: id };
      }
      const header = { ...(sections['header'] as Json | undefined), ...declaration.header };
      if (opens || id === root) sections = others;
      else if (action !== 'original') {
        const members = ['portCall', 'ship', 'voyage'].filter((name) => name in others);
        const merged = members.map((name) => [name, { ...(sections[name] as Json | undefined), ...(others[name] as Json) }]);
        sections = { ...sections, ...others, header, ...Object.fromEntries(merged) };
      }
      for (const { code } of agencies) {
        const view = JSON.stringify((needToKnow as unknown as Record<string, string[]>)[code]?.map((path) => get(body(), path.split('.'))));
        const old = tasks.get(code);
        if (old?.view === view) continue;
        const due = at + law.agencyLimitMinutes * 60_000;
        tasks.set(code, { id: taskIdOf(value.dossierId, code, revisions.length), view, held: old?.held ?? false, overdue: false, reasons: [], conditions: false, documents: {}, ids: new Set(), due }); // prettier-ignore
      }
    } else if (kind === 'decision') {
      const task = tasks.get(value.agency);
      if (cancelled || task?.id !== value.taskId || value.test !== test || task.ids.has(value.decisionId)) continue;
      task.ids.add(value.decisionId);
      asOf = Math.max(asOf, at);
      const { outcome, documents = {}, reasons = [], conditions = [] } = value;
      if (outcome === 'held' || outcome === 'released') task.held = outcome === 'held';
      else if (outcome === 'acknowledged') task.outcome ??= outcome;
      else Object.assign(task, { outcome, documents: outcome === 'revoked' ? {} : documents, reasons: reasons.map(({ code }) => code), conditions: outcome !== 'revoked' && conditions.length > 0, overdue: task.overdue || (outcome !== 'revoked' && at > task.due) }); // prettier-ignore
    } else {
      const silent = [...tasks.values()].find(({ id, outcome = '', due }) => value.timer === `task:${id}` && Date.parse(value.dueAt) === due && !answers.includes(outcome)); // prettier-ignore
      const formality =
        value.timer.startsWith('formality:') && law !== undefined && missingAt(body(), law).includes(Date.parse(value.dueAt));
      if (cancelled || !(silent?.overdue === false || formality)) continue;
      if (silent !== undefined) silent.overdue = true;
      asOf = Math.max(asOf, at);
    }
  }
  return law === undefined ? undefined : cancelled ? 'cancelled' : verdict(tasks, agencies, law, missingAt(body(), law).some((due) => due <= asOf)); // prettier-ignore
}

function verdict(tasks: Map<string, Owed>, agencies: readonly Agency[], law: RuleSet, formalityMissing: boolean): string {
  const found = new Set<string>(formalityMissing ? ['incomplete'] : []);
  for (const { code, role } of agencies) {
    const { held, overdue, outcome = 'open', documents, reasons, conditions } = tasks.get(code) as Owed;
    if (held) found.add('held');
    const named = (what: string): string[] => Object.keys(documents).filter((name) => documents[name] === what);
    const authority = (name: string): string => (agencies.some((agency) => agency.code === law.finalAuthority[name]) ? law.finalAuthority[name] : undefined) ?? law.lead; // prettier-ignore
    const counts = (what: string): boolean =>
      named(what).length === 0 ? outcome === what : role === 'advises' || named(what).some((name) => authority(name) === code);
    const blocks = role === 'decides' || law.policies.some((row) => row.agency === code && reasons.includes(row.reasonCode));
    const excused = overdue && (role === 'advises' || (law.onSilence === 'leadDecides' && code !== law.lead && outcome !== 'revoked'));
    if (!answers.includes(outcome)) { if (!excused) found.add('pending'); } // prettier-ignore
    else if (counts('refused')) found.add(blocks ? 'refused' : 'conditional');
    else if (counts('moreInfoRequired')) found.add(blocks ? 'incomplete' : 'conditional');
    else if (outcome === 'conditionallyAccepted' || conditions || named('conditionallyAccepted').length > 0) found.add('conditional');
  }
  return ['held', 'refused', 'incomplete', 'pending', 'conditional'].find((status) => found.has(status)) ?? 'granted';
}

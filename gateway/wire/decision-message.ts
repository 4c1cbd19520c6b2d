import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import type { CodedText, DecisionMessage } from '../core/messages';
import type { Outcome } from '../core/problem';
import { problem } from '../core/problem-catalogue';
import decisionSchema from '../../schemas/decision.schema.json';
import { hasDuplicateKey } from './duplicate-key';

/** Bytes of the largest decision that is looked at. */
export const MAX_DECISION_BYTES = 4 * 1024 * 1024;
/** Faults told of one decision: an agency's developer mends the first ones and sends again. */
const MAX_FAULTS = 20;

const ajv = new Ajv2020({ allErrors: true, strict: true });
addFormats(ajv);
const isDecision = ajv.compile<DecisionMessage>(decisionSchema);
const utf8 = new TextDecoder('utf-8', { fatal: true });
const loneSurrogate = /\p{Surrogate}/u;

/**
 * The decision in an agency's bytes (contract.md §4), or every fault as `decision-invalid`. Members that the schema does not know
 * are left out, so that agencies may send more than we read. No fault repeats a value.
 */
export function parseDecision(value: Buffer): Outcome<DecisionMessage> {
  if (value.byteLength > MAX_DECISION_BYTES) return invalid('', 'is larger than 4 MiB', 'lớn hơn 4 MiB');
  let text: string;
  let parsed: unknown;
  try {
    text = utf8.decode(value);
    parsed = JSON.parse(text);
  } catch {
    return invalid('', 'is not JSON in UTF-8', 'không phải JSON mã hóa UTF-8');
  }
  if (hasDuplicateKey(text)) return invalid('', 'has a key twice in one object', 'có khóa bị lặp trong một đối tượng');
  if (!isDecision(parsed)) {
    const faults = (isDecision.errors ?? []).slice(0, MAX_FAULTS);
    return {
      ok: false,
      problems: faults.map((fault) => {
        // ajv's messages speak of the schema only; a property name of the sender is a value here.
        const rule =
          fault.keyword === 'required' ? `lacks ${String(fault.params['missingProperty'])}` : `breaks the rule "${fault.keyword}"`;
        return decisionInvalid(pointerWithinSchema(fault.instancePath), rule, `vi phạm quy tắc "${fault.keyword}"`);
      }),
    };
  }
  const decision = knownMembers(parsed);
  if (hasLoneSurrogate(decision)) return invalid('', 'has text that is not Unicode', 'có văn bản không phải Unicode');
  return { ok: true, value: decision, warnings: [] };
}

function invalid(pointer: string, en: string, vi: string): Outcome<DecisionMessage> {
  return { ok: false, problems: [decisionInvalid(pointer, en, vi)] };
}

function decisionInvalid(pointer: string, en: string, vi: string) {
  return problem('decision-invalid', { pointer }, { en: `The decision ${en}.`, vi: `Quyết định ${vi}.` });
}

/** A name under /documents is the sender's text: not repeated. */
function pointerWithinSchema(pointer: string): string {
  return pointer.startsWith('/documents/') ? '/documents' : pointer;
}

function knownMembers(sent: DecisionMessage): DecisionMessage {
  return {
    taskId: sent.taskId,
    outcome: sent.outcome,
    ...(sent.dossierId === undefined ? {} : { dossierId: sent.dossierId }),
    ...(sent.revision === undefined ? {} : { revision: sent.revision }),
    ...(sent.agency === undefined ? {} : { agency: sent.agency }),
    ...(sent.reasons === undefined ? {} : { reasons: sent.reasons.map(codedText) }),
    ...(sent.conditions === undefined ? {} : { conditions: sent.conditions.map(codedText) }),
    ...(sent.documents === undefined ? {} : { documents: sent.documents }),
    ...(sent.reference === undefined ? {} : { reference: sent.reference }),
    ...(sent.decidedAt === undefined ? {} : { decidedAt: sent.decidedAt }),
  };
}

function codedText(sent: CodedText): CodedText {
  return { code: sent.code, text: sent.text, ...(sent.textVi === undefined ? {} : { textVi: sent.textVi }) };
}

function hasLoneSurrogate(decision: DecisionMessage): boolean {
  const texts = [...(decision.reasons ?? []), ...(decision.conditions ?? [])].flatMap((entry) => [
    entry.code,
    entry.text,
    entry.textVi ?? '',
  ]);
  return [...texts, ...Object.keys(decision.documents ?? {}), decision.reference ?? ''].some((text) => loneSurrogate.test(text));
}

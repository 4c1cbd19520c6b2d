import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import type { CodedText, DecisionMessage } from '../core/messages';
import type { Outcome } from '../core/problem';
import { problem } from '../core/problem-catalogue';
import decisionSchema from '../../schemas/decision.schema.json';
import { readStrictJson } from './json/strict-json';

/** Bytes of the largest decision that is looked at. */
export const MAX_DECISION_BYTES = 4 * 1024 * 1024;
/** Faults told of one decision: an agency's developer mends the first ones and sends again. */
const MAX_FAULTS = 20;

const ajv = new Ajv2020({ allErrors: true, strict: true });
addFormats(ajv);
const isDecision = ajv.compile<DecisionMessage>(decisionSchema);

/**
 * The decision in an agency's bytes (contract.md §4), or every fault as `decision-invalid`. Members that the schema does not know
 * are left out, so that agencies may send more than we read. No fault repeats a value.
 */
export function parseDecision(value: Buffer): Outcome<DecisionMessage> {
  if (value.byteLength > MAX_DECISION_BYTES) return invalid('', 'is larger than 4 MiB', 'lớn hơn 4 MiB');
  const read = readStrictJson(value);
  if ('unreadable' in read) return invalid('', 'is not JSON as RFC 7493 wants it', 'không phải JSON theo RFC 7493');
  if (read.problems.length > 0) return invalid('', 'has text or numbers that are not accepted', 'có văn bản hoặc số không được chấp nhận');
  const parsed = read.value;
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
  return { ok: true, value: knownMembers(parsed), warnings: [] };
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

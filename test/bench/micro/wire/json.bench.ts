import { parseDecision } from '../../../../gateway/wire/decision-message';
import { readJsonDeclaration } from '../../../../gateway/wire/json/read-json-declaration';
import { readPlainDecision } from '../../../../gateway/wire/plain-decision';
import type { Benches } from '../harness';
import { bytesOf } from '../materials';

export const benches: Benches = () => {
  const typical = bytesOf('typical', 'json');
  const decision = Buffer.from(
    JSON.stringify({
      taskId: '0123456789abcdef0123456789abcd-0123456789abcdef',
      agency: 'customs',
      outcome: 'accepted',
      reasons: [{ code: 'CUS-CHANNEL-GREEN', text: 'Green channel: no finding.', textVi: 'Luồng xanh: không có phát hiện.' }],
      decidedAt: '2026-11-24T03:00:00Z',
    }),
  );
  return [
    { name: 'wire/json: read, typical', run: () => readJsonDeclaration(typical) },
    { name: 'wire/json: JSON.parse of the same, to compare', run: () => JSON.parse(typical.toString()) as unknown },
    { name: 'wire: parse a decision', run: () => parseDecision(decision) },
    { name: 'wire: the same, plain', run: () => readPlainDecision(decision) },
  ];
};

import { canonicalJson } from '../../../../gateway/core/canonical-json';
import { fold, requestText, type Fact } from '../../../../gateway/core/fold';
import { digestOf, dossierCodeOf, dossierIdOf } from '../../../../gateway/core/identifiers';
import { partitionOf } from '../../../../gateway/core/partition';
import type { Benches } from '../harness';
import { bytesOf, recordOf, rules, receivedAt } from '../materials';

export const benches: Benches = async () => {
  const record = await recordOf();
  const position = { partition: 0, offset: 1 };
  const declared: Fact = { kind: 'declaration', position, value: record };
  const opened = fold(undefined, declared, undefined, rules);
  const decisions = opened.requests.map((request, i): Fact => ({
    kind: 'decision',
    position: { partition: 0, offset: 2 + i },
    value: {
      taskId: request.taskId,
      dossierId: request.dossierId,
      agency: request.agency,
      outcome: 'accepted',
      decisionId: `d${i}`,
      receivedAt,
      test: false,
      reasons: [{ code: 'X-1', text: 'No finding.', textVi: 'Không có phát hiện.' }],
    },
  }));
  const views = opened.requests.map(({ agency }) => rules.viewOf.get(agency)).filter((view) => view !== undefined);
  const bytes = bytesOf('typical', 'xml');
  const decideAll = () => decisions.reduce((result, decision) => fold(result.state, decision, undefined, rules), opened);
  const { clearance } = decideAll();
  if (clearance === undefined) throw new Error('the fixture is not cleared');
  return [
    { name: `core: the views of ${views.length} agencies`, run: () => views.map((view) => view(record.declaration)) },
    { name: 'core: fold a declaration', run: () => fold(undefined, declared, undefined, rules) },
    { name: `core: fold ${decisions.length} decisions, the clearance with them`, run: decideAll },
    { name: 'core: canonical JSON of a clearance', run: () => canonicalJson(clearance) },
    { name: 'core: canonical JSON of a receipt', run: () => canonicalJson(record.receipt) },
    { name: 'core: JSON.stringify of a record', run: () => JSON.stringify(record) },
    { name: 'core: the requests as text', run: () => opened.requests.map((request) => requestText(request, rules)) },
    {
      name: 'core: JSON.parse of a record',
      run: (
        (text) => () =>
          JSON.parse(text) as unknown
      )(JSON.stringify(record)),
    },
    { name: 'core: digest of 14 kB', run: () => digestOf(bytes) },
    {
      name: 'core: dossier id, code and partition',
      run: () => [dossierCodeOf(dossierIdOf('agent', 'm-1')), partitionOf(record.dossierId, 4)],
    },
  ];
};

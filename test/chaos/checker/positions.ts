import type { Findings } from './findings';

/** I8 by record: each leaves by one exit. Entries of one position `topic/partition/offset`. */
export type PositionEntry =
  /** A record of `decisions.<agency>`. */
  | { is: 'decision'; agency: string; test: boolean; digest: string }
  /** A record of `requests.<agency>`, or of `dossiers`. */
  | { is: 'input'; digest: string }
  /** A decision in `dossiers` that names this position as its source. */
  | { is: 'relayed'; at: string; agency: string; test: boolean }
  | { is: 'dead-letter'; at: string; reason: string; digest: string }
  /** It must have been set aside: why. */
  | { is: 'to-be-set-aside'; why: string }
  /** It must not have been: why. */
  | { is: 'counts'; why: string }
  /** A request without a decision: nothing is lost where it was set aside. */
  | { is: 'unanswered'; agency: string };

export function checkPosition(position: string, entries: readonly PositionEntry[], findings: Findings): void {
  const source = entries.find((entry) => entry.is === 'decision' || entry.is === 'input');
  const relayed = entries.filter((entry) => entry.is === 'relayed');
  const letters = entries.filter((entry) => entry.is === 'dead-letter');
  const report = (harm: 'lost' | 'doubled' | 'wrong', explanation: string): void => findings.report('I8', harm, position, explanation);

  if (source !== undefined) findings.check('I8');
  else if (relayed.length > 0) report('wrong', `the decision at ${relayed.map(({ at }) => at).join(', ')} came from nowhere`);
  else if (letters.length > 0)
    report('wrong', `the dead letter at ${letters.map(({ at }) => at).join(', ')} is of a record that is not there`);

  for (const { at, reason, digest } of letters) {
    if (reason === '') report('wrong', `the dead letter at ${at} gives no reason`);
    if (source !== undefined && digest !== source.digest) report('wrong', `the dead letter at ${at} has the digest of something else`);
  }
  if (source?.is === 'decision') {
    for (const { at, agency, test } of relayed)
      if (agency !== source.agency || test !== source.test)
        report('wrong', `a decision of ${source.agency} stands at ${at} as one of ${agency}${test ? ' (test)' : ''}`);
    if (relayed.length === 0 && letters.length === 0) report('lost', 'neither relayed nor set aside');
    if (relayed.length > 0 && letters.length > 0) report('doubled', 'relayed and set aside');
    if (relayed.length > 1) findings.count('decisions relayed again', relayed.length - 1);
  }
  if (letters.length > 1) findings.count('records set aside again', letters.length - 1);
  for (const entry of entries) {
    if (entry.is === 'to-be-set-aside' && letters.length === 0) report('lost', `${entry.why}, yet not set aside`);
    if (entry.is === 'counts' && letters.length > 0 && relayed.length === 0) report('lost', `${entry.why}, yet set aside`);
    if (entry.is === 'unanswered' && letters.length === 0) report('lost', `no decision of ${entry.agency}, and not set aside`);
  }
}

import type { Findings } from './findings';

/** I1, I2: what senders were told about a message, and what the log holds of it. Entries of one (tenant, message id). */
export type MessageEntry =
  | { is: 'attempt'; attempt: string; digest: string; dryRun: boolean }
  | { is: 'answer'; attempt: string; digest: string; status: number; receipt?: ReceiptMark; atRest: boolean }
  | { is: 'record'; digest: string; position: string; receipt: ReceiptMark };

/** What is compared of a receipt. */
export interface ReceiptMark {
  receiptId: string;
  dossierId: string;
  declarationId: string;
  /** SHA-256 of its canonical JSON. */
  bytes: string;
}

export function checkMessage(message: string, entries: readonly MessageEntry[], findings: Findings): void {
  const attempts = new Map<string, { digest: string; dryRun: boolean; status: number }>();
  for (const entry of entries)
    if (entry.is === 'attempt') attempts.set(entry.attempt, { digest: entry.digest, dryRun: entry.dryRun, status: 0 });
  for (const entry of entries) if (entry.is === 'answer') Object.assign(attempts.get(entry.attempt) ?? {}, { status: entry.status });
  const records = entries.filter((entry) => entry.is === 'record');
  /** Records that a receipt names though they carry another digest. */
  const explained = new Set<string>();

  for (const answer of entries) {
    if (answer.is !== 'answer' || answer.status < 200 || answer.status > 299 || attempts.get(answer.attempt)?.dryRun === true) continue;
    if (answer.receipt === undefined) continue;
    findings.check('I1');
    const { receipt } = answer;
    const same = records.filter(({ digest }) => digest === answer.digest);
    const [first] = same;
    if (first === undefined) {
      const other = records.find((record) => record.receipt.receiptId === receipt.receiptId);
      if (other === undefined) findings.report('I1', 'lost', message, `acknowledged (attempt ${answer.attempt}) and not in the log`);
      else {
        explained.add(other.position);
        findings.report(
          'I1',
          'wrong',
          message,
          `the record at ${other.position} has digest ${other.digest}, the bytes sent ${answer.digest}`,
        );
      }
      continue;
    }
    const sameIds = (mark: ReceiptMark): boolean =>
      (['receiptId', 'dossierId', 'declarationId'] as const).every((name) => mark[name] === receipt[name]);
    if (!same.every((record) => sameIds(record.receipt)))
      findings.report('I1', 'wrong', message, `receipts of the same bytes have other ids (attempt ${answer.attempt})`);
    else if (!same.some((record) => record.receipt.bytes === receipt.bytes))
      findings.report('I1', 'wrong', message, `the receipt of attempt ${answer.attempt} is none that the log holds`);
    else if (answer.atRest && first.receipt.bytes !== receipt.bytes)
      findings.report('I1', 'wrong', message, `at rest the receipt is not that of the first record, at ${first.position}`);
  }

  for (const record of records) {
    findings.check('I2');
    if (explained.has(record.position)) continue;
    const tries = [...attempts.values()].filter(({ digest }) => digest === record.digest);
    const real = tries.filter(({ dryRun }) => !dryRun);
    if (tries.length === 0) findings.report('I2', 'wrong', message, `the record at ${record.position} was sent by nobody`);
    else if (real.length === 0) findings.report('I2', 'wrong', message, `a dry run was stored at ${record.position}`);
    else if (real.every(({ status }) => status >= 400 && status < 500))
      findings.report(
        'I2',
        'wrong',
        message,
        `refused with ${real.map(({ status }) => status).join(', ')}, yet stored at ${record.position}`,
      );
  }
  const repeats = records.length - new Set(records.map(({ digest }) => digest)).size;
  findings.count('declarations stored again', repeats);
}

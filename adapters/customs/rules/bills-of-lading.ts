import { viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import { found } from '../codes';
import { consignmentsOf, tradeOf } from '../trade';

/** Master and house bills: each consignment that is worked here names its bill once, and this port. */
export const billsOfLading: Rule = (request) => {
  const here = viewOf(request).portCall?.portOfCall?.unLocode;
  const missing: string[] = [];
  const elsewhere: string[] = [];
  const repeated: string[] = [];
  const seen = new Set<string>();
  for (const [index, consignment] of consignmentsOf(request).entries()) {
    const bill = consignment.transportContractNumber;
    if (bill !== undefined) {
      if (seen.has(bill)) repeated.push(bill);
      seen.add(bill);
    }
    const trade = tradeOf(consignment, request);
    if (trade === 'passing') continue;
    if (bill === undefined) missing.push(`#${index + 1}`);
    const port = (trade === 'import' ? consignment.portOfDischarge : consignment.portOfLoading)?.unLocode;
    if (port !== undefined && here !== undefined && port !== here) elsewhere.push(bill ?? `#${index + 1}`);
  }
  const findings: RuleFinding[] = [];
  if (missing.length > 0)
    findings.push(
      found('CUS-BILL-MISSING', {
        en: `No bill of lading number: consignment ${listed(missing).en}.`,
        vi: `Thiếu số vận đơn: lô hàng ${listed(missing).vi}.`,
      }),
    );
  if (repeated.length > 0)
    findings.push(
      found('CUS-BILL-REPEATED', {
        en: `In more than one consignment: bill ${listed(repeated).en}.`,
        vi: `Trùng số vận đơn: ${listed(repeated).vi}.`,
      }),
    );
  if (elsewhere.length > 0)
    findings.push(
      found('CUS-BILL-PORT', {
        en: `Worked here and addressed to another port: ${listed(elsewhere).en}.`,
        vi: `Làm hàng tại đây nhưng ghi cảng khác: ${listed(elsewhere).vi}.`,
      }),
    );
  return findings;
};

import { taxCodeKindOf } from '../../registries/tax-code';
import { receivedDate, type Rule, type RuleFinding } from '../../runtime/assessment';
import { shipPartiesOf } from '../../runtime/parties';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/** Who declares must be a taxpayer that is active; one that is not known here is only told. */
export const knownTaxpayer: Rule = (request, registries) => {
  const on = receivedDate(request);
  const unknown: string[] = [];
  const closed: string[] = [];
  const suspended: string[] = [];
  for (const { code, name } of shipPartiesOf(request)) {
    const kind = taxCodeKindOf(code);
    if (kind === 'foreign' || kind === 'wrong-check-digit') continue;
    const status = registries.taxpayer(code, on)?.status;
    if (status === undefined) unknown.push(name);
    else if (status === 'closed') closed.push(name);
    else if (status === 'suspended') suspended.push(name);
  }
  const findings: RuleFinding[] = [];
  if (closed.length > 0)
    findings.push(
      found('TAX-PAYER-CLOSED', {
        en: `The tax code is closed: ${listed(closed).en}. Name a taxpayer who answers for the charges before departure.`,
        vi: `Mã số thuế đã đóng: ${listed(closed).vi}. Chỉ định người nộp thuế chịu trách nhiệm trước khi tàu rời cảng.`,
      }),
    );
  if (suspended.length > 0)
    findings.push(
      found('TAX-PAYER-SUSPENDED', {
        en: `The tax code is suspended: ${listed(suspended).en}.`,
        vi: `Mã số thuế tạm ngừng: ${listed(suspended).vi}.`,
      }),
    );
  if (unknown.length > 0)
    findings.push(
      found('TAX-PAYER-UNKNOWN', {
        en: `Not in the register held here: ${listed(unknown).en}.`,
        vi: `Chưa có trong cơ sở dữ liệu: ${listed(unknown).vi}.`,
      }),
    );
  return findings;
};

import type { Rule, RuleFinding } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import { found } from '../codes';
import { consignmentsOf, itemName, tradeOf } from '../trade';

/** Chapters of the Harmonized System: 01 to 97, of which 77 is kept free. */
function isHsCode(code: string): boolean {
  const chapter = Number(code.slice(0, 2));
  return code.length % 2 === 0 && code.length >= 4 && code.length <= 10 && chapter >= 1 && chapter <= 97 && chapter !== 77;
}

/** Goods that come in or go out carry an HS code that can be one. */
export const goodsCodes: Rule = (request) => {
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const consignment of consignmentsOf(request)) {
    if (tradeOf(consignment, request) === 'passing') continue;
    for (const item of consignment.items ?? []) {
      if (item.hsCode === undefined) missing.push(itemName(consignment, item));
      else if (!isHsCode(item.hsCode)) wrong.push(`${itemName(consignment, item)} (${item.hsCode})`);
    }
  }
  const findings: RuleFinding[] = [];
  if (missing.length > 0)
    findings.push(found('CUS-HS-MISSING', { en: `No HS code: ${listed(missing).en}.`, vi: `Thiếu mã HS: ${listed(missing).vi}.` }));
  if (wrong.length > 0)
    findings.push(found('CUS-HS-FORM', { en: `Not an HS code: ${listed(wrong).en}.`, vi: `Mã HS không đúng: ${listed(wrong).vi}.` }));
  return findings;
};

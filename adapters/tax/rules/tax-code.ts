import { taxCodeKindOf } from '../../registries/tax-code';
import type { Rule, RuleFinding } from '../../runtime/assessment';
import { consigneesOf, shipPartiesOf } from '../../runtime/parties';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/** Tax codes of declarant, agents and consignees, by their check digits. A code of another country is left as it is. */
export const taxCode: Rule = (request) => {
  const parties = shipPartiesOf(request);
  const findings: RuleFinding[] = [];
  if (parties.length === 0)
    findings.push(
      found('TAX-CODE-NONE', { en: 'No tax code of declarant or agent is given.', vi: 'Người khai và đại lý chưa khai mã số thuế.' }),
    );
  const isWrong = ({ code }: { code: string }): boolean => taxCodeKindOf(code) === 'wrong-check-digit';
  const wrong = [
    ...parties.filter(isWrong).map((party) => party.name),
    ...consigneesOf(request)
      .filter(isWrong)
      .map((consignee) => consignee.name),
  ];
  if (wrong.length > 0)
    findings.push(
      found('TAX-CODE-CHECK-DIGIT', {
        en: `The tax code fails its check digit: ${listed(wrong).en}.`,
        vi: `Mã số thuế sai số kiểm tra: ${listed(wrong).vi}.`,
      }),
    );
  return findings;
};

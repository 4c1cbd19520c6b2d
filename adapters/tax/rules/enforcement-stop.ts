import { receivedDate, type Rule, type RuleFinding } from '../../runtime/assessment';
import { consigneesOf, shipPartiesOf } from '../../runtime/parties';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/**
 * Enforcement by stopping customs procedures (Circular 38/2015/TT-BTC Art. 19.2a). On declarant or agent it stops the call; on a
 * consignee it stops that consignee's goods and nobody else's.
 */
export const enforcementStop: Rule = (request, registries) => {
  const on = receivedDate(request);
  const findings: RuleFinding[] = shipPartiesOf(request)
    .map(({ code, name }) => ({ name, decision: registries.taxpayer(code, on)?.customsStop }))
    .filter(({ decision }) => decision !== undefined)
    .map(({ name, decision }) =>
      found('TAX-ENFORCEMENT-STOP', {
        en: `${name} is under enforcement by stopping customs procedures (${decision ?? ''}).`,
        vi: `${name} đang bị cưỡng chế dừng làm thủ tục hải quan (${decision ?? ''}).`,
      }),
    );
  const goods = consigneesOf(request).filter(({ code }) => registries.taxpayer(code, on)?.customsStop !== undefined);
  if (goods.length > 0) {
    const bills = listed(goods.flatMap(({ bills }) => bills));
    findings.push(
      found('TAX-ENFORCEMENT-GOODS', {
        en: `The consignee is under enforcement by stopping customs procedures: goods of bill ${bills.en} are not released.`,
        vi: `Người nhận hàng đang bị cưỡng chế dừng làm thủ tục hải quan: không giải phóng hàng theo vận đơn ${bills.vi}.`,
      }),
    );
  }
  return findings;
};

import { callDate, receivedDate, type Rule, type RuleFinding } from '../../runtime/assessment';
import { isInForce } from '../../registries/registries';
import { consigneesOf } from '../../runtime/parties';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/** A foreign-invested consignee needs an investment certificate that is in force when the goods come. */
export const investmentCertificate: Rule = (request, registries) => {
  const missing: string[] = [];
  const expired: string[] = [];
  for (const { code, bills } of consigneesOf(request)) {
    const enterprise = registries.enterprise(code, receivedDate(request));
    if (enterprise?.foreignInvested !== true) continue;
    if (enterprise.investment === undefined) missing.push(...bills);
    else if (!isInForce(enterprise.investment, callDate(request))) expired.push(...bills);
  }
  const findings: RuleFinding[] = [];
  if (missing.length > 0)
    findings.push(
      found('PLAN-INVESTMENT-MISSING', {
        en: `No investment certificate of the consignee is on record: show it before the goods of bill ${listed(missing).en} are released.`,
        vi: `Chưa có giấy chứng nhận đăng ký đầu tư của người nhận hàng: xuất trình trước khi giải phóng hàng theo vận đơn ${listed(missing).vi}.`,
      }),
    );
  if (expired.length > 0)
    findings.push(
      found('PLAN-INVESTMENT-EXPIRED', {
        en: `The investment certificate of the consignee is not in force on the date of the call: show a valid one before the goods of bill ${listed(expired).en} are released.`,
        vi: `Giấy chứng nhận đăng ký đầu tư của người nhận hàng không còn hiệu lực: xuất trình giấy hợp lệ trước khi giải phóng hàng theo vận đơn ${listed(expired).vi}.`,
      }),
    );
  return findings;
};

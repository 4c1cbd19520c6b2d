import { taxCodeKindOf } from '../../registries/tax-code';
import { receivedDate, type Rule, type RuleFinding } from '../../runtime/assessment';
import { consigneesOf, shipPartiesOf } from '../../runtime/parties';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/** The seven legal statuses of an enterprise (Decree 01/2021/NĐ-CP Art. 41); what each means is dated data. */
export const enterpriseStatus: Rule = (request, registries) => {
  const on = receivedDate(request);
  const parties = shipPartiesOf(request);
  const findings: RuleFinding[] = [];
  if (parties.length === 0)
    findings.push(
      found('PLAN-ENTERPRISE-NO-CODE', {
        en: 'No enterprise code of declarant or agent is given.',
        vi: 'Người khai và đại lý chưa khai mã số doanh nghiệp.',
      }),
    );
  const unknown: string[] = [];
  for (const { code, name } of parties) {
    const enterprise = registries.enterprise(code, on);
    if (enterprise === undefined) {
      const kind = taxCodeKindOf(code);
      if (kind === 'enterprise' || kind === 'branch') unknown.push(name);
      continue;
    }
    const status = registries.enterpriseStatus(enterprise.status, on);
    if (status === undefined || status.effect === 'none') continue;
    findings.push(found(status.code, { en: `${name}: ${status.name}.`, vi: `${name}: ${status.nameVi}.` }, { kind: status.effect }));
  }
  if (unknown.length > 0)
    findings.push(
      found('PLAN-ENTERPRISE-UNKNOWN', {
        en: `Not in the register held here: ${listed(unknown).en}.`,
        vi: `Chưa có trong cơ sở dữ liệu: ${listed(unknown).vi}.`,
      }),
    );

  const ended = consigneesOf(request).filter(({ code }) => {
    const enterprise = registries.enterprise(code, on);
    return enterprise !== undefined && registries.enterpriseStatus(enterprise.status, on)?.effect === 'refuse';
  });
  if (ended.length > 0) {
    const bills = listed(ended.flatMap((consignee) => consignee.bills));
    findings.push(
      found('PLAN-CONSIGNEE-STATUS', {
        en: `The consignee is dissolved or revoked: name another one before the goods of bill ${bills.en} are released.`,
        vi: `Người nhận hàng đã giải thể hoặc bị thu hồi đăng ký: chỉ định người nhận khác trước khi giải phóng hàng theo vận đơn ${bills.vi}.`,
      }),
    );
  }
  return findings;
};

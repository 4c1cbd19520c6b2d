import { receivedDate, type Rule, type RuleFinding } from '../../runtime/assessment';
import { consigneesOf } from '../../runtime/parties';
import { listed } from '../../runtime/wording';
import { found, type PlanningCode } from '../codes';

/** Goods of declared investment projects and of free or export-processing zones, by the HS chapters that the certificate is for. */
export const projectGoods: Rule = (request, registries) => {
  const bills: Partial<Record<PlanningCode, string[]>> = {};
  const add = (code: PlanningCode, more: string[]): void => void (bills[code] = [...(bills[code] ?? []), ...more]);
  for (const consignee of consigneesOf(request)) {
    const investment = registries.enterprise(consignee.code, receivedDate(request))?.investment;
    if (investment === undefined || (investment.project === undefined && investment.zone === undefined)) continue;
    const chapters = investment.goodsChapters;
    const isOutside = chapters !== undefined && consignee.hsCodes.some((hs) => !chapters.includes(hs.slice(0, 2)));
    if (investment.zone !== undefined) add(isOutside ? 'PLAN-ZONE-OUTSIDE' : 'PLAN-ZONE-GOODS', consignee.bills);
    else add(isOutside ? 'PLAN-PROJECT-OUTSIDE' : 'PLAN-PROJECT-GOODS', consignee.bills);
  }
  const texts: Partial<Record<PlanningCode, [en: string, vi: string]>> = {
    'PLAN-ZONE-OUTSIDE': [
      'Goods that are not of the project of an enterprise in a zone: the zone authority confirms them before they enter it',
      'Hàng ngoài danh mục dự án của doanh nghiệp trong khu: ban quản lý khu xác nhận trước khi đưa vào khu',
    ],
    'PLAN-ZONE-GOODS': [
      'Goods for a free or export-processing zone, under customs supervision',
      'Hàng đưa vào khu phi thuế quan, khu chế xuất, chịu giám sát hải quan',
    ],
    'PLAN-PROJECT-GOODS': ['Goods of a declared investment project', 'Hàng của dự án đầu tư đã đăng ký'],
    'PLAN-PROJECT-OUTSIDE': ['Goods of other kinds than the project of the consignee', 'Hàng ngoài danh mục dự án của người nhận hàng'],
  };
  const findings: RuleFinding[] = [];
  for (const [code, [en, vi]] of Object.entries(texts) as [PlanningCode, [string, string]][]) {
    const named = bills[code];
    if (named !== undefined)
      findings.push(found(code, { en: `${en}: bill ${listed(named).en}.`, vi: `${vi}: vận đơn ${listed(named).vi}.` }));
  }
  return findings;
};

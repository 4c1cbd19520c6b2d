import { receivedDate, type Rule, type RuleFinding } from '../../runtime/assessment';
import { consigneesOf, shipPartiesOf } from '../../runtime/parties';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/** Ship agency is a conditional business; some goods ask for a line of trade. Judged only where lines are on record. */
export const businessLines: Rule = (request, registries) => {
  const on = receivedDate(request);
  const linesOf = (code: string): string[] => registries.enterprise(code, on)?.businessLines ?? [];
  const hasOne = (registered: string[], wanted: string[]): boolean =>
    registered.some((line) => wanted.some((code) => line.startsWith(code)));
  const findings: RuleFinding[] = [];

  const agency = registries.businessLines('ship-agency', on);
  const wanted = agency.flatMap((row) => row.lines);
  const without = shipPartiesOf(request).filter(
    ({ code }) => wanted.length > 0 && linesOf(code).length > 0 && !hasOne(linesOf(code), wanted),
  );
  if (without.length > 0) {
    const names = listed(without.map(({ name }) => name));
    const basis = listed(agency.map((row) => row.legalBasis)).en;
    findings.push(
      found('PLAN-BUSINESS-LINE', {
        en: `${names.en}: no line of ship agency is registered (${basis}). Show the registration before departure.`,
        vi: `${names.vi}: chưa đăng ký ngành nghề đại lý tàu biển (${basis}). Xuất trình đăng ký trước khi tàu rời cảng.`,
      }),
    );
  }

  const trades = registries.businessLines('trade', on);
  const outside = consigneesOf(request).filter(({ code, hsCodes }) => {
    const registered = linesOf(code);
    return (
      registered.length > 0 &&
      trades.some(
        (row) => row.hsPrefix !== undefined && hsCodes.some((hs) => hs.startsWith(row.hsPrefix ?? '')) && !hasOne(registered, row.lines),
      )
    );
  });
  if (outside.length > 0) {
    const bills = listed(outside.flatMap((consignee) => consignee.bills));
    findings.push(
      found('PLAN-TRADE-LINE', {
        en: `The consignee has not registered a line that the goods of bill ${bills.en} need.`,
        vi: `Người nhận hàng chưa đăng ký ngành nghề phù hợp với hàng theo vận đơn ${bills.vi}.`,
      }),
    );
  }
  return findings;
};

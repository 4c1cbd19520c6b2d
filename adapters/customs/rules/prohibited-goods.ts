import { callDate, type Rule, type RuleFinding } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import type { GoodsRow } from '../../registries/rows';
import { found } from '../codes';
import { consignmentsOf, itemName, tradeOf } from '../trade';

/** Goods of the prohibited list that come in or go out refuse the cargo declaration; those that only pass are told. */
export const prohibitedGoods: Rule = (request, registries) => {
  const on = callDate(request);
  const refused = new Map<GoodsRow, string[]>();
  const passing: string[] = [];
  for (const consignment of consignmentsOf(request)) {
    const trade = tradeOf(consignment, request);
    for (const item of consignment.items ?? []) {
      if (item.hsCode === undefined) continue;
      for (const row of registries.goods(item.hsCode, on)) {
        if (row.rule !== 'prohibited') continue;
        if (trade === 'passing') passing.push(itemName(consignment, item));
        else if (row.trade === 'any' || row.trade === trade) refused.set(row, [...(refused.get(row) ?? []), itemName(consignment, item)]);
      }
    }
  }
  const findings: RuleFinding[] = [...refused].map(([row, items]) =>
    found(
      'CUS-PROHIBITED',
      {
        en: `Prohibited goods, not to be worked: ${row.name} (HS ${row.hsPrefix}, ${row.authority}): ${listed(items).en}.`,
        vi: `Hàng cấm, không được xếp dỡ: ${row.nameVi} (HS ${row.hsPrefix}): ${listed(items).vi}.`,
      },
      { document: 'cargo' },
    ),
  );
  if (passing.length > 0)
    findings.push(
      found('CUS-PROHIBITED-ON-BOARD', {
        en: `Goods of the prohibited list stay on board: ${listed(passing).en}.`,
        vi: `Hàng thuộc danh mục cấm lưu trên tàu: ${listed(passing).vi}.`,
      }),
    );
  return findings;
};

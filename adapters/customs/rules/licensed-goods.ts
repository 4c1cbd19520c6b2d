import { callDate, viewOf, type Rule } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import type { GoodsRow } from '../../registries/rows';
import { found } from '../codes';
import { consignmentsOf, itemName, tradeOf } from '../trade';

/** Goods that need a licence: without an attachment of a licence's type the cargo declaration is not complete. */
export const licensedGoods: Rule = (request, registries) => {
  const on = callDate(request);
  const attached = new Set((viewOf(request).attachments ?? []).map((attachment) => attachment.typeCode));
  const licensed = new Map<GoodsRow, string[]>();
  for (const consignment of consignmentsOf(request)) {
    const trade = tradeOf(consignment, request);
    if (trade === 'passing') continue;
    for (const item of consignment.items ?? []) {
      if (item.hsCode === undefined) continue;
      for (const row of registries.goods(item.hsCode, on))
        if (row.rule === 'licensed' && (row.trade === 'any' || row.trade === trade))
          licensed.set(row, [...(licensed.get(row) ?? []), itemName(consignment, item)]);
    }
  }
  return [...licensed].map(([row, items]) => {
    const goods = {
      en: `${row.name} (HS ${row.hsPrefix}, ${listed(items).en})`,
      vi: `${row.nameVi} (HS ${row.hsPrefix}, ${listed(items).vi})`,
    };
    if (row.licenceTypeCodes?.some((type) => attached.has(type)) === true)
      return found('CUS-LICENCE-ATTACHED', { en: `Licence attached for ${goods.en}.`, vi: `Đã kèm giấy phép cho ${goods.vi}.` });
    return found(
      'CUS-LICENCE-MISSING',
      { en: `Attach the licence (${row.authority}) for ${goods.en}.`, vi: `Kèm giấy phép của cơ quan quản lý cho ${goods.vi}.` },
      { document: 'cargo' },
    );
  });
};

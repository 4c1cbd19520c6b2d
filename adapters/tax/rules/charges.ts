import { viewOf, type Rule } from '../../runtime/assessment';
import { grouped } from '../../runtime/wording';
import { chargesOf } from '../charges';
import { found } from '../codes';

/** The fee lines of this call. A rate that nobody verified is called an example wherever it is shown. */
export const charges: Rule = (request, registries) => {
  const { ship } = viewOf(request);
  if (ship === undefined) return [];
  if (ship.grossTonnage === undefined)
    return [
      found('TAX-CHARGE-UNKNOWN', {
        en: 'No gross tonnage is declared: dues by tonnage cannot be computed.',
        vi: 'Chưa khai tổng dung tích: không tính được phí theo dung tích.',
      }),
    ];
  return chargesOf(request, registries).map(({ row, quantity, amount, currency }) => {
    const total = grouped(amount);
    const count = grouped(String(quantity));
    const rate = grouped(row.rate);
    const isExample = row.example === true;
    return found('TAX-CHARGE', {
      en: `${row.name}: ${count.en} ${row.unit} × ${rate.en} = ${total.en} ${currency} (${isExample ? 'example rate, not verified' : row.legalBasis}).`,
      vi: `${row.nameVi}: ${count.vi} ${row.unit} × ${rate.vi} = ${total.vi} ${currency} (${isExample ? 'mức ví dụ, chưa xác minh' : row.legalBasis}).`,
    });
  });
};

import { receivedDate, viewOf, type Rule } from '../../runtime/assessment';
import { grouped } from '../../runtime/wording';
import { found } from '../codes';

/** Charges of earlier calls that are due: paid before the ship leaves, never a reason to keep it out. */
export const shipDues: Rule = (request, registries) => {
  const imoNumber = viewOf(request).ship?.imoNumber;
  if (imoNumber === undefined) return [];
  return registries.shipDues(imoNumber, receivedDate(request)).map((due) => {
    const amount = grouped(due.amount);
    return found('TAX-DUES-OUTSTANDING', {
      en: `Not paid from an earlier call: ${amount.en} ${due.currency} (notice ${due.notice}). Pay before departure.`,
      vi: `Còn nợ của chuyến trước: ${amount.vi} ${due.currency} (thông báo ${due.notice}). Nộp trước khi tàu rời cảng.`,
    });
  });
};

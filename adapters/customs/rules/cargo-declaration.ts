import { viewOf, type Rule } from '../../runtime/assessment';
import { foldDiacritics } from '../../registries/fold-diacritics';
import { noticeOf } from '../../runtime/notice';
import { found } from '../codes';

/** Purposes of call (UN/EDIFACT 8025) with cargo work: cargo operations, unloading, loading. */
const CARGO_PURPOSES = ['1', '16', '17'];
/** A description that says there is none. */
const NO_CARGO = ['nil', 'none', 'n/a', 'no cargo', 'empty', 'ballast', 'in ballast', 'khong', 'khong co hang', 'rong'];

/** Where cargo is declared there must be a cargo declaration, in time (Decree 08/2015 Art. 65; 336/2026 Art. 28.2). */
export const cargoDeclaration: Rule = (request, registries) => {
  const { formalities, reportedFormalities, portCall } = viewOf(request);
  const cargo = formalities?.cargo;
  const notice = noticeOf('cargo', request, registries);
  const isPast = notice !== undefined && notice.leadMs < notice.limitMs;
  if (cargo && (cargo.summaryOnly === true || (cargo.consignments ?? []).length > 0)) {
    if (!isPast || request.revision > 1) return [];
    return [
      found('CUS-CARGO-LATE', {
        en: `The cargo declaration came later than ${notice.limitMs / 3_600_000} h before (${notice.legalBasis}).`,
        vi: `Bản khai hàng hóa gửi muộn hơn ${notice.limitMs / 3_600_000} giờ theo quy định (${notice.legalBasis}).`,
      }),
    ];
  }
  const announced = reportedFormalities?.includes('cargo') === true;
  const description = formalities?.generalDeclaration?.cargoDescription;
  const described =
    description !== undefined &&
    !NO_CARGO.includes(foldDiacritics(description)) &&
    portCall?.purposeOfCall?.some((purpose) => CARGO_PURPOSES.includes(purpose)) === true;
  if (!announced && !described) return [];
  if (!isPast)
    return [
      found('CUS-CARGO-EXPECTED', { en: 'The cargo declaration is awaited in its time.', vi: 'Chờ bản khai hàng hóa trong thời hạn.' }),
    ];
  if (announced)
    return [
      found(
        'CUS-CARGO-MISSING',
        { en: 'Send the cargo declaration that is announced.', vi: 'Gửi bản khai hàng hóa đã thông báo.' },
        { document: 'cargo' },
      ),
    ];
  return [
    found('CUS-CARGO-AWAITED', {
      en: 'Cargo is described and not declared: no cargo work before the cargo declaration is in.',
      vi: 'Có mô tả hàng hóa nhưng chưa khai: không làm hàng trước khi có bản khai hàng hóa.',
    }),
  ];
};

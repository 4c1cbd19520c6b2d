import type { RequestMessage } from '../../../gateway/core/messages';
import { callTime, declarationTypeOf, viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { noticeOf, type Notice } from '../../runtime/notice';
import { duration } from '../../runtime/wording';
import { found, type HarbourMasterCode } from '../codes';

/**
 * Was what the harbour master needs there in time? (Decree 58/2017 Arts 87–88; Decree 85/2019 Art. 33.2 or 336/2026 Art. 28.2.)
 * Late is a condition, never a refusal: the ship exists. Only the first revision is judged: an amendment is not a late notice.
 */
export const noticeInTime: Rule = (request, registries) => {
  const { formalities } = viewOf(request);
  const type = declarationTypeOf(request);
  if (callTime(request) === undefined)
    return type === 'arrival' || type === 'departure'
      ? [
          found(
            'HM-TIME-MISSING',
            { en: 'The expected time of the call is missing.', vi: 'Thiếu thời gian dự kiến của chuyến tàu.' },
            { document: 'generalDeclaration' },
          ),
        ]
      : [];

  const main = formalities?.generalDeclaration ? 'generalDeclaration' : 'notice';
  const late: [Notice, HarbourMasterCode, string, string][] = [];
  const check = (document: Notice['document'], code: HarbourMasterCode, en: string, vi: string): void => {
    const notice = noticeOf(document, request, registries);
    if (notice !== undefined && notice.leadMs < notice.limitMs) late.push([notice, code, en, vi]);
  };
  check(main, 'HM-NOTICE-LATE', main === 'notice' ? 'notice' : 'general declaration', main === 'notice' ? 'thông báo' : 'bản khai chung');
  if (formalities?.dangerousGoods?.carried === true)
    check('dangerousGoods', 'HM-DG-NOTICE-LATE', 'dangerous goods declaration', 'bản khai hàng hóa nguy hiểm');
  if (formalities?.security) check('security', 'HM-SECURITY-NOTICE-LATE', 'security notification', 'bản khai an ninh tàu biển');

  if (request.revision > 1) {
    if (late.length === 0) return [];
    return [
      found('HM-CHANGED-AFTER-LIMIT', {
        en: 'The change came within the notice time; the first notice counts.',
        vi: 'Thay đổi được gửi sau thời hạn; tính theo thông báo đầu tiên.',
      }),
    ];
  }
  return late.map(([notice, code, en, vi]) => lateFinding(code, notice, request, en, vi));
};

function lateFinding(code: HarbourMasterCode, notice: Notice, request: RequestMessage, en: string, vi: string): RuleFinding {
  const event = declarationTypeOf(request) === 'departure' ? { en: 'departure', vi: 'rời cảng' } : { en: 'arrival', vi: 'đến cảng' };
  const hours = notice.limitMs / 3_600_000;
  const lead = duration(notice.leadMs);
  const when =
    notice.leadMs >= 0
      ? { en: `${lead.en} before the expected ${event.en}`, vi: `trước giờ dự kiến ${event.vi} ${lead.vi}` }
      : { en: `after the expected ${event.en}`, vi: `sau giờ dự kiến ${event.vi}` };
  const then =
    code === 'HM-SECURITY-NOTICE-LATE'
      ? { en: '', vi: '' }
      : {
          en: ' The ship confirms its time with the harbour master before it moves and takes its turn by the time of receipt.',
          vi: ' Tàu xác báo với cảng vụ trước khi điều động và theo thứ tự thời điểm tiếp nhận.',
        };
  return found(code, {
    en: `The ${en} was received ${when.en}; ${notice.legalBasis} asks for ${hours} h.${then.en}`,
    vi: `${vi.charAt(0).toUpperCase()}${vi.slice(1)} được tiếp nhận ${when.vi}; ${notice.legalBasis} yêu cầu ${hours} giờ.${then.vi}`,
  });
}

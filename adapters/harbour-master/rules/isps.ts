import { callDate, viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { found } from '../codes';

/** SOLAS XI-2/9 and ISPS Code: a valid ISSC or the reason why not, and a security level not below the port's. */
export const isps: Rule = (request, registries) => {
  const view = viewOf(request);
  const security = view.formalities?.security;
  if (!security) return [];
  const findings: RuleFinding[] = [];
  const portLevel = registries.securityLevel(view.portCall?.portOfCall?.unLocode, callDate(request));
  const shipLevel = security.currentSecurityLevel;
  const strict = portLevel !== '1' || (shipLevel !== undefined && shipLevel !== '1');

  if (security.isscValid === false) {
    if (security.reasonNoIssc !== undefined) {
      findings.push(
        found('HM-ISSC-REASON', {
          en: 'No valid ISSC; the reason is recorded. Security check at the pilot station before berthing.',
          vi: 'Không có ISSC hợp lệ; đã ghi nhận lý do. Kiểm tra an ninh tại vùng đón trả hoa tiêu trước khi cập cầu.',
        }),
      );
    } else if (strict) {
      // On the whole call, not on the document: the ship itself may not come in.
      findings.push(
        found('HM-ISSC-REFUSED', {
          en: `No valid ISSC and no reason given, at security level ${portLevel === '1' ? (shipLevel ?? '1') : portLevel}.`,
          vi: `Không có ISSC hợp lệ và không nêu lý do, ở cấp độ an ninh ${portLevel === '1' ? (shipLevel ?? '1') : portLevel}.`,
        }),
      );
    } else {
      findings.push(
        found(
          'HM-ISSC-NO-REASON',
          { en: 'Say why there is no valid ISSC.', vi: 'Nêu lý do không có ISSC hợp lệ.' },
          { document: 'security' },
        ),
      );
    }
  } else if (security.issc?.expiryDate !== undefined && security.issc.expiryDate < callDate(request)) {
    findings.push(
      found('HM-ISSC-EXPIRED', {
        en: `The ISSC ends on ${security.issc.expiryDate}, before the call: show a valid one before berthing.`,
        vi: `ISSC hết hạn ngày ${security.issc.expiryDate}, trước chuyến tàu: xuất trình giấy hợp lệ trước khi cập cầu.`,
      }),
    );
  }

  if (shipLevel !== undefined && shipLevel < portLevel)
    findings.push(
      found('HM-SECURITY-LEVEL-BELOW-PORT', {
        en: `The port is at security level ${portLevel}: the ship raises its level from ${shipLevel} before it enters.`,
        vi: `Cảng đang ở cấp độ an ninh ${portLevel}: tàu nâng cấp độ từ ${shipLevel} trước khi vào cảng.`,
      }),
    );
  else if (shipLevel !== undefined && shipLevel > portLevel)
    findings.push(
      found('HM-SECURITY-LEVEL-ABOVE-PORT', {
        en: `The ship is at security level ${shipLevel}, the port at ${portLevel}: agree a declaration of security with the facility.`,
        vi: `Tàu ở cấp độ an ninh ${shipLevel}, cảng ở cấp độ ${portLevel}: thống nhất cam kết an ninh với bến cảng.`,
      }),
    );
  if (security.securityPlanOnboard === false)
    findings.push(
      found('HM-SECURITY-NO-PLAN', {
        en: 'No approved security plan on board: security check before berthing.',
        vi: 'Không có kế hoạch an ninh được phê duyệt trên tàu: kiểm tra an ninh trước khi cập cầu.',
      }),
    );
  return findings;
};

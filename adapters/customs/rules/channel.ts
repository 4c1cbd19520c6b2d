import type { RequestMessage } from '../../../gateway/core/messages';
import { canonicalTaxCode } from '../../registries/tax-code';
import type { Registries } from '../../registries/registries';
import type { RiskRow } from '../../registries/rows';
import { callDate, viewOf, type Finding } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import { customsCodes, found, type CustomsCode, type CustomsCodeRow } from '../codes';
import { consignmentsOf } from '../trade';

export type Channel = 'GREEN' | 'YELLOW' | 'RED';

/**
 * Green, yellow or red: the severest of what the other rules found and of the risk profiles in force. Runs last, on their findings.
 */
export function channelOf(
  request: RequestMessage,
  registries: Registries,
  findings: readonly Finding[],
): { channel: Channel; finding: Finding } {
  const risks = registries.risks(callDate(request)).filter((risk) => isAtRisk(risk, request));
  const catalogue: Readonly<Record<string, CustomsCodeRow>> = customsCodes;
  const why = (channel: 'yellow' | 'red'): string[] => [
    ...risks.filter((risk) => risk.channel === channel).map((risk) => risk.riskId),
    ...findings.filter((finding) => catalogue[finding.code]?.channel === channel).map((finding) => finding.code),
  ];
  const red = why('red');
  const yellow = why('yellow');
  const channel = red.length > 0 ? 'RED' : yellow.length > 0 ? 'YELLOW' : 'GREEN';
  const profile = { en: risks.map((risk) => ` ${risk.text}`).join(''), vi: risks.map((risk) => ` ${risk.textVi}`).join('') };
  const { code, en, vi } = channelText(channel, channel === 'RED' ? red : yellow);
  return { channel, finding: { ...found(code, { en: en + profile.en, vi: vi + profile.vi }), rule: 'channel' } };
}

function channelText(channel: Channel, reasons: string[]): { code: CustomsCode; en: string; vi: string } {
  switch (channel) {
    case 'GREEN':
      return { code: 'CUS-CHANNEL-GREEN', en: 'Green channel: no finding.', vi: 'Luồng xanh: không có phát hiện.' };
    case 'YELLOW':
      return {
        code: 'CUS-CHANNEL-YELLOW',
        en: `Yellow channel, documents are checked: ${listed(reasons).en}.`,
        vi: `Luồng vàng, kiểm tra hồ sơ: ${listed(reasons).vi}.`,
      };
    case 'RED':
      return {
        code: 'CUS-CHANNEL-RED',
        en: `Red channel, physical inspection before release: ${listed(reasons).en}.`,
        vi: `Luồng đỏ, kiểm tra thực tế trước khi giải phóng: ${listed(reasons).vi}.`,
      };
  }
}

function isAtRisk(risk: RiskRow, request: RequestMessage): boolean {
  if (risk.imoNumber !== undefined && risk.imoNumber !== viewOf(request).ship?.imoNumber) return false;
  const { hsPrefix, portOfLoading, consigneeTaxCode } = risk;
  if (hsPrefix === undefined && portOfLoading === undefined && consigneeTaxCode === undefined) return true;
  return consignmentsOf(request).some(
    (consignment) =>
      (portOfLoading === undefined || consignment.portOfLoading?.unLocode === portOfLoading) &&
      (consigneeTaxCode === undefined || canonicalTaxCode(consignment.consignee?.taxCode ?? '') === consigneeTaxCode) &&
      (hsPrefix === undefined || (consignment.items ?? []).some((item) => item.hsCode?.startsWith(hsPrefix) === true)),
  );
}

import { declarationTypeOf, viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/** The last ten calls (SOLAS XI-2/9.2.1). Ports of the watch list are stops: see temporary-stop. */
export const previousPorts: Rule = (request) => {
  const { portCall, voyage, formalities } = viewOf(request);
  const calls = [...(portCall?.previousPorts ?? []), ...(formalities?.security?.lastTenCalls ?? [])];
  const findings: RuleFinding[] = [];
  const raised = calls
    .filter((call) => call.securityLevel === '2' || call.securityLevel === '3')
    .map((call) => call.port?.unLocode ?? call.port?.name ?? '?');
  if (raised.length > 0)
    findings.push(
      found('HM-PREVIOUS-PORT-LEVEL', {
        en: `Called at security level 2 or 3: ${listed(raised).en}.`,
        vi: `Đã ghé cảng ở cấp độ an ninh 2 hoặc 3: ${listed(raised).vi}.`,
      }),
    );
  const isForeignArrival = declarationTypeOf(request) === 'arrival' && voyage?.voyageType !== 'domestic' && portCall !== undefined;
  if (isForeignArrival && calls.length === 0 && portCall.lastPortOfCall === undefined)
    findings.push(found('HM-PREVIOUS-PORTS-MISSING', { en: 'No previous port is given.', vi: 'Chưa khai cảng đã ghé trước.' }));
  return findings;
};

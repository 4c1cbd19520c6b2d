import type { Rule } from '../../runtime/assessment';
import { stopsOnCall } from '../../runtime/stops';
import { found } from '../codes';

/**
 * Maritime Code Art. 80: a ship may be stopped from entering or leaving for safety, security, the environment, defence, a disaster
 * or an epidemic. Whom, what for and whether it refuses or holds is dated data.
 */
export const temporaryStop: Rule = (request, registries) => {
  const { inForce, ended } = stopsOnCall('harbour-master', request, registries);
  const findings = inForce.map((stop) => {
    const text = { en: `${stop.text} (${stop.stopId}, ${stop.legalBasis})`, vi: `${stop.textVi} (${stop.stopId}, ${stop.legalBasis})` };
    switch (stop.effect) {
      case 'refuse':
        return found('HM-STOP-REFUSED', text);
      case 'hold':
        return found('HM-STOP-HOLD', text);
      case 'condition':
        return found('HM-STOP-CONDITION', text);
      case 'note':
        return found('HM-STOP-NOTE', text);
    }
  });
  if (ended.length === 0) return findings;
  const ids = ended.map((stop) => stop.stopId).join(', ');
  return [...findings, found('HM-STOP-LIFTED', { en: `The stop ${ids} has been lifted.`, vi: `Lệnh tạm dừng ${ids} đã được gỡ bỏ.` })];
};

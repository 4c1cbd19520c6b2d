import type { Rule } from '../../runtime/assessment';
import { stopsOnCall } from '../../runtime/stops';
import { found } from '../codes';

/** Bills, consignees and ships under inquiry: held by dated data, released by an amended call once the row has ended. */
export const holds: Rule = (request, registries) => {
  const { inForce, ended } = stopsOnCall('customs', request, registries);
  const findings = inForce.map((stop) => {
    const bill = stop.billOfLading === undefined ? '' : `${stop.billOfLading}: `;
    const text = { en: `${bill}${stop.text} (${stop.stopId})`, vi: `${bill}${stop.textVi} (${stop.stopId})` };
    switch (stop.effect) {
      case 'refuse':
        return found('CUS-STOP-REFUSED', text);
      case 'hold':
        return found('CUS-HOLD', text);
      case 'condition':
        return found('CUS-STOP-CONDITION', text);
      case 'note':
        return found('CUS-STOP-NOTE', text);
    }
  });
  if (ended.length === 0) return findings;
  const ids = ended.map((stop) => stop.stopId).join(', ');
  return [
    ...findings,
    found('CUS-RELEASED', { en: `The inquiry ${ids} has ended: released.`, vi: `Đã kết thúc xác minh ${ids}: giải phóng.` }),
  ];
};

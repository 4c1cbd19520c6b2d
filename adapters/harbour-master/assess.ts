import { foldFindings, runRules, viewOf, type Assess, type Rules } from '../runtime/assessment';
import { berthLimits } from './rules/berth-limits';
import { certificates } from './rules/certificates';
import { dangerousGoods } from './rules/dangerous-goods';
import { isps } from './rules/isps';
import { noticeInTime } from './rules/notice-in-time';
import { personsOnBoard } from './rules/persons-on-board';
import { previousPorts } from './rules/previous-ports';
import { shipIdentity } from './rules/ship-identity';
import { temporaryStop } from './rules/temporary-stop';

/** In the order of the desk: may the ship come at all, who is it, is it in order, does it fit. */
export const harbourMasterRules: Rules = {
  'temporary-stop': temporaryStop,
  'notice-in-time': noticeInTime,
  'ship-identity': shipIdentity,
  certificates,
  isps,
  'berth-limits': berthLimits,
  'dangerous-goods': dangerousGoods,
  'persons-on-board': personsOnBoard,
  'previous-ports': previousPorts,
};

/** The harbour master's answer. There is always something to decide once a ship or a call is shown. */
export const assessHarbourMaster: Assess = (request, registries) => {
  const { ship, portCall, formalities } = viewOf(request);
  const applicable = ship !== undefined || portCall !== undefined || formalities !== undefined;
  if (!applicable) return foldFindings([], { applicable });
  return foldFindings(runRules(harbourMasterRules, request, registries), {
    applicable,
    reference: `HM-${request.dossierCode}-${request.revision}`,
  });
};

import { viewOf, type Rule } from '../../runtime/assessment';
import { found } from '../codes';

/** How many are on board: what rescue and the berth need to know. Who they are is not the harbour master's business. */
export const personsOnBoard: Rule = (request) => {
  const general = viewOf(request).formalities?.generalDeclaration;
  if (!general) return [];
  const { crewCount, passengerCount, personsOnboard } = general;
  if (crewCount === undefined && personsOnboard === undefined)
    return [found('HM-PERSONS-UNKNOWN', { en: 'The number of persons on board is not given.', vi: 'Chưa khai số người trên tàu.' })];
  if (crewCount === undefined || personsOnboard === undefined) return [];
  const sum = crewCount + (passengerCount ?? 0);
  // Without a number of passengers the rest may be passengers: only more crew than persons is a contradiction.
  if (passengerCount === undefined ? sum <= personsOnboard : sum === personsOnboard) return [];
  return [
    found('HM-PERSONS-COUNT', {
      en: `Crew ${crewCount} and passengers ${passengerCount ?? 0} are not the ${personsOnboard} persons on board: the master confirms the count before entering.`,
      vi: `Thuyền viên ${crewCount} và hành khách ${passengerCount ?? 0} không khớp ${personsOnboard} người trên tàu: thuyền trưởng xác nhận số người trước khi vào cảng.`,
    }),
  ];
};

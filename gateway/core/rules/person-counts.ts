import type { Problem } from '../problem';
import { problem } from '../problem-catalogue';
import { formality, type Rule } from './rule';

/**
 * Crew and passengers add up to the persons on board, and each list has as many entries as the general declaration says. Only
 * what this declaration carries is compared: formalities may come one by one.
 */
export const personCounts: Rule = (declaration) => {
  const problems: Problem[] = [];
  const general = formality(declaration, 'generalDeclaration');
  const { crewCount, passengerCount, personsOnboard } = general ?? {};
  if (
    crewCount !== undefined &&
    passengerCount !== undefined &&
    personsOnboard !== undefined &&
    crewCount + passengerCount !== personsOnboard
  )
    problems.push(
      problem(
        'count-mismatch',
        { pointer: '/formalities/generalDeclaration/personsOnboard' },
        {
          en: `Crew (${crewCount}) and passengers (${passengerCount}) do not add up to the persons on board (${personsOnboard}).`,
          vi: `Thuyền viên (${crewCount}) và hành khách (${passengerCount}) không bằng tổng số người trên tàu (${personsOnboard}).`,
        },
      ),
    );
  const crew = formality(declaration, 'crewList')?.members;
  if (crewCount !== undefined && crew !== undefined && crew.length !== crewCount)
    problems.push(
      problem(
        'count-mismatch',
        { pointer: '/formalities/crewList/members' },
        {
          en: `The crew list has ${crew.length} entries; the general declaration says ${crewCount}.`,
          vi: `Danh sách thuyền viên có ${crew.length} người; tờ khai chung ghi ${crewCount}.`,
        },
      ),
    );
  const passengers = formality(declaration, 'passengerList')?.passengers;
  if (passengerCount !== undefined && passengers !== undefined && passengers.length !== passengerCount)
    problems.push(
      problem(
        'count-mismatch',
        { pointer: '/formalities/passengerList/passengers' },
        {
          en: `The passenger list has ${passengers.length} entries; the general declaration says ${passengerCount}.`,
          vi: `Danh sách hành khách có ${passengers.length} người; tờ khai chung ghi ${passengerCount}.`,
        },
      ),
    );
  return problems;
};

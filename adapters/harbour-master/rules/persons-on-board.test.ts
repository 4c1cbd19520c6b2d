import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { personsOnBoard } from './persons-on-board';

const registries = loadRegistries();

describe('persons on board', () => {
  it.each([
    ['crew and passengers add up', { crewCount: 19, passengerCount: 2, personsOnboard: 21 }, []],
    ['they do not', { crewCount: 19, passengerCount: 2, personsOnboard: 19 }, ['HM-PERSONS-COUNT condition']],
    ['fewer persons than crew', { crewCount: 19, passengerCount: null, personsOnboard: 18 }, ['HM-PERSONS-COUNT condition']],
    ['passengers not given', { crewCount: 19, passengerCount: null, personsOnboard: 21 }, []],
    ['nothing given', { crewCount: null, personsOnboard: null }, ['HM-PERSONS-UNKNOWN note']],
    ['only the sum given', { crewCount: null, personsOnboard: 21 }, []],
    ['no general declaration', null, []],
  ])('%s', (_name, generalDeclaration, expected) => {
    expect(codesOf(personsOnBoard(agencyRequest({ view: { formalities: { generalDeclaration } } }), registries))).toEqual(expected);
  });
});

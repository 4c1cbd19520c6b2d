import { agencyRequest, codesOf } from '../../../test/support/agency-requests';
import { loadRegistries } from '../../registries/load-registries';
import { crewEffects } from './crew-effects';

const registries = loadRegistries();
const codes = (description: string, value: number, unit = 'NAR') =>
  codesOf(
    crewEffects(
      agencyRequest({
        view: {
          formalities: {
            crewEffects: {
              members: [{ personSequenceNumber: 1, effects: [{ sequenceNumber: 1, description, quantity: { value, unit } }] }],
            },
          },
        },
      }),
      registries,
    ),
  );

describe('effects of the crew', () => {
  it.each([
    ['cigarettes within the allowance', 'Cigarettes', 400, 'NAR', []],
    ['cigarettes above it', 'Cigarettes', 401, 'NAR', ['CUS-EFFECTS-SURPLUS note']],
    ['spirits above it', 'Whisky', 4, 'LTR', ['CUS-EFFECTS-SURPLUS note']],
    ['a pistol', 'Pistol 9 mm', 1, 'NAR', ['CUS-EFFECTS-WEAPON condition']],
    ['a weapon in Vietnamese', 'Súng săn', 1, 'NAR', ['CUS-EFFECTS-WEAPON condition']],
    ['sungLASSES', 'Sunglasses', 2, 'NAR', []],
  ])('%s', (_name, description, value, unit, expected) => {
    expect(codes(description, value, unit)).toEqual(expected);
  });

  it('are counted per member, and name nobody', () => {
    const members = [1, 2].map((personSequenceNumber) => ({
      personSequenceNumber,
      effects: [{ description: 'Cigarettes', quantity: { value: 300, unit: 'NAR' } }],
    }));
    expect(crewEffects(agencyRequest({ view: { formalities: { crewEffects: { members } } } }), registries)).toEqual([]);
  });
});

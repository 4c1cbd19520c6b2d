import { callDate, viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { foldDiacritics } from '../../registries/fold-diacritics';
import { surplusOf } from '../allowance';
import { found } from '../codes';

/** Whole words, folded. */
const WEAPON = /\b(pistol|revolver|rifle|shotgun|firearm|ammunition|sung|dan duoc)\b/;

/** Effects of the crew, by number of the person in the list only: names are not customs' business here. */
export const crewEffects: Rule = (request, registries) => {
  const members = viewOf(request).formalities?.crewEffects?.members ?? [];
  const surplus: string[] = [];
  const armed: string[] = [];
  for (const member of members) {
    const effects = member.effects ?? [];
    const articles = effects.map((effect) => ({ code: effect.typeCode, name: effect.description, quantity: effect.quantity }));
    const number = String(member.personSequenceNumber ?? '?');
    if (surplusOf('effects', articles, 1, registries, callDate(request)).length > 0) surplus.push(number);
    if (effects.some((effect) => WEAPON.test(foldDiacritics(effect.description ?? '')))) armed.push(number);
  }
  const findings: RuleFinding[] = [];
  if (surplus.length > 0)
    findings.push(
      found('CUS-EFFECTS-SURPLUS', {
        en: `${surplus.length} members of the crew declare effects above the allowance: duty is due when they are taken ashore.`,
        vi: `${surplus.length} thuyền viên khai hành lý vượt định mức: nộp thuế khi mang lên bờ.`,
      }),
    );
  if (armed.length > 0)
    findings.push(
      found(
        'CUS-EFFECTS-WEAPON',
        {
          en: 'A weapon is declared among the effects: hand it over for safe keeping on arrival.',
          vi: 'Có khai vũ khí trong hành lý: giao nộp để bảo quản khi đến cảng.',
        },
        { document: 'crewEffects' },
      ),
    );
  return findings;
};

import { callDate, viewOf, type Rule } from '../../runtime/assessment';
import { surplusOf } from '../allowance';
import { found } from '../codes';

/** Ship's stores above what the persons on board may use are sealed while the ship is in port. */
export const stores: Rule = (request, registries) => {
  const { formalities } = viewOf(request);
  const general = formalities?.generalDeclaration;
  const persons = general?.personsOnboard ?? general?.crewCount;
  const declared = formalities?.shipStores;
  if (!declared || persons === undefined) return [];
  const articles = (declared.items ?? []).map((item) => ({ code: item.articleCode, name: item.articleName, quantity: item.quantity }));
  return surplusOf('stores', articles, persons, registries, callDate(request)).map(({ row, surplus }) =>
    found('CUS-STORES-SEAL', {
      en: `${row.name}: ${surplus} ${row.unit} above the allowance for ${persons} persons are sealed.`,
      vi: `${row.nameVi}: niêm phong ${surplus} ${row.unit} vượt định mức của ${persons} người.`,
    }),
  );
};

import type { Registries } from '../registries/registries';
import type { AllowanceRow } from '../registries/rows';
import { foldDiacritics } from '../registries/fold-diacritics';

interface Article {
  code?: string | undefined;
  name?: string | undefined;
  quantity?: { value?: number | undefined; unit?: string | undefined } | undefined;
}

/**
 * Allowances that a list of articles exceeds, with the surplus. Only quantities in the allowance's own unit are added up: cartons
 * and pieces do not compare.
 */
export function surplusOf(
  kind: AllowanceRow['kind'],
  articles: readonly Article[],
  persons: number,
  registries: Registries,
  on: string,
): { row: AllowanceRow; surplus: number }[] {
  return registries
    .allowances(kind, on)
    .map((row) => {
      const total = articles.filter((article) => isOf(article, row)).reduce((sum, article) => sum + (article.quantity?.value ?? 0), 0);
      return { row, surplus: total - row.perPerson * persons };
    })
    .filter(({ surplus }) => surplus > 0);
}

function isOf(article: Article, row: AllowanceRow): boolean {
  if (article.quantity?.unit !== row.unit) return false;
  if (article.code !== undefined && row.articleCodes?.includes(article.code) === true) return true;
  const name = foldDiacritics(article.name ?? '');
  return row.words?.some((word) => name.includes(word)) === true;
}

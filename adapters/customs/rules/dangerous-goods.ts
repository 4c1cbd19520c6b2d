import { callDate, viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import { found } from '../codes';
import { consignmentsOf } from '../trade';

/** Customs is the final authority on the dangerous goods declaration (336/2026 Art. 29.2): its entries are held against the UN list. */
export const dangerousGoods: Rule = (request, registries) => {
  const { formalities, reportedFormalities } = viewOf(request);
  const declared = formalities?.dangerousGoods;
  const inCargo = consignmentsOf(request).flatMap((consignment) => (consignment.items ?? []).flatMap((item) => item.dangerousGoods ?? []));
  const items = [...(declared?.items ?? []), ...inCargo];
  const findings: RuleFinding[] = [];
  if (
    !declared &&
    (inCargo.length > 0 ||
      reportedFormalities?.includes('dangerousGoods') === true ||
      formalities?.generalDeclaration?.dangerousGoodsCarried === true)
  )
    findings.push(
      found('CUS-DG-NOT-DECLARED', {
        en: 'Dangerous goods are announced: the dangerous goods declaration is awaited.',
        vi: 'Có thông báo hàng nguy hiểm: chờ bản khai hàng hóa nguy hiểm.',
      }),
    );
  if (declared?.carried === false && items.length > 0)
    findings.push(
      found(
        'CUS-DG-CONTRADICTION',
        {
          en: 'The declaration says that no dangerous goods are carried and lists some: correct it before discharge.',
          vi: 'Khai không chở hàng nguy hiểm nhưng có liệt kê: sửa trước khi dỡ hàng.',
        },
        { document: 'dangerousGoods' },
      ),
    );
  if (items.length === 0) return findings;

  const on = callDate(request);
  const unknown: string[] = [];
  const wrongClass: string[] = [];
  const wrongGroup: string[] = [];
  for (const item of items) {
    if (item.unNumber === undefined) continue;
    const row = registries.dangerousGoods(item.unNumber, on);
    if (row === undefined) {
      unknown.push(`UN ${item.unNumber}`);
      continue;
    }
    if (item.hazardClass !== undefined && !row.classes.some((allowed) => isClass(item.hazardClass ?? '', allowed)))
      wrongClass.push(`UN ${item.unNumber}: ${item.hazardClass} ≠ ${row.classes.join('/')}`);
    if (item.packingGroup !== undefined && row.packingGroups?.includes(item.packingGroup) === false)
      wrongGroup.push(`UN ${item.unNumber}: ${item.packingGroup} ≠ ${row.packingGroups.join('/')}`);
  }
  if (wrongClass.length > 0)
    findings.push(
      found(
        'CUS-DG-CLASS',
        {
          en: `The class does not belong to the UN number (${listed(wrongClass).en}): correct the declaration before discharge.`,
          vi: `Loại không khớp số UN (${listed(wrongClass).vi}): sửa bản khai trước khi dỡ hàng.`,
        },
        { document: 'dangerousGoods' },
      ),
    );
  if (unknown.length > 0)
    findings.push(
      found('CUS-DG-UNKNOWN', {
        en: `Not in the list held here: ${listed(unknown).en}.`,
        vi: `Chưa có trong danh mục tại đây: ${listed(unknown).vi}.`,
      }),
    );
  if (wrongGroup.length > 0)
    findings.push(
      found('CUS-DG-PACKING-GROUP', {
        en: `Packing group differs from the list: ${listed(wrongGroup).en}.`,
        vi: `Nhóm đóng gói khác danh mục: ${listed(wrongGroup).vi}.`,
      }),
    );
  if (findings.length === 0)
    findings.push(
      found('CUS-DG-PRESENT', {
        en: `Dangerous goods, ${items.length} entries as listed.`,
        vi: `Hàng nguy hiểm, ${items.length} mục khớp danh mục.`,
      }),
    );
  return findings;
};

/** 1.4 stands for 1.4S where the compatibility group was left out, and 2 for its divisions. */
function isClass(declared: string, allowed: string): boolean {
  return allowed === declared || allowed.startsWith(declared);
}

import { callDate, viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { listed } from '../../runtime/wording';
import { found } from '../codes';

/** Classes that are handled only as the harbour master orders, wherever they lie. */
const SPECIAL_CLASSES = ['1', '7'];

/** What dangerous goods mean for the berth; customs holds them against the list of UN numbers. */
export const dangerousGoods: Rule = (request, registries) => {
  const { portCall, formalities } = viewOf(request);
  const declared = formalities?.dangerousGoods;
  if (!declared || declared.carried !== true) return [];
  const items = declared.items ?? [];
  if (items.length === 0)
    return declared.manifestOnboard === false
      ? [
          found(
            'HM-DG-LIST-MISSING',
            { en: 'Dangerous goods are carried: send their list.', vi: 'Tàu chở hàng nguy hiểm: gửi danh sách hàng nguy hiểm.' },
            { document: 'dangerousGoods' },
          ),
        ]
      : [
          found('HM-DG-MANIFEST', {
            en: 'Dangerous goods are carried and none is listed: show the manifest before cargo work begins.',
            vi: 'Tàu chở hàng nguy hiểm nhưng chưa khai danh sách: xuất trình bản kê trước khi làm hàng.',
          }),
        ];

  const classes = [...new Set(items.map((item) => item.hazardClass).filter((item) => item !== undefined))].sort();
  const findings: RuleFinding[] = [
    found('HM-DG-CARRIED', {
      en: `Dangerous goods on board: ${items.length} entries, classes ${listed(classes).en || 'not given'}.`,
      vi: `Hàng nguy hiểm trên tàu: ${items.length} mục, loại ${listed(classes).vi || 'chưa khai'}.`,
    }),
  ];
  const special = classes.filter((item) => SPECIAL_CLASSES.includes(item.charAt(0)));
  if (special.length > 0 || declared.infClass !== undefined)
    findings.push(
      found('HM-DG-SPECIAL', {
        en: `${declared.infClass ?? `Class ${listed(special).en}`}: berth, time and escort as the harbour master orders.`,
        vi: `${declared.infClass ?? `Loại ${listed(special).vi}`}: cầu bến, thời gian và hộ tống theo lệnh của cảng vụ.`,
      }),
    );
  const port = portCall?.portOfCall;
  const facility = registries.facility({ unLocode: port?.unLocode, code: port?.facilityCode, name: port?.facilityName }, callDate(request));
  const refused = classes.filter((item) =>
    facility?.dangerousGoodsRefused?.some((taken) => item === taken || item.startsWith(taken.includes('.') ? taken : `${taken}.`)),
  );
  if (facility !== undefined && refused.length > 0)
    findings.push(
      found('HM-DG-FACILITY', {
        en: `${facility.name} does not take dangerous goods of class ${listed(refused).en}.`,
        vi: `${facility.name} không tiếp nhận hàng nguy hiểm loại ${listed(refused).vi}.`,
      }),
    );
  return findings;
};

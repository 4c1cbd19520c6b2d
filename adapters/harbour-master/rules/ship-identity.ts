import { callDate, viewOf, type Rule } from '../../runtime/assessment';
import { foldDiacritics } from '../../registries/fold-diacritics';
import { found } from '../codes';

/** SOLAS XI-1/3 asks cargo ships from 300 GT for an IMO number. */
const IMO_NUMBER_FROM_GT = 300;

/** Is the ship the one that the register knows under this IMO number? Unknown is no fault. */
export const shipIdentity: Rule = (request, registries) => {
  const { ship } = viewOf(request);
  if (ship === undefined) return [];
  if (ship.imoNumber === undefined)
    return (ship.grossTonnage ?? 0) >= IMO_NUMBER_FROM_GT
      ? [found('HM-SHIP-NO-IMO', { en: 'The ship gives no IMO number.', vi: 'Tàu không khai số IMO.' })]
      : [];
  const known = registries.ship(ship.imoNumber, callDate(request));
  if (known === undefined)
    return [
      found('HM-SHIP-UNKNOWN', {
        en: 'The ship is not in the register of ships known here.',
        vi: 'Tàu chưa có trong cơ sở dữ liệu của cảng vụ.',
      }),
    ];
  const compared: [string, string, boolean][] = [];
  if (ship.name !== undefined) compared.push(['name', 'tên', foldDiacritics(ship.name) === foldDiacritics(known.name)]);
  if (ship.callSign !== undefined && known.callSign !== undefined)
    compared.push(['call sign', 'hô hiệu', ship.callSign === known.callSign]);
  if (ship.flagState !== undefined && known.flagState !== undefined)
    compared.push(['flag', 'quốc tịch', ship.flagState === known.flagState]);
  const different = compared.filter(([, , same]) => !same);
  if (different.length === 0) return [];
  const en = different.map(([name]) => name).join(', ');
  const vi = different.map(([, name]) => name).join(', ');
  if (different.length < 3)
    return [
      found('HM-SHIP-DIFFERS', {
        en: `The register has another ${en} under this IMO number.`,
        vi: `Cơ sở dữ liệu có ${vi} khác với số IMO này.`,
      }),
    ];
  return [
    found('HM-SHIP-IDENTITY', {
      en: `The register has another ${en} under this IMO number: show the certificate of registry before berthing.`,
      vi: `Cơ sở dữ liệu có ${vi} khác với số IMO này: xuất trình giấy chứng nhận đăng ký trước khi cập cầu.`,
    }),
  ];
};

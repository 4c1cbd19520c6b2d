import { callDate, viewOf, type Rule, type RuleFinding } from '../../runtime/assessment';
import { metres } from '../../runtime/wording';
import { found } from '../codes';

/** Draught, length and tonnage against the facility that the declaration names, and against the channel that leads to it. */
export const berthLimits: Rule = (request, registries) => {
  const { portCall, ship, formalities } = viewOf(request);
  const port = portCall?.portOfCall;
  const names = [port?.facilityName, port?.locationInPort].filter((name) => name !== undefined);
  if (port?.facilityCode === undefined && names.length === 0) return [];
  const on = callDate(request);
  const facility =
    registries.facility({ unLocode: port?.unLocode, code: port?.facilityCode, name: names[0] }, on) ??
    registries.facility({ unLocode: port?.unLocode, name: names[1] }, on);
  if (facility === undefined)
    return [
      found('HM-FACILITY-UNKNOWN', {
        en: 'The facility named is not in the register: its limits were not checked.',
        vi: 'Bến cảng được khai chưa có trong cơ sở dữ liệu: chưa kiểm tra giới hạn.',
      }),
    ];
  const channel = facility.channel === undefined ? undefined : registries.channel(facility.channel, on);
  const places = [
    { en: facility.name, vi: facility.name, draught: facility.maxDraughtMetres, length: facility.maxLengthMetres },
    ...(channel === undefined
      ? []
      : [{ en: channel.name, vi: channel.nameVi, draught: channel.maxDraughtMetres, length: channel.maxLengthMetres }]),
  ];
  const general = formalities?.generalDeclaration;
  const draught = Math.max(general?.draughtFore ?? 0, general?.draughtAft ?? 0);
  const length = ship?.lengthOverall ?? 0;
  const findings: RuleFinding[] = [];
  for (const place of places) {
    if (place.draught !== undefined && draught > place.draught)
      findings.push(
        found('HM-DRAUGHT-EXCEEDED', {
          en: `Draught ${metres(draught).en}: ${place.en} takes ${metres(place.draught).en}.`,
          vi: `Mớn nước ${metres(draught).vi}: ${place.vi} cho phép ${metres(place.draught).vi}.`,
        }),
      );
    if (place.length !== undefined && length > place.length)
      findings.push(
        found('HM-LENGTH-EXCEEDED', {
          en: `Length ${metres(length).en}: ${place.en} takes ${metres(place.length).en}.`,
          vi: `Chiều dài ${metres(length).vi}: ${place.vi} cho phép ${metres(place.length).vi}.`,
        }),
      );
  }
  const tonnage = ship?.grossTonnage ?? 0;
  if (facility.maxGrossTonnage !== undefined && tonnage > facility.maxGrossTonnage)
    findings.push(
      found('HM-TONNAGE-EXCEEDED', {
        en: `Gross tonnage ${tonnage}: ${facility.name} takes ${facility.maxGrossTonnage}.`,
        vi: `Tổng dung tích ${tonnage}: ${facility.name} cho phép ${facility.maxGrossTonnage}.`,
      }),
    );
  return findings;
};

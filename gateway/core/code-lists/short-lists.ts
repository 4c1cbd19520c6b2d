/** Short lists of codes, written out. Sources in README.md. */
export interface CodeListEntry {
  code: string;
  name: string;
  nameVi?: string;
}

const entries = (rows: readonly (readonly [code: string, name: string, nameVi?: string])[]): CodeListEntry[] =>
  rows.map(([code, name, nameVi]) => ({ code, name, ...(nameVi === undefined ? {} : { nameVi }) }));

/** UN/EDIFACT 8025, IMO0172. */
export const callPurposes = entries([
  ['1', 'Cargo operations', 'Làm hàng'],
  ['2', 'Passenger movement', 'Đón, trả khách'],
  ['3', 'Taking bunkers', 'Nhận nhiên liệu'],
  ['4', 'Changing crew', 'Thay đổi thuyền viên'],
  ['5', 'Goodwill visit', 'Thăm hữu nghị'],
  ['6', 'Taking supplies', 'Nhận vật tư, thực phẩm'],
  ['7', 'Repair', 'Sửa chữa'],
  ['8', 'Laid up', 'Neo đậu dài ngày'],
  ['9', 'Awaiting orders', 'Chờ lệnh'],
  ['10', 'Miscellaneous', 'Mục đích khác'],
  ['11', 'Crew movement', 'Di chuyển thuyền viên'],
  ['12', 'Cruise, leisure and recreation', 'Du lịch, giải trí'],
  ['13', 'Under government order', 'Theo lệnh chính quyền'],
  ['14', 'Quarantine inspection', 'Kiểm dịch'],
  ['15', 'Refuge', 'Tránh trú'],
  ['16', 'Unloading cargo', 'Dỡ hàng'],
  ['17', 'Loading cargo', 'Xếp hàng'],
  ['18', 'Repair in dry dock', 'Sửa chữa trên đà'],
  ['19', 'Repair in wet dock', 'Sửa chữa dưới nước'],
  ['20', 'Cargo tank cleaning', 'Vệ sinh két hàng'],
  ['21', 'Customs clearance of the means of transport', 'Thông quan tàu'],
  ['22', 'De-gassing', 'Khử khí'],
  ['23', 'Waste disposal', 'Thải chất thải'],
  ['24', 'Mobilisation of an offshore unit', 'Triển khai công trình ngoài khơi'],
  ['25', 'Transfer of personnel', 'Chuyển nhân sự'],
  ['98', 'Pass through', 'Quá cảnh'],
]);

/** MARPOL waste, IMO0183. */
export const wasteTypes = entries([
  ['101', 'Oily bilge water', 'Nước la canh nhiễm dầu'],
  ['102', 'Oily residues (sludge)', 'Cặn dầu'],
  ['103', 'Oily tank washings (slops)', 'Nước rửa két nhiễm dầu'],
  ['104', 'Dirty ballast water', 'Nước dằn bẩn'],
  ['105', 'Scale and sludge from tank cleaning', 'Cặn và bùn từ rửa két'],
  ['106', 'Other oily waste', 'Chất thải dầu khác'],
  ['201', 'Noxious liquid substance, category X', 'Chất lỏng độc loại X'],
  ['202', 'Noxious liquid substance, category Y', 'Chất lỏng độc loại Y'],
  ['203', 'Noxious liquid substance, category Z', 'Chất lỏng độc loại Z'],
  ['204', 'Other substances (OS)', 'Chất khác (OS)'],
  ['401', 'Sewage', 'Nước thải sinh hoạt'],
  ['501', 'A. Plastics', 'A. Nhựa'],
  ['502', 'B. Food waste', 'B. Thức ăn thừa'],
  ['503', 'C. Domestic waste', 'C. Rác sinh hoạt'],
  ['504', 'D. Cooking oil', 'D. Dầu ăn'],
  ['505', 'E. Incinerator ash', 'E. Tro lò đốt'],
  ['506', 'F. Operational waste', 'F. Rác vận hành'],
  ['507', 'G. Animal carcasses', 'G. Xác động vật'],
  ['508', 'H. Fishing gear', 'H. Ngư cụ'],
  ['509', 'I. Electronic waste', 'I. Rác điện tử'],
  ['510', 'J. Cargo residues, not harmful to the marine environment', 'J. Cặn hàng không hại môi trường biển'],
  ['511', 'K. Cargo residues, harmful to the marine environment', 'K. Cặn hàng hại môi trường biển'],
  ['601', 'Ozone-depleting substances', 'Chất làm suy giảm tầng ô-dôn'],
  ['602', 'Exhaust gas cleaning residues', 'Cặn hệ thống làm sạch khí xả'],
  ['991', 'Passively fished waste', 'Rác vớt thụ động'],
  ['999', 'Other', 'Khác'],
]);

/** Codes 1100 to 1699 of the older European list still come in ISO 28005 messages of 2011. */
export function isWasteType(code: string): boolean {
  return wasteTypeCodes.has(code) || /^1[1-6]\d\d$/.test(code);
}
const wasteTypeCodes = new Set(wasteTypes.map(({ code }) => code));

export const securityLevels = entries([
  ['1', 'Normal', 'Bình thường'],
  ['2', 'Heightened', 'Cao'],
  ['3', 'Exceptional', 'Đặc biệt'],
]);

export const hazardClasses = entries([
  ['1', 'Explosives', 'Chất nổ'],
  ['1.1', 'Mass explosion hazard', 'Nguy cơ nổ hàng loạt'],
  ['1.2', 'Projection hazard', 'Nguy cơ văng mảnh'],
  ['1.3', 'Fire hazard, minor blast or projection', 'Nguy cơ cháy, nổ nhỏ hoặc văng mảnh nhỏ'],
  ['1.4', 'No significant hazard', 'Nguy cơ không đáng kể'],
  ['1.5', 'Very insensitive, mass explosion hazard', 'Rất không nhạy, nguy cơ nổ hàng loạt'],
  ['1.6', 'Extremely insensitive, no mass explosion hazard', 'Cực kỳ không nhạy'],
  ['2.1', 'Flammable gases', 'Khí dễ cháy'],
  ['2.2', 'Non-flammable, non-toxic gases', 'Khí không cháy, không độc'],
  ['2.3', 'Toxic gases', 'Khí độc'],
  ['3', 'Flammable liquids', 'Chất lỏng dễ cháy'],
  ['4.1', 'Flammable solids, self-reactive substances', 'Chất rắn dễ cháy, chất tự phản ứng'],
  ['4.2', 'Liable to spontaneous combustion', 'Chất dễ tự bốc cháy'],
  ['4.3', 'Flammable gases in contact with water', 'Chất gặp nước sinh khí dễ cháy'],
  ['5.1', 'Oxidizing substances', 'Chất ô-xy hóa'],
  ['5.2', 'Organic peroxides', 'Peroxit hữu cơ'],
  ['6.1', 'Toxic substances', 'Chất độc'],
  ['6.2', 'Infectious substances', 'Chất lây nhiễm'],
  ['7', 'Radioactive material', 'Chất phóng xạ'],
  ['8', 'Corrosive substances', 'Chất ăn mòn'],
  ['9', 'Miscellaneous', 'Chất và vật phẩm nguy hiểm khác'],
]);

/** IMDG 2.0.1.3. */
export const packingGroups = entries([
  ['I', 'High danger', 'Nguy hiểm cao'],
  ['II', 'Medium danger', 'Nguy hiểm trung bình'],
  ['III', 'Low danger', 'Nguy hiểm thấp'],
]);

/** Schedules of the EmS Guide. */
export const emsSchedules = entries([
  ['F-A', 'General fire schedule'],
  ['F-B', 'Explosive substances and articles'],
  ['F-C', 'Non-flammable gases'],
  ['F-D', 'Flammable gases'],
  ['F-E', 'Non-water-reactive flammable liquids'],
  ['F-F', 'Temperature-controlled self-reactives and organic peroxides'],
  ['F-G', 'Water-reactive substances'],
  ['F-H', 'Oxidizing substances with explosion potential'],
  ['F-I', 'Radioactive material'],
  ['F-J', 'Non-temperature-controlled self-reactives and organic peroxides'],
  ['S-A', 'Toxic substances'],
  ['S-B', 'Corrosive substances'],
  ['S-C', 'Flammable, corrosive liquids'],
  ['S-D', 'Flammable liquids'],
  ['S-E', 'Flammable liquids, floating on water'],
  ['S-F', 'Water-soluble marine pollutants'],
  ['S-G', 'Flammable solids and self-reactive substances'],
  ['S-H', 'Flammable solids (molten material)'],
  ['S-I', 'Flammable solids (repacking possible)'],
  ['S-J', 'Wetted explosives and certain self-heating substances'],
  ['S-K', 'Temperature-controlled self-reactive substances'],
  ['S-L', 'Spontaneously combustible, water-reactive substances'],
  ['S-M', 'Hazard of spontaneous ignition'],
  ['S-N', 'Substances reacting vigorously with water'],
  ['S-O', 'Substances dangerous when wet (non-collectable articles)'],
  ['S-P', 'Substances dangerous when wet (collectable articles)'],
  ['S-Q', 'Oxidizing substances'],
  ['S-R', 'Organic peroxides'],
  ['S-S', 'Radioactive material'],
  ['S-T', 'Dangerous goods with biohazard'],
  ['S-U', 'Gases (flammable, toxic or corrosive)'],
  ['S-V', 'Gases (non-flammable, non-toxic)'],
  ['S-W', 'Oxidizing gases'],
  ['S-X', 'Explosive items and articles'],
  ['S-Y', 'Explosive chemicals'],
  ['S-Z', 'Toxic explosives'],
]);

/** UN/EDIFACT 3035 and 1001 as FAL messages use them. */
export const personTypes = entries([
  ['FM', 'Crew member', 'Thuyền viên'],
  ['FL', 'Passenger', 'Hành khách'],
  ['CPE', 'Master', 'Thuyền trưởng'],
  ['DEE', 'Stowaway', 'Người đi trốn trên tàu'],
  ['DFY', 'Crew member of another ship', 'Thuyền viên của tàu khác'],
]);

export const travelDocumentTypes = entries([
  ['36', 'Identity card', 'Thẻ căn cước'],
  ['39', 'Passport', 'Hộ chiếu'],
  ['101', 'Registration document', 'Giấy đăng ký'],
  ['718', "Seaman's book", 'Sổ thuyền viên'],
  ['other', 'Other', 'Khác'],
]);

/** ISO/IEC 5218. */
export const genders = entries([
  ['0', 'Not known', 'Không rõ'],
  ['1', 'Male', 'Nam'],
  ['2', 'Female', 'Nữ'],
  ['9', 'Not applicable', 'Không áp dụng'],
]);

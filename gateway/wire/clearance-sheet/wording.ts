import type { AgencyRole, ClearanceStatus } from '../../core/messages';

/** The words of a clearance for people, in both languages; terms as Vietnamese forms print them. */
export type Language = 'en' | 'vi';

export interface Wording {
  title: string;
  subtitle: string;
  status: Record<ClearanceStatus, string>;
  outcome: Record<string, string>;
  role: Record<AgencyRole, string>;
  formality: Record<string, string>;
  stage: Record<string, string>;
  dossierCode: string;
  version: string;
  unissued: string;
  revision: string;
  ruleSet: string;
  issuedAt: string;
  validity: string;
  /** Replaces {from} and {to}. */
  validFromTo: string;
  validFrom: string;
  completeness: string;
  complete: string;
  open: string;
  agencies: string;
  agency: string;
  roleTitle: string;
  result: string;
  dueAt: string;
  decidedAt: string;
  overdue: string;
  reference: string;
  reason: string;
  condition: string;
  conditions: string;
  missing: string;
  noConditions: string;
  nothingMissing: string;
  noAgencies: string;
  stages: string;
  signature: string;
  signatureText: string;
  unsigned: string;
  signingKey: string;
  signatureValue: string;
  clearanceId: string;
  basis: string;
  test: string;
  page: string;
}

const en: Wording = {
  title: 'Electronic clearance',
  subtitle: 'Seaport single window',
  status: {
    pending: 'Pending',
    granted: 'Cleared',
    conditional: 'Cleared with conditions',
    refused: 'Refused',
    incomplete: 'Incomplete',
    held: 'Held',
    cancelled: 'Cancelled',
  },
  outcome: {
    open: 'Not answered yet',
    acknowledged: 'Received by the agency',
    accepted: 'Accepted',
    conditionallyAccepted: 'Accepted with conditions',
    refused: 'Refused',
    moreInfoRequired: 'Correction or addition wanted',
    notApplicable: 'Not applicable',
    revoked: 'Decision revoked',
    held: 'Held',
    released: 'Hold released',
    withdrawn: 'Withdrawn',
  },
  role: { decides: 'Decides', advises: 'Advises', informed: 'Informed' },
  formality: {
    generalDeclaration: 'General declaration',
    cargo: 'Cargo declaration',
    shipStores: "Ship's stores declaration",
    crewEffects: "Crew's effects declaration",
    crewList: 'Crew list',
    passengerList: 'Passenger list',
    dangerousGoods: 'Dangerous goods manifest',
    security: "Ship's security notification",
    waste: 'Waste notification',
    health: 'Maritime declaration of health',
  },
  stage: { received: 'Received', firstDecision: 'First decision', lastDecision: 'Last decision' },
  dossierCode: 'Dossier code',
  version: 'Version',
  unissued: 'none issued yet',
  revision: 'Revision of the declaration',
  ruleSet: 'Rules applied',
  issuedAt: 'Issued',
  validity: 'Valid',
  validFromTo: 'from {from} to {to}',
  validFrom: 'from {from}',
  completeness: 'Processing',
  complete: 'Complete: no answer is awaited',
  open: 'Answers are awaited',
  agencies: 'Agencies',
  agency: 'Agency',
  roleTitle: 'Role',
  result: 'Result',
  dueAt: 'Due',
  decidedAt: 'Decided',
  overdue: 'Overdue',
  reference: 'Reference',
  reason: 'Reason',
  condition: 'Condition',
  conditions: 'Conditions',
  missing: 'Documents still wanted',
  noConditions: 'None.',
  nothingMissing: 'None.',
  noAgencies: 'No agency has been asked yet.',
  stages: 'Times',
  signature: 'Electronic signature',
  signatureText:
    'This is a copy for reading. The signature (Ed25519, JWS with detached payload) belongs to the JSON form of this clearance; it is verified with the public keys that the gateway gives at /.well-known/jwks.json.',
  unsigned: 'Not signed: no version has been issued yet.',
  signingKey: 'Key',
  signatureValue: 'Signature',
  clearanceId: 'Clearance number',
  basis: 'Position in the log',
  test: 'TEST - this clearance has no effect',
  page: 'Page',
};

const vi: Wording = {
  title: 'Thông quan điện tử',
  subtitle: 'Cơ chế một cửa liên thông cảng biển',
  status: {
    pending: 'Đang chờ xử lý',
    granted: 'Đã thông quan',
    conditional: 'Thông quan có điều kiện',
    refused: 'Bị từ chối',
    incomplete: 'Chưa đầy đủ',
    held: 'Tạm giữ',
    cancelled: 'Đã hủy',
  },
  outcome: {
    open: 'Chưa trả lời',
    acknowledged: 'Cơ quan đã tiếp nhận',
    accepted: 'Chấp nhận',
    conditionallyAccepted: 'Chấp nhận có điều kiện',
    refused: 'Từ chối',
    moreInfoRequired: 'Yêu cầu sửa đổi, bổ sung',
    notApplicable: 'Không thuộc phạm vi',
    revoked: 'Đã thu hồi quyết định',
    held: 'Tạm giữ',
    released: 'Đã bỏ tạm giữ',
    withdrawn: 'Đã rút yêu cầu',
  },
  role: { decides: 'Quyết định', advises: 'Cho ý kiến', informed: 'Được thông báo' },
  formality: {
    generalDeclaration: 'Bản khai chung',
    cargo: 'Bản khai hàng hóa',
    shipStores: 'Bản khai dự trữ của tàu',
    crewEffects: 'Bản khai hành lý thuyền viên',
    crewList: 'Danh sách thuyền viên',
    passengerList: 'Danh sách hành khách',
    dangerousGoods: 'Bản khai hàng hóa nguy hiểm',
    security: 'Bản khai an ninh tàu biển',
    waste: 'Khai báo chất thải của tàu',
    health: 'Giấy khai báo y tế hàng hải',
  },
  stage: { received: 'Tiếp nhận', firstDecision: 'Quyết định đầu tiên', lastDecision: 'Quyết định cuối cùng' },
  dossierCode: 'Mã số hồ sơ',
  version: 'Phiên bản',
  unissued: 'chưa cấp',
  revision: 'Lần khai',
  ruleSet: 'Quy định áp dụng',
  issuedAt: 'Thời điểm cấp',
  validity: 'Hiệu lực',
  validFromTo: 'từ {from} đến {to}',
  validFrom: 'từ {from}',
  completeness: 'Tình trạng xử lý',
  complete: 'Hoàn tất: không còn chờ cơ quan nào',
  open: 'Đang chờ trả lời',
  agencies: 'Các cơ quan',
  agency: 'Cơ quan',
  roleTitle: 'Vai trò',
  result: 'Kết quả',
  dueAt: 'Thời hạn',
  decidedAt: 'Thời điểm quyết định',
  overdue: 'Quá hạn',
  reference: 'Số tham chiếu',
  reason: 'Lý do',
  condition: 'Điều kiện',
  conditions: 'Điều kiện',
  missing: 'Chứng từ còn thiếu',
  noConditions: 'Không có.',
  nothingMissing: 'Không có.',
  noAgencies: 'Chưa chuyển đến cơ quan nào.',
  stages: 'Các mốc thời gian',
  signature: 'Chữ ký điện tử',
  signatureText:
    'Đây là bản để đọc. Chữ ký (Ed25519, JWS với nội dung tách rời) thuộc bản JSON của thông quan này; kiểm tra bằng khóa công khai do cổng cung cấp tại /.well-known/jwks.json.',
  unsigned: 'Chưa ký: chưa có phiên bản nào được cấp.',
  signingKey: 'Khóa',
  signatureValue: 'Chữ ký',
  clearanceId: 'Số thông quan',
  basis: 'Vị trí trong nhật ký',
  test: 'BẢN THỬ - thông quan này không có hiệu lực',
  page: 'Trang',
};

export const wordings: Record<Language, Wording> = { en, vi };

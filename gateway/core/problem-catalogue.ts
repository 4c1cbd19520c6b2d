import type { Problem, Severity } from './problem';

/**
 * Every fault that a caller can be told, once. Codes are a contract: never reused, never parsed from text.
 * The HTTP status of a code stands in edges/http/problem-status.ts; docs/errors.md is kept equal by a test.
 */
export interface CatalogueEntry {
  title: string;
  titleVi: string;
  /** What the caller can do. */
  remedy: string;
}

const rows = {
  // -- XML
  'xml-malformed': ['The XML is not well formed.', 'XML không đúng cú pháp.', 'Correct the document at the line and column given.'],
  'xml-doctype': ['A DOCTYPE is not accepted.', 'Không chấp nhận DOCTYPE.', 'Send the document without a DOCTYPE.'],
  'xml-forbidden': [
    'The XML uses something that is not accepted here.',
    'XML dùng thành phần không được chấp nhận.',
    'Leave out processing instructions and comments inside values; use XML 1.0.',
  ],
  'xml-limit': [
    'The XML exceeds a limit.',
    'XML vượt quá giới hạn.',
    'Depth 64, 400,000 elements, 32 attributes each, 64 KiB of text each.',
  ],
  'encoding-invalid': ['The bytes are not valid UTF-8.', 'Dữ liệu không phải UTF-8 hợp lệ.', 'Send UTF-8.'],
  'charset-unsupported': ['Only UTF-8 is accepted.', 'Chỉ chấp nhận UTF-8.', 'Send UTF-8 and name no other charset or encoding.'],
  'dialect-unknown': [
    'The root element or namespace belongs to no dialect that is spoken here.',
    'Không nhận ra định dạng thông điệp.',
    'Send ISO 28005 EPCMessage or canonical JSON.',
  ],
  'unknown-element': [
    'The element is not known in this place.',
    'Phần tử không được biết ở vị trí này.',
    'Leave it out or correct its name.',
  ],
  'element-repeated': ['The element may occur only once.', 'Phần tử chỉ được xuất hiện một lần.', 'Send it once.'],
  'element-unmapped': [
    'The element has no place in the canonical declaration; it is kept and shown to no agency.',
    'Phần tử không có trong mô hình chuẩn; được lưu nhưng không gửi cơ quan nào.',
    'Nothing needs doing.',
  ],
  // -- JSON
  'json-malformed': ['The JSON is not well formed.', 'JSON không đúng cú pháp.', 'Correct the document at the line and column given.'],
  'json-duplicate-key': ['A key occurs twice in one object.', 'Khóa bị lặp trong một đối tượng.', 'Send each key once.'],
  'json-limit': ['The JSON exceeds a limit.', 'JSON vượt quá giới hạn.', 'Depth 64, 1,000,000 values.'],
  'unknown-property': [
    'The property is not part of the declaration.',
    'Thuộc tính không thuộc tờ khai.',
    'Leave it out or correct its name.',
  ],
  'number-out-of-range': ['The number is out of range.', 'Số nằm ngoài phạm vi.', 'Send a number within the limits.'],
  type: ['The value has the wrong type.', 'Giá trị sai kiểu.', 'Send the type named.'],
  'text-invalid': [
    'The text has characters that are not accepted.',
    'Văn bản có ký tự không được chấp nhận.',
    'Leave out control characters and lone surrogates.',
  ],
  required: ['Something that must be there is missing.', 'Thiếu thông tin bắt buộc.', 'Add it.'],
  format: ['The value has the wrong form.', 'Giá trị sai định dạng.', 'Send the form named.'],
  length: ['The text is too long or too short.', 'Văn bản quá dài hoặc quá ngắn.', 'Keep to the limit named.'],
  'value-not-allowed': ['The value is not in the list.', 'Giá trị không có trong danh mục.', 'Use a value of the list.'],
  'too-many': ['There are too many entries.', 'Quá nhiều mục.', 'Keep to the limit named.'],
  'too-few': ['There are too few entries.', 'Quá ít mục.', 'Add what is missing.'],
  // -- meaning
  'imo-check-digit': ['The IMO number fails its check digit.', 'Số IMO sai số kiểm tra.', 'Correct the IMO number.'],
  'imo-company-check-digit': ['The IMO company number fails its check digit.', 'Số IMO công ty sai số kiểm tra.', 'Correct the number.'],
  'mmsi-invalid': [
    'The MMSI is not one of a ship station.',
    'MMSI không phải của tàu.',
    'Send 9 digits starting with 2 to 7, or leave it out.',
  ],
  'locode-unknown': [
    'The UN/LOCODE is not in the list.',
    'Mã UN/LOCODE không có trong danh mục.',
    'Correct the code; ZZUKN stands for an unknown port.',
  ],
  'country-unknown': ['The country code is not in ISO 3166-1.', 'Mã quốc gia không có trong ISO 3166-1.', 'Correct the code.'],
  'un-number-unknown': [
    'The UN number is not in the dangerous goods list.',
    'Số UN không có trong danh mục hàng nguy hiểm.',
    'Correct the UN number.',
  ],
  'hazard-class-mismatch': [
    'The hazard class does not belong to the UN number.',
    'Nhóm nguy hiểm không khớp số UN.',
    'Correct the class or the UN number.',
  ],
  'packing-group-not-applicable': [
    'A packing group is not used with this class.',
    'Nhóm đóng gói không dùng cho loại này.',
    'Leave the packing group out.',
  ],
  'compatibility-group-missing': ['Class 1 needs a compatibility group.', 'Loại 1 cần nhóm tương thích.', 'Send for example 1.4S.'],
  'container-check-digit': ['The container number fails its check digit.', 'Số container sai số kiểm tra.', 'Correct the number.'],
  'times-out-of-order': ['The times are not in order.', 'Các mốc thời gian không đúng thứ tự.', 'Correct the times.'],
  'time-implausible': ['The time cannot be meant.', 'Thời gian không hợp lý.', 'Send the real time.'],
  'time-in-future': [
    'The time is more than a day after the message was received.',
    'Thời gian muộn hơn một ngày so với lúc nhận.',
    'Check the clock of the sending system.',
  ],
  'dates-reversed': ['The end is before the beginning.', 'Ngày kết thúc trước ngày bắt đầu.', 'Correct the dates.'],
  'time-without-zone': [
    'The time has no zone; it was read in the zone of the port of call.',
    'Thời gian không có múi giờ; đã hiểu theo giờ của cảng đến.',
    'Send a zone, for example +07:00.',
  ],
  'count-mismatch': ['A number does not match its list.', 'Số lượng không khớp danh sách.', 'Correct the number or the list.'],
  'person-repeated': ['The same person is listed twice.', 'Một người bị khai hai lần.', 'Leave one entry out.'],
  'travel-document-missing': ['The person has no travel document.', 'Người này không có giấy tờ đi lại.', 'Add the document.'],
  'certificate-expired': [
    'The certificate had expired when the message was sent.',
    'Giấy chứng nhận đã hết hạn khi gửi.',
    'Send the valid certificate.',
  ],
  'formality-announced-missing': [
    'A formality is announced but not in the declaration.',
    'Chứng từ được thông báo nhưng chưa có trong tờ khai.',
    'Send it by its due time.',
  ],
  'code-unknown': [
    'The code is not in the list; it is kept as text.',
    'Mã không có trong danh mục; được giữ dạng văn bản.',
    'Use a code of the list.',
  ],
  'reason-missing': [
    'A reason is needed where the certificate is not valid.',
    'Cần nêu lý do khi giấy chứng nhận không hợp lệ.',
    'Add the reason.',
  ],
  'problems-truncated': [
    'There are more faults than are listed here.',
    'Còn nhiều lỗi hơn số được liệt kê.',
    'Correct those listed and send again.',
  ],
  // -- HTTP
  'body-missing': ['There is no body.', 'Không có nội dung.', 'Send the declaration as the body.'],
  'content-type-missing': ['There is no Content-Type.', 'Thiếu Content-Type.', 'Name application/xml or application/json.'],
  'content-type-unsupported': [
    'This Content-Type is not accepted.',
    'Không chấp nhận Content-Type này.',
    'Send application/xml, text/xml or application/json.',
  ],
  'content-coding-unsupported': ['This Content-Encoding is not accepted.', 'Không chấp nhận Content-Encoding này.', 'Send gzip or none.'],
  'content-coding-invalid': ['The compressed body cannot be unpacked.', 'Không giải nén được nội dung.', 'Send a valid gzip body or none.'],
  'too-large': ['The body is larger than is accepted.', 'Nội dung quá lớn.', 'Split the declaration; the limit is MAX_DECLARATION_BYTES.'],
  'not-acceptable': [
    'None of the forms asked for is available.',
    'Không có định dạng được yêu cầu.',
    'Ask for application/json or application/xml.',
  ],
  'parameter-invalid': ['A parameter has a wrong value.', 'Tham số sai.', 'Correct the parameter named.'],
  'header-invalid': ['A header has a wrong value.', 'Tiêu đề HTTP sai.', 'Correct the header named.'],
  unauthenticated: [
    'The credential is missing or not valid.',
    'Thiếu hoặc sai thông tin xác thực.',
    'Send Authorization: Bearer with a valid token.',
  ],
  'issuer-unavailable': [
    'The token cannot be verified now: the keys of its issuer cannot be had.',
    'Hiện không thể kiểm tra mã truy cập: không lấy được khóa của bên phát hành.',
    'Wait as Retry-After says and send the same again.',
  ],
  forbidden: ['The credential may not do this.', 'Không có quyền thực hiện.', 'Use a credential with the right role.'],
  'not-found': ['There is nothing here.', 'Không tìm thấy.', 'Check the address.'],
  'message-not-kept': [
    'The message as received is not kept.',
    'Không còn lưu thông điệp gốc.',
    'It never was (RAW_EVIDENCE), or its time is over.',
  ],
  'method-not-allowed': ['The method is not allowed here.', 'Phương thức không được phép.', 'See Allow.'],
  'request-timeout': ['The request came too slowly.', 'Yêu cầu gửi quá chậm.', 'Send it again.'],
  'quota-exceeded': ['Too many requests.', 'Quá nhiều yêu cầu.', 'Wait as Retry-After says.'],
  overloaded: ['The gateway is at its limit.', 'Cổng đang quá tải.', 'Wait as Retry-After says and send the same again.'],
  'log-unavailable': [
    'The declaration cannot be stored durably now; nothing was stored.',
    'Hiện không thể lưu bền vững; chưa lưu gì.',
    'Wait as Retry-After says and send the same again.',
  ],
  'outcome-unknown': [
    'The declaration may or may not have been stored.',
    'Không rõ tờ khai đã được lưu hay chưa.',
    'Send the same again: it is counted once.',
  ],
  'record-too-large': ['The declaration is too large for the log.', 'Tờ khai quá lớn để lưu.', 'Split the declaration.'],
  'store-unavailable': ['The read model does not answer now.', 'Mô hình đọc hiện không trả lời.', 'Wait as Retry-After says.'],
  'audit-unavailable': [
    'It cannot be recorded in the audit log now; nothing was done.',
    'Hiện không thể ghi nhật ký kiểm toán; chưa thực hiện gì.',
    'Wait as Retry-After says and ask again.',
  ],
  'not-yet': [
    'It is not known yet: the read model is behind the log.',
    'Chưa có: mô hình đọc đang chậm hơn nhật ký.',
    'Ask again as Retry-After says.',
  ],
  rebuilding: ['The read model is being rebuilt.', 'Mô hình đọc đang được dựng lại.', 'Ask again as Retry-After says.'],
  stopping: ['The gateway is stopping.', 'Cổng đang dừng.', 'Send the same again.'],
  internal: ['Something went wrong in the gateway.', 'Lỗi trong hệ thống.', 'Send the same again; tell the operator the time if it stays.'],
  // -- submission
  'message-id-reused': [
    'The message id was used with other content.',
    'Mã thông điệp đã dùng cho nội dung khác.',
    'Use a new message id, or an amend.',
  ],
  'idempotency-key-reused': [
    'The Idempotency-Key was used with other content.',
    'Idempotency-Key đã dùng cho nội dung khác.',
    'Use a new key.',
  ],
  'in-progress': ['The same declaration is being received.', 'Tờ khai này đang được tiếp nhận.', 'Send the same again in a moment.'],
  'reference-unknown': [
    'The message referred to is not known.',
    'Không biết thông điệp được tham chiếu.',
    'referenceMessageId names the first message of the dossier.',
  ],
  'reference-mismatch': [
    'The reference and the dossier code name different dossiers.',
    'Tham chiếu và mã hồ sơ không cùng một hồ sơ.',
    'Send one of them, or both of the same dossier.',
  ],
  'revision-conflict': [
    'The declaration was made from an older state.',
    'Tờ khai dựa trên bản cũ.',
    'Read the dossier and amend the current revision.',
  ],
  'dossier-cancelled': ['The dossier was cancelled.', 'Hồ sơ đã bị hủy.', 'Open a new one.'],
  'dossier-full': [
    'The dossier has had 500 revisions, or the task 500 decisions: as many as one may have.',
    'Hồ sơ đã có 500 lần sửa, hoặc nhiệm vụ đã có 500 quyết định: mức tối đa.',
    'Something repeats itself: look at the sender. A dossier can still be cancelled; open a new one.',
  ],
  erased: [
    'The personal data of this dossier were erased.',
    'Dữ liệu cá nhân của hồ sơ đã bị xóa.',
    'Its clearances can still be read and verified; open a new dossier for a new call.',
  ],
  'erasure-too-early': [
    'The dossier is not final: an agency may still have to decide by what it says.',
    'Hồ sơ chưa kết thúc; cơ quan có thể còn phải xử lý.',
    'Wait until it is final, or cancel it first.',
  ],
  'dossier-open': [
    'A dossier of the same ship and port is open.',
    'Đang có hồ sơ mở cho cùng tàu và cảng.',
    'To join it, send its code as portCall.visitId.',
  ],
  'test-mismatch': ['Test and real declarations cannot share a dossier.', 'Không thể trộn tờ khai thử và thật.', 'Use another message id.'],
  // -- decisions
  'decision-invalid': [
    'The decision does not follow its schema.',
    'Quyết định không đúng cấu trúc.',
    'Correct it; taskId and outcome are needed.',
  ],
  'agency-mismatch': [
    'The decision names another agency, or a task of another.',
    'Quyết định của cơ quan khác.',
    'Decide your own tasks only.',
  ],
  'task-unknown': ['The task is not known.', 'Không biết nhiệm vụ này.', 'Check the taskId.'],
  'task-superseded': ['The task was replaced by a newer one.', 'Nhiệm vụ đã được thay thế.', 'Decide the current task.'],
  'jobs-running': [
    'As many jobs as one process does at once are running.',
    'Đang chạy tối đa số tác vụ cho phép.',
    'Wait for one, or stop one.',
  ],
  poison: ['The record cannot be handled.', 'Không xử lý được bản ghi.', 'An operator looks at the dead letter.'],
} as const satisfies Record<string, readonly [title: string, titleVi: string, remedy: string]>;

export type ProblemCode = keyof typeof rows;

export const problemCodes = Object.keys(rows) as ProblemCode[];

export function catalogueEntry(code: ProblemCode): CatalogueEntry {
  const [title, titleVi, remedy] = rows[code];
  return { title, titleVi, remedy };
}

export interface ProblemPlace {
  pointer?: string;
  xpath?: string;
  line?: number;
  column?: number;
}

/**
 * A fault of the catalogue at a place. `detail` says more than the title, in one sentence, without any value of a person;
 * without it the title is the message.
 */
export function problem(
  code: ProblemCode,
  place: ProblemPlace = {},
  detail?: { en: string; vi: string },
  severity: Severity = 'error',
): Problem {
  const [title, titleVi] = rows[code];
  return {
    code,
    severity,
    pointer: place.pointer ?? '',
    ...(place.xpath === undefined ? {} : { xpath: place.xpath }),
    ...(place.line === undefined ? {} : { line: place.line }),
    ...(place.column === undefined ? {} : { column: place.column }),
    message: detail?.en ?? title,
    messageVi: detail?.vi ?? titleVi,
  };
}

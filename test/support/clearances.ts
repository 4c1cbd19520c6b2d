import type { Clearance } from '../../gateway/core/messages';

/** Clearances with something in every member, for what shows them to people. */
export function richClearance(changes: Partial<Clearance> = {}): Clearance {
  const dossierId = '0123456789abcdef0123456789abcd';
  return {
    clearanceId: `${dossierId}-v2`,
    dossierId,
    dossierCode: '14D2PF2DBSQQG938NKNW936NA',
    version: 2,
    revision: 3,
    status: 'conditional',
    statusCode: '3',
    final: true,
    ruleSet: 'nd-336-2026',
    issuedAt: '2026-11-24T03:04:05.678Z',
    validFrom: '2026-11-24T03:04:05.678Z',
    validTo: '2026-11-26T17:30:00.000Z',
    summary:
      'Cleared with conditions. Overdue: Tax authority. Not connected: Port border-gate Border Guard; their documents were left to Maritime Administration (harbour master).',
    summaryVi:
      'Thông quan có điều kiện. Quá hạn: Cơ quan thuế. Chưa kết nối: Biên phòng cửa khẩu cảng; chứng từ do Cảng vụ hàng hải quyết định.',
    agencies: [
      {
        agency: 'harbour-master',
        role: 'decides',
        status: 'conditionallyAccepted',
        decidedAt: '2026-11-24T03:04:05.678Z',
        dueAt: '2026-11-24T03:30:00.000Z',
        overdue: false,
        reasons: [],
        conditions: [
          { code: 'HM-PILOT', text: 'Pilot and two tugs are compulsory.', textVi: 'Bắt buộc có hoa tiêu và hai tàu lai.' },
          { code: 'HM-DRAFT', text: 'Enter at high water only <draught 8.4 m & above>.' },
        ],
        reference: 'CVHH/2026/11/0421',
      },
      {
        agency: 'customs',
        role: 'decides',
        status: 'accepted',
        decidedAt: '2026-11-24T02:50:00.000Z',
        dueAt: '2026-11-24T03:30:00.000Z',
        overdue: false,
        reasons: [{ code: 'CUS-GREEN', text: 'Green channel.', textVi: 'Luồng xanh.' }],
        conditions: [],
      },
      { agency: 'tax', role: 'advises', status: 'open', dueAt: '2026-11-24T02:59:00.000Z', overdue: true, reasons: [], conditions: [] },
      {
        agency: 'planning',
        role: 'advises',
        status: 'notApplicable',
        decidedAt: '2026-11-24T02:40:00.000Z',
        dueAt: '2026-11-24T03:30:00.000Z',
        overdue: false,
        reasons: [],
        conditions: [],
      },
    ],
    conditions: [
      {
        agency: 'harbour-master',
        code: 'HM-PILOT',
        text: 'Pilot and two tugs are compulsory.',
        textVi: 'Bắt buộc có hoa tiêu và hai tàu lai.',
      },
      { agency: 'harbour-master', code: 'HM-DRAFT', text: 'Enter at high water only <draught 8.4 m & above>.' },
    ],
    missing: [{ formality: 'health', dueAt: '2026-11-25T05:00:00.000Z' }, { formality: 'waste' }],
    stages: {
      received: '2026-11-24T02:30:00.000Z',
      firstDecision: '2026-11-24T02:40:00.000Z',
      lastDecision: '2026-11-24T03:04:05.678Z',
    },
    basis: { partition: 7, offset: 1234 },
    signature:
      'eyJhbGciOiJFZERTQSIsImtpZCI6ImtleS0xIn0..dGhpcyBpcyBub3QgYSByZWFsIHNpZ25hdHVyZSBidXQgaXQgaGFzIHRoZSBsZW5ndGggb2Ygb25lIGluIGFsbA',
    ...changes,
  };
}

/** Version 0: nothing issued, unsigned. */
export function pendingClearance(): Clearance {
  const { signature: _signature, issuedAt: _issuedAt, validFrom: _validFrom, validTo: _validTo, ...rest } = richClearance();
  return {
    ...rest,
    clearanceId: `${rest.dossierId}-v0`,
    version: 0,
    revision: 0,
    status: 'pending',
    statusCode: '45',
    final: false,
    ruleSet: '',
    summary: 'Received.',
    summaryVi: 'Đã tiếp nhận.',
    agencies: [],
    conditions: [],
    missing: [],
    stages: { received: '2026-11-24T02:30:00.000Z' },
  };
}

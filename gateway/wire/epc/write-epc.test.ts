import type { Clearance, ClearanceAgency, Receipt } from '../../core/messages';
import { problem } from '../../core/problem-catalogue';
import { childOf, childText, xmlTree } from '../../../test/support/xml-tree';
import { EPC_NAMESPACE } from './read-epc';
import type { XmlElement } from './strict-xml';
import { writeEpcClearance, writeEpcProblems, writeEpcReceipt, type EpcAnswerContext } from './write-epc';

const context: EpcAnswerContext = {
  dialect: 'epc-2021',
  shipMessageId: 'M-1',
  sentTime: '2026-11-24T03:00:00Z',
  portSecurityLevel: 'SL1',
};

const receipt: Receipt = {
  receiptId: 'r',
  dossierId: 'd',
  dossierCode: '0123456789ABCDEFGHJKMNPQ*',
  declarationId: 'x',
  messageId: 'M-1',
  status: 'received',
  receivedAt: '2026-11-24T03:00:00Z',
  agencies: [
    { agency: 'harbour-master', role: 'decides', dueAt: '2026-11-24T05:00:00Z' },
    { agency: 'customs', role: 'decides', dueAt: '2026-11-24T05:00:00Z' },
  ],
  warnings: [],
  signature: 's',
};

const agency = (name: string, status: string, more: Partial<ClearanceAgency> = {}): ClearanceAgency => ({
  agency: name,
  role: 'decides',
  status,
  dueAt: '2026-11-24T05:00:00Z',
  overdue: false,
  reasons: [],
  conditions: [],
  ...more,
});

function clearance(status: Clearance['status'], more: Partial<Clearance> = {}): Clearance {
  return {
    clearanceId: 'c',
    dossierId: 'd',
    dossierCode: '0123456789ABCDEFGHJKMNPQ*',
    version: 1,
    revision: 1,
    status,
    final: true,
    ruleSet: 'vn',
    summary: 'in words',
    summaryVi: 'bằng lời',
    agencies: [],
    conditions: [],
    missing: [],
    stages: {},
    basis: { partition: 0, offset: 0 },
    ...more,
  };
}

interface Status {
  authority: string | undefined;
  usesSw: string | undefined;
  status: string | undefined;
  comment: string | undefined;
}

function statuses(body: XmlElement): Status[] {
  return body.children
    .filter(({ local }) => local === 'EPCClearanceStatus')
    .map((element) => {
      const request = childOf(element, 'RequestStatus');
      return {
        authority: childText(element, 'Authority'),
        usesSw: childText(element, 'UsesSW'),
        status: request && childText(request, 'Status'),
        comment: request && childText(request, 'Comment'),
      };
    });
}

function parts(xml: string): { header: XmlElement; body: XmlElement } {
  const [header, body, ...more] = xmlTree(xml).children;
  if (header === undefined || body === undefined || more.length > 0) throw new Error(xml);
  return { header, body };
}

describe('EPC answers', () => {
  it.each([
    ['epc-2011', EPC_NAMESPACE],
    ['epc-2021', ''],
  ] as const)('in %s have the namespaces of that dialect', (dialect, uri) => {
    for (const xml of [
      writeEpcReceipt(receipt, { ...context, dialect }),
      writeEpcClearance(clearance('granted'), { ...context, dialect }),
      writeEpcProblems([problem('required')], { ...context, dialect }),
    ]) {
      const root = xmlTree(xml);
      expect([root.local, root.uri]).toEqual(['EPCMessage', EPC_NAMESPACE]);
      const below = (element: XmlElement): string[] => [element.uri, ...element.children.flatMap(below)];
      expect(new Set(root.children.flatMap(below))).toEqual(new Set([uri]));
      expect(root.children.map(({ local }) => local)[0]).toBe('EPCMessageHeader');
    }
  });

  it('a receipt says that it was processed, with one status per agency and no decision', () => {
    const { header, body } = parts(writeEpcReceipt(receipt, { ...context, notConnected: ['border-guard'] }));
    expect(childText(header, 'ShipMessageId')).toBe('M-1');
    expect(childText(header, 'JournalNumber')).toBe(receipt.dossierCode);
    expect(childText(header, 'SentTime')).toBe('2026-11-24T03:00:00Z');
    expect(childText(header, 'MessageType')).toBe('ACK');
    expect(body.local).toBe('EPCReceiptBody');
    expect(childText(body, 'RequestProcessed')).toBe('true');
    expect(childText(body, 'CurrentPortSecurityLevel')).toBe('SL1');
    expect(childOf(body, 'RequestErrorCode')).toBeUndefined();
    expect(statuses(body)).toEqual([
      { authority: 'harbour-master', usesSw: 'true', status: undefined, comment: undefined },
      { authority: 'customs', usesSw: 'true', status: undefined, comment: undefined },
      { authority: 'border-guard', usesSw: 'false', status: undefined, comment: undefined },
    ]);
  });

  it.each<[Clearance, string | undefined, string | undefined]>([
    [clearance('granted'), 'Accepted', undefined],
    [
      clearance('conditional', { conditions: [{ agency: 'customs', code: 'seal', text: 'Seal the stores' }] }),
      'Accepted',
      'conditional; seal: Seal the stores',
    ],
    [
      clearance('refused', { agencies: [agency('customs', 'refused', { reasons: [{ code: 'R1', text: 'No manifest' }] })] }),
      'Rejected',
      'refused; in words; R1: No manifest',
    ],
    [clearance('incomplete', { missing: [{ formality: 'health' }] }), 'Rejected', 'incomplete; in words; missing: health'],
    [clearance('cancelled'), 'Rejected', 'cancelled; in words'],
    [clearance('pending', { version: 0 }), undefined, undefined],
    [clearance('held'), undefined, undefined],
  ])('the verdict of $status is the status without authority', (value, status, comment) => {
    const { header, body } = parts(writeEpcClearance(value, context));
    expect(childText(header, 'JournalNumber')).toBe(value.dossierCode);
    expect(body.local).toBe('EPCAcknowledgeBody');
    expect(statuses(body).filter(({ authority }) => authority === undefined)).toEqual([
      { authority: undefined, usesSw: 'true', status, comment },
    ]);
  });

  it.each<[string, string | undefined, string | undefined]>([
    ['accepted', 'Accepted', undefined],
    ['notApplicable', 'Accepted', undefined],
    ['conditionallyAccepted', 'Accepted', 'conditional; C: do this'],
    ['refused', 'Rejected', 'refused; R: because'],
    ['moreInfoRequired', 'Rejected', 'moreInfoRequired; R: because'],
    ['open', undefined, undefined],
    ['acknowledged', undefined, undefined],
    ['held', undefined, undefined],
    ['revoked', undefined, undefined],
    ['withdrawn', undefined, undefined],
  ])('an agency that is %s', (status, request, comment) => {
    const value = agency('tax', status, { reasons: [{ code: 'R', text: 'because' }], conditions: [{ code: 'C', text: 'do this' }] });
    const { body } = parts(writeEpcClearance(clearance('pending', { agencies: [value] }), context));
    expect(statuses(body)[1]).toEqual({ authority: 'tax', usesSw: 'true', status: request, comment });
  });

  it('a receipt holds nothing of the one before, and what it names is escaped', () => {
    const texts = ['A<&>"', 'B', ''].map((messageId) =>
      writeEpcReceipt(
        { ...receipt, messageId, dossierCode: `${messageId}*` },
        { ...context, shipMessageId: messageId, sentTime: `2026-11-24T03:00:0${messageId.length}Z` },
      ),
    );
    expect(
      texts.map((text) => {
        const { header } = parts(text);
        return ['ShipMessageId', 'JournalNumber', 'SentTime'].map((name) => childText(header, name));
      }),
    ).toEqual([
      ['A<&>"', 'A<&>"*', '2026-11-24T03:00:05Z'],
      ['B', 'B*', '2026-11-24T03:00:01Z'],
      [undefined, '*', '2026-11-24T03:00:00Z'],
    ]);
    const other = writeEpcReceipt({ ...receipt, agencies: receipt.agencies.slice(1) }, context);
    expect(other).not.toContain('harbour-master');
    expect(other).toContain('customs');
  });

  it('faults are RequestProcessed = false with the code of the first error, all of them in the comment', () => {
    const problems = [
      problem('element-unmapped', {}, undefined, 'warning'),
      problem('imo-check-digit', { pointer: '/ship/imoNumber', xpath: '/EPCMessage/EPCRequestBody/ShipID/IMONumber', line: 7, column: 3 }),
      problem('required', { pointer: '/ship/name' }),
    ];
    const { header, body } = parts(writeEpcProblems(problems, context));
    expect(childOf(header, 'JournalNumber')).toBeUndefined();
    expect(body.local).toBe('EPCReceiptBody');
    expect(childText(body, 'RequestProcessed')).toBe('false');
    expect(childText(body, 'RequestErrorCode')).toBe('imo-check-digit');
    const [overall] = statuses(body);
    expect(overall).toMatchObject({ authority: undefined, status: 'Rejected' });
    expect(overall?.comment).toBe(
      'imo-check-digit: The IMO number fails its check digit. /EPCMessage/EPCRequestBody/ShipID/IMONumber (line 7, column 3); required: Something that must be there is missing. /ship/name',
    );
  });

  it('many faults stay a short comment', () => {
    const { body } = parts(
      writeEpcProblems(
        Array.from({ length: 500 }, () => problem('required')),
        context,
      ),
    );
    expect(statuses(body)[0]?.comment?.length).toBeLessThanOrEqual(2_000);
  });

  it('escapes every text and replaces what XML cannot carry', () => {
    const hostile = `</Comment><x a="1"> & 'q' ]]> \u0000\u0008\ud800 \ufffe\r\nend`;
    const { header, body } = parts(
      writeEpcClearance(clearance('conditional', { conditions: [{ agency: 'a', code: 'c', text: hostile }] }), {
        ...context,
        shipMessageId: '<&>"',
      }),
    );
    expect(childText(header, 'ShipMessageId')).toBe('<&>"');
    expect(statuses(body)[0]?.comment).toBe(`conditional; c: </Comment><x a="1"> & 'q' ]]> \ufffd\ufffd\ufffd \ufffd\r\nend`);
  });

  it('without anything to say of the message still is a message', () => {
    const xml = writeEpcProblems([], { dialect: 'epc-2011', sentTime: '2026-11-24T03:00:00Z', portSecurityLevel: 'SL3' });
    expect(childText(parts(xml).body, 'RequestErrorCode')).toBe('internal');
  });
});

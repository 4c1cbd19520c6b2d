import { readSettings } from '../config/settings';
import { loadRules } from '../config/load-rules';
import { pendingClearance, richClearance } from '../test/support/clearances';
import { ClearanceStatus, DecisionOutcome, FORMALITIES } from './core/messages';
import { createDocuments } from './documents';
import { wordings } from './wire/clearance-sheet/wording';

const documents = createDocuments(loadRules(readSettings({})));
const languages = ['en', 'vi'] as const;

test('the page says everything of a clearance in English', () => {
  const html = documents.clearanceHtml(richClearance(), 'en');
  for (const text of [
    '<html lang="en">',
    '<strong>Cleared with conditions</strong>',
    '14D2PF2DBSQQG938NKNW936NA',
    'Maritime Administration (harbour master)',
    'Accepted with conditions',
    '24 Nov 2026 09:59 +07:00 - Overdue',
    'from 24 Nov 2026 10:04 +07:00 to 27 Nov 2026 00:30 +07:00',
    'Decree 336/2026/ND-CP (nd-336-2026)',
    'Pilot and two tugs are compulsory. (HM-PILOT)',
    'Maritime declaration of health - due: 25 Nov 2026 12:00 +07:00',
    'CVHH/2026/11/0421',
    'key-1',
  ])
    expect(html).toContain(text);
});

test('the page in Vietnamese has its diacritics, its dates and the Vietnamese texts of the agencies', () => {
  const html = documents.clearanceHtml(richClearance(), 'vi');
  for (const text of [
    '<html lang="vi">',
    '<strong>Thông quan có điều kiện</strong>',
    'Mã số hồ sơ',
    'Cảng vụ hàng hải',
    'Chấp nhận có điều kiện',
    '24/11/2026 09:59 +07:00 - Quá hạn',
    'từ 24/11/2026 10:04 +07:00 đến 27/11/2026 00:30 +07:00',
    'Nghị định 336/2026/NĐ-CP',
    'Bắt buộc có hoa tiêu và hai tàu lai. (HM-PILOT)',
    'Giấy khai báo y tế hàng hải',
  ])
    expect(html).toContain(text);
  expect(html).toBe(html.normalize('NFC'));
});

test('no value of a clearance is markup, and the page loads and runs nothing', () => {
  const evil = `<script>alert("x")</script>'&\u0000\ud800<img src=x onerror=y>`;
  const changed = JSON.parse(
    JSON.stringify(richClearance(), (key, value: unknown) =>
      typeof value === 'string' && !/At$|^valid|^status$|^role$|^received|Decision$/.test(key) ? evil : value,
    ),
  ) as ReturnType<typeof richClearance>;
  for (const language of languages) {
    const html = documents.clearanceHtml(changed, language);
    expect(html).not.toMatch(/<(script|img|iframe|link|object|a|form)\b/i);
    expect(html).not.toContain('\u0000');
    expect(html).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;\ufffd');
    expect(html).not.toMatch(/<[^>]*\b(src|href|on\w+)=/i);
  }
});

test('version 0 says that nothing has been issued', () => {
  expect(documents.clearanceHtml(pendingClearance(), 'en')).toContain('Not signed: no version has been issued yet.');
  expect(documents.clearanceHtml(pendingClearance(), 'vi')).toContain('Chưa ký: chưa có phiên bản nào được cấp.');
});

test('a test clearance says that it has no effect', () => {
  expect(documents.clearanceHtml(richClearance({ test: true }), 'en')).toContain('TEST - this clearance has no effect');
  expect(documents.clearanceHtml(richClearance(), 'en')).not.toContain('TEST');
});

test.each(languages)('every status, outcome and formality has words (%s)', (language) => {
  const words = wordings[language];
  expect(Object.keys(words.status).sort()).toEqual(Object.values(ClearanceStatus).sort());
  expect(Object.keys(words.outcome).sort()).toEqual([...Object.values(DecisionOutcome), 'open', 'withdrawn'].sort());
  expect(Object.keys(words.formality).sort()).toEqual([...FORMALITIES].sort());
  expect(JSON.stringify(words)).toBe(JSON.stringify(words).normalize('NFC'));
});

test('an agency, rule set, state or formality that is not known is shown by its code', () => {
  const clearance = richClearance({ ruleSet: 'nd-1-2040', missing: [{ formality: 'ballast' }] });
  const agencies = clearance.agencies.map((agency) => ({ ...agency, agency: 'pilots', status: 'dreaming' }));
  const html = documents.clearanceHtml({ ...clearance, agencies }, 'vi');
  for (const code of ['nd-1-2040', 'ballast', 'pilots', 'dreaming']) expect(html).toContain(code);
});

test.each(languages)('the PDF has the same bytes each time, its language and its font (%s)', async (language) => {
  const [first, second] = await Promise.all([
    documents.clearancePdf(richClearance(), language),
    documents.clearancePdf(richClearance(), language),
  ]);
  expect(first.equals(second)).toBe(true);
  const text = first.toString('latin1');
  expect(text.startsWith('%PDF-1.7')).toBe(true);
  expect(text).toContain(`/Lang (${language})`);
  expect(text).toContain('DejaVuSans');
  expect(text).toContain('(D:20261124030405Z)');
});

test('a clearance with thousands of conditions is a bounded PDF', async () => {
  const conditions = Array.from({ length: 5_000 }, (_, i) => ({ agency: 'customs', code: `C-${i}`, text: 'x '.repeat(200) }));
  const pdf = await documents.clearancePdf(richClearance({ conditions }), 'en');
  expect(pdf.byteLength).toBeLessThan(200_000);
});

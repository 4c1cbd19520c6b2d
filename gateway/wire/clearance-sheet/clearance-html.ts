import type { ClearanceSheet, Fact } from './clearance-sheet';

/**
 * The sheet as one page: no script, no other file, readable by a screen reader and on paper. Every value is escaped; the server adds a
 * policy under which nothing but the inline style may load.
 */
const STYLE = `
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:#f3f5f7;color:#14212b;font:16px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:60rem;margin:1.5rem auto;padding:2rem;background:#fff;border:1px solid #d5dce2;border-radius:.5rem}
h1{margin:0;font-size:1.6rem}
h2{margin:2rem 0 .5rem;font-size:1.15rem;border-bottom:1px solid #d5dce2;padding-bottom:.25rem}
.subtitle{margin:0;color:#4a5b68}
.test{margin:0 0 1rem;padding:.5rem 1rem;border:2px dashed #8a1c1c;color:#8a1c1c;font-weight:700;text-align:center}
.status{margin:1.25rem 0;padding:1rem 1.25rem;border-left:.5rem solid}
.status strong{display:block;font-size:1.75rem;line-height:1.2}
.status p{margin:.35rem 0 0}
.good{background:#e6f4ea;border-color:#1b6e37;color:#0d4a22}
.caution{background:#fff4db;border-color:#9a6700;color:#5c3d00}
.bad{background:#fdeaea;border-color:#a51d1d;color:#701010}
.waiting{background:#e8eef5;border-color:#3b5f85;color:#20384f}
dl{display:grid;grid-template-columns:minmax(9rem,auto) 1fr;gap:.25rem 1.25rem;margin:0}
dt{color:#4a5b68}
dd{margin:0;overflow-wrap:anywhere}
.code dd{font-family:ui-monospace,Consolas,"DejaVu Sans Mono",monospace;font-size:.9rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.45rem .75rem .45rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #e3e8ec}
thead th{color:#4a5b68;font-weight:600;white-space:nowrap}
tbody th{font-weight:600}
.notes td{padding-top:0}
.notes ul{margin:0;padding-left:1.25rem}
.answered th,.answered td{border-bottom:0}
.overdue{color:#8a1c1c;font-weight:600}
ul{margin:.25rem 0;padding-left:1.25rem}
@media (max-width:40rem){main{margin:0;padding:1rem;border:0;border-radius:0}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}}
@media print{body{background:#fff}main{margin:0;padding:0;border:0;max-width:none}.status,.test{-webkit-print-color-adjust:exact;print-color-adjust:exact}tr,li{break-inside:avoid}}
`;

export function clearanceHtml(sheet: ClearanceSheet): string {
  const code = sheet.facts[0]?.value ?? '';
  return `<!doctype html>
<html lang="${sheet.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(`${sheet.status} - ${sheet.title} ${code}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
${sheet.test === undefined ? '' : `<p class="test">${escapeHtml(sheet.test)}</p>\n`}<h1>${escapeHtml(sheet.title)}</h1>
<p class="subtitle">${escapeHtml(sheet.subtitle)}</p>
</header>
<div class="status ${sheet.tone}" role="status"><strong>${escapeHtml(sheet.status)}</strong><p>${escapeHtml(sheet.summary)}</p></div>
${facts(sheet.facts)}
${section('agencies', sheet.agencies.title, agencyTable(sheet.agencies))}
${section('conditions', sheet.conditions.title, list(sheet.conditions))}
${section('missing', sheet.missing.title, list(sheet.missing))}
${sheet.stages.facts.length === 0 ? '' : section('times', sheet.stages.title, facts(sheet.stages.facts))}
${section('signature', sheet.signature.title, `<p>${escapeHtml(sheet.signature.text)}</p>${facts(sheet.signature.facts, 'code')}`)}
</main>
</body>
</html>
`;
}

function section(id: string, title: string, content: string): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2>${content}</section>`;
}

function facts(entries: readonly Fact[], className = 'facts'): string {
  const rows = entries.map(({ label, value }) => `<dt>${escapeHtml(label)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<dl class="${className}">${rows.join('')}</dl>`;
}

function list({ items, none }: { items: readonly string[]; none: string }): string {
  if (items.length === 0) return `<p>${escapeHtml(none)}</p>`;
  return `<ul>${items.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`;
}

function agencyTable({ columns, rows, none }: ClearanceSheet['agencies']): string {
  if (rows.length === 0) return `<p>${escapeHtml(none)}</p>`;
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
  const body = rows.map(({ cells, overdue, notes }) => {
    const [name = '', ...others] = cells;
    const last = others.length - 1;
    const values = others.map((cell, i) => `<td${overdue && i === last ? ' class="overdue"' : ''}>${escapeHtml(cell)}</td>`).join('');
    const row = `<tr${notes.length > 0 ? ' class="answered"' : ''}><th scope="row">${escapeHtml(name)}</th>${values}</tr>`;
    if (notes.length === 0) return row;
    return `${row}<tr class="notes"><td colspan="${columns.length}"><ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul></td></tr>`;
  });
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
// Controls and lone surrogates have no place in HTML and come out as the replacement character.
const UNSAFE = /[&<>"']|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]|\p{Cs}/gu;

/** Safe in text and in double-quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(UNSAFE, (character) => ESCAPES[character] ?? '\ufffd');
}

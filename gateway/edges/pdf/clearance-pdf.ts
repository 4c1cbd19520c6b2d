import { readFileSync } from 'node:fs';
import PDFDocument from 'pdfkit';
import type { ClearanceSheet, Fact, Tone } from '../../wire/clearance-sheet/clearance-sheet';

/**
 * The sheet as PDF on A4. DejaVu is embedded (as the glyphs used), because the 14 fonts that every reader has know no Vietnamese; other
 * scripts that it lacks show as boxes. The same sheet gives the same bytes: all that pdfkit derives, it derives from the text and
 * from `createdAt`.
 */
export interface PdfOptions {
  /** CreationDate: when the clearance was issued. */
  createdAt: Date;
  author: string;
}

const MARGIN = 48;
const LABEL_WIDTH = 150;
const COLUMN_SHARES = [0.24, 0.13, 0.21, 0.19, 0.23];
/**
 * Drawn on the thread that answers: 50 ms for a usual clearance, 100 ms at this many characters of conditions, reasons and the like. What
 * is over it is counted and left to the JSON form.
 */
const MAX_LISTED_CHARACTERS = 60_000;
const INK = '#14212b';
const MUTED = '#4a5b68';
const RULE = '#d5dce2';
const ALARM = '#8a1c1c';
const tones: Record<Tone, { back: string; bar: string; text: string }> = {
  good: { back: '#e6f4ea', bar: '#1b6e37', text: '#0d4a22' },
  caution: { back: '#fff4db', bar: '#9a6700', text: '#5c3d00' },
  bad: { back: '#fdeaea', bar: '#a51d1d', text: '#701010' },
  waiting: { back: '#e8eef5', bar: '#3b5f85', text: '#20384f' },
};

type Font = 'regular' | 'bold' | 'mono';
let fonts: Record<Font, Buffer> | undefined;

/** Read when the first PDF is asked for, then kept. */
function loadFonts(): Record<Font, Buffer> {
  const read = (name: string) => readFileSync(require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
  return (fonts ??= { regular: read('DejaVuSans'), bold: read('DejaVuSans-Bold'), mono: read('DejaVuSansMono') });
}

export function clearancePdf(sheet: ClearanceSheet, options: PdfOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const code = sheet.facts[0]?.value ?? '';
    const doc = new PDFDocument({
      size: 'A4',
      margins: { top: MARGIN, bottom: MARGIN + 12, left: MARGIN, right: MARGIN },
      bufferPages: true,
      lang: sheet.language,
      displayTitle: true,
      pdfVersion: '1.7',
      info: {
        Title: `${sheet.status} - ${sheet.title} ${code}`,
        Author: options.author,
        CreationDate: options.createdAt,
        ModDate: options.createdAt,
      },
    });
    const chunks: Buffer[] = [];
    doc.on('data', (chunk: Buffer) => chunks.push(chunk));
    doc.on('end', () => resolve(Buffer.concat(chunks)));
    doc.on('error', reject);
    for (const [name, bytes] of Object.entries(loadFonts())) doc.registerFont(name, bytes);
    new Layout(doc).draw(sheet, code);
    doc.end();
  });
}

class Layout {
  private readonly doc: PDFKit.PDFDocument;
  private readonly width: number;
  private charactersLeft = MAX_LISTED_CHARACTERS;

  constructor(doc: PDFKit.PDFDocument) {
    this.doc = doc;
    this.width = doc.page.width - 2 * MARGIN;
  }

  draw(sheet: ClearanceSheet, code: string): void {
    const { doc } = this;
    if (sheet.test !== undefined) {
      this.style('bold', 11, ALARM).text(sheet.test, { align: 'center' }).moveDown(0.6);
    }
    this.style('bold', 18, INK).text(sheet.title);
    this.style('regular', 10, MUTED).text(sheet.subtitle).moveDown(0.8);
    this.status(sheet);
    this.facts(sheet.facts);
    this.heading(sheet.agencies.title);
    this.agencies(sheet.agencies);
    this.list(sheet.conditions);
    this.list(sheet.missing);
    if (sheet.stages.facts.length > 0) {
      this.heading(sheet.stages.title);
      this.facts(sheet.stages.facts);
    }
    this.heading(sheet.signature.title);
    this.style('regular', 9, INK).text(sheet.signature.text, { lineGap: 1.5 }).moveDown(0.4);
    this.facts(sheet.signature.facts, 'mono');
    this.footers(sheet.page, code);
    doc.flushPages();
  }

  private style(font: Font, size: number, colour: string): PDFKit.PDFDocument {
    return this.doc.font(font).fontSize(size).fillColor(colour);
  }

  private bottom(): number {
    return this.doc.page.height - this.doc.page.margins.bottom;
  }

  private room(height: number): void {
    if (this.doc.y + height > this.bottom()) this.doc.addPage();
  }

  private status({ status, summary, tone }: ClearanceSheet): void {
    const { doc } = this;
    const colours = tones[tone];
    const inner = this.width - 28;
    const title = this.style('bold', 20, colours.text).heightOfString(status, { width: inner });
    const text = this.style('regular', 10.5, colours.text).heightOfString(summary, { width: inner });
    const height = title + text + 26;
    const top = doc.y;
    doc.rect(MARGIN, top, this.width, height).fill(colours.back);
    doc.rect(MARGIN, top, 6, height).fill(colours.bar);
    this.style('bold', 20, colours.text).text(status, MARGIN + 18, top + 10, { width: inner });
    this.style('regular', 10.5, colours.text).text(summary, MARGIN + 18, top + title + 14, { width: inner });
    doc.x = MARGIN;
    doc.y = top + height + 12;
  }

  private heading(title: string): void {
    const { doc } = this;
    this.room(60);
    doc.moveDown(0.5);
    this.style('bold', 12, INK).text(title, MARGIN, doc.y);
    this.rule(doc.y + 2);
    doc.y += 8;
  }

  private rule(y: number): void {
    this.doc
      .moveTo(MARGIN, y)
      .lineTo(MARGIN + this.width, y)
      .lineWidth(0.5)
      .stroke(RULE);
  }

  private facts(entries: readonly Fact[], font: Font = 'regular'): void {
    const { doc } = this;
    const valueWidth = this.width - LABEL_WIDTH;
    const [size, labelSize] = font === 'mono' ? [8, 9] : [10, 10];
    for (const { label, value } of entries) {
      const labelHeight = this.style('regular', labelSize, MUTED).heightOfString(label, { width: LABEL_WIDTH - 10 });
      const height = Math.max(labelHeight, this.style(font, size, INK).heightOfString(value, { width: valueWidth }));
      this.room(height);
      const top = doc.y;
      this.style('regular', labelSize, MUTED).text(label, MARGIN, top, { width: LABEL_WIDTH - 10 });
      this.style(font, size, INK).text(value, MARGIN + LABEL_WIDTH, top + (font === 'mono' ? 1 : 0), { width: valueWidth });
      doc.x = MARGIN;
      doc.y = top + height + 2;
    }
  }

  private agencies({ columns, rows, none }: ClearanceSheet['agencies']): void {
    if (rows.length === 0) {
      this.style('regular', 10, INK).text(none, MARGIN);
      return;
    }
    this.row(columns, 'bold', MUTED, false);
    for (const { cells, overdue, notes } of rows) {
      this.row(cells, 'regular', INK, overdue, columns, notes.length === 0);
      if (notes.length > 0) this.items(notes, MARGIN + 10);
      if (notes.length > 0) this.rule(this.doc.y + 1);
      this.doc.y += 5;
    }
  }

  /** One row of the table; on a new page the head comes first. */
  private row(cells: readonly string[], font: Font, colour: string, overdue: boolean, head?: readonly string[], ruled = true): void {
    const { doc } = this;
    const widths = COLUMN_SHARES.map((share) => share * this.width);
    const late = (i: number) => overdue && i === cells.length - 1;
    const styled = (i: number) => this.style(late(i) || i === 0 ? 'bold' : font, 9, late(i) ? ALARM : colour);
    const height = Math.max(...cells.map((cell, i) => styled(i).heightOfString(cell, { width: (widths[i] ?? 0) - 8 })));
    if (doc.y + height > this.bottom()) {
      doc.addPage();
      if (head !== undefined) this.row(head, 'bold', MUTED, false);
    }
    const top = doc.y;
    let x = MARGIN;
    for (const [i, cell] of cells.entries()) {
      styled(i).text(cell, x, top, { width: (widths[i] ?? 0) - 8 });
      x += widths[i] ?? 0;
    }
    doc.x = MARGIN;
    doc.y = top + height + 3;
    if (ruled) this.rule(doc.y);
    if (ruled) doc.y += 4;
  }

  private list({ title, items, none }: { title: string; items: readonly string[]; none: string }): void {
    this.heading(title);
    if (items.length === 0) this.style('regular', 10, INK).text(none, MARGIN);
    else this.items(items, MARGIN);
    this.doc.x = MARGIN;
  }

  private items(items: readonly string[], left: number): void {
    const { doc } = this;
    const shown = items.filter((item) => (this.charactersLeft -= item.length) >= 0);
    const lines = shown.length === items.length ? shown : [...shown, `… +${items.length - shown.length} (JSON)`];
    for (const line of lines) {
      const width = this.width - (left - MARGIN) - 12;
      const height = this.style('regular', 9.5, INK).heightOfString(line, { width });
      this.room(Math.min(height, 40));
      const top = doc.y;
      doc.text('•', left, top, { lineBreak: false });
      doc.text(line, left + 12, top, { width });
      doc.x = MARGIN;
      doc.y += 2;
    }
  }

  private footers(page: string, code: string): void {
    const { doc } = this;
    const { start, count } = doc.bufferedPageRange();
    for (let i = start; i < start + count; i++) {
      doc.switchToPage(i);
      // Below the bottom margin, where text would otherwise begin a new page.
      doc.page.margins.bottom = 0;
      this.style('regular', 8, MUTED).text(`${code}   ${page} ${i - start + 1}/${count}`, MARGIN, doc.page.height - MARGIN + 6, {
        width: this.width,
        align: 'right',
        lineBreak: false,
      });
    }
  }
}

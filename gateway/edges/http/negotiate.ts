import type { ProblemCode } from '../../core/problem-catalogue';
import type { BodyFormat } from '../../wire/read-declaration';

/** RFC 9110 content negotiation, as far as the gateway needs it. */

/** The best of `offered` for an Accept header; undefined when none is acceptable. A header that is absent or all wildcard says nothing. */
export function negotiate(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (saysNothing(accept)) return offered[0];
  const ranges = parseAccept(accept ?? '');
  let best: { type: string; quality: number; specificity: number } | undefined;
  for (const type of offered) {
    const match = ranges.filter((range) => covers(range.type, type)).sort((a, b) => b.specificity - a.specificity)[0];
    if (match === undefined || match.quality === 0) continue;
    const better =
      best === undefined || match.quality > best.quality || (match.quality === best.quality && match.specificity > best.specificity);
    if (better) best = { type, quality: match.quality, specificity: match.specificity };
  }
  return best?.type;
}

export function saysNothing(accept: string | undefined): boolean {
  return accept === undefined || accept.trim() === '' || accept.trim() === '*/*';
}

/** Whether an Accept header names XML itself, not by a wildcard. */
export function namesXml(accept: string | undefined): boolean {
  return parseAccept(accept ?? '').some((range) => range.quality > 0 && (range.type === 'application/xml' || range.type === 'text/xml'));
}

interface Range {
  type: string;
  quality: number;
  specificity: number;
}

function parseAccept(accept: string): Range[] {
  return accept
    .slice(0, 2_000)
    .split(',')
    .map((part) => {
      const [type = '', ...parameters] = part.trim().toLowerCase().split(';');
      const quality = parameters.map((parameter) => parameter.trim()).find((parameter) => parameter.startsWith('q='));
      const value = quality === undefined ? 1 : Number(quality.slice(2));
      return {
        type: type.trim(),
        quality: Number.isFinite(value) ? value : 0,
        specificity: type.trim() === '*/*' ? 0 : type.trim().endsWith('/*') ? 1 : 2,
      };
    })
    .filter((range) => range.type !== '');
}

function covers(range: string, type: string): boolean {
  return range === '*/*' || range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)));
}

/** What a Content-Type says of a declaration's body. */
export function bodyFormat(contentType: string | undefined): BodyFormat | ProblemCode {
  if (contentType === undefined || contentType.trim() === '') return 'content-type-missing';
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice('charset='.length)
    .replace(/^"|"$/g, '');
  const format = type === 'application/xml' || type === 'text/xml' ? 'xml' : type === 'application/json' ? 'json' : undefined;
  if (format === undefined) return 'content-type-unsupported';
  return charset === undefined || charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii' ? format : 'charset-unsupported';
}

/** Seconds of `Prefer: wait=N`, capped; 0 when there is none. */
export function preferredWaitSeconds(prefer: string | string[] | undefined, capSeconds: number): number {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(Array.isArray(prefer) ? prefer.join(',') : (prefer ?? ''));
  return match === null ? 0 : Math.min(Number(match[1]), capSeconds);
}

/** A W3C traceparent as it came, or a new one. Only its shape is trusted. */
export function traceparentOf(header: string | string[] | undefined, random: (bytes: number) => string): string {
  if (typeof header === 'string' && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(header)) return header;
  return `00-${random(16)}-${random(8)}-01`;
}

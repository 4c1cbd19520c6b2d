import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { ProblemCode } from '../../core/problem-catalogue';

/**
 * The body, bounded in bytes before and after unpacking and in time: 64 kB/s after 5 s, 120 s in all (guarantees.md §4 HTTP).
 * The connection is closed by the caller after a fault, so that an unread rest is never taken for a request.
 */
export interface BodyLimits {
  maxBytes: number;
  graceMs: number;
  minBytesPerSecond: number;
  maxMs: number;
}

export const bodyLimits = (maxBytes: number): BodyLimits => ({ maxBytes, graceMs: 5_000, minBytesPerSecond: 64_000, maxMs: 120_000 });

export type BodyRead = { ok: true; bytes: Buffer } | { ok: false; code: ProblemCode | 'aborted' };

export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<BodyRead> {
  const coding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding !== 'identity' && coding !== 'gzip' && coding !== 'x-gzip') return { ok: false, code: 'content-coding-unsupported' };
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > limits.maxBytes) return { ok: false, code: 'too-large' };
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let received = 0;
    let unpacked = 0;
    let settled = false;
    const gunzip = coding === 'identity' ? undefined : createGunzip();
    const settle = (read: BodyRead): void => {
      if (settled) return;
      settled = true;
      clearInterval(pace);
      request.off('data', onData);
      gunzip?.destroy();
      if (!read.ok) request.pause();
      resolve(read);
    };
    const keep = (chunk: Buffer): void => {
      unpacked += chunk.byteLength;
      if (unpacked > limits.maxBytes) settle({ ok: false, code: 'too-large' });
      else chunks.push(chunk);
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.byteLength;
      if (received > limits.maxBytes) return settle({ ok: false, code: 'too-large' });
      if (gunzip === undefined) return keep(chunk);
      if (!gunzip.write(chunk)) {
        request.pause();
        gunzip.once('drain', () => request.resume());
      }
    };
    const startedMs = performance.now();
    const pace = setInterval(() => {
      const elapsedMs = performance.now() - startedMs;
      const tooSlow = elapsedMs > limits.graceMs && received < ((elapsedMs - limits.graceMs) / 1000) * limits.minBytesPerSecond;
      if (tooSlow || elapsedMs > limits.maxMs) settle({ ok: false, code: 'request-timeout' });
    }, 1_000);
    const done = (): void =>
      settle({ ok: true, bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks) });
    request.on('data', onData);
    request.on('end', () => (settled ? undefined : gunzip === undefined ? done() : gunzip.end()));
    request.on('error', () => settle({ ok: false, code: 'aborted' }));
    request.on('close', () => (request.complete ? undefined : settle({ ok: false, code: 'aborted' })));
    gunzip?.on('data', keep);
    gunzip?.on('end', done);
    gunzip?.on('error', () => settle({ ok: false, code: 'content-coding-invalid' }));
  });
}

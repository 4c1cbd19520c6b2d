import { flattenedVerify, importJWK, type JWK } from 'jose';
// By its file: it offers itself to import only, and jest asks as require does.
import canonicalize from '../../../node_modules/canonicalize/lib/canonicalize.js';
import type { Findings } from './findings';

/** So many signed objects are also changed in a copy, which must no longer verify. */
const TAMPERED = 5;

/** I9, by two libraries that the gateway does not use: jose for JWS, canonicalize for RFC 8785. */
export class Signatures {
  private readonly keys: Promise<Map<string, Awaited<ReturnType<typeof importJWK>>>>;
  private readonly findings: Findings;
  private tampered = 0;

  constructor(jwks: { keys: Record<string, string>[] }, findings: Findings) {
    this.findings = findings;
    this.keys = Promise.all(
      jwks.keys.map(async (key) => [key['kid'] ?? '', await importJWK(key as unknown as JWK, 'EdDSA')] as const),
    ).then((entries) => new Map(entries));
  }

  async check(where: string, signed: Record<string, unknown>): Promise<void> {
    this.findings.check('I9');
    if (!(await this.verifies(signed))) return this.findings.report('I9', 'wrong', where, 'the signature does not verify');
    if (this.tampered >= TAMPERED) return;
    this.tampered++;
    for (const [name, value] of Object.entries(signed)) {
      if (name === 'signature') continue;
      const changed = { ...signed, [name]: typeof value === 'string' ? `${value}.` : null };
      if (await this.verifies(changed))
        this.findings.report('I9', 'wrong', where, `${name} can be changed and the signature still verifies`);
    }
  }

  private async verifies({ signature, ...payload }: Record<string, unknown>): Promise<boolean> {
    if (typeof signature !== 'string') return false;
    const [header = '', detached, bytes = ''] = signature.split('.');
    if (detached !== '') return false;
    try {
      const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid?: string; alg?: string };
      const key = (await this.keys).get(kid ?? '');
      if (key === undefined || alg !== 'EdDSA') return false;
      const body = Buffer.from(canonicalize(payload) ?? '').toString('base64url');
      await flattenedVerify({ protected: header, payload: body, signature: bytes }, key);
      return true;
    } catch {
      return false;
    }
  }
}

export function canonicalText(value: unknown): string {
  return canonicalize(value) ?? '';
}

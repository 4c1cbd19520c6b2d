import { digestOf } from '../../gateway/core/identifiers';
import type { Signer } from '../../gateway/ports/signer';

/** Signs the same text alike, as Ed25519 does, and counts. */
export class FakeSigner implements Signer {
  readonly keyId: string;
  calls = 0;

  constructor(keyId = 'fake-key') {
    this.keyId = keyId;
  }

  sign(canonicalJson: string | Buffer): string {
    this.calls++;
    return `${this.keyId}..${digestOf(this.keyId + canonicalJson.toString())}`;
  }

  signAside(canonicalJson: string | Buffer): Promise<string> {
    return Promise.resolve(this.sign(canonicalJson));
  }

  jwks(): { keys: Record<string, string>[] } {
    return { keys: [{ kid: this.keyId }] };
  }
}

import { canonicalJson } from '../../../../gateway/core/canonical-json';
import type { Benches } from '../harness';
import { recordOf, signer } from '../materials';

export const benches: Benches = async () => {
  const text = canonicalJson((await recordOf()).receipt);
  return [{ name: 'edges/signing: sign', run: () => signer.sign(text) }];
};

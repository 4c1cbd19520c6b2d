import { assessorOf } from '../../../../adapters';
import { loadRegistries } from '../../../../adapters/registries/load-registries';
import { fold, requestText } from '../../../../gateway/core/fold';
import type { RequestMessage } from '../../../../gateway/core/messages';
import type { Benches } from '../harness';
import { recordOf, rules } from '../materials';

export const benches: Benches = async () => {
  const registries = loadRegistries();
  const { requests } = fold(
    undefined,
    { kind: 'declaration', position: { partition: 0, offset: 1 }, value: await recordOf() },
    undefined,
    rules,
  );
  return requests
    .map((folded) => JSON.parse(requestText(folded)) as RequestMessage)
    .map((request) => ({
      name: `adapters: ${request.agency} assesses`,
      run: () => assessorOf(request, registries, rules.agencies),
    }));
};

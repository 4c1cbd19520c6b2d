import type { BenchServices, SuiteOptions } from '../end-to-end';
import type { BenchSettings, Suite } from '../settings';
import { daySuites, soakSuites } from './day';
import { drainSuites } from './drain';
import { growthAgenciesSuites, growthDelaySuites, growthDossiersSuites, growthEmbeddedSuites, growthSizeSuites } from './growth';
import { overloadSuites } from './overload';
import { rebuildSuites } from './rebuild';
import { scaleSuites } from './scale';
import type { MakeSuites } from './shared';
import { embeddedSuites, intakeSuites, kafkaSuites, mixSuites, sizesSuites } from './usual';

/** In the order in which they run. */
const MAKE: Readonly<Record<Exclude<Suite, 'micro' | 'floor'>, MakeSuites>> = {
  intake: intakeSuites,
  kafka: kafkaSuites,
  embedded: embeddedSuites,
  mix: mixSuites,
  sizes: sizesSuites,
  overload: overloadSuites,
  drain: drainSuites,
  rebuild: rebuildSuites,
  'growth-size': growthSizeSuites,
  'growth-dossiers': growthDossiersSuites,
  'growth-embedded': growthEmbeddedSuites,
  'growth-agencies': growthAgenciesSuites,
  'growth-delay': growthDelaySuites,
  scale: scaleSuites,
  day: daySuites,
  soak: soakSuites,
};

/** Every run of a gateway. */
export function suitesOf(settings: BenchSettings, services: BenchServices | undefined): SuiteOptions[] {
  return Object.entries(MAKE).flatMap(([name, make]) => (settings.suites.includes(name as Suite) ? make(settings, services) : []));
}

const WITHOUT: readonly Suite[] = ['micro', 'embedded', 'growth-embedded'];

/** Whether a broker and a Redis are wanted. */
export function needsServices({ suites }: BenchSettings): boolean {
  return suites.some((suite) => !WITHOUT.includes(suite));
}

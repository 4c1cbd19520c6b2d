import type { RequestMessage, DecisionMessage } from '../gateway/core/messages';
import type { Agency } from '../gateway/core/rule-set';
import type { LogConsumer } from '../gateway/ports/message-log';
import type { Signer } from '../gateway/ports/signer';
import { ExchangeError } from '../gateway/core/exchange-error';
import { assessCustoms } from './customs/assess';
import { assessHarbourMaster } from './harbour-master/assess';
import { assessPlanning } from './planning/assess';
import type { Registries } from './registries/registries';
import { httpHandler, type HttpHandler } from './runtime/http-adapter';
import { rulesHandler, type AdapterPorts } from './runtime/rules-adapter';
import type { Assess } from './runtime/assessment';
import { decisionsOf } from './runtime/decide';
import { assessTax } from './tax/assess';

/** Agencies with rules of their own. An agency without any is asked at its desk or by its back-end. */
export const agencyAdapters: Readonly<Record<string, { assess: Assess }>> = {
  'harbour-master': { assess: assessHarbourMaster },
  customs: { assess: assessCustoms },
  tax: { assess: assessTax },
  planning: { assess: assessPlanning },
};

/** What the rules of the request's agency would decide; undefined where it has none, or does not decide by them. */
export function assessorOf(
  request: RequestMessage,
  registries: Registries,
  agencies: readonly Pick<Agency, 'code' | 'mode'>[],
): { decision: DecisionMessage; rules: string[] } | undefined {
  const adapter = agencyAdapters[request.agency];
  if (adapter === undefined || agencies.find((agency) => agency.code === request.agency)?.mode !== 'rules') return undefined;
  const assessment = adapter.assess(request, registries);
  const decision = decisionsOf(request, assessment, request.receivedAt)[0]?.decision;
  return decision === undefined ? undefined : { decision, rules: assessment.rules };
}

export interface AdaptersOptions extends AdapterPorts {
  signer: Signer;
  registries: Registries;
  groupPrefix: string;
  /** The agencies served by this process. */
  agencies: readonly Pick<Agency, 'code' | 'mode'>[];
  /** Mode http: where each agency's system is. */
  urls: Readonly<Record<string, string>>;
  onWarning?(message: string, context: Record<string, unknown>): void;
  onFatal?(cause: Error): void;
}

export interface Adapters {
  /** Topics of each consumer group. */
  groups: ReadonlyMap<string, readonly string[]>;
  stop(): Promise<void>;
}

/**
 * One consumer group per agency, so that a slow one delays nobody else. Test requests are always answered by rules. In the modes
 * backend and desk real requests are only passed by: when the mode changes to rules the agency goes on from there instead of deciding
 * its past again.
 */
export async function startAdapters(options: AdaptersOptions): Promise<Adapters> {
  const faults = options.agencies
    .filter((agency) => agency.mode === 'http' && !isHttpUrl(options.urls[agency.code]))
    .map((agency) => agency.code);
  const ruleless = options.agencies
    .filter((agency) => agency.mode === 'rules' && agencyAdapters[agency.code] === undefined)
    .map((agency) => agency.code);
  if (faults.length + ruleless.length > 0)
    throw new ExchangeError(
      'adapters-invalid',
      [
        ...faults.map((code) => `${code}: mode http needs an http or https address`),
        ...ruleless.map((code) => `${code}: mode rules, but there are no rules in adapters/${code}`),
      ].join('; '),
      { retriable: false },
    );

  const groups = new Map<string, readonly string[]>();
  const consumers: LogConsumer[] = [];
  const http: HttpHandler[] = [];
  const stop = async (): Promise<void> => {
    for (const handler of http) handler.abort();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
  };
  try {
    for (const agency of options.agencies) {
      const { code, mode } = agency;
      const assess = agencyAdapters[code]?.assess;
      const rules = assess === undefined ? undefined : rulesHandler({ ...options, agency: code, assess });
      const forward = mode === 'http' ? httpHandler({ ...options, agency: code, url: options.urls[code] ?? '' }) : undefined;
      if (forward !== undefined) http.push(forward);
      const real = mode === 'rules' ? rules : forward?.onBatch.bind(forward);
      const group = `${options.groupPrefix}adapter.${code}`;
      const topics = [`requests.${code}`, `test.requests.${code}`];
      groups.set(group, topics);
      consumers.push(
        await options.log.consume({
          group,
          topics,
          onBatch: async (batch, control) => (batch.topic.startsWith('test.') ? rules : real)?.(batch, control),
          ...(options.onFatal === undefined ? {} : { onFatal: options.onFatal }),
        }),
      );
    }
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { groups, stop };
}

function isHttpUrl(text: string | undefined): boolean {
  return text !== undefined && URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

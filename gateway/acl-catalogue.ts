import type { Agency } from './core/rule-set';
import { topicCatalogue } from './topic-catalogue';

/**
 * Who may do what in Kafka (contract.md §4), one user per role, for deploy/acls.js. Kafka does not say who wrote a record, so the right to
 * write `decisions.<agency>` is the agency's identity. What is not listed is denied; reading and writing include describing.
 */
export interface Acl {
  user: string;
  operation: 'Read' | 'Write' | 'Describe' | 'Create';
  resource: 'topic' | 'group';
  /** Whole, with the prefix of topics and groups. */
  name: string;
  /** prefixed: all whose names begin so. */
  pattern: 'literal' | 'prefixed';
}

export type AclAgency = Pick<Agency, 'code' | 'mode'>;

/** The users' names; an agency's own back-end has the agency's code for a name. */
export const KafkaUser = {
  intake: 'seaport-intake',
  exchange: 'seaport-exchange',
  /** Creates topics, looks at positions and dead letters. */
  operator: 'seaport-operator',
  /** Copies the audit chains, to verify them elsewhere. */
  auditor: 'seaport-auditor',
  adapter: (agency: string): string => `seaport-adapter-${agency}`,
  /** Where one process serves all agencies: what their adapters may together. */
  adapters: 'seaport-adapters',
} as const;

/** @param agencies the connected ones; those in mode backend have a user of their own */
export function aclCatalogue(agencies: readonly AclAgency[], topicPrefix: string): Acl[] {
  const codes = agencies.map(({ code }) => code);
  const topics = topicCatalogue(codes, { partitions: 1, retentionDays: 1 }).map(({ topic }) => topic);
  const groups = ['exchange', 'relay', ...codes.map((code) => `adapter.${code}`)];
  const each = (...kinds: string[]): string[] => kinds.flatMap((kind) => codes.map((code) => `${kind}.${code}`));

  const grant = (user: string, operation: Acl['operation'], resource: Acl['resource'], names: string[]): Acl[] =>
    names.map((name) => ({ user, operation, resource, name: topicPrefix + name, pattern: 'literal' }));
  const reads = (user: string, names: string[]): Acl[] => grant(user, 'Read', 'topic', names);
  const writes = (user: string, names: string[]): Acl[] => grant(user, 'Write', 'topic', names);
  /** Every process compares the topics that exist with this catalogue at its start. */
  const seesTopics = (user: string): Acl[] => grant(user, 'Describe', 'topic', topics);
  const joins = (user: string, names: string[]): Acl[] => grant(user, 'Read', 'group', names);
  /** An own group for whoever is not the gateway. */
  const joinsOwn = (user: string): Acl => ({
    user,
    operation: 'Read',
    resource: 'group',
    name: `${topicPrefix}${user}.`,
    pattern: 'prefixed',
  });

  const serves = (user: string, { code, mode }: AclAgency): Acl[] => [
    // In the modes backend and desk it answers test requests only.
    ...writes(user, [...(mode === 'rules' || mode === 'http' ? [`decisions.${code}`] : []), `test.decisions.${code}`]),
    ...reads(user, [`requests.${code}`, `test.requests.${code}`]),
    ...joins(user, [`adapter.${code}`]),
  ];

  const { intake, exchange, operator, auditor, adapter, adapters } = KafkaUser;
  return [
    ...seesTopics(intake),
    // Declarations, raw messages and audit entries; decisions that come by HTTP; what an operator redrives.
    ...writes(intake, [
      'dossiers',
      'evidence',
      'evidence-keys',
      'audit',
      ...each('requests', 'decisions', 'test.requests', 'test.decisions'),
    ]),
    // The heads that the audit chain signs, and what operators and auditors ask for.
    ...reads(intake, ['dossiers', 'clearances', 'audit', 'evidence', 'evidence-keys', 'dead-letters']),
    ...grant(intake, 'Describe', 'group', groups),

    ...seesTopics(exchange),
    ...writes(exchange, ['dossiers', 'clearances', 'dead-letters', 'audit', ...each('requests', 'results', 'test.requests')]),
    ...reads(exchange, ['dossiers', 'clearances', 'audit', ...each('decisions', 'test.decisions')]),
    ...joins(exchange, ['exchange', 'relay']),

    ...seesTopics(adapters),
    ...writes(adapters, ['dead-letters']),
    ...agencies.flatMap((agency) => [
      ...seesTopics(adapter(agency.code)),
      ...writes(adapter(agency.code), ['dead-letters']),
      ...[adapter(agency.code), adapters].flatMap((user) => serves(user, agency)),
    ]),

    // No test topic: a test declaration must not reach an agency's own system.
    ...agencies
      .filter(({ mode }) => mode === 'backend')
      .flatMap(({ code }) => [
        ...writes(code, [`decisions.${code}`]),
        ...reads(code, [`requests.${code}`, `results.${code}`]),
        joinsOwn(code),
      ]),

    ...grant(operator, 'Create', 'topic', topics),
    ...seesTopics(operator),
    // The first record of each partition of `dossiers` names the log; whoever creates the topic writes it.
    ...writes(operator, ['dossiers']),
    ...reads(operator, ['dead-letters']),
    ...grant(operator, 'Describe', 'group', groups),
    joinsOwn(operator),

    ...reads(auditor, ['audit']),
    joinsOwn(auditor),
  ];
}

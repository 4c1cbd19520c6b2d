import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
  type AclEntry,
  type Admin,
  type DescribeAclResource,
} from 'kafkajs';
import type { Acl } from '../../acl-catalogue';
import { createKafka, type KafkaConnectionOptions } from './kafka-client';
import { unavailable } from './kafka-faults';

/** The ACLs of a cluster, for deploy/acls.js. */
export interface KafkaAcls {
  /** Every ACL that allows something on a topic or a group. `Acl` for those that the catalogue may hold; others with Kafka's own words. */
  list(): Promise<ListedAcl[]>;
  add(acls: readonly Acl[]): Promise<void>;
  close(): Promise<void>;
}

/** As Kafka's own tool names it. */
export interface ListedAcl {
  principal: string;
  host: string;
  operation: string;
  resource: 'topic' | 'group';
  name: string;
  pattern: 'literal' | 'prefixed';
}

const REQUEST_TIMEOUT_MS = 10_000;
const ANY_HOST = '*';
const OPERATIONS: Record<Acl['operation'], AclOperationTypes> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Describe: AclOperationTypes.DESCRIBE,
  Create: AclOperationTypes.CREATE,
};
const RESOURCES: Record<Acl['resource'], AclResourceTypes> = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP };
const PATTERNS: Record<Acl['pattern'], ResourcePatternTypes> = {
  literal: ResourcePatternTypes.LITERAL,
  prefixed: ResourcePatternTypes.PREFIXED,
};

/** @throws LogUnavailable; also where the cluster has no authorizer, or the user may not see its ACLs */
export async function openKafkaAcls(options: KafkaConnectionOptions): Promise<KafkaAcls> {
  const client = createKafka(options, REQUEST_TIMEOUT_MS);
  const admin = client.kafka.admin();
  const attempt = async <T>(what: string, run: (connected: Admin) => Promise<T>): Promise<T> => {
    try {
      return await run(admin);
    } catch (cause) {
      throw unavailable(what, cause);
    }
  };
  const close = async (): Promise<void> => {
    await admin.disconnect().catch(() => undefined);
    client.cut();
  };
  try {
    await attempt('Kafka does not answer', (connected) => connected.connect());
  } catch (cause) {
    await close();
    throw cause;
  }
  return {
    list: async () => {
      const found: ListedAcl[] = [];
      for (const [resource, resourceType] of Object.entries(RESOURCES) as [Acl['resource'], AclResourceTypes][]) {
        const { resources } = await attempt('ACLs cannot be listed', (connected) =>
          connected.describeAcls({
            resourceType,
            resourcePatternType: ResourcePatternTypes.ANY,
            operation: AclOperationTypes.ANY,
            permissionType: AclPermissionTypes.ALLOW,
            // Of any name, principal and host: not given, whatever the library's types say.
          }),
        );
        found.push(...resources.flatMap((one) => listed(resource, one)));
      }
      return found;
    },
    add: async (acls) => {
      await attempt('ACLs cannot be created', (connected) => connected.createAcls({ acl: acls.map(entryOf) }));
    },
    close,
  };
}

function listed(resource: Acl['resource'], { resourceName, resourcePatternType, acls }: DescribeAclResource): ListedAcl[] {
  return acls.map(({ principal, host, operation }) => ({
    principal,
    host,
    operation: operationName(operation),
    resource,
    name: resourceName,
    pattern: resourcePatternType === ResourcePatternTypes.PREFIXED ? 'prefixed' : 'literal',
  }));
}

/** READ → Read, DESCRIBE_CONFIGS → DescribeConfigs: what kafka-acls.sh takes. */
function operationName(operation: AclOperationTypes): string {
  const known = Object.entries(AclOperationTypes).find(([, code]) => code === operation)?.[0] ?? 'UNKNOWN';
  return known
    .toLowerCase()
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function entryOf({ user, operation, resource, name, pattern }: Acl): AclEntry {
  return {
    principal: `User:${user}`,
    host: ANY_HOST,
    operation: OPERATIONS[operation],
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: RESOURCES[resource],
    resourceName: name,
    resourcePatternType: PATTERNS[pattern],
  };
}

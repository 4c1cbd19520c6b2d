import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { readFileSync } from 'node:fs';
import { freePort, startKafka, type LocalKafka } from '../../scripts/local-services';
import { testAuthority, type TestAuthority } from './certificates';

/**
 * A broker of the test's own as a port would run it: TLS, SCRAM-SHA-512, an authorizer that denies what is not allowed, no topic by itself.
 * Its other listener, of the broker itself and of the test's look behind the scenes, is plain and may do everything.
 */
export interface SecureKafka {
  kafka: LocalKafka;
  /** host:port of the listener with TLS and SASL; the certificate is for `localhost`. */
  brokers: string;
  authority: TestAuthority;
  /** How a gateway, or deploy/*.js, connects as this user. */
  environment(user: string): Record<string, string>;
  passwordOf(user: string): string;
  /** How a client of the test connects as this user. */
  client(user: string): Kafka;
  stop(): Promise<void>;
}

export const ADMINISTRATOR = 'admin';
const MECHANISM = 'scram-sha-512';

export async function secureKafka(users: readonly string[]): Promise<SecureKafka> {
  const authority = testAuthority();
  const { bothFile } = authority.issue('broker', 'DNS:localhost');
  const passwords = new Map([ADMINISTRATOR, ...users].map((user) => [user, randomBytes(12).toString('hex')]));
  const [plain, secure, controller] = [await freePort(), await freePort(), await freePort()];
  const kafka = await startKafka({
    quick: true,
    heapMegabytes: 384,
    readyWithinMs: 240_000,
    port: plain,
    format: [...passwords].flatMap(([user, password]) => ['--add-scram', `SCRAM-SHA-512=[name=${user},password=${password}]`]),
    properties: {
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      listeners: `PLAINTEXT://127.0.0.1:${plain},SECURE://127.0.0.1:${secure},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${plain},SECURE://localhost:${secure}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT',
      'listener.name.secure.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'listener.name.secure.scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': bothFile,
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found': 'false',
      'super.users': `User:ANONYMOUS;User:${ADMINISTRATOR}`,
    },
  });
  const brokers = `localhost:${secure}`;
  const passwordOf = (user: string): string => {
    const password = passwords.get(user);
    if (password === undefined) throw new Error(`there is no user ${user}`);
    return password;
  };
  const secured: SecureKafka = {
    kafka,
    brokers,
    authority,
    passwordOf,
    environment: (user) => ({
      KAFKA_BROKERS: brokers,
      KAFKA_SSL: 'true',
      KAFKA_SSL_CA_FILE: authority.caFile,
      KAFKA_SASL_MECHANISM: MECHANISM,
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD_FILE: authority.secretFile(`${user}.password`, `${passwordOf(user)}\n`),
    }),
    client: (user) =>
      new Kafka({
        clientId: user,
        brokers: [brokers],
        ssl: { ca: readFileSync(authority.caFile, 'utf8') },
        sasl: { mechanism: MECHANISM, username: user, password: passwordOf(user) },
        logLevel: logLevel.NOTHING,
        // The first handshake with a broker that has just started takes a while on a busy machine.
        connectionTimeout: 30_000,
        authenticationTimeout: 30_000,
        retry: { retries: 5 },
      }),
    stop: async () => {
      await kafka.stop();
      authority.remove();
    },
  };
  // Also deploy/*.js, which wait for no broker, find it awake.
  const admin = secured.client(ADMINISTRATOR).admin();
  await admin.connect();
  await admin.describeCluster();
  await admin.disconnect();
  return secured;
}

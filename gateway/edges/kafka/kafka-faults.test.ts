import { refusalOf, unavailable } from './kafka-faults';

const named = (name: string): Error => Object.assign(new Error('x'), { name });
const coded = (code: string): Error => Object.assign(new Error('x'), { code });
const answered = (type: string): Error => Object.assign(new Error('x'), { type });

test.each([
  ['a wrong password to kafkajs', named('KafkaJSSASLAuthenticationError'), 'password'],
  ['a wrong password to the broker', answered('SASL_AUTHENTICATION_FAILED'), 'password'],
  ['no ACL', answered('GROUP_AUTHORIZATION_FAILED'), 'ACL'],
  ['another authority', new Error('lost', { cause: coded('SELF_SIGNED_CERT_IN_CHAIN') }), 'KAFKA_SSL_CA_FILE'],
  ['another name', new AggregateError([coded('ERR_TLS_CERT_ALTNAME_INVALID')]), 'another name'],
  ['an old certificate', Object.assign(new Error('x'), { originalError: coded('CERT_HAS_EXPIRED') }), 'expired'],
])('%s is told in a sentence', (_what, cause, word) => {
  expect(refusalOf(cause)).toContain(word);
  expect(unavailable('Kafka does not answer', cause).message).toContain(word);
});

test('a broker that is away refuses nothing', () => {
  for (const cause of [coded('ECONNREFUSED'), answered('NOT_LEADER_OR_FOLLOWER'), new Error('x')]) expect(refusalOf(cause)).toBeUndefined();
});

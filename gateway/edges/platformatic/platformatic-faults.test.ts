import { AuthenticationError, MultipleErrors, NetworkError, ResponseError, TimeoutError } from '@platformatic/kafka';
import { answerOf, isAway, isMembershipLost, isPlainNo, isRetriableAnswer, isTooLarge } from '../kafka/kafka-faults';
import { BrokerAnswer, faultOf } from './platformatic-faults';

test('what a broker answered is found within what the library wraps it in', () => {
  const answered = new ResponseError(12, 4, { '/': [25, null] }, {});
  const fault = faultOf(new MultipleErrors('heartbeat failed', [new NetworkError('closed'), answered]));
  expect(answerOf(fault)).toBe('UNKNOWN_MEMBER_ID');
  expect(isMembershipLost(fault)).toBe(true);
  expect(isPlainNo(fault)).toBe(true);
});

test('a connection that was lost or is silent is away; refused credentials are not', () => {
  expect(isAway(faultOf(new NetworkError('closed')))).toBe(true);
  expect(isAway(faultOf(new TimeoutError('silent')))).toBe(true);
  expect(isAway(faultOf(new MultipleErrors('no broker', [new NetworkError('closed')])))).toBe(true);
  expect(isAway(faultOf(new NetworkError('failed', { cause: new AuthenticationError('refused') })))).toBe(false);
});

test('codes of brokers mean what kafka-faults.ts says of their names', () => {
  expect(isTooLarge(new BrokerAnswer(10))).toBe(true);
  expect(isRetriableAnswer(new BrokerAnswer(6))).toBe(true);
  // After these the records may be in the log: time-out, replicas missing after the append, the broker's own fault, a code of the future.
  for (const code of [7, 20, -1, 30_000]) expect(isPlainNo(new BrokerAnswer(code))).toBe(false);
});

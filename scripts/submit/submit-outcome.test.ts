import fc from 'fast-check';
import { richClearance } from '../../test/support/clearances';
import { ClearanceStatus, type Receipt } from '../../gateway/core/messages';
import { exitCodeOf, worstExitCode, type ExitCode, type SubmitOutcome } from './submit-outcome';

const cleared = (status: ClearanceStatus): SubmitOutcome => ({
  kind: 'clearance',
  clearance: richClearance({ status }),
  replayed: false,
  warnings: [],
});

test.each([
  ['granted', 0],
  ['conditional', 0],
  ['refused', 3],
  ['incomplete', 3],
  ['held', 3],
  ['cancelled', 3],
  ['pending', 4],
] as const)('a clearance that is %s gives exit code %i', (status, code) => {
  expect(exitCodeOf(cleared(status))).toBe(code);
});

test('the table above knows every status', () => {
  for (const status of Object.values(ClearanceStatus)) expect([0, 3, 4]).toContain(exitCodeOf(cleared(status)));
});

test('received and not decided in time is pending; faults and failures are errors', () => {
  expect(exitCodeOf({ kind: 'received', receipt: {} as Receipt, replayed: false })).toBe(4);
  expect(exitCodeOf({ kind: 'fault', httpStatus: 422, problem: {} })).toBe(1);
  expect(exitCodeOf({ kind: 'failure', message: 'nothing listens' })).toBe(1);
});

test('a dry run is judged by its prediction, and is an error where the declaration is not valid', () => {
  const answer = { valid: true, dialect: 'json', errors: [], warnings: [] };
  expect(exitCodeOf({ kind: 'dry-run', answer: { ...answer, valid: false } })).toBe(1);
  expect(exitCodeOf({ kind: 'dry-run', answer: { ...answer, predicted: richClearance({ status: 'refused' }) } })).toBe(3);
  expect(exitCodeOf({ kind: 'dry-run', answer: { ...answer, predicted: richClearance({ status: 'granted' }) } })).toBe(0);
  expect(exitCodeOf({ kind: 'dry-run', answer })).toBe(4);
});

test('of several the worst counts: 1 before 4 before 3 before 0, in any order', () => {
  const rank: ExitCode[] = [0, 3, 4, 1];
  fc.assert(
    fc.property(fc.array(fc.constantFrom<ExitCode>(0, 1, 3, 4), { minLength: 1 }), (codes) => {
      expect(worstExitCode(codes)).toBe(rank[Math.max(...codes.map((code) => rank.indexOf(code)))]);
    }),
  );
});

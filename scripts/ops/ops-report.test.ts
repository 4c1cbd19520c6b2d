import { deadLetterReport, previewReport, table } from './ops-report';

const letter = {
  id: '3-17',
  reason: 'decision-invalid',
  source: { topic: 'decisions.customs', partition: 3, offset: 40 },
  digest: 'd',
  attempts: 1,
  at: '2026-11-24T02:00:00Z',
  bytes: 90,
  fault: { code: 'decision-invalid', title: 'Not a decision.', remedy: 'Tell the agency.' },
};

test('a table is aligned, numbers at the right, and steers no terminal', () => {
  expect(
    table(
      ['name', 'lag'],
      [
        ['re\u001b[2Jlay', 7],
        ['exchange\u202e', 1_000],
      ],
    ),
  ).toBe(['NAME        LAG', 're?[2Jlay     7', 'exchange?  1000', ''].join('\n'));
});

test('a dead letter whose key is gone says so, with what to do', () => {
  expect(deadLetterReport(letter)).toBe(
    [
      'id          3-17',
      'set aside   2026-11-24T02:00:00Z',
      'reason      decision-invalid',
      '            Not a decision.',
      'what to do  Tell the agency.',
      'source      decisions.customs/3@40',
      'attempts    1',
      'digest      d',
      'bytes       90',
      'it cannot be opened: its key is gone',
      '',
    ].join('\n'),
  );
});

test('a dead letter shows each fault of a decision, with its place', () => {
  const record = { keyBytes: 0, valueBytes: 9, headers: { 'content-type': 'application/json' }, otherHeaders: 2, format: 'json' as const };
  const faults = [{ code: 'required' as const, pointer: '/taskId', message: 'taskId is missing.' }];
  const told = deadLetterReport({ ...letter, record: { ...record, structure: [], truncated: true, faults } });
  expect(told).toContain('record               json, key of 0 bytes, value of 9 bytes\n');
  expect(told).toContain('header content-type  application/json\n');
  expect(told).toContain('fault required: taskId is missing. [/taskId]\nthere are more paths than are told\n');
});

test('a preview says that it does not show all, and that it did not look at all', () => {
  const items = [{ id: '0-1', outcome: 'redriven' }];
  expect(previewReport({ outcomes: { redriven: 9_000, sealed: 1_000 }, items, truncated: true })).toBe(
    [
      'ID   OUTCOME',
      '0-1  redriven',
      'the first 1 of 10000',
      'would come to: 9000 redriven, 1000 sealed, and more than were looked at',
      '',
    ].join('\n'),
  );
  expect(previewReport({ outcomes: {}, items: [], truncated: false })).toBe('would come to: nothing\n');
});

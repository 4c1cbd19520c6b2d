import { parseSubmitArguments } from './submit-arguments';

const optionsOf = (...argv: string[]) => {
  const parsed = parseSubmitArguments(argv);
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.options;
};

test('a file alone is sent once, and its clearance is waited for', () => {
  expect(optionsOf('call.xml')).toEqual({
    files: ['call.xml'],
    url: undefined,
    token: undefined,
    waitSeconds: 30,
    concurrency: 1,
    repeat: 1,
    unique: false,
    dryRun: false,
  });
});

test('every option lands in its own field', () => {
  expect(
    optionsOf(
      'a.xml',
      '--url',
      'https://gate:1',
      '--token',
      't',
      '--wait',
      '5',
      '--concurrency=7',
      '--repeat',
      '9',
      '--unique',
      '--dry-run',
      'b.json',
    ),
  ).toEqual({
    files: ['a.xml', 'b.json'],
    url: 'https://gate:1',
    token: 't',
    waitSeconds: 5,
    concurrency: 7,
    repeat: 9,
    unique: true,
    dryRun: true,
  });
});

test('a repeated file is sent several at once, files alone one after the other', () => {
  expect(optionsOf('a.xml', '--repeat', '10').concurrency).toBe(16);
  expect(optionsOf('a.xml', 'b.xml').concurrency).toBe(1);
});

test('all faults are told at once', () => {
  const parsed = parseSubmitArguments(['--wait', 'soon', '--concurrency', '0', '--repeat', '-1', '--url', 'ftp://x']);
  expect(parsed.kind).toBe('faults');
  const repeated = parseSubmitArguments(['--wait', 'soon', '--concurrency', '0', '--url', 'ftp://x']);
  expect(repeated).toEqual({
    kind: 'faults',
    faults: [
      '--wait must be a whole number from 0 to 3600, not "soon"',
      '--concurrency must be a whole number from 1 to 1000, not "0"',
      'no file is named',
      '--url must be an http or https address, not "ftp://x"',
    ],
  });
});

test('an unknown option is a fault, never ignored', () => {
  expect(parseSubmitArguments(['a.xml', '--wiat', '5']).kind).toBe('faults');
});

test('help is help, whatever else is said', () => {
  expect(parseSubmitArguments(['--help', '--wait', 'soon'])).toEqual({ kind: 'help' });
});

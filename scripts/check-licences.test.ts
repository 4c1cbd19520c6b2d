interface LockEntry {
  version?: string;
  license?: string;
  dev?: boolean;
}

// eslint-disable-next-line @typescript-eslint/no-require-imports -- a plain script of npm run check
const { isPermissive, licenceFaults } = require('./check-licences.js') as {
  isPermissive(expression: string): boolean;
  licenceFaults(packages: Record<string, LockEntry>, read: (file: string) => string | undefined): string[];
};

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['Apache-2.0 AND (BSD-3-Clause OR LGPL-2.1)', true],
  ['GPL-3.0-only', false],
  ['MIT AND GPL-2.0-only', false],
  ['AGPL-3.0 OR SSPL-1.0', false],
  ['SEE LICENSE IN README.md AND LICENSE', false],
  ['UNLICENSED', false],
  ['MIT)', false],
  ['', false],
])('%j is permissive: %s', (expression, expected) => {
  expect(isPermissive(expression)).toBe(expected);
});

/** Those that are judged by hand are there. */
const judged: Record<string, LockEntry> = {
  'node_modules/dejavu-fonts-ttf': { version: '2.37.3', license: 'SEE LICENSE IN README.md AND LICENSE' },
  'node_modules/png-js': { version: '2.0.0' },
};
const files: Record<string, string> = {
  'node_modules/dejavu-fonts-ttf/LICENSE': 'Bitstream Vera Fonts Copyright',
  'node_modules/png-js/LICENSE': 'MIT License',
  'node_modules/@a/silent/package.json': '{}',
  'node_modules/quiet/package.json': '{"license":"ISC"}',
};
const read = (file: string): string | undefined => files[file];

test('production dependencies are judged wherever they lie, development ones are not', () => {
  const packages = {
    '': { license: 'UNLICENSED' },
    'node_modules/tool': { version: '1.0.0', license: 'GPL-3.0-only', dev: true },
    'node_modules/fine': { version: '1.0.0', license: 'MIT' },
    'node_modules/quiet': { version: '1.0.0' },
    'node_modules/fine/node_modules/@b/strict': { version: '2.0.0', license: 'AGPL-3.0-only' },
    'node_modules/@a/silent': { version: '3.0.0' },
  };
  expect(licenceFaults({ ...judged, ...packages }, read)).toEqual(['@b/strict@2.0.0: AGPL-3.0-only', '@a/silent@3.0.0 names no licence']);
});

test('a judgement is for one version and its licence file, and goes with the package', () => {
  const newer = { ...judged, 'node_modules/png-js': { version: '2.0.1' } };
  expect(licenceFaults(newer, read)).toEqual([
    'png-js@2.0.1 names no licence',
    'png-js@2.0.0 is judged in scripts/check-licences.js, and is no dependency',
  ]);
  expect(licenceFaults(judged, () => undefined)).toHaveLength(2);
});

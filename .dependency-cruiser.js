'use strict';

/**
 * Dependencies point inwards: edges → ports → core (architecture.md §4). Tests may look anywhere; what ships may not.
 * Run by `npm run check`.
 */
const TEST = '\\.test\\.ts$';

/** A library that only one edge knows. */
const only = (library, home) => ({
  name: `edges-only-own-library-${library}`,
  comment: `${library} is known to ${home} and to nobody else`,
  severity: 'error',
  from: { path: '^(gateway|adapters|config)/', pathNot: [`^${home}/`, TEST] },
  to: { path: `(^|/)node_modules/${library}(/|$)` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      comment: 'core/ knows core/ only; identifiers.ts may take createHash of node:crypto, a pure function',
      severity: 'error',
      from: { path: '^gateway/core/', pathNot: [TEST, '^gateway/core/identifiers\\.ts$'] },
      to: { pathNot: ['^gateway/core/'] },
    },
    {
      name: 'core-is-pure-but-for-the-hash',
      severity: 'error',
      from: { path: '^gateway/core/identifiers\\.ts$' },
      to: { pathNot: ['^gateway/core/', '^(node:)?crypto$'] },
    },
    {
      name: 'ports-know-only-core',
      severity: 'error',
      from: { path: '^gateway/ports/', pathNot: TEST },
      to: { path: '.', pathNot: ['^gateway/(ports|core)/'] },
    },
    {
      name: 'wire-knows-no-edges',
      comment: 'bytes to domain and back: core, and parsers and validators',
      severity: 'error',
      from: { path: '^gateway/wire/', pathNot: TEST },
      to: {
        path: [
          '^gateway/(edges|portal)/',
          '^adapters/',
          '^gateway/[^/]+\\.ts$',
          '^config/.*\\.ts$',
          '(^|/)node_modules/(kafkajs|ioredis|lmdb|express|prom-client)(/|$)',
        ],
      },
    },
    only('kafkajs', 'gateway/edges/kafka'),
    only('@platformatic/kafka', 'gateway/edges/platformatic'),
    only('ioredis', 'gateway/edges/redis'),
    only('lmdb', 'gateway/edges/embedded'),
    only('express', 'gateway/edges/http'),
    only('prom-client', 'gateway/edges/metrics'),
    {
      name: 'edges-do-not-know-each-other',
      comment: 'an edge meets another only in the wiring (gateway/app.ts); metrics and HTTP types may be shared with http',
      severity: 'error',
      from: { path: '^gateway/edges/([^/]+)/', pathNot: [TEST, '^gateway/edges/platformatic/'] },
      to: { path: '^gateway/edges/([^/]+)/', pathNot: ['^gateway/edges/$1/', '^gateway/edges/metrics/'] },
    },
    {
      name: 'edges-of-kafka-know-each-other',
      comment: 'the second client takes requests, records, appender, reader and supervisor from edges/kafka',
      severity: 'error',
      from: { path: '^gateway/edges/platformatic/', pathNot: TEST },
      to: { path: '^gateway/edges/([^/]+)/', pathNot: '^gateway/edges/(platformatic|kafka)/' },
    },
    {
      name: 'adapters-do-not-import-edges',
      severity: 'error',
      from: { path: '^adapters/', pathNot: TEST },
      to: { path: '^gateway/edges/' },
    },
    {
      name: 'gateway-does-not-import-adapters',
      comment: 'but for the wiring',
      severity: 'error',
      from: { path: '^gateway/', pathNot: ['^gateway/app\\.ts$', TEST] },
      to: { path: '^adapters/' },
    },
    {
      name: 'no-circular',
      comment: "two files may name each other's types: nothing of that is left at run time",
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-test-code-in-what-ships',
      severity: 'error',
      from: { path: '^(gateway|adapters|config)/', pathNot: TEST },
      to: { path: ['^test/', TEST] },
    },
    {
      name: 'no-development-library-in-what-ships',
      severity: 'error',
      from: { path: '^(gateway|adapters|config)/', pathNot: TEST },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|var)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json', '.d.ts'],
    },
  },
};

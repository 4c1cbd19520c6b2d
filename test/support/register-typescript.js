'use strict';

/** Lets a plain node process of a test require the TypeScript sources, compiled by swc as jest does it. */
const fs = require('node:fs');
const path = require('node:path');
const Module = require('node:module');
const { transformSync } = require('@swc/core');

const ROOT = path.resolve(__dirname, '..', '..');
const OPTIONS = { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } };

Module._extensions['.ts'] = (module, file) => {
  module._compile(transformSync(fs.readFileSync(file, 'utf8'), { ...OPTIONS, filename: path.relative(ROOT, file) }).code, file);
};

'use strict';

/**
 * `npm run check -- licences`: every production dependency, also those of other platforms, has a licence that lets everybody use, change
 * and pass it on. Read from package-lock.json, else from the installed package; what names none is judged by hand, for one version.
 */
const fs = require('node:fs');
const path = require('node:path');

const PERMISSIVE = new Set(['MIT', 'MIT-0', 'ISC', '0BSD', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0', 'Python-2.0', 'Unlicense', 'Zlib', 'CC0-1.0', 'Bitstream-Vera']); // prettier-ignore

/** Read by us: the package's own field is no SPDX identifier. `licence` names the file and a line that must stand in it. */
const JUDGED = {
  'dejavu-fonts-ttf@2.37.3': { spdx: 'Bitstream-Vera', file: 'LICENSE', line: 'Bitstream Vera Fonts Copyright' },
  'png-js@2.0.0': { spdx: 'MIT', file: 'LICENSE', line: 'MIT License' },
};

/** Of alternatives one must be permissive, of parts all: SPDX expressions, parentheses around the whole or a part. */
function isPermissive(expression) {
  const tokens = expression.match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const factor = () => {
    if (tokens[at] !== '(') return PERMISSIVE.has(tokens[at++] ?? '');
    at++;
    const inner = alternatives();
    return tokens[at++] === ')' && inner;
  };
  const parts = () => {
    let all = factor();
    while (tokens[at] === 'AND') {
      at++;
      all = factor() && all;
    }
    return all;
  };
  const alternatives = () => {
    let any = parts();
    while (tokens[at] === 'OR') {
      at++;
      any = parts() || any;
    }
    return any;
  };
  const permissive = alternatives();
  // What is left over was not understood.
  return permissive && at === tokens.length;
}

/**
 * @param packages `packages` of package-lock.json
 * @param read content of a file below the root, undefined where there is none
 * @returns {string[]} one line for each package without a permissive licence, and each judgement that nothing needs any more
 */
function licenceFaults(packages, read) {
  const faults = [];
  const unused = new Set(Object.keys(JUDGED));
  for (const [place, entry] of Object.entries(packages)) {
    if (place === '' || entry.dev === true || entry.link === true) continue;
    const name = entry.name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const id = `${name}@${entry.version}`;
    const judged = JUDGED[id];
    if (judged !== undefined) {
      unused.delete(id);
      if (read(`${place}/${judged.file}`)?.includes(judged.line) !== true)
        faults.push(`${id}: its ${judged.file} does not say "${judged.line}"`);
      continue;
    }
    const said = entry.license ?? JSON.parse(read(`${place}/package.json`) ?? '{}').license;
    if (typeof said !== 'string') faults.push(`${id} names no licence`);
    else if (!isPermissive(said)) faults.push(`${id}: ${said}`);
  }
  for (const id of unused) faults.push(`${id} is judged in scripts/check-licences.js, and is no dependency`);
  return faults;
}

module.exports = { isPermissive, licenceFaults };

if (require.main === module) {
  const root = path.resolve(__dirname, '..');
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const faults = licenceFaults(packages, (file) => {
    const full = path.join(root, file);
    return fs.existsSync(full) ? fs.readFileSync(full, 'utf8') : undefined;
  });
  for (const fault of faults) process.stderr.write(`licences: ${fault}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

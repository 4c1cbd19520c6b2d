import { readFileSync } from 'node:fs';
import path from 'node:path';
import policy from '../config/validation-policy.json';

test('docs/validation.md has every rule with the severity that is configured', () => {
  const page = readFileSync(path.join(__dirname, '..', 'docs', 'validation.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (reject|warn) \|/gm)].map(([, code, severity]) => [code, severity]);
  expect(Object.fromEntries(rows)).toEqual(policy);
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A certificate authority of a test's own, made with openssl, and what it signs. */
export interface TestAuthority {
  directory: string;
  /** Its certificate, PEM. */
  caFile: string;
  /** Key and certificate for these subject alternative names, e.g. `DNS:localhost`. */
  issue(name: string, ...alternativeNames: string[]): { keyFile: string; certificateFile: string; bothFile: string };
  /** A file in its directory, readable by the owner only. */
  secretFile(name: string, content: string): string;
  remove(): void;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export function testAuthority(): TestAuthority {
  const directory = mkdtempSync(path.join(tmpdir(), 'seaport-ca-'));
  const file = (name: string): string => path.join(directory, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  const secretFile = (name: string, content: string): string => {
    writeFileSync(file(name), content, { mode: 0o600 });
    return file(name);
  };
  openssl('req', '-x509', ...EC_KEY, '-days', '2', '-subj', '/CN=Test authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  return {
    directory,
    caFile: file('ca.pem'),
    issue: (name, ...alternativeNames) => {
      const [keyFile, certificateFile] = [file(`${name}.key`), file(`${name}.pem`)];
      writeFileSync(file(`${name}.ext`), `subjectAltName=${alternativeNames.join(',')}\n`);
      openssl('req', ...EC_KEY, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', `${name}.csr`);
      const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
      openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-days', '2', '-out', certificateFile);
      const bothFile = secretFile(`${name}-both.pem`, readFileSync(keyFile, 'utf8') + readFileSync(certificateFile, 'utf8'));
      return { keyFile, certificateFile, bothFile };
    },
    secretFile,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

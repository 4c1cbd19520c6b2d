import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';

export interface TlsFiles {
  certFile: string;
  keyFile: string;
  /** Empty: no client certificates. */
  clientCaFile: string;
}

/**
 * What the HTTP server does TLS with, as the files say now.
 * @throws Error where key and certificate do not belong together, or one of them is none, or out of date
 */
export function readTls({ certFile, keyFile, clientCaFile }: TlsFiles, nowMs: number): SecureContextOptions {
  const cert = readFileSync(certFile, 'utf8');
  const options: SecureContextOptions = {
    cert,
    key: readFileSync(keyFile, 'utf8'),
    ...(clientCaFile === '' ? {} : { ca: readFileSync(clientCaFile, 'utf8') }),
    minVersion: 'TLSv1.2',
  };
  createSecureContext(options);
  const { validFrom, validTo } = new X509Certificate(cert);
  if (Date.parse(validTo) <= nowMs) throw new Error(`the certificate expired on ${validTo}`);
  if (Date.parse(validFrom) > nowMs) throw new Error(`the certificate is not valid before ${validFrom}`);
  // A file without one would trust nobody, or whoever the system trusts.
  if (options.ca !== undefined) new X509Certificate(options.ca as string);
  return options;
}

import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** X.509 certificates for tests, made when they run so that none in the repository runs out: DER by hand, ECDSA P-256. */
export interface Certified {
  pem: string;
  keyPem: string;
  subject: Buffer;
  key: KeyObject;
}

export interface CertificateOptions {
  commonName: string;
  /** Who signs; absent: itself, an authority. */
  issuer?: Certified;
  /** DNS:…, IP:127.0.0.1 or URI:… */
  san?: string[];
  use?: 'server' | 'client';
  fromMs?: number;
  untilMs?: number;
}

const DAY_MS = 86_400_000;

export function certificate({ commonName, issuer, san = [], use, fromMs, untilMs }: CertificateOptions): Certified {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = sequence(nameOf('2.5.4.10', 'Seaport'), nameOf('2.5.4.3', commonName));
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const usage = use === undefined ? [] : [extension('2.5.29.37', sequence(oid(`1.3.6.1.5.5.7.3.${use === 'server' ? 1 : 2}`)))];
  const names = san.length === 0 ? [] : [extension('2.5.29.17', sequence(...san.map(generalName)))];
  const basic = extension('2.5.29.19', issuer === undefined ? sequence(tag(0x01, Buffer.from([0xff]))) : sequence());
  const body = sequence(
    tag(0xa0, tag(0x02, Buffer.from([2]))),
    tag(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    issuer?.subject ?? subject,
    sequence(time(fromMs ?? Date.now() - DAY_MS), time(untilMs ?? Date.now() + DAY_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tag(0xa3, sequence(basic, ...usage, ...names)),
  );
  const signature = sign('sha256', body, issuer?.key ?? privateKey);
  const der = sequence(body, algorithm, tag(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    subject,
    key: privateKey,
  };
}

function tag(type: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tag(0x30, Buffer.concat(parts));
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = rest.flatMap((number) => {
    const digits = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return tag(0x06, Buffer.from([first * 40 + second, ...bytes]));
}

function nameOf(type: string, value: string): Buffer {
  return tag(0x31, sequence(oid(type), tag(0x0c, Buffer.from(value))));
}

function time(ms: number): Buffer {
  return tag(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, '').slice(0, 14)}Z`));
}

function extension(type: string, content: Buffer): Buffer {
  return sequence(oid(type), tag(0x04, content));
}

function generalName(text: string): Buffer {
  const [kind, ...rest] = text.split(':');
  const value = rest.join(':');
  if (kind === 'IP') return tag(0x87, Buffer.from(value.split('.').map(Number)));
  return tag(kind === 'DNS' ? 0x82 : 0x86, Buffer.from(value));
}

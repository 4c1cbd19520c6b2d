import { hash } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { FakeClock } from '../../../../test/support/fake-clock';
import { issuerKey, signed, type Algorithm, type IssuerKey } from '../../../../test/support/tokens';
import type { Principal } from '../authenticate';
import { readKeySet } from './issuer-keys';
import { createTokenVerifier, type TokenVerifier } from './token-verifier';

const NOW = '2026-11-30T10:00:00Z';
const seconds = Date.parse(NOW) / 1000;
const ed = issuerKey('ed');
const keyFor: Record<string, IssuerKey> = {
  EdDSA: ed,
  ES256: issuerKey('ec', 'ec'),
  RS256: issuerKey('rsa', 'rsa'),
  PS256: issuerKey('pss', 'rsa'),
};
const stranger = issuerKey('ed');
const good = {
  iss: 'https://issuer',
  aud: 'seaport',
  sub: 'vosa-erp',
  iat: seconds,
  exp: seconds + 300,
  seaport_role: 'agent',
  seaport_tenant: 'vosa',
};
const agent: Principal = { role: 'agent', tenant: 'vosa', name: 'vosa-erp' };

let clock: FakeClock;
let published: JSONWebKeySet | undefined;
let isReachable: boolean;
let refreshed: number;
let onRefresh: () => void;
let tokens: TokenVerifier;

beforeEach(async () => {
  clock = new FakeClock(NOW);
  published = readKeySet({ keys: Object.values(keyFor).map(({ jwk }) => jwk) });
  isReachable = true;
  refreshed = 0;
  onRefresh = () => undefined;
  const keys = {
    current: () => published,
    isReachable: () => isReachable,
    refresh: async () => {
      refreshed++;
      onRefresh();
    },
    stop: () => undefined,
  };
  const rules = {
    issuer: 'https://issuer',
    audience: 'seaport',
    roleClaim: 'seaport_role',
    tenantClaim: 'seaport_tenant',
    agencyClaim: 'seaport_agency',
    agencies: ['customs', 'tax'],
  };
  tokens = await createTokenVerifier(keys, clock, rules, 3);
});

const verify = (token: string) => tokens.verify(token, hash('sha256', token, 'hex'));
const claims = (changes: object): string => signed(ed, 'EdDSA', { ...good, ...changes });

test.each(Object.entries(keyFor))('%s is taken', async (alg, key) => {
  expect(await verify(signed(key, alg as Algorithm, good))).toEqual(agent);
});

test('a verified token is known at once until it expires, to the millisecond', async () => {
  const token = claims({});
  expect(await verify(token)).toEqual(agent);
  expect(verify(token)).toEqual(agent);
  clock.advance(299_999);
  expect(verify(token)).toEqual(agent);
  clock.advance(1);
  expect(await verify(token)).toBeUndefined();
  expect(await verify(token)).toBeUndefined();
});

describe('a token that somebody made up is nobody', () => {
  const { RS256: rsa = ed, ES256: ec = ed } = keyFor;
  const swapped = (token: string, changes: object): string => {
    const [header, , signature] = token.split('.');
    return [header, Buffer.from(JSON.stringify({ ...good, ...changes })).toString('base64url'), signature].join('.');
  };
  const jwk = stranger.jwk;
  test.each<[string, () => string]>([
    ['no signature: none', () => signed(ed, 'none', good)],
    ['none with a signature', () => signed(ed, 'EdDSA', good, { alg: 'none' })],
    ['None', () => signed(ed, 'none', good, { alg: 'None' })],
    ['HS256 with the public RSA key as the secret', () => signed(rsa, 'HS256', good)],
    ['HS256 with the public EC key as the secret', () => signed(ec, 'HS256', good)],
    ['HS256 with the public Ed25519 key as the secret', () => signed(ed, 'HS256', good)],
    ['an algorithm that the key is not for', () => signed(rsa, 'RS256', good, { alg: 'ES256' })],
    ['the key of another algorithm', () => signed(ed, 'EdDSA', good, { kid: 'ec' })],
    ['RS512', () => signed(rsa, 'RS256', good, { alg: 'RS512' })],
    ['no algorithm', () => signed(ed, 'EdDSA', good, { alg: undefined })],
    ['another key under the same kid', () => signed(stranger, 'EdDSA', good)],
    ['another kid', () => signed(ed, 'EdDSA', good, { kid: 'other' })],
    ['no kid', () => signed(ed, 'EdDSA', good, { kid: undefined })],
    ['an empty kid', () => signed(ed, 'EdDSA', good, { kid: '' })],
    ['a kid that is no text', () => signed(ed, 'EdDSA', good, { kid: ['ed'] })],
    ['a key brought along: jwk', () => signed(stranger, 'EdDSA', good, { jwk })],
    ['a key brought along under another kid', () => signed(stranger, 'EdDSA', good, { kid: 'mine', jwk })],
    ['an address of keys: jku', () => signed(stranger, 'EdDSA', good, { jku: 'https://evil/jwks.json' })],
    ['an address of certificates: x5u', () => signed(stranger, 'EdDSA', good, { x5u: 'https://evil/cert.pem', x5c: ['MII'] })],
    ['a critical extension that nobody knows', () => signed(ed, 'EdDSA', good, { crit: ['b64'], b64: false })],
    ['other claims under the signature', () => swapped(claims({}), { seaport_tenant: 'other' })],
    ['no signature at all', () => `${claims({}).split('.').slice(0, 2).join('.')}.`],
    ['no JSON', () => 'abc.def.ghi'],
    ['a header that is no object', () => `${Buffer.from('"x"').toString('base64url')}.e30.AAAA`],
    ['claims that are no object', () => signed(ed, 'EdDSA', [1])],
  ])('%s', async (_what, token) => {
    expect(await verify(token())).toBeUndefined();
  });

  test('what a token brings along does no harm where its signature is good', async () => {
    expect(await verify(signed(ed, 'EdDSA', good, { jwk, jku: 'https://evil', x5u: 'https://evil' }))).toEqual(agent);
  });
});

describe('whose, for whom and when', () => {
  test.each<[string, object]>([
    ['another issuer', { iss: 'https://issuer/' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'seaport2' }],
    ['other audiences', { aud: ['a', 'b'] }],
    ['no audience', { aud: undefined }],
    ['expired', { iat: seconds - 300, exp: seconds }],
    ['expired within the skew of clocks', { iat: seconds - 300, exp: seconds - 1 }],
    ['no end', { exp: undefined }],
    ['no beginning', { iat: undefined }],
    ['an end that is no number', { exp: String(seconds + 300) }],
    ['longer than ten minutes', { exp: seconds + 601 }],
    ['long-lived, near its end', { iat: seconds - 86_400, exp: seconds + 60 }],
    ['issued in the future', { iat: seconds + 61, exp: seconds + 400 }],
    ['not yet valid', { nbf: seconds + 61 }],
    ['no subject', { sub: undefined }],
    ['a subject with a line break', { sub: 'a\nb' }],
  ])('%s is refused', async (_what, changes) => {
    expect(await verify(claims(changes))).toBeUndefined();
  });

  test.each<[string, object]>([
    ['several audiences with ours', { aud: ['other', 'seaport'] }],
    ['a clock of the issuer that is a minute ahead', { iat: seconds + 60, nbf: seconds + 60, exp: seconds + 660 }],
    ['ten minutes', { exp: seconds + 600 }],
    ['the last second', { iat: seconds - 599, exp: seconds + 1 }],
  ])('%s is taken', async (_what, changes) => {
    expect(await verify(claims(changes))).toEqual(agent);
  });
});

describe('who it is', () => {
  const officer = { seaport_role: 'agency', seaport_agency: 'customs', seaport_tenant: undefined, sub: 'officer-7' };
  test.each<[string, object, Principal | undefined]>([
    ['an officer', officer, { role: 'agency', agency: 'customs', name: 'officer-7' }],
    ['an operator', { seaport_role: 'operator' }, { role: 'operator', name: 'vosa-erp' }],
    ['an auditor, among roles of others', { seaport_role: ['offline_access', 'auditor'] }, { role: 'auditor', name: 'vosa-erp' }],
    ['two of our roles', { seaport_role: ['agent', 'operator'] }, undefined],
    ['no role', { seaport_role: undefined }, undefined],
    ['another role', { seaport_role: 'admin' }, undefined],
    ['an agent without a tenant', { seaport_tenant: undefined }, undefined],
    ['an agent with a tenant that is no text', { seaport_tenant: ['vosa'] }, undefined],
    ['an agent with a tenant that is no name', { seaport_tenant: 'vosa|other' }, undefined],
    ['an officer without an agency', { ...officer, seaport_agency: undefined }, undefined],
    ['an officer of no agency of ours', { ...officer, seaport_agency: 'police' }, undefined],
  ])('%s', async (_what, changes, who) => {
    expect(await verify(claims(changes))).toEqual(who);
  });
});

describe('the keys of the issuer', () => {
  const next = issuerKey('next');

  test('an unknown kid asks the issuer, and a known one does not', async () => {
    onRefresh = () => (published = readKeySet({ keys: [ed.jwk, next.jwk] }));
    expect(await verify(signed(next, 'EdDSA', good))).toEqual(agent);
    expect(await verify(claims({}))).toEqual(agent);
    expect(refreshed).toBe(1);
  });

  test('an issuer that is away stops no key that is known; of others nobody can say', async () => {
    isReachable = false;
    expect(await verify(claims({}))).toEqual(agent);
    await expect(verify(signed(next, 'EdDSA', good))).rejects.toMatchObject({ code: 'issuer-unavailable' });
    published = undefined;
    await expect(verify(claims({ iat: seconds - 1 }))).rejects.toMatchObject({ code: 'issuer-unavailable' });
  });

  test('a key that the issuer took back ends to count, also for what it had signed before', async () => {
    const token = claims({});
    expect(await verify(token)).toEqual(agent);
    published = readKeySet({ keys: [next.jwk] });
    tokens.forget();
    expect(await verify(token)).toBeUndefined();
  });

  test('a key that is too short, or under a name that two have, verifies nothing', async () => {
    const short = issuerKey('short', 'short-rsa');
    published = readKeySet({ keys: [short.jwk, ed.jwk, stranger.jwk] });
    expect(await verify(signed(short, 'RS256', good))).toBeUndefined();
    expect(await verify(claims({}))).toBeUndefined();
  });

  test('so many tokens are remembered and no more: the oldest is verified again', async () => {
    const [one = '', two = '', three = '', four = ''] = [1, 2, 3, 4].map((jti) => claims({ jti }));
    for (const token of [one, two, three, four]) await verify(token);
    for (const token of [two, three, four]) expect(verify(token)).toEqual(agent);
    expect(verify(one)).toBeInstanceOf(Promise);
  });
});

test('a huge token costs no more than its bytes, and is nobody', async () => {
  expect(await verify(signed(ed, 'EdDSA', { ...good, seaport_role: 'x'.repeat(1_000_000) }))).toBeUndefined();
  expect(await verify(`${'a'.repeat(1_000_000)}.b.c`)).toBeUndefined();
});

import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLocalJWKSet, flattenedVerify, type JSONWebKeySet } from 'jose';
import { canonicalJson } from '../../gateway/core/canonical-json';
import { AgentClient, arrival } from '../support/agent-client';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';

/** The signing key is changed: what the old one signed still verifies, offline, by the keys that the gateway publishes now. */
jest.setTimeout(180_000);
const folder = gatewayFolder();
const fileOf = (name: string): string => path.join(folder.varDir, name);
type Signed = { signature: string; clearanceId?: string };

afterAll(() => folder.remove());

function newKey(name: string): { file: string; publicPem: string } {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  writeFileSync(fileOf(name), pem, { mode: 0o600 });
  return { file: fileOf(name), publicPem: createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString() };
}

async function publishedBy(gateway: GatewayProcess): Promise<JSONWebKeySet> {
  return (await (await fetch(`${gateway.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
}

const kidOf = ({ signature }: Signed): string =>
  (JSON.parse(Buffer.from(signature.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;

/** With nothing but the object, the published keys and another library. */
async function verifies({ signature, ...signed }: Signed, keys: JSONWebKeySet): Promise<boolean> {
  const [header = '', , bytes = ''] = signature.split('.');
  const jws = { protected: header, payload: Buffer.from(canonicalJson(signed)).toString('base64url'), signature: bytes };
  return flattenedVerify(jws, createLocalJWKSet(keys), { algorithms: ['EdDSA'] }).then(
    () => true,
    () => false,
  );
}

test('clearances and receipts of before and after a change of the key verify by the keys that are published', async () => {
  const [old, next] = [newKey('old.pem'), newKey('next.pem')];
  const first = await startGatewayProcess(folder, { SIGNING_KEY_FILE: old.file });
  const as = (gateway: GatewayProcess): AgentClient => new AgentClient(gateway.url, folder.tokens()['agent'] ?? '');
  const cleared = (await as(first).submit(arrival(), { prefer: 'wait=20' })).body as Signed & { dossierId: string };
  const again = arrival();
  const receipt = (await as(first).submit(again)).body as Signed;
  const keysBefore = await publishedBy(first);
  expect(await first.stop()).toBe(0);

  writeFileSync(fileOf('retired.pem'), `# signed until the change\n${old.publicPem}`);
  const second = await startGatewayProcess(folder, { SIGNING_KEY_FILE: next.file, SIGNING_RETIRED_KEYS_FILE: fileOf('retired.pem') });
  const keys = await publishedBy(second);
  const clearedNow = (await as(second).submit(arrival(), { prefer: 'wait=20' })).body as Signed;
  const sameClearance = (await as(second).clearance(cleared.dossierId)).body as unknown as Signed;
  const replayed = (await as(second).submit(again)).body as Signed;
  expect(await second.stop()).toBe(0);

  expect(keys.keys.map(({ kid }) => kid)).toEqual([kidOf(clearedNow), kidOf(cleared)]);
  expect(kidOf(clearedNow)).not.toBe(kidOf(cleared));
  expect(sameClearance).toEqual(cleared);
  for (const signed of [cleared, receipt, clearedNow, replayed]) expect(await verifies(signed, keys)).toBe(true);
  expect(await verifies(cleared, keysBefore)).toBe(true);
  expect(await verifies(clearedNow, keysBefore)).toBe(false);
  expect(await verifies({ ...cleared, clearanceId: 'other' }, keys)).toBe(false);
  expect(
    await verifies({ ...clearedNow, signature: clearedNow.signature.replace(/^[^.]+/, cleared.signature.split('.')[0] ?? '') }, keys),
  ).toBe(false);
});

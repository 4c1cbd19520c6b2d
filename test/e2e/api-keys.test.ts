import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../support/eventually';
import { gatewayFolder, startGatewayProcess, type GatewayProcess } from '../support/gateway-process';

/** The keys of a running gateway change with their file: nobody restarts it for a new agent, or to shut one out. */
jest.setTimeout(60_000);
const folder = gatewayFolder();
const file = path.join(folder.varDir, 'keys.json');
let gateway: GatewayProcess;

const row = (key: string): object => ({
  sha256: createHash('sha256').update(key).digest('hex'),
  role: 'agent',
  tenant: 'vosa',
  name: 'vosa-erp',
});

/** As a tool writes it: whole, under another name, then moved into place. */
function write(content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

const writeKeys = (...keys: string[]): void => write(JSON.stringify({ keys: keys.map(row) }));

async function statusOf(key: string): Promise<number> {
  return (await fetch(`${gateway.url}/v1/dossiers`, { headers: { authorization: `Bearer ${key}` } })).status;
}

async function reloads(outcome: 'loaded' | 'refused'): Promise<number> {
  const page = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const line = new RegExp(`^seaport_credential_reloads_total\\{what="api-keys",outcome="${outcome}"\\} (\\d+)$`, 'm').exec(page);
  return Number(line?.[1] ?? 0);
}

beforeAll(async () => {
  writeKeys('key-of-spring');
  gateway = await startGatewayProcess(folder, { API_KEYS_FILE: file });
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  folder.remove();
});

test('a key is changed for another without a restart: both are valid for a while, then the new one alone', async () => {
  expect([await statusOf('key-of-spring'), await statusOf('key-of-summer')]).toEqual([200, 401]);
  writeKeys('key-of-spring', 'key-of-summer');
  await eventually('the new key', async () => (await statusOf('key-of-summer')) === 200);
  expect(await statusOf('key-of-spring')).toBe(200);
  writeKeys('key-of-summer');
  await eventually('the old key is refused', async () => (await statusOf('key-of-spring')) === 401);
  expect(await statusOf('key-of-summer')).toBe(200);
});

test('a broken file is told and counted, without what stands in it, and the keys of before stay in force', async () => {
  write('{"keys":[{"sha256":"a-key-by-mistake"');
  await eventually('the file is refused', async () => (await reloads('refused')) >= 1);
  expect(await statusOf('key-of-summer')).toBe(200);
  expect(gateway.output()).toContain('those of before stay in force');
  expect(gateway.output()).not.toContain('a-key-by-mistake');
  writeKeys('key-of-summer', 'key-of-autumn');
  await eventually('the mended file', async () => (await statusOf('key-of-autumn')) === 200);
});

test('SIGHUP reads the file at once, changed or not', async () => {
  const before = await reloads('loaded');
  gateway.child.kill('SIGHUP');
  await eventually('one more reload', async () => (await reloads('loaded')) === before + 1);
  expect(await statusOf('key-of-autumn')).toBe(200);
});

test('a gateway does not start on a broken file, and names every fault of it', async () => {
  const broken = path.join(folder.varDir, 'broken.json');
  writeFileSync(
    broken,
    JSON.stringify({
      keys: [
        { sha256: 'x', role: 'operator', name: 'a' },
        { ...row('a'), tenant: undefined },
      ],
    }),
  );
  const start = startGatewayProcess(folder, { API_KEYS_FILE: broken });
  await expect(start).rejects.toThrow(/ended with 1:[\s\S]*broken\.json": \/keys\/0\/sha256[\s\S]*broken\.json": \/keys\/1 .*tenant/);
});

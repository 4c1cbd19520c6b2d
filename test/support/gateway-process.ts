import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Real gateway processes of the build, for end-to-end tests: started with own folders and free ports, ended by id. */
export interface GatewayProcess {
  child: ChildProcess;
  /** Empty where the process has not the role intake. */
  url: string;
  adminUrl: string;
  /** Everything that it wrote, for failures and for tests of what it must not write. */
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface GatewayFolder {
  varDir: string;
  tokens(): Record<string, string>;
  remove(): void;
}

const root = path.resolve(__dirname, '..', '..');
const START_WITHIN_MS = 60_000;

/** Builds once per test process where sources are newer than the build. `from`: another checkout than this one. */
export function buildGateway(from: string = root): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a plain script, shared with npm start
  const { build, main } = require(path.join(from, 'scripts', 'start.js')) as { build(): void; main: string };
  build();
  return main;
}

/** A folder for credentials, keys and embedded data, shared by the processes of one gateway. */
export function gatewayFolder(): GatewayFolder {
  const varDir = mkdtempSync(path.join(tmpdir(), 'seaport-'));
  return {
    varDir,
    tokens: () =>
      (JSON.parse(readFileSync(path.join(varDir, 'dev-credentials.json'), 'utf8')) as { tokens: Record<string, string> }).tokens,
    remove: () => rmSync(varDir, { recursive: true, force: true }),
  };
}

export async function startGatewayProcess(
  folder: GatewayFolder,
  env: Record<string, string>,
  {
    from = root,
    nodeArguments = [],
    startWithinMs = START_WITHIN_MS,
  }: { from?: string; nodeArguments?: string[]; startWithinMs?: number } = {},
): Promise<GatewayProcess> {
  const main = buildGateway(from);
  const child = spawn(process.execPath, [...nodeArguments, main], {
    cwd: from,
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      ADMIN_PORT: '0',
      VAR_DIR: folder.varDir,
      DATA_DIR: path.join(folder.varDir, 'data'),
      LOG_LEVEL: 'info',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  child.stdout.on('data', (chunk: Buffer) => (written += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (written += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const adminUrl = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      // Nobody would end it later.
      child.kill('SIGKILL');
      reject(new Error(`the gateway did not start:\n${written}`));
    }, startWithinMs);
    const look = (): void => {
      const match = /^admin {4}(http:\S+)\/metrics/m.exec(written);
      if (match?.[1] === undefined) return;
      clearTimeout(timer);
      resolve(match[1]);
    };
    child.stdout.on('data', look);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the gateway ended with ${code}:\n${written}`));
    });
  });
  return {
    child,
    url: /^gateway {2}(https?:\S+)$/m.exec(written)?.[1] ?? '',
    adminUrl,
    output: () => written,
    stop: (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}

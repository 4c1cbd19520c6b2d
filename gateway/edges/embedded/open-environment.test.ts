import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DataDirectoryInUse, openEnvironment } from './open-environment';

describe('openEnvironment', () => {
  let directory: string;
  const lockFile = (): string => path.join(directory, 'gateway.lock');

  beforeEach(() => {
    directory = path.join(mkdtempSync(path.join(tmpdir(), 'seaport-environment-')), 'data');
  });

  afterEach(() => rmSync(path.dirname(directory), { recursive: true, force: true }));

  it('makes the directory, keeps what is written, and lets the directory go', async () => {
    const first = openEnvironment(directory);
    await first.environment.openDB<string, string>('x', {}).put('key', 'value');
    await first.close();
    await first.close();
    expect(existsSync(lockFile())).toBe(false);
    const second = openEnvironment(directory);
    expect(second.environment.openDB<string, string>('x', {}).get('key')).toBe('value');
    await second.close();
  });

  it('refuses a second opening in the same process', async () => {
    const first = openEnvironment(directory);
    expect(() => openEnvironment(`${directory}/`)).toThrow(DataDirectoryInUse);
    await first.close();
    await openEnvironment(directory).close();
  });

  /** Another process that holds the directory: the lock names it, as its own opening would. */
  async function holder(): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => {}, 1000)'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    const own = openEnvironment(directory);
    const lock = JSON.parse(readFileSync(lockFile(), 'utf8')) as Record<string, unknown>;
    await own.close();
    const stat = readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8');
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    writeFileSync(lockFile(), JSON.stringify({ ...lock, pid: child.pid, startedAt }));
    return child;
  }

  it('refuses a directory that a living process holds, naming it, and takes it over when that one was killed', async () => {
    const child = await holder();
    expect(() => openEnvironment(directory)).toThrow(`process ${String(child.pid)}`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const mine = openEnvironment(directory);
    expect(JSON.parse(readFileSync(lockFile(), 'utf8'))).toMatchObject({ pid: process.pid });
    await mine.close();
  });

  it.each([
    ['of another start of the same pid', { pid: process.pid, startedAt: '1', boot: '' }],
    ['of another boot', { pid: process.pid, startedAt: '', boot: 'other' }],
    ['of a pid that does not exist', { pid: 2 ** 22 + 1, startedAt: '', boot: '' }],
  ])('takes over a lock %s', async (_what, lock) => {
    await openEnvironment(directory).close();
    writeFileSync(lockFile(), JSON.stringify(lock));
    await openEnvironment(directory).close();
  });

  it('takes over a lock that was torn', async () => {
    await openEnvironment(directory).close();
    writeFileSync(lockFile(), '{"pid":');
    await openEnvironment(directory).close();
  });

  it('is private: the directory holds personal data', async () => {
    await openEnvironment(directory).close();
    expect(spawnSync('stat', ['-c', '%a', directory], { encoding: 'utf8' }).stdout.trim()).toBe('700');
  });
});

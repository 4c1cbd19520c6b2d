import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createAesSealer, ensureDataKeys, readDataKeys, SEAL_OVERHEAD_BYTES } from './aes-sealer';

const key = Buffer.alloc(32, 7);
const other = Buffer.alloc(32, 8);

describe('the AES sealer', () => {
  const sealer = createAesSealer([key]);

  it('opens what it sealed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        const sealed = sealer.seal(bytes);
        return sealed.length === bytes.length + SEAL_OVERHEAD_BYTES && sealer.open(sealed).equals(bytes);
      }),
    );
  });

  it('seals apart with a key that seals nothing else, which only its own keys open', () => {
    const bytes = Buffer.from('NGUYEN VAN A');
    const [one, two] = [sealer.sealApart(bytes), sealer.sealApart(bytes)];
    expect(sealer.openApart(one.sealed, one.key)).toEqual(bytes);
    for (const wrong of [two.key, one.sealed, Buffer.alloc(0)])
      expect(() => sealer.openApart(one.sealed, wrong)).toThrow(expect.objectContaining({ code: 'seal-broken' }) as Error);
    expect(() => sealer.open(one.sealed)).toThrow(expect.objectContaining({ code: 'seal-broken' }) as Error);
    expect(() => createAesSealer([other]).openApart(one.sealed, one.key)).toThrow(
      expect.objectContaining({ code: 'seal-broken' }) as Error,
    );
  });

  it('shows nothing of the content, and differs each time', () => {
    const sealed = sealer.seal(Buffer.from('NGUYEN VAN A'));
    expect(sealed.includes('NGUYEN')).toBe(false);
    expect(sealed.equals(sealer.seal(Buffer.from('NGUYEN VAN A')))).toBe(false);
  });

  it('does not open when any byte was changed, or the end cut', () => {
    const sealed = sealer.seal(Buffer.from('x'.repeat(20)));
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open(changed)).toThrow(expect.objectContaining({ code: 'seal-broken', retriable: false }));
    }
    for (let length = 0; length < sealed.length; length++) expect(() => sealer.open(sealed.subarray(0, length))).toThrow();
  });

  it('still opens what a retired key sealed, and nothing of a stranger', () => {
    const old = sealer.seal(Buffer.from('old'));
    expect(createAesSealer([other, key]).open(old).toString()).toBe('old');
    expect(() => createAesSealer([other]).open(old)).toThrow('unknown key');
  });

  it('refuses a key that has not 32 bytes', () => {
    expect(() => createAesSealer([Buffer.alloc(16)])).toThrow(RangeError);
  });
});

describe('the file of data keys', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'data-key-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made once, for its owner only, and kept', () => {
    const file = join(folder, 'new', 'data.key');
    const first = ensureDataKeys(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(ensureDataKeys(file)).toEqual(first);
    expect(readFileSync(file, 'utf8')).toHaveLength(65);
  });

  it('may hold retired keys below the current one', () => {
    const file = join(folder, 'data.key');
    writeFileSync(file, `${key.toString('hex')}\n${other.toString('hex')}\n\n`);
    expect(readDataKeys(file)).toEqual([key, other]);
  });

  it('is refused when it holds something else, or others may read it', () => {
    const file = join(folder, 'data.key');
    writeFileSync(file, 'secret\n', { mode: 0o600 });
    expect(() => readDataKeys(file)).toThrow(
      expect.objectContaining({ code: 'data-key-invalid', message: expect.not.stringContaining('secret') as string }),
    );
    writeFileSync(file, key.toString('hex'));
    chmodSync(file, 0o644);
    expect(() => ensureDataKeys(file)).toThrow('mode 0600');
  });
});

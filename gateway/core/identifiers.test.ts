import fc from 'fast-check';
import {
  agencyOfTaskAmong,
  clearanceIdOf,
  declarationIdOf,
  digestOf,
  dossierCodeOf,
  dossierIdFromCode,
  dossierIdOf,
  dossierIdOfTask,
  hashOf,
  isDossierId,
  isDossierOf,
  receiptIdOf,
  taskIdOf,
} from './identifiers';

const dossierIds = fc.bigInt(0n, (1n << 120n) - 1n).map((value) => value.toString(16).padStart(30, '0'));

test('identifiers are what they were: they stand in logs that are older than this build', () => {
  const dossierId = dossierIdOf('agent', 'M-1');
  expect(dossierId).toBe('991820e27c4aa6fbb2da487f2bb657');
  expect(dossierCodeOf(dossierId)).toBe('K4C21RKW9AKFQCPT91ZJQDJQC');
  expect(taskIdOf(dossierId, 'customs', 1)).toBe('991820e27c4aa6fbb2da487f2bb657-0c4eef3959768deb');
  expect(clearanceIdOf(dossierId, 2)).toBe(`${dossierId}-v2`);
  expect(declarationIdOf('agent', 'M-1', 'd')).toBe('d4b0bc98446dda620bccb7258610efb1');
  expect(receiptIdOf('agent', 'M-1', 'd')).toBe('3661e8334d0a29e7b3d3799ad887a130');
});

test('parts are hashed with their lengths, so that moving a letter from one to the next makes another hash', () => {
  expect(hashOf(32, 'ab', 'c')).not.toBe(hashOf(32, 'a', 'bc'));
  expect(hashOf(32, 'ab')).not.toBe(hashOf(32, 'ab', ''));
  expect(hashOf(32, 'é')).not.toBe(hashOf(32, 'e\u0301'));
  expect(hashOf(7, 'a')).toHaveLength(7);
});

test('a digest is SHA-256 of the bytes', () => {
  expect(digestOf('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  expect(digestOf(Buffer.from('abc'))).toBe(digestOf('abc'));
});

test('a dossier tells its tenant without a store', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (tenant, other, root) => {
      const dossierId = dossierIdOf(tenant, root);
      expect(isDossierId(dossierId)).toBe(true);
      expect(isDossierOf(tenant, dossierId)).toBe(true);
      expect(isDossierOf(other, dossierId)).toBe(other === tenant);
    }),
  );
});

test.each(['', 'A'.repeat(30), 'g'.repeat(30), '0'.repeat(29), '0'.repeat(31), `${'0'.repeat(30)}\n`])('%j is no dossierId', (text) => {
  expect(isDossierId(text)).toBe(false);
});

describe('a dossier code', () => {
  test('is a spelling of the dossierId: 25 characters, no longer than IMO0153 allows', () => {
    fc.assert(
      fc.property(dossierIds, (dossierId) => {
        const code = dossierCodeOf(dossierId);
        expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{24}[0-9A-HJKMNP-TV-Z*~$=U]$/);
        expect(dossierIdFromCode(code)).toBe(dossierId);
      }),
    );
  });

  test('is read however people write it: small letters, O for 0, I and L for 1', () => {
    fc.assert(
      fc.property(dossierIds, fc.constantFrom('o', 'O'), fc.constantFrom('i', 'I', 'l', 'L'), (dossierId, zero, one) => {
        const code = dossierCodeOf(dossierId);
        expect(dossierIdFromCode(code.toLowerCase())).toBe(dossierId);
        expect(dossierIdFromCode(code.replaceAll('0', zero).replaceAll('1', one))).toBe(dossierId);
      }),
    );
  });

  test('with one wrong character, or two neighbours swapped, is none', () => {
    fc.assert(
      fc.property(dossierIds, fc.nat(23), fc.nat(30), (dossierId, at, by) => {
        const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
        const code = dossierCodeOf(dossierId);
        const wrong = alphabet[(alphabet.indexOf(code[at] ?? '') + 1 + by) % 32] ?? '';
        expect(dossierIdFromCode(code.slice(0, at) + wrong + code.slice(at + 1))).toBeUndefined();
        const [a, b] = [code[at] ?? '', code[at + 1] ?? ''];
        if (at < 23 && a !== b) expect(dossierIdFromCode(code.slice(0, at) + b + a + code.slice(at + 2))).toBeUndefined();
      }),
    );
  });

  test.each(['', 'JOURNAL-0815', '0'.repeat(24), '0'.repeat(26), `${'0'.repeat(23)}-0`, `${'0'.repeat(23)}U0`])('%j is none', (text) => {
    expect(dossierIdFromCode(text)).toBeUndefined();
  });
});

describe('a taskId', () => {
  test('leads to its dossier, and differs by agency and revision', () => {
    const dossierId = dossierIdOf('agent', 'M-1');
    const ids = ['customs', 'tax'].flatMap((agency) => [1, 2, 12].map((revision) => taskIdOf(dossierId, agency, revision)));
    expect(new Set(ids).size).toBe(6);
    for (const id of ids) expect(dossierIdOfTask(id)).toBe(dossierId);
  });

  test.each([
    '',
    'x',
    'f'.repeat(30),
    `${'f'.repeat(30)}-`,
    `${'f'.repeat(30)}-${'F'.repeat(16)}`,
    `${'f'.repeat(30)}-${'f'.repeat(16)}\n`,
  ])('%j is none', (text) => {
    expect(dossierIdOfTask(text)).toBeUndefined();
  });
});

test('the id of a task says of which agency it would be, whether it is there or not', () => {
  const agencyOf = agencyOfTaskAmong(['customs', 'tax']);
  const dossierId = dossierIdOf('nobody', 'nothing');
  for (const agency of ['customs', 'tax'])
    for (const revision of [1, 2, 200]) expect(agencyOf(taskIdOf(dossierId, agency, revision))).toBe(agency);
  expect(agencyOf(taskIdOf(dossierId, 'planning', 1))).toBeUndefined();
  expect(agencyOf(`${dossierId}-0000000000000000`)).toBeUndefined();
  expect(agencyOf(taskIdOf(dossierId, 'tax', 1).slice(30))).toBeUndefined();
});

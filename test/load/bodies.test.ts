import portZones from '../../config/port-zones.json';
import { readDeclaration } from '../../gateway/wire/read-declaration';
import { createZoneOfPort } from '../../gateway/wire/validate/port-zones';
import { createDeclarationValidator } from '../../gateway/wire/validate/validate-declaration';
import { consignmentsWithin, ID_LENGTH, idOf, makeBody, shipOf, type Format, type Kind, type Size } from './bodies';

const nowMs = Date.parse('2026-11-24T03:00:00Z');
const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone: 'Asia/Ho_Chi_Minh' });

/** The body as the generator sends it. */
function sent(format: Format, kind: Kind, size: Size = 'small') {
  const { bytes, ids, roots, ships } = makeBody(size, format, kind, nowMs);
  for (const at of ids) bytes.write(idOf('r0001', 42), at, 'latin1');
  for (const at of roots) bytes.write(idOf('r0001', 41), at, 'latin1');
  for (const at of ships) bytes.write(shipOf(42), at, 'latin1');
  return readDeclaration(format, bytes, '2026-11-24T03:00:00Z', validate);
}

describe.each(['xml', 'json'] as const)('bodies of the load, %s', (format) => {
  test('an original is valid without a warning, under the id and the ship that were written into it', () => {
    expect(sent(format, 'original')).toMatchObject({
      kind: 'valid',
      warnings: [],
      head: { header: { messageId: 'r0001-0000000000042', purpose: 'original' }, ship: { imoNumber: shipOf(42) } },
    });
  });

  test.each(['typical', 0, 60] as const)('of %s consignments: valid without a warning', (size) => {
    expect(sent(format, 'original', size)).toMatchObject({ kind: 'valid', warnings: [] });
  });

  test('an amendment is valid: in EPC a resend, in JSON an amend that names the first message', () => {
    const expected = format === 'xml' ? { purpose: 'original' } : { purpose: 'amend', referenceMessageId: 'r0001-0000000000041' };
    expect(sent(format, 'amendment')).toMatchObject({ kind: 'valid', head: { header: expected } });
  });

  test('an invalid one is refused', () => {
    expect(sent(format, 'invalid')).toMatchObject({ kind: 'refused' });
  });
});

test('the typical one is the unit of work: 20 crew, 4 consignments, stores, 11 to 13 kB of XML', () => {
  const declaration = JSON.parse(makeBody('typical', 'json', 'original', nowMs).bytes.toString()) as {
    formalities: { crewList: { members: unknown[] }; cargo: { consignments: unknown[] }; shipStores: { items: unknown[] } };
  };
  expect(declaration.formalities.crewList.members).toHaveLength(20);
  expect(declaration.formalities.cargo.consignments).toHaveLength(4);
  expect(declaration.formalities.shipStores.items).toHaveLength(3);
  const { length } = makeBody('typical', 'xml', 'original', nowMs).bytes;
  expect(length).toBeGreaterThan(11_000);
  expect(length).toBeLessThan(13_000);
});

test.each([200_000, 1_500_000])('as many consignments as go into %d bytes', (bytes) => {
  const consignments = consignmentsWithin(bytes, 'xml', nowMs);
  const { length } = makeBody(consignments, 'xml', 'original', nowMs).bytes;
  expect(length).toBeLessThanOrEqual(bytes);
  expect(length).toBeGreaterThan(bytes - 2_000);
});

test('ids have one length, ships have different numbers', () => {
  expect(idOf('r0001', 999_999_999)).toHaveLength(ID_LENGTH);
  expect(new Set(Array.from({ length: 1_000 }, (_, n) => shipOf(n))).size).toBe(1_000);
});

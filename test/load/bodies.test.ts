import portZones from '../../config/port-zones.json';
import { readDeclaration } from '../../gateway/wire/read-declaration';
import { createZoneOfPort } from '../../gateway/wire/validate/port-zones';
import { createDeclarationValidator } from '../../gateway/wire/validate/validate-declaration';
import { ID_LENGTH, idOf, makeBody, shipOf, type Format, type Kind } from './bodies';

const nowMs = Date.parse('2026-11-24T03:00:00Z');
const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone: 'Asia/Ho_Chi_Minh' });

/** The body as the generator sends it. */
function sent(format: Format, kind: Kind) {
  const { bytes, ids, roots, ships } = makeBody('small', format, kind, nowMs);
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

  test('an amendment is valid: in EPC a resend, in JSON an amend that names the first message', () => {
    const expected = format === 'xml' ? { purpose: 'original' } : { purpose: 'amend', referenceMessageId: 'r0001-0000000000041' };
    expect(sent(format, 'amendment')).toMatchObject({ kind: 'valid', head: { header: expected } });
  });

  test('an invalid one is refused', () => {
    expect(sent(format, 'invalid')).toMatchObject({ kind: 'refused' });
  });
});

test('ids have one length, ships have different numbers', () => {
  expect(idOf('r0001', 999_999_999)).toHaveLength(ID_LENGTH);
  expect(new Set(Array.from({ length: 1_000 }, (_, n) => shipOf(n))).size).toBe(1_000);
});

import portZones from '../../config/port-zones.json';
import { plainDeclaration, setAt } from '../../test/support/plain-declaration';
import { readDeclaration } from './read-declaration';
import { createZoneOfPort } from './validate/port-zones';
import { createDeclarationValidator } from './validate/validate-declaration';

const validate = createDeclarationValidator({ zoneOfPort: createZoneOfPort(portZones), defaultZone: 'Asia/Ho_Chi_Minh' });

function jsonOf(text: string): string {
  const read = readDeclaration('json', Buffer.from(text), '2026-11-23T02:00:05Z', validate);
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.problems));
  return Buffer.from(read.json).toString();
}

describe('the JSON of a declaration', () => {
  const compact = JSON.stringify(plainDeclaration());

  it('is the text as it was sent where that is compact and normal', () => {
    expect(jsonOf(compact)).toBe(compact);
  });

  it.each(['\n', '  ', '\t'])('is the same whatever the white space', (space) => {
    expect(jsonOf(JSON.stringify(plainDeclaration(), null, space))).toBe(compact);
  });

  it('is what was normalised, not what was sent', () => {
    const sent = setAt(plainDeclaration(), '/header/sentAt', '2026-11-23T09:00:00+07:00');
    expect(jsonOf(JSON.stringify(sent))).toBe(compact);
    const blank = setAt(plainDeclaration(), '/ship/name', ' SONG CAM STAR');
    expect(jsonOf(JSON.stringify(blank))).toBe(compact);
  });
});

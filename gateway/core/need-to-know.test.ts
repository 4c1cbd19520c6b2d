import type { Declaration } from './declaration';
import { compileView, leafPathsOf } from './need-to-know';

/** The mechanism; the shipped lists are held against the whole schema in test/need-to-know.test.ts. */

const declaration = {
  header: { messageId: 'M', purpose: 'original', declarationType: 'arrival', sentAt: '2026-11-20T00:00:00Z' },
  ship: { name: 'SONG CAM STAR', imoNumber: '9074729' },
  formalities: {
    crewList: {
      members: [
        { sequenceNumber: 1, name: { familyName: 'CANARY-A' }, dateOfBirth: '1980-01-01', nationality: 'VNM' },
        { sequenceNumber: 2, name: { familyName: 'CANARY-B' }, dateOfBirth: '1981-01-01', nationality: 'PHL' },
      ],
    },
    health: null,
  },
  extensions: { epc: { secret: 'CANARY-C' } },
} as Declaration;

test('what is not listed is not there, whole branches included', () => {
  expect(compileView([])(declaration)).toEqual({});
  const view = compileView(['ship.name', 'formalities.crewList.members[].nationality', 'portCall.eta']);
  expect(view(declaration)).toEqual({
    ship: { name: 'SONG CAM STAR' },
    formalities: { crewList: { members: [{ nationality: 'VNM' }, { nationality: 'PHL' }] } },
  });
});

test('a path that ends at an object or a list of objects shows nothing of it', () => {
  expect(compileView(['ship', 'formalities.crewList.members[]', 'extensions', 'extensions.epc'])(declaration)).toEqual({});
});

test('a field that the schema gets later is hidden until a row shows it', () => {
  const later = { ...declaration, ship: { ...declaration.ship, captainsPhone: '+84 CANARY' } } as Declaration;
  const view = compileView(['ship.name']);
  expect(view(later)).toEqual(view(declaration));
});

test('the view shares nothing that could be changed with the declaration', () => {
  const view = compileView(['portCall.purposeOfCall[]'])({ ...declaration, portCall: { portOfCall: {}, purposeOfCall: ['1'] } });
  view.portCall?.purposeOfCall?.push('2');
  expect(compileView(['portCall.purposeOfCall[]'])({ ...declaration, portCall: { portOfCall: {}, purposeOfCall: ['1'] } })).toEqual({
    portCall: { purposeOfCall: ['1'] },
  });
});

test('a withdrawn formality shows nothing, nor does a value where an object is expected', () => {
  expect(compileView(['formalities.health.personDied'])(declaration)).toEqual({});
  expect(compileView(['ship.name.familyName'])(declaration)).toEqual({});
});

test('the leaf paths of a schema go through references, alternatives and lists', () => {
  expect(
    leafPathsOf({
      $defs: { port: { type: 'object', properties: { code: { type: 'string' } } } },
      type: 'object',
      properties: {
        port: { $ref: '#/$defs/port' },
        crew: { anyOf: [{ type: 'null' }, { type: 'object', properties: { names: { type: 'array', items: { type: 'string' } } } }] },
        calls: { type: 'array', items: { $ref: '#/$defs/port' } },
      },
    }),
  ).toEqual(['port.code', 'crew.names[]', 'calls[].code']);
});

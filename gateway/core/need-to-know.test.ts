import * as fc from 'fast-check';
import type { Declaration } from './declaration';
import { compileView as compileText, leafPathsOf } from './need-to-know';

const compileView =
  (paths: string[]) =>
  (of: Declaration): unknown =>
    JSON.parse(compileText(paths)(of)) as unknown;

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

test('lists of plain values are shown, and null where a plain value may stand', () => {
  expect(compileView(['portCall.purposeOfCall[]'])({ ...declaration, portCall: { portOfCall: {}, purposeOfCall: ['1'] } })).toEqual({
    portCall: { purposeOfCall: ['1'] },
  });
  expect(compileView(['formalities.health'])(declaration)).toEqual({ formalities: { health: null } });
});

test('a withdrawn formality shows nothing, nor does a value where an object is expected', () => {
  expect(compileView(['formalities.health.personDied'])(declaration)).toEqual({});
  expect(compileView(['ship.name.familyName'])(declaration)).toEqual({});
});

describe('the compiled list', () => {
  /** What it means, step by step: copy what is listed, then serialise the copy. */
  function pick(value: unknown, paths: string[][]): unknown {
    if (Array.isArray(value)) {
      const items = value.map((item) => pick(item, paths)).filter((item) => item !== undefined);
      return items.length === 0 ? undefined : items;
    }
    if (value === null || typeof value !== 'object') return paths.some((path) => path.length === 0) ? value : undefined;
    const picked: [string, unknown][] = [];
    for (const name of new Set(paths.map(([first]) => first).filter((first) => first !== undefined))) {
      const shown = Object.hasOwn(value, name)
        ? pick(
            (value as Record<string, unknown>)[name],
            paths.filter(([first]) => first === name).map((path) => path.slice(1)),
          )
        : undefined;
      if (shown !== undefined) picked.push([name, shown]);
    }
    return picked.length === 0 ? undefined : Object.fromEntries(picked);
  }

  const name = fc.constantFrom('a', 'b', 'c', 'é"\\', 'w0', 'text');
  const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const path = fc.array(fc.tuple(name, fc.constantFrom('', '[]')), { minLength: 1, maxLength: 4 });

  test('writes what copying and serialising would, of anything', () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 6 }), fc.oneof(json, fc.dictionary(name, json)), (steps, value) => {
        const paths = steps.map((parts) => parts.map(([first, list]) => first + list).join('.'));
        const expected =
          pick(
            value,
            steps.map((parts) => parts.map(([first]) => first)),
          ) ?? {};
        // A view is of an object; what else a value could be shows nothing.
        if (value !== null && typeof value === 'object' && !Array.isArray(value))
          expect(compileText(paths)(value as Declaration)).toBe(JSON.stringify(expected));
        else expect(compileText([])(value as Declaration)).toBe('{}');
      }),
      { numRuns: 1_000 },
    );
  });
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

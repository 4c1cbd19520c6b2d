import { loadRules } from '../config/load-rules';
import { readSettings } from '../config/settings';
import type { Declaration } from '../gateway/core/declaration';
import { compileView, leafPathsOf } from '../gateway/core/need-to-know';
import declarationSchema from '../schemas/declaration.schema.json';

/** Need to know, default deny: the whole table of agency × leaf path (guarantees.md G15). */
const { needToKnow, viewOf } = loadRules(readSettings({}));
const leafPaths = leafPathsOf(declarationSchema);
const agencies = Object.keys(needToKnow);

/** A declaration that holds one path and nothing else; lists have two entries. */
function declarationWith(path: string): Declaration {
  const build = (steps: string[]): unknown => {
    const [step, ...rest] = steps;
    if (step === undefined) return 'canary';
    const value = build(rest);
    return step.endsWith('[]') ? { [step.slice(0, -2)]: [value, value] } : { [step]: value };
  };
  return build(path.split('.')) as Declaration;
}

/** The paths that a value holds, in the spelling of the lists. */
function pathsIn(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => pathsIn(item, `${path}[]`)))];
  if (value === null || typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([name, member]) => pathsIn(member, path === '' ? name : `${path}.${name}`));
}

/** Every leaf path at once. */
function fullDeclaration(): Declaration {
  const merge = (a: unknown, b: unknown): unknown => {
    if (Array.isArray(a) && Array.isArray(b)) return a.map((item, i) => merge(item, b[i]));
    if (typeof a !== 'object' || typeof b !== 'object') return b;
    const merged: Record<string, unknown> = { ...a };
    for (const [name, member] of Object.entries(b as object)) merged[name] = name in merged ? merge(merged[name], member) : member;
    return merged;
  };
  return leafPaths.map(declarationWith).reduce((all, one) => merge(all, one) as Declaration);
}

test('the table covers every agency and a schema of several hundred fields', () => {
  expect(agencies).toEqual(expect.arrayContaining(['harbour-master', 'customs', 'tax', 'planning', 'border-guard', 'health-quarantine']));
  expect(leafPaths.length).toBeGreaterThan(400);
  expect(new Set(leafPaths).size).toBe(leafPaths.length);
});

describe.each(agencies)('%s', (agency) => {
  const listed = new Set(needToKnow[agency]);
  const text = viewOf.get(agency);
  if (text === undefined) throw new Error('no view');
  const view = (declaration: Declaration): unknown => JSON.parse(text(declaration)) as unknown;

  test('sees a declaration of one field whole when the field is on its list, and nothing of it otherwise', () => {
    const wrong = leafPaths.filter((path) => {
      const declaration = declarationWith(path);
      const expected = listed.has(path) ? declaration : {};
      return JSON.stringify(view(declaration)) !== JSON.stringify(expected);
    });
    expect(wrong).toEqual([]);
  });

  test('sees exactly its list of a declaration that holds every field', () => {
    expect(pathsIn(view(fullDeclaration())).sort()).toEqual([...listed].sort());
  });

  test('sees no field that is not in the schema, at any depth', () => {
    const parents = new Set(leafPaths.map((path) => path.slice(0, path.lastIndexOf('.') + 1)));
    for (const parent of parents) expect(view(declarationWith(`${parent}newField`))).toEqual({});
    expect(view(declarationWith('newSection.newField'))).toEqual({});
  });

  test('sees nothing inside a field that the list calls a plain value', () => {
    for (const path of listed) expect(JSON.stringify(view(declarationWith(`${path}.inside`)))).not.toContain('canary');
  });

  test('sees nothing of extensions', () => {
    const declaration = { extensions: { epc: { CrewData: 'canary' } } } as unknown as Declaration;
    expect(view(declaration)).toEqual({});
  });
});

test('a field added to the schema is a leaf path, and hidden from all until a row shows it', () => {
  const extended = structuredClone(declarationSchema) as unknown as {
    properties: { ship: { properties: Record<string, unknown> } };
    $defs: Record<string, { properties: Record<string, unknown> }>;
  };
  extended.properties.ship.properties['hullColour'] = { type: 'string' };
  const person = extended.$defs['personOnboard'];
  if (person === undefined) throw new Error('the schema has no personOnboard');
  person.properties['religion'] = { type: 'string' };
  const added = leafPathsOf(extended as unknown as Record<string, unknown>).filter((path) => !leafPaths.includes(path));
  expect(added.sort()).toEqual([
    'formalities.crewList.members[].religion',
    'formalities.passengerList.passengers[].religion',
    'ship.hullColour',
  ]);
  for (const path of added) for (const view of viewOf.values()) expect(view(declarationWith(path))).toBe('{}');
});

describe('personal data', () => {
  const seenBy = (path: string) => agencies.filter((agency) => needToKnow[agency]?.includes(path)).sort();
  const person = /^formalities\.(crewList\.members|passengerList\.passengers)\[\]\./;
  const matching = (pattern: RegExp) => leafPaths.filter((path) => pattern.test(path));

  test.each([
    ['travel documents', /\.travelDocument\./, 10],
    ['visas', /\.visaNumber$/, 2],
    ['dates and places of birth, gender', /\.(dateOfBirth|placeOfBirth|countryOfBirth|genderCode)$/, 8],
    ['names of crew, passengers and master', /(\]\.name|\.master)\.(familyName|givenName|middleName)$/, 9],
  ])('%s are shown to border-guard only', (_what, pattern, count) => {
    const paths = matching(pattern);
    expect(paths).toHaveLength(count);
    for (const path of paths) expect([path, seenBy(path)]).toEqual([path, ['border-guard']]);
  });

  test('cases of illness are shown to health-quarantine only', () => {
    const paths = matching(/^formalities\.health\.cases\[\]\./);
    expect(paths.length).toBeGreaterThan(5);
    for (const path of paths) expect([path, seenBy(path)]).toEqual([path, ['health-quarantine']]);
  });

  test('names and e-mail addresses of contacts, and who signed, are shown to nobody', () => {
    const paths = matching(/\.(contact|companySecurityOfficer|authenticator)\.(familyName|givenName|middleName|email)$/);
    expect(paths.length).toBeGreaterThan(10);
    for (const path of paths) expect([path, seenBy(path)]).toEqual([path, []]);
  });

  test('of single persons the other agencies see at most number, nationality, rank code and transit', () => {
    const open = /\.(sequenceNumber|nationality|rankOrRatingCode|transit)$/;
    for (const path of leafPaths.filter((candidate) => person.test(candidate) && !open.test(candidate))) {
      const others = seenBy(path).filter((agency) => agency !== 'border-guard' && agency !== 'health-quarantine');
      expect([path, others]).toEqual([path, []]);
    }
  });
});

test('a view keeps the order of list entries and leaves out those that show nothing', () => {
  const view = compileView(['formalities.cargo.consignments[].operation']);
  const declaration = {
    formalities: { cargo: { consignments: [{ operation: 'load', items: [] }, { items: [] }, { operation: 'transit', items: [] }] } },
  } as unknown as Declaration;
  expect(JSON.parse(view(declaration))).toEqual({
    formalities: { cargo: { consignments: [{ operation: 'load' }, { operation: 'transit' }] } },
  });
});

import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import type { OpenapiDocument, OpenapiOperation, OpenapiParameter, Schema } from './openapi-document';
import type { PlainRequest } from './plain-http';

/**
 * Requests of an operation of the OpenAPI document: of the shape that it gives, and with one thing or several done to them that a client
 * gone wrong or an attacker might do. The credential is a name; whoever sends puts the token in its place.
 */
export interface FuzzedRequest extends PlainRequest {
  credential: string;
  /** Whether the method is the operation's. */
  ownMethod: boolean;
}

export interface Material {
  document: OpenapiDocument;
  /** By the name of a parameter or a member of a body: what is there, so that some requests find something. */
  known: Readonly<Record<string, readonly string[]>>;
  /** Names of credentials by role. */
  credentials: Readonly<Record<string, readonly string[]>>;
  /** By content type: bodies in place of what the schema gives, where that would hardly ever be right. */
  bodies?: Readonly<Record<string, fc.Arbitrary<Buffer>>>;
}

/** Strings that parsers, paths, tables and people have stumbled over. */
const ODD_TEXT = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'true',
  '0',
  '-1',
  '-0',
  '1e999',
  '1.5',
  'NaN',
  '00000000000000000000000000000000',
  '9007199254740993',
  '..',
  '../../etc/passwd',
  '%00',
  "' OR 1=1 --",
  '{{7*7}}',
  '<script>',
  'ﬀ',
  'đường dẫn',
  '越南',
  '😀',
  '\u202e',
  '\ufeff',
  ' ',
  '*',
  '[]',
  '{}',
  'WyJhIixbXV0',
  // What cursors hold, with other values: positions that are none, huge, negative, of no partition.
  ...[[], [['a', 1]], [[0, 1e308]], [[-1, -1]], [[1e9, 5]], [[0, 0.5]], ['x', [[0, 1]]], ['customs', 1e999, 'x'], ['customs', -1, '']].map(
    (value) => Buffer.from(JSON.stringify(value)).toString('base64url'),
  ),
  '0-0-0',
  '999999-999999999999-9',
  'x'.repeat(1_500),
];
/** Sequences in a path or a query that decode to nothing good. */
const ODD_ENCODED = [
  '%',
  '%zz',
  '%E0%A4%A',
  '%C0%80',
  '%ff',
  '%00',
  '%2f',
  '%2e%2e%2f',
  '%0d%0aX-Injected:%201',
  '%u0041',
  '+',
  '%F0%9F%98%80',
];
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER + 2,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '😀',
  'x'.repeat(70_000),
  [],
  {},
  [[]],
  [null],
  { a: { b: { c: 1 } } },
];
const ODD_TYPES = [
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
  'application/json; charset=utf-16',
  'application/json; charset="utf-8"',
  'application/json;charset=latin1',
  'application/json;;;',
  'application/problem+json',
  'application/xml',
  'text/xml; charset=us-ascii',
  'APPLICATION/JSON',
  ' ',
  'application',
  '*/*',
];
const ODD_ACCEPTS = [
  'image/png',
  '*/*;q=0',
  'application/json;q=0',
  'application/xml',
  'text/xml;q=0.1, application/json;q=x',
  'text/html',
  'application/pdf',
  'application/*',
  ',,,;;;',
  'q=1',
  'a'.repeat(3_000),
];
const ODD_AUTHORIZATIONS = [
  'Bearer',
  'Bearer ',
  'Basic YTpi',
  'bearer x.y.z',
  'Bearer eyJhbGciOiJub25lIn0.e30.',
  `Bearer ${'x'.repeat(5_000)}`,
];
const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ['Accept-Language', 'vi'],
  ['Accept-Language', ',;q=vi,en-*'],
  ['If-None-Match', '*'],
  ['If-None-Match', 'W/"x", ,"'],
  ['Idempotency-Key', ''],
  ['Idempotency-Key', 'k'.repeat(300)],
  ['Idempotency-Key', '\u00e9\u00ff'],
  ['Prefer', 'wait=0'],
  ['Prefer', 'wait=-5, respond-async'],
  ['Prefer', 'wait=x'],
  ['Prefer', 'wait="1"'],
  ['Last-Event-ID', '__proto__'],
  ['Last-Event-ID', '0-99999999999999999999-0'],
  ['Last-Event-ID', '0-1-0'],
  ['traceparent', '00-00000000000000000000000000000000-0000000000000000-00'],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'br'],
  ['Content-Encoding', 'gzip, gzip'],
  ['Range', 'bytes=0-1'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Forwarded-For', '10.0.0.1'],
  ['X-Tenant', 'agent'],
  ['__proto__', 'x'],
  ['Origin', 'null'],
  ['Cookie', 'a=b'],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const ROLES = ['agent', 'agency', 'operator', 'auditor'];

/** More than the gateway takes (8 KB of headers), and as many as it does. */
const headerFlood = fc.constantFrom(50, 400, 900).map((count) => Array.from({ length: count }, (_, i) => [`x-${i}`, 'v'] as const));

/** One in three as the document has it, and about what is there. */
export function requestsOf(operation: OpenapiOperation, material: Material): fc.Arbitrary<FuzzedRequest> {
  return fc.oneof(
    { weight: 1, arbitrary: usualRequests(operation, material) },
    { weight: 2, arbitrary: spoiltRequests(operation, material) },
  );
}

function usualRequests(operation: OpenapiOperation, material: Material): fc.Arbitrary<FuzzedRequest> {
  const { known, credentials, document } = material;
  const own = operation.roles.flatMap((role) => credentials[role] ?? []);
  const segments = operation.parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name, example = '-' }) => fc.constantFrom(...(known[name] ?? [example])));
  const bodies = Object.entries(operation.bodies).map(([type, schema]) =>
    (material.bodies?.[type] ?? bytesOf(schema, document, known)).map((bytes) => ({ bytes, type })),
  );
  return fc
    .record({
      path: fc.tuple(...segments),
      credential: fc.constantFrom(...(own.length === 0 ? [''] : own)),
      body: bodies.length === 0 ? fc.constant(undefined) : fc.oneof(...bodies),
    })
    .map(({ path, credential, body }) => {
      let next = 0;
      return {
        method: operation.method.toUpperCase(),
        ownMethod: true,
        target: operation.route.replace(/\{\w+\}/g, () => encodeURIComponent(path[next++] ?? '')),
        headers: body === undefined ? [] : [['Content-Type', body.type] as const],
        credential,
        body: body?.bytes,
      };
    });
}

function bytesOf(schema: Schema, document: OpenapiDocument, known: Material['known']): fc.Arbitrary<Buffer> {
  return valueOf(schema, document, known).map((value) => Buffer.from(textOf(value)));
}

function spoiltRequests(operation: OpenapiOperation, material: Material): fc.Arbitrary<FuzzedRequest> {
  const pathParameters = operation.parameters.filter((parameter) => parameter.in === 'path');
  const queryParameters = operation.parameters.filter((parameter) => parameter.in === 'query');
  const headerParameters = operation.parameters.filter((parameter) => parameter.in === 'header');
  return fc
    .record({
      path: fc.tuple(...pathParameters.map((parameter) => pathSegment(parameter, material))),
      query: queryOf(queryParameters, material),
      headers: fc.tuple(
        fc.subarray(headerParameters.flatMap(({ name, example }) => (example === undefined ? [] : [[name, calm(name, example)] as const]))),
        rarely(fc.subarray([...ODD_HEADERS], { maxLength: 4 }), []),
        rarely(headerFlood, [], 30),
      ),
      accept: rarely(fc.constantFrom(...ODD_ACCEPTS), undefined, 5),
      credential: credentialOf(operation, material),
      method: rarely(fc.constantFrom(...METHODS), operation.method.toUpperCase(), 10),
      body: bodyOf(operation, material),
    })
    .map(({ path, query, headers, accept, credential, method, body }) => {
      let next = 0;
      const address = operation.route.replace(/\{\w+\}/g, () => path[next++] ?? '');
      const named = [
        ...headers.flat(),
        ...(accept === undefined ? [] : [['Accept', accept] as const]),
        ...(body === undefined || method === 'GET' || method === 'HEAD' || body.type === undefined
          ? []
          : [['Content-Type', body.type] as const]),
        ...(body?.isPacked === true ? [['Content-Encoding', 'gzip'] as const] : []),
      ];
      return {
        method,
        ownMethod: method === operation.method.toUpperCase(),
        target: address + query,
        headers: named,
        credential,
        body: body === undefined || method === 'GET' || method === 'HEAD' ? undefined : body.bytes,
      };
    });
}

/** As the document shows it, but waiting for nothing. */
function calm(name: string, example: string): string {
  return name === 'Prefer' ? 'wait=1' : example;
}

function rarely<T, U>(odd: fc.Arbitrary<T>, usual: U, oneIn = 3): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });
}

function credentialOf(operation: OpenapiOperation, { credentials }: Material): fc.Arbitrary<string> {
  const all = ROLES.flatMap((role) => credentials[role] ?? []);
  const own = operation.roles.flatMap((role) => credentials[role] ?? []);
  const others = fc.constantFrom(...all, '', ...ODD_AUTHORIZATIONS);
  return own.length === 0 ? others : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...own) }, { weight: 1, arbitrary: others });
}

/** Never empty, and no slash: that would be another route. */
function pathSegment({ name, schema, example }: OpenapiParameter, { known, document }: Material): fc.Arbitrary<string> {
  const there = known[name] ?? (example === undefined ? [] : [example]);
  const odd = fc.oneof(
    fc.constantFrom(...ODD_TEXT.filter((text) => text !== '..')).map(encodeURIComponent),
    fc.constantFrom(...ODD_ENCODED),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).map(encodedAnyhow),
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }).map(encodedAnyhow),
  );
  return fc.oneof(
    { weight: 12, arbitrary: there.length === 0 ? odd : fc.constantFrom(...there).map(encodeURIComponent) },
    { weight: 2, arbitrary: valueOf(schema, document).map((value) => encodedAnyhow(String(value)) || '-') },
    { weight: 2, arbitrary: odd },
  );
}

function encodedAnyhow(text: string): string {
  // A lone surrogate has no UTF-8.
  return encodeURIComponent(Buffer.from(text).toString());
}

function queryOf(parameters: readonly OpenapiParameter[], { known, document }: Material): fc.Arbitrary<string> {
  const pair = (name: string, value: string): string => `${name}=${value}`;
  const usual = parameters.map(({ name, schema }) =>
    fc
      .oneof(...(known[name] === undefined ? [] : [fc.constantFrom(...known[name])]), valueOf(schema, document).map(String))
      .map((value) => pair(name, encodedAnyhow(name === 'wait' ? '0' : value))),
  );
  const odd = parameters.map(({ name }) =>
    fc
      .oneof(
        { weight: 3, arbitrary: fc.constantFrom(...ODD_TEXT).map(encodedAnyhow) },
        { weight: 1, arbitrary: fc.constantFrom(...ODD_ENCODED) },
        { weight: 1, arbitrary: fc.constant('') },
      )
      // A wait is not to be waited for.
      .map((value) => pair(name, name === 'wait' && /^\d+$/.test(value) ? '-1' : value)),
  );
  const unknown = fc.constantFrom('a=1', '__proto__=1', '__proto__[x]=1', 'constructor[prototype][x]=1', '%=%', '&&&', '=', 'tenant=agent');
  const repeated = parameters.map(({ name }) => fc.constant(`${name}=1&${name}=2`));
  const nested = parameters.map(({ name }) => fc.constant(`${name}[]=1&${name}[a]=2`));
  return fc
    .tuple(
      fc.tuple(...usual.map((arbitrary) => rarely(arbitrary, undefined))),
      rarely(fc.oneof(...odd, ...repeated, ...nested, unknown), undefined, 2),
    )
    .map(([pairs, one]) => [...pairs, one].filter((part) => part !== undefined))
    .map((parts) => (parts.length === 0 ? '' : `?${parts.join('&')}`));
}

interface Body {
  bytes: Buffer;
  type: string | undefined;
  isPacked: boolean;
}

function bodyOf(operation: OpenapiOperation, material: Material): fc.Arbitrary<Body | undefined> {
  const kinds = Object.entries(operation.bodies);
  const unasked = fc.constantFrom('{}', '{', 'x'.repeat(2_000)).map((text) => Buffer.from(text));
  if (kinds.length === 0)
    return rarely(
      unasked.map((bytes) => ({ bytes, type: 'application/json', isPacked: false })),
      undefined,
      10,
    );
  return fc
    .oneof(
      ...kinds.map(([type, schema]) => {
        const usual = material.bodies?.[type] ?? bytesOf(schema, material.document, material.known);
        const changed = type.includes('json') ? usual.chain(spoiltJson) : usual;
        const bytes = fc.oneof({ weight: 2, arbitrary: usual }, { weight: 3, arbitrary: changed }, { weight: 1, arbitrary: hostileBodies });
        return bytes.map((body) => ({ type, body }));
      }),
    )
    .chain(({ type, body }) =>
      fc
        .tuple(rarely(fc.constantFrom(...ODD_TYPES, undefined), type, 6), rarely(fc.boolean(), false, 8))
        .map(([named, isPacked]) => ({ type: named, isPacked, bytes: isPacked ? gzipSync(body) : body })),
    );
}

/** What is no document of anybody. */
const hostileBodies = fc
  .constantFrom(
    '',
    ' ',
    '{',
    '[',
    'null',
    '"x"',
    '1e999',
    '[1]',
    '\ufeff{}',
    '{"a":1}{"a":1}',
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`,
    '{"__proto__":{"outcome":"accepted","dossier":"x","ids":[]}}',
    '<a/>',
    '<a>'.repeat(5_000),
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<?xml version="1.0" encoding="UTF-16"?><a/>',
    '\u0000\u0001\u0002',
  )
  .map((text) => Buffer.from(text));

/** JSON.stringify throws at nothing here, and keeps __proto__ where it is a member. */
function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** A JSON document with a member changed, added, taken away or twice, or with its text cut, or with bytes that are no UTF-8. */
function spoiltJson(bytes: Buffer): fc.Arbitrary<Buffer> {
  const text = bytes.toString();
  const places = [...text.matchAll(/"[^"\\]*":(?=[^\s])/g)].map((match) => match.index + match[0].length);
  const place = places.length === 0 ? fc.constant(text.length) : fc.constantFrom(...places);
  const added = fc.constantFrom(
    '"__proto__":{"outcome":"accepted","isAdmin":true},',
    '"constructor":{"prototype":{"x":1}},',
    '"toString":1,',
    '"unknown":[],',
    '"":0,',
    '"a":1,"a":2,',
    '"n":1e999,',
    '"n":123456789012345678901234567890,',
    '"n":-0,',
    '"s":"\\ud800",',
    '"s":"\\u0000",',
    `"deep":${'['.repeat(200)}${']'.repeat(200)},`,
    `"long":"${'x'.repeat(70_000)}",`,
  );
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(place, fc.constantFrom(...ODD_VALUES))
        .map(([at, value]) => Buffer.from(text.slice(0, at) + textOf(value) + text.slice(endOfValue(text, at)))),
    },
    { weight: 2, arbitrary: added.map((member) => Buffer.from(text.replace('{', `{${member}`))) },
    { weight: 1, arbitrary: fc.nat({ max: text.length }).map((at) => Buffer.from(text.slice(0, at))) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.nat({ max: Math.max(0, bytes.length - 1) }), fc.nat({ max: 255 })).map(([at, byte]) => {
        const copy = Buffer.from(bytes);
        if (at < copy.length) copy[at] = byte;
        return copy;
      }),
    },
  );
}

/** Where the JSON value that begins here ends, told by its brackets and quotes. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      depth--;
    } else if (character === ',' && depth === 0) return at;
    if (depth === 0 && (text[at + 1] === ',' || text[at + 1] === '}' || text[at + 1] === ']')) return at + 1;
  }
  return text.length;
}

const MAX_DEPTH = 4;

/** Values of a schema, as far as the schemas of the document go: of its type and form, not of every rule. */
export function valueOf(given: Schema, document: OpenapiDocument, known: Material['known'] = {}, depth = 0): fc.Arbitrary<unknown> {
  const schema = document.resolve(given);
  const again = (inner: unknown, name = ''): fc.Arbitrary<unknown> => {
    const own = valueOf(inner as Schema, document, known, depth + 1);
    return known[name] === undefined ? own : fc.oneof(fc.constantFrom(...known[name]), own);
  };
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  if (type === undefined) {
    const choices = (schema['anyOf'] ?? schema['oneOf']) as unknown[] | undefined;
    return choices === undefined ? fc.jsonValue({ maxDepth: 2 }) : fc.oneof(...choices.map((choice) => again(choice)));
  }
  switch (type) {
    case 'object': {
      if (depth > MAX_DEPTH) return fc.constant({});
      const members = Object.entries((schema['properties'] ?? {}) as Schema);
      return fc.record(Object.fromEntries(members.map(([name, inner]) => [name, again(inner, name)])), {
        requiredKeys: ((schema['required'] ?? []) as string[]).filter((name) => members.some(([member]) => member === name)),
      });
    }
    case 'array':
      return fc.array(again(schema['items'] ?? {}), { maxLength: depth > MAX_DEPTH ? 0 : 3, minLength: 0 });
    case 'integer':
      return fc.integer({ min: Number(schema['minimum'] ?? -2), max: Number(schema['maximum'] ?? 1_000) });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default: {
      if (schema['format'] === 'date-time')
        return fc.date({ min: new Date('2026-01-01'), max: new Date('2027-12-31'), noInvalidDate: true }).map((date) => date.toISOString());
      if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern'], 'u'));
      return fc.string({
        unit: 'grapheme',
        minLength: Number(schema['minLength'] ?? 0),
        maxLength: Math.min(40, Number(schema['maxLength'] ?? 40)),
      });
    }
  }
}

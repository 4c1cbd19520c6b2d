import schema from '../../../schemas/declaration.schema.json';

/**
 * What `normalise` needs to know of the schema, worked out once at start: which texts are times, what may be left out when
 * empty, how long a list may be.
 */
export type Shape =
  | { kind: 'object'; fields: Map<string, Field> }
  | { kind: 'array'; items: Shape; maxItems: number }
  | { kind: 'dateTime' | 'date' | 'unLocode' | 'unNumber' | 'text' | 'other' };

export interface Field {
  shape: Shape;
  /** The name as it stands in JSON, with a comma before it and the colon: its bytes in words of four, the lowest first. */
  nameWords: Int32Array;
  nameBytes: number;
  /** True when an empty object or list says something: it is required, or stands for a formality or a cancellation. */
  keepEmpty: boolean;
}

type SchemaNode = Record<string, unknown>;

const definitions = schema.$defs as unknown as Record<string, SchemaNode>;
const definitionKinds: Record<string, Shape> = {
  dateTime: { kind: 'dateTime' },
  date: { kind: 'date' },
  unLocode: { kind: 'unLocode' },
};
const shapes = new Map<string, Shape>();

function shapeOf(node: SchemaNode, name: string): Shape {
  const ref = node['$ref'];
  if (typeof ref === 'string') return shapeOfDefinition(ref.slice('#/$defs/'.length));
  const branches = node['anyOf'];
  if (Array.isArray(branches)) return shapeOf(branches[0] as SchemaNode, name);
  switch (node['type']) {
    case 'object':
      return name === 'extensions' ? { kind: 'other' } : objectShape(node, name);
    case 'array':
      return { kind: 'array', items: shapeOf(node['items'] as SchemaNode, name), maxItems: Number(node['maxItems']) };
    case 'string':
      return { kind: name === 'unNumber' ? 'unNumber' : 'text' };
    default:
      return { kind: Array.isArray(node['enum']) ? 'text' : 'other' };
  }
}

function objectShape(node: SchemaNode, name: string): Shape {
  const required = new Set((node['required'] ?? []) as string[]);
  const fields = new Map<string, Field>();
  for (const [key, child] of Object.entries((node['properties'] ?? {}) as Record<string, SchemaNode>))
    fields.set(key, {
      shape: shapeOf(child, key),
      ...nameOf(key),
      keepEmpty: required.has(key) || name === 'formalities' || key === 'cancellation',
    });
  return { kind: 'object', fields };
}

function nameOf(key: string): Pick<Field, 'nameWords' | 'nameBytes'> {
  const bytes = Buffer.from(`,${JSON.stringify(key)}:`);
  const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return { nameWords: Int32Array.from({ length: padded.length / 4 }, (_, i) => padded.readInt32LE(4 * i)), nameBytes: bytes.length };
}

function shapeOfDefinition(name: string): Shape {
  const known = definitionKinds[name] ?? shapes.get(name);
  if (known !== undefined) return known;
  const shape = shapeOf(definitions[name] ?? {}, name);
  shapes.set(name, shape);
  return shape;
}

export const declarationShape: Shape = objectShape(schema, '');

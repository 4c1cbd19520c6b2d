/**
 * An OpenAPI or AsyncAPI document refers to the schemas of the wire as files beside it ({ "$ref": "clearance.schema.json" } under
 * components.schemas). Served, it must stand alone: each file is put in its place, its own references follow it there, and
 * references between files (by $id) point at the place of the other.
 */
interface JsonSchema {
  $id?: string;
  [keyword: string]: unknown;
}

interface ApiDocument {
  components?: { schemas?: object };
}

/**
 * @param schemas by file name
 * @throws Error where the document names a file that is not given
 */
export function inlineSchemas<T extends ApiDocument>(document: T, schemas: Readonly<Record<string, JsonSchema>>): T {
  const copy = structuredClone(document);
  const components = (copy.components?.schemas ?? {}) as Record<string, unknown>;
  const places = new Map<string, string>();
  const files = Object.entries(components).flatMap(([name, value]) => {
    const file = (value as { $ref?: unknown } | null)?.$ref;
    if (typeof file !== 'string' || file.startsWith('#')) return [];
    const schema = schemas[file];
    if (schema === undefined) throw new Error(`components.schemas.${name} names ${file}, which is not given`);
    if (schema.$id !== undefined) places.set(schema.$id, `#/components/schemas/${name}`);
    return [{ name, schema }];
  });
  for (const { name, schema } of files) {
    const { $id: _id, $schema: _schema, ...rest } = schema;
    components[name] = moved(rest, `#/components/schemas/${name}`, places);
  }
  return copy;
}

function moved(value: unknown, place: string, places: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((entry) => moved(entry, place, places));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) =>
      key === '$ref' && typeof entry === 'string' ? [key, target(entry, place, places)] : [key, moved(entry, place, places)],
    ),
  );
}

function target(reference: string, place: string, places: ReadonlyMap<string, string>): string {
  if (reference.startsWith('#')) return place + reference.slice(1);
  const known = places.get(reference);
  if (known === undefined) throw new Error(`${reference} is not among the components`);
  return known;
}

import type { Declaration } from './declaration';

/**
 * Need to know, default deny (architecture.md §5, guarantees.md G15): an agency sees the leaf paths on its list and no other.
 * A path is written `formalities.crewList.members[].name.familyName`; a new field of the schema is hidden until a row shows it.
 */
export type ViewOf = (declaration: Declaration) => Partial<Declaration>;

interface Node {
  leaf: boolean;
  members: Map<string, Node>;
}

/** Compiles an agency's list once; the returned function copies what is listed and keeps the order of the declaration. */
export function compileView(paths: readonly string[]): ViewOf {
  const root: Node = { leaf: false, members: new Map() };
  for (const path of paths) {
    let node = root;
    for (const step of path.split('.')) {
      const name = step.endsWith('[]') ? step.slice(0, -2) : step;
      let next = node.members.get(name);
      if (next === undefined) node.members.set(name, (next = { leaf: false, members: new Map() }));
      node = next;
    }
    node.leaf = true;
  }
  // A declaration is never changed: the fold compares its view, then sends it.
  const views = new WeakMap<Declaration, Partial<Declaration>>();
  return (declaration) => {
    let view = views.get(declaration);
    if (view === undefined) views.set(declaration, (view = pick(declaration, root) ?? {}));
    return view;
  };
}

const texts = new WeakMap<object, string>();

/** A view as JSON, serialised once: its digest tells a change, its text goes into the request. Keys stand in the order of the list. */
export function viewText(view: Partial<Declaration>): string {
  let text = texts.get(view);
  if (text === undefined) texts.set(view, (text = JSON.stringify(view)));
  return text;
}

function pick(value: unknown, node: Node): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => pick(item, node)).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (value === null || typeof value !== 'object') return node.leaf ? value : undefined;
  const source = value as Record<string, unknown>;
  let picked: Record<string, unknown> | undefined;
  for (const [name, child] of node.members) {
    const member = source[name];
    if (member === undefined) continue;
    const shown = pick(member, child);
    if (shown !== undefined) (picked ??= {})[name] = shown;
  }
  return picked;
}

/** Every leaf path of a JSON Schema object with its `$defs`, in the spelling of the lists. */
export function leafPathsOf(schema: Record<string, unknown>): string[] {
  const definitions = (schema['$defs'] ?? {}) as Record<string, Record<string, unknown>>;
  const paths: string[] = [];
  const walk = (node: Record<string, unknown>, path: string): void => {
    const reference = node['$ref'];
    if (typeof reference === 'string') return walk(definitions[reference.slice('#/$defs/'.length)] ?? {}, path);
    const alternatives = (node['anyOf'] ?? node['oneOf']) as Record<string, unknown>[] | undefined;
    if (alternatives !== undefined) {
      for (const alternative of alternatives) if (alternative['type'] !== 'null') walk(alternative, path);
      return;
    }
    if (node['type'] === 'array') return walk((node['items'] ?? {}) as Record<string, unknown>, `${path}[]`);
    const properties = node['properties'] as Record<string, Record<string, unknown>> | undefined;
    if (properties === undefined) {
      paths.push(path);
      return;
    }
    for (const [name, property] of Object.entries(properties)) walk(property, path === '' ? name : `${path}.${name}`);
  };
  walk(schema, '');
  return paths;
}

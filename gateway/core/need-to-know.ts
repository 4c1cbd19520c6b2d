import type { Declaration } from './declaration';

/**
 * Need to know, default deny (architecture.md §5, guarantees.md G15): an agency sees the leaf paths on its list and no other.
 * A path is written `formalities.crewList.members[].name.familyName`; a new field of the schema is hidden until a row shows it.
 * A view is a part of a declaration as JSON text: what the request carries and the digest tells apart.
 */
export type ViewOf = (declaration: Declaration) => string;

interface Node {
  leaf: boolean;
  members: Map<string, Node>;
}

/**
 * Compiles an agency's list once, to code that writes what is listed as JSON and looks at nothing else: copying it and serialising the
 * copy costs three times as much, for every agency of every declaration. Keys stand in the order of the list, so that a view and its
 * digest do not depend on the dialect.
 */
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
  if (root.members.size === 0) return () => '{}';
  const functions: string[] = [];
  const main = writerOf(root, functions);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- names are quoted; the list is configuration
  const compiled = new Function('plain', 'list', `'use strict';\n${functions.join('\n')}\nreturn ${main};`) as (
    plain: Writer,
    list: typeof writeList,
  ) => Writer;
  const write = compiled(writePlain, writeList);
  return (declaration) => write(declaration) || '{}';
}

/** The text of what is shown of a value; empty when that is nothing. */
type Writer = (value: unknown) => string;

/** Adds the source of the node's writer and those below it; returns its name. */
function writerOf(node: Node, functions: string[]): string {
  if (node.members.size === 0) return 'plain';
  const name = `w${functions.length}`;
  functions.push('');
  let source = `function ${name}(value) {
  if (value === null || typeof value !== 'object') return ${node.leaf ? 'plain(value)' : "''"};
  if (Array.isArray(value)) return list(value, ${name});
  let text = '', part;`;
  for (const [member, child] of node.members) {
    const key = JSON.stringify(member);
    source += `
  part = value[${key}];
  if (part !== undefined && (part = ${writerOf(child, functions)}(part)) !== '') text += (text === '' ? ${JSON.stringify(`{${key}:`)} : ${JSON.stringify(`,${key}:`)}) + part;`;
  }
  functions[Number(name.slice(1))] = `${source}\n  return text === '' ? '' : text + '}';\n}`;
  return name;
}

/** Text without anything that JSON escapes. */
const UNESCAPED = /^[ !#-[\]-~\u00a0-\ud7ff]*$/;

/** A plain value, or a list of such; objects show nothing. */
function writePlain(value: unknown): string {
  if (typeof value === 'string') return UNESCAPED.test(value) ? `"${value}"` : JSON.stringify(value);
  if (Array.isArray(value)) return writeList(value, writePlain);
  return value === null || typeof value !== 'object' ? JSON.stringify(value) : '';
}

/** Entries that show nothing are left out. */
function writeList(values: readonly unknown[], write: Writer): string {
  let text = '';
  for (const value of values) {
    const part = write(value);
    if (part !== '') text += (text === '' ? '[' : ',') + part;
  }
  return text === '' ? '' : `${text}]`;
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

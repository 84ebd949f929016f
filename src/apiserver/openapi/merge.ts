/** What documents of OpenAPI v2 that extension servers have add to this server's own. */
import { deepEqual } from '../../schema/equal.ts';
import type { Json } from './definitions.ts';

const DEFINITION = '#/definitions/';
const PARAMETER = '#/parameters/';
const KINDS = 'x-kubernetes-group-version-kind';

/** The three parts of a document that are merged. */
export interface SwaggerPart {
  readonly paths: Json;
  readonly definitions: Json;
  readonly parameters: Json;
}

/**
 * The paths of a document that begin with `prefix`, and the definitions they need; definitions that nothing ever
 * needed stay as well. Throws TypeError for what is no such document.
 */
export function partBelow(document: unknown, prefix: string): SwaggerPart {
  const all = object(document);
  const definitions = object(all.definitions ?? {});
  const parameters = object(all.parameters ?? {});
  const paths = Object.fromEntries(Object.entries(object(all.paths ?? {})).filter(([path]) => path.startsWith(prefix)));
  const needed = references([all.paths, definitions, parameters]);
  const still = references([paths, definitions, parameters]);
  const kept = Object.entries(definitions).filter(
    ([name]) => still.has(DEFINITION + name) || !needed.has(DEFINITION + name),
  );
  return { paths, definitions: Object.fromEntries(kept), parameters };
}

/**
 * The first part with everything in the others. Where two have a path, the first one's counts; another definition or
 * parameter of a name that is taken gets a name of its own, "NAME_v2". Descriptions do not tell definitions apart:
 * this server's are in its own words, and its types would stand in the document twice.
 */
export function merged(first: SwaggerPart, others: readonly SwaggerPart[]): SwaggerPart {
  const { paths, definitions, parameters } = first;
  const into: Parts = {
    paths: new Map(Object.entries(paths)),
    definitions: new Map(Object.entries(definitions)),
    parameters: new Map(Object.entries(parameters)),
  };
  for (const other of others) add(into, other);
  return { paths: sorted(into.paths), definitions: sorted(into.definitions), parameters: sorted(into.parameters) };
}

/** Maps, since names may be those of what every object has. */
type Parts = Readonly<Record<keyof SwaggerPart, Map<string, unknown>>>;

function add(into: Parts, part: SwaggerPart): void {
  const paths = Object.entries(part.paths).filter(([path]) => !into.paths.has(path));
  if (paths.length === 0) return;
  const definitions = renames(into.definitions, part.definitions, sameDefinition);
  const parameters = renames(into.parameters, part.parameters, deepEqual);
  const refs = new Map<string, string>();
  for (const [from, to] of definitions) refs.set(DEFINITION + from, DEFINITION + to);
  for (const [from, to] of parameters) refs.set(PARAMETER + from, PARAMETER + to);
  const copy = (value: unknown) => (refs.size > 0 ? renamed(value, refs) : value);
  for (const [name, value] of Object.entries(part.definitions)) {
    const to = definitions.get(name) ?? name;
    const existing = into.definitions.get(to);
    into.definitions.set(to, existing === undefined ? copy(value) : withKinds(object(existing), object(value)));
  }
  for (const [name, value] of Object.entries(part.parameters)) {
    const to = parameters.get(name) ?? name;
    if (!into.parameters.has(to)) into.parameters.set(to, copy(value));
  }
  for (const [path, value] of paths) into.paths.set(path, copy(value));
}

/** New names for what has another's name and is not the same. */
function renames(
  taken: ReadonlyMap<string, unknown>,
  added: Json,
  same: (a: unknown, b: unknown) => boolean,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  for (const [name, value] of Object.entries(added)) {
    if (!taken.has(name) || same(taken.get(name), value)) continue;
    let to = name;
    for (let i = 2; ; i++) {
      to = `${name}_v${i}`;
      if (taken.has(to) ? same(taken.get(to), value) : !used.has(to) && !Object.hasOwn(added, to)) break;
    }
    used.add(to);
    names.set(name, to);
  }
  return names;
}

const sameDefinition = (a: unknown, b: unknown): boolean => deepEqual(withoutWords(a, true), withoutWords(b, true));

/** A schema without its descriptions; `top` without the kinds that it is. */
function withoutWords(value: unknown, top = false): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutWords(one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // A property of this name has a schema, not a text.
      .filter(([key, one]) => !(key === 'description' && typeof one === 'string') && !(top && key === KINDS))
      .map(([key, one]) => [key, withoutWords(one)]),
  );
}

/** A definition that is the kinds of both. */
function withKinds(definition: Json, other: Json): Json {
  const kinds = Array.isArray(definition[KINDS]) ? definition[KINDS] : [];
  const more = Array.isArray(other[KINDS]) ? other[KINDS] : [];
  const added = more.filter((one) => !kinds.some((known) => deepEqual(known, one)));
  if (added.length === 0) return definition;
  const key = (kind: Json) => `${kind.group}/${kind.version}.${kind.kind}`;
  const all = [...kinds, ...added].map(object).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return { ...definition, [KINDS]: all };
}

function renamed(value: unknown, refs: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, refs));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => {
      const to = key === '$ref' && typeof one === 'string' ? refs.get(one) : undefined;
      return [key, to ?? renamed(one, refs)];
    }),
  );
}

function references(value: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof value !== 'object' || value === null) return found;
  if ('$ref' in value && typeof value.$ref === 'string') found.add(value.$ref);
  for (const one of Object.values(value)) references(one, found);
  return found;
}

function object(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('not an OpenAPI document');
  return value as Json; // an object of JSON
}

const sorted = (part: ReadonlyMap<string, unknown>): Json =>
  Object.fromEntries([...part].sort(([a], [b]) => (a < b ? -1 : 1)));

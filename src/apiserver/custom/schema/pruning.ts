/**
 * Drops what a schema does not name. Values are not changed: what is returned shares all that could stay.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
 */
import { isJsonObject, type JsonObject, setOwn } from '../../../schema/json.ts';
import { memberOf, type Structural } from './structural.ts';

const metaFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * Prunes an object of the kind: its apiVersion, kind and metadata stay whatever the schema says. Paths of the fields that
 * go ("spec.rules[0].x") are added to `unknown`, in no particular order.
 */
export function pruneObject(object: JsonObject, root: Structural | undefined, unknown?: string[]): JsonObject {
  if (root?.preserveUnknown) return skipMembers(object, root, true, '', unknown);
  return pruneMembers(object, root, true, '', unknown);
}

/** Prunes a part of an object. */
export const pruneValue = (value: unknown, node: Structural): unknown => prune(value, node, '', undefined);

function prune(value: unknown, node: Structural | undefined, path: string, unknown: string[] | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (node?.preserveUnknown) return skip(value, node, path, unknown);
  if (Array.isArray(value)) return mapList(value, (item, i) => prune(item, node?.items, `${path}[${i}]`, unknown));
  return isJsonObject(value) ? pruneMembers(value, node, node?.embedded === true, path, unknown) : value;
}

function pruneMembers(
  object: JsonObject,
  node: Structural | undefined,
  keepsMeta: boolean,
  path: string,
  unknown: string[] | undefined,
): JsonObject {
  return mapMembers(object, (value, name) => {
    if (keepsMeta && metaFields.has(name)) return value;
    const member = node && memberOf(node, name);
    if (member || node?.allowsAdditional) {
      const scalar = typeof value !== 'object' || value === null;
      return scalar ? value : prune(value, member, join(path, name), unknown);
    }
    unknown?.push(join(path, name));
    return undefined;
  });
}

/** Where unknown fields are kept, what the schema names is pruned all the same. */
function skip(value: unknown, node: Structural | undefined, path: string, unknown: string[] | undefined): unknown {
  if (!node) return value;
  if (Array.isArray(value)) return mapList(value, (item, i) => skip(item, node.items, `${path}[${i}]`, unknown));
  return isJsonObject(value) ? skipMembers(value, node, node.embedded, path, unknown) : value;
}

function skipMembers(
  object: JsonObject,
  node: Structural,
  keepsMeta: boolean,
  path: string,
  unknown: string[] | undefined,
): JsonObject {
  return mapMembers(object, (value, name) => {
    const member = memberOf(node, name);
    if ((keepsMeta && metaFields.has(name)) || (!member && !node.allowsAdditional)) return value;
    return prune(value, member, join(path, name), unknown);
  });
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** The list with each item replaced; the same list where all stay as they are. */
export function mapList(list: readonly unknown[], each: (item: unknown, index: number) => unknown): unknown[] {
  let out: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = each(list[i], i);
    if (item !== list[i]) {
      out ??= [...list];
      out[i] = item;
    }
  }
  return out ?? (list as unknown[]); // Nobody who gets it may change it.
}

/** The object with each member replaced, or dropped where it becomes undefined; the same where all stay as they are. */
export function mapMembers(object: JsonObject, each: (value: unknown, name: string) => unknown): JsonObject {
  const names = Object.keys(object);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const after = each(object[name], name);
    if (after !== object[name]) return changedMembers(object, names, i, after, each);
  }
  return object;
}

/** The same from a member on that is the first to change: what is left has no holes. */
function changedMembers(
  object: JsonObject,
  names: readonly string[],
  from: number,
  first: unknown,
  each: (value: unknown, name: string) => unknown,
): JsonObject {
  const out: JsonObject = {};
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const value = i < from ? object[name] : i === from ? first : each(object[name], name);
    if (value !== undefined) setOwn(out, name, value);
  }
  return out;
}

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
  let changed = false;
  const out: JsonObject = {};
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (keepsMeta && metaFields.has(name)) {
      setOwn(out, name, value);
      continue;
    }
    const member = node && memberOf(node, name);
    if (member || node?.allowsAdditional) {
      const scalar = typeof value !== 'object' || value === null;
      const pruned = scalar ? value : prune(value, member, join(path, name), unknown);
      changed ||= pruned !== value;
      setOwn(out, name, pruned);
      continue;
    }
    changed = true;
    unknown?.push(join(path, name));
  }
  return changed ? out : object;
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
  let out: JsonObject | undefined;
  for (const name of Object.keys(object)) {
    const before = object[name];
    const after = each(before, name);
    if (after === before) continue;
    out ??= { ...object };
    if (after === undefined) delete out[name];
    else setOwn(out, name, after);
  }
  return out ?? object;
}

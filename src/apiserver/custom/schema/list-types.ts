/** Lists that are sets or maps have no two elements that are the same. https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy */
import { type FieldError, fieldErrors, Path } from '../../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { sorted } from '../../validation/go-value.ts';
import { memberOf, type Structural } from './structural.ts';

/** Complaints about duplicates in all lists of an object. */
export function listTypeProblems(object: JsonObject, root: Structural): FieldError[] {
  const found: FieldError[] = [];
  if (root.below.uniqueLists) checkMembers(object, root, Path.root, found);
  return found;
}

function check(value: unknown, node: Structural, path: Path, found: FieldError[]): void {
  if (!node.below.uniqueLists) return;
  if (Array.isArray(value)) checkList(value, node, path, found);
  else if (isJsonObject(value)) checkMembers(value, node, path, found);
}

function checkMembers(object: JsonObject, node: Structural, path: Path, found: FieldError[]): void {
  for (const [name, value] of Object.entries(object)) {
    if (typeof value !== 'object') continue;
    const member = memberOf(node, name);
    if (member) check(value, member, node.properties.has(name) ? path.child(name) : path.key(name), found);
  }
}

function checkList(list: readonly unknown[], node: Structural, path: Path, found: FieldError[]): void {
  if (node.listType === 'set') {
    for (const i of duplicates(list)) found.push(fieldErrors.duplicate(path.index(i), sorted(list[i])));
  } else if (node.listType === 'map') checkKeys(list, node.listMapKeys, path, found);
  if (!node.items?.below.uniqueLists) return;
  for (const [i, item] of list.entries()) check(item, node.items, path.index(i), found);
}

function checkKeys(list: readonly unknown[], keys: readonly string[], path: Path, found: FieldError[]): void {
  for (const [i, item] of list.entries()) {
    if (item === null || isJsonObject(item)) continue;
    found.push(fieldErrors.invalid(path.index(i), sorted(item), 'must be an object for an array of list-type map'));
    return;
  }
  const keysOf = (item: unknown): JsonObject =>
    isJsonObject(item)
      ? Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]))
      : {};
  const values = list.map(keysOf);
  for (const i of duplicates(values)) found.push(fieldErrors.duplicate(path.index(i), sorted(values[i])));
}

/** Where values appear for the second time. */
function duplicates(list: readonly unknown[]): number[] {
  if (list.length <= 1) return [];
  const times = new Map<string, number>();
  const out: number[] = [];
  for (const [i, item] of list.entries()) {
    const text = JSON.stringify(sorted(item));
    const before = times.get(text) ?? 0;
    if (before === 1) out.push(i);
    times.set(text, before + 1);
  }
  return out;
}

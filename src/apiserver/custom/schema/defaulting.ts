/**
 * Fills in what a schema has defaults for, and drops nulls where null is no value. Values are not changed: what is
 * returned shares all that could stay.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting
 */
import { isJsonObject, type JsonObject, setOwn } from '../../../schema/json.ts';
import { mapList, mapMembers } from './pruning.ts';
import { memberOf, type Structural } from './structural.ts';

/** Null, where the schema knows no null. */
const isWrongNull = (value: unknown, node: Structural | undefined): node is Structural =>
  value === null && node !== undefined && !node.nullable;

/** Drops members that are null without being nullable; those that have a default wait for it. */
export function dropNulls<T>(value: T, node: Structural | undefined): T;
export function dropNulls(value: unknown, node: Structural | undefined): unknown {
  if (!node) return value;
  if (Array.isArray(value)) return node.items ? mapList(value, (item) => dropNulls(item, node.items)) : value;
  if (!isJsonObject(value)) return value;
  return mapMembers(value, (member, name) => {
    if (typeof member !== 'object') return member;
    const schema = memberOf(node, name);
    return isWrongNull(member, schema) && schema.default === undefined ? undefined : dropNulls(member, schema);
  });
}

/** Fills in defaults. Those of lists' items and maps' values only stand in for nulls. */
export function applyDefaults<T>(value: T, node: Structural | undefined): T;
export function applyDefaults(value: unknown, node: Structural | undefined): unknown {
  if (!node?.below.defaults) return value;
  if (Array.isArray(value)) return node.items ? mapList(value, (item) => defaulted(item, node.items)) : value;
  return isJsonObject(value) ? defaultMembers(value, node) : value;
}

const defaulting = new WeakMap<Structural, readonly (readonly [string, Structural])[]>();

/** The properties of a node that have defaults. */
function withDefaults(node: Structural): readonly (readonly [string, Structural])[] {
  const known = defaulting.get(node);
  if (known) return known;
  const made = [...node.properties].filter(([, property]) => property.default !== undefined);
  defaulting.set(node, made);
  return made;
}

function defaultMembers(object: JsonObject, node: Structural): JsonObject {
  let out = mapMembers(object, (value, name) => {
    // Only nulls and what has members can change.
    if (typeof value !== 'object') return value;
    const property = node.properties.get(name);
    if (!property) return defaulted(value, node.additional);
    return applyDefaults(
      isWrongNull(value, property) && property.default !== undefined ? property.default : value,
      property,
    );
  });
  for (const [name, property] of withDefaults(node)) {
    if (Object.hasOwn(object, name)) continue;
    if (out === object) out = { ...object };
    setOwn(out, name, applyDefaults(property.default, property));
  }
  return out;
}

const defaulted = (value: unknown, node: Structural | undefined): unknown =>
  applyDefaults(isWrongNull(value, node) ? (node.default ?? null) : value, node);

/** Keywords of a schema: which there may be, and what goes with what. */
import { type FieldError, fieldErrors, type Path } from '../../schema/field-error.ts';
import { goItems } from '../custom/schema/go-schema.ts';
import { isSchema, type JsonSchema } from '../custom/schema/structural.ts';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

interface Where {
  readonly validTypes: boolean;
  readonly noDefaults: string | undefined;
  readonly insideMeta: boolean;
}

type Found = FieldError[];

const count = (values: object | undefined): number => (values ? Object.keys(values).length : 0);

/** Keywords that Kubernetes does not have, or not everywhere. */
export function checkKeywords(schema: JsonSchema, path: Path, where: Where, found: Found): void {
  const { type = '', items } = schema;
  const forbid = (name: string, why: string) => found.push(fieldErrors.forbidden(path.child(name), why));
  if (where.validTypes && type !== '' && !TYPES.includes(type)) {
    found.push(fieldErrors.notSupported(path.child('type'), type, TYPES));
  }
  if (schema.default !== undefined && where.noDefaults !== undefined) {
    forbid('default', `must not be set ${where.noDefaults}`);
  }
  if (schema.id) forbid('id', 'id is not supported');
  if (schema.additionalItems !== undefined) forbid('additionalItems', 'additionalItems is not supported');
  if (count(schema.patternProperties) > 0) forbid('patternProperties', 'patternProperties is not supported');
  if (count(schema.definitions) > 0) forbid('definitions', 'definitions is not supported');
  if (schema.dependencies !== undefined) forbid('dependencies', 'dependencies is not supported');
  if (schema.$ref !== undefined) forbid('$ref', '$ref is not supported');
  if (type === 'null') forbid('type', 'type cannot be set to null, use nullable as an alternative');
  if (items && !isSchema(items) && items.length > 0) forbid('items', 'items must be a schema object and not an array');
  if (where.insideMeta && schema['x-kubernetes-embedded-resource']) {
    forbid('x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  }
  if (schema.uniqueItems) {
    forbid('uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  }
  const { additionalProperties: additional } = schema;
  if (additional !== undefined && additional !== true && count(schema.properties) > 0) {
    forbid('additionalProperties', 'additionalProperties and properties are mutual exclusive');
  }
}

interface ListRules {
  readonly atomicSets: boolean;
  readonly listKeys: boolean;
}

/** x-kubernetes-preserve-unknown-fields, and types of maps and lists. */
export function checkListKeys(schema: JsonSchema, path: Path, rules: ListRules, found: Found): void {
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    const at = path.child('x-kubernetes-preserve-unknown-fields');
    found.push(fieldErrors.invalid(at, false, 'must be true or undefined'));
  }
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    checkType(schema, 'object', 'x-kubernetes-map-type', path, found);
    if (mapType !== 'atomic' && mapType !== 'granular') {
      found.push(fieldErrors.notSupported(path.child('x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
    }
  }
  const listType = schema['x-kubernetes-list-type'];
  if (listType !== undefined) {
    if (checkType(schema, 'array', 'x-kubernetes-list-type', path, found) && rules.atomicSets && listType === 'set') {
      checkSetItems(schema, path.child('items'), found);
    }
    if (listType !== 'atomic' && listType !== 'set' && listType !== 'map') {
      found.push(fieldErrors.notSupported(path.child('x-kubernetes-list-type'), listType, ['atomic', 'set', 'map']));
    }
  }
  if ((schema['x-kubernetes-list-map-keys'] ?? []).length > 0 && listType !== 'map') {
    const at = path.child('x-kubernetes-list-type');
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    found.push(listType === undefined ? fieldErrors.required(at, why) : fieldErrors.invalid(at, listType, why));
  }
  if (listType === 'map') checkMapList(schema, path, found);
  if (rules.listKeys) found.push(...listItemProblems(schema, path));
}

function checkType({ type = '' }: JsonSchema, wanted: string, keyword: string, path: Path, found: Found): boolean {
  if (type === wanted) return true;
  const why = `must be ${wanted} if ${keyword} is specified`;
  const at = path.child('type');
  found.push(type === '' ? fieldErrors.required(at, why) : fieldErrors.invalid(at, type, why));
  return false;
}

/** Elements of sets are compared whole. */
function checkSetItems({ items }: JsonSchema, path: Path, found: Found): void {
  const keyword = items && isSchema(items) ? nonAtomic(items) : undefined;
  if (keyword === undefined || !items || !isSchema(items)) return;
  const why = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  found.push(fieldErrors.invalid(path.child(keyword), items['x-kubernetes-list-type'] ?? null, why));
}

function nonAtomic(items: JsonSchema): string | undefined {
  const [list, map] = [items['x-kubernetes-list-type'], items['x-kubernetes-map-type']];
  if (items.type === 'array' && list !== undefined && list !== 'atomic') return 'x-kubernetes-list-type';
  return items.type === 'object' && map !== 'atomic' ? 'x-kubernetes-map-type' : undefined;
}

/** Whether a list is a set of things that are not compared whole. */
export const hasNonAtomicSet = ({ items, 'x-kubernetes-list-type': listType }: JsonSchema): boolean =>
  listType === 'set' && items !== undefined && isSchema(items) && nonAtomic(items) !== undefined;

function checkMapList(schema: JsonSchema, path: Path, found: Found): void {
  const { items, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  const keysAt = path.child('x-kubernetes-list-map-keys');
  if (keys.length === 0) {
    found.push(fieldErrors.required(keysAt, 'must not be empty if x-kubernetes-list-type is map'));
  }
  const at = path.child('items');
  if (!items) {
    found.push(fieldErrors.required(at, 'must have a schema if x-kubernetes-list-type is map'));
    return;
  }
  if (!isSchema(items)) {
    found.push(
      fieldErrors.invalid(at, goItems(items), 'must only have a single schema if x-kubernetes-list-type is map'),
    );
    return;
  }
  if (items.type !== 'object') {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    found.push(fieldErrors.invalid(at.child('type'), items.type ?? '', why));
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = propertyOf(items, key);
    if (!property) found.push(fieldErrors.invalid(keysAt, keys, 'entries must all be names of item properties'));
    else if (property.type === 'array' || property.type === 'object') {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      found.push(fieldErrors.invalid(at.child('properties').key(key).child('type'), items.type, why));
    }
    if (seen.has(key)) found.push(fieldErrors.invalid(keysAt, keys, 'must not contain duplicate entries'));
    seen.add(key);
  }
}

const propertyOf = ({ properties = {} }: JsonSchema, name: string): JsonSchema | undefined =>
  Object.hasOwn(properties, name) ? properties[name] : undefined;

/** Elements of sets and maps are there, and so are the keys that tell them apart. */
export function listItemProblems(schema: JsonSchema, path: Path): FieldError[] {
  const { items, 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': keys = [] } = schema;
  const found: Found = [];
  if (!items || !isSchema(items) || (listType !== 'set' && listType !== 'map')) return found;
  const at = path.child('items');
  if (items.nullable) {
    found.push(
      fieldErrors.forbidden(at.child('nullable'), `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  }
  if (listType === 'set') return found;
  const what = 'this property is in x-kubernetes-list-map-keys, so it';
  for (const key of keys) {
    const property = propertyOf(items, key);
    if (!property) continue;
    const where = at.child('properties').key(key);
    if (!items.required?.includes(key) && property.default === undefined) {
      const why = `${what} must have a default or be a required property`;
      found.push(fieldErrors.required(where.child('default'), why));
    }
    if (property.nullable) found.push(fieldErrors.forbidden(where.child('nullable'), `${what} cannot be nullable`));
  }
  return found;
}

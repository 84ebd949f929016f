/** What keeps a schema from being structural. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema */
import { compileRegExp } from '../../../cel/regexp.ts';
import { CelError } from '../../../cel/values.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../../schema/field-error.ts';
import { isSchema, type JsonSchema } from './structural.ts';

type Found = FieldError[];
type Level = 'root' | 'item' | 'field';

/** Complaints in the order of their texts. */
export function structuralProblems(schema: JsonSchema, path: Path): FieldError[] {
  const found: Found = [];
  checkInvariants(schema, 'root', path, found);
  checkComplete(schema, schema, path, path, found);
  const texts = new Map(found.map((error) => [error, `${error.field}: ${error.body}`] as const));
  return found.sort((a, b) => Buffer.compare(Buffer.from(texts.get(a) ?? ''), Buffer.from(texts.get(b) ?? '')));
}

/** The first keyword that has no place in a structural schema at all, as a sentence. */
export function unsupportedKeyword(schema: JsonSchema): string | undefined {
  const isSet = (value: unknown) => value !== undefined && value !== '' && !isEmptyObject(value);
  const forbidden = [
    'id',
    '$schema',
    '$ref',
    'patternProperties',
    'dependencies',
    'additionalItems',
    'definitions',
  ] as const;
  const name = forbidden.find((keyword) =>
    keyword === 'additionalItems' ? schema[keyword] !== undefined : isSet(schema[keyword]),
  );
  if (name) return `OpenAPIV3Schema '${name === '$schema' ? 'schema' : name}' is not supported`;
  const { not, allOf = [], anyOf = [], oneOf = [], items, additionalProperties } = schema;
  const nested = [...(not ? [not] : []), ...allOf, ...anyOf, ...oneOf];
  const first = (schemas: readonly JsonSchema[]) => {
    for (const one of schemas) {
      const problem = unsupportedKeyword(one);
      if (problem) return problem;
    }
    return undefined;
  };
  const problem = first(nested);
  if (problem) return problem;
  if (schema['x-kubernetes-preserve-unknown-fields'] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  }
  if (items && !isSchema(items) && items.length > 0) {
    return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  }
  const others = typeof additionalProperties === 'object' ? [additionalProperties] : [];
  return first([...(items && isSchema(items) ? [items] : []), ...Object.values(schema.properties ?? {}), ...others]);
}

const isEmptyObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const oneItem = ({ items }: JsonSchema): JsonSchema | undefined => (items && isSchema(items) ? items : undefined);

function checkInvariants(schema: JsonSchema, level: Level, path: Path, found: Found): void {
  const { type = '', additionalProperties, properties = {} } = schema;
  const items = oneItem(schema);
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (type === 'array' && !items) found.push(fieldErrors.required(path.child('items'), 'must be specified'));
  if (items) checkInvariants(items, 'item', path.child('items'), found);
  for (const [name, property] of Object.entries(properties)) {
    checkInvariants(property, 'field', path.child('properties').key(name), found);
  }
  const additional = path.child('additionalProperties');
  if (additionalProperties !== undefined && level === 'root') {
    found.push(fieldErrors.forbidden(additional, 'must not be used at the root'));
  }
  if (typeof additionalProperties === 'object') checkInvariants(additionalProperties, 'field', additional, found);
  const withIntOrString = 'must be false if x-kubernetes-int-or-string is true';
  if (intOrString && preserves) {
    found.push(fieldErrors.invalid(path.child('x-kubernetes-preserve-unknown-fields'), true, withIntOrString));
  }
  if (intOrString && embedded) {
    found.push(fieldErrors.invalid(path.child('x-kubernetes-embedded-resource'), true, withIntOrString));
  }
  checkValues(schema, isIntOrString(schema.anyOf), isIntOrString(schema.allOf?.[0]?.anyOf), path, found);
  const at = path.child('type');
  if (embedded && type !== 'object') {
    const why = 'must be object if x-kubernetes-embedded-resource is true';
    found.push(type === '' ? fieldErrors.required(at, why) : fieldErrors.invalid(at, type, why));
  } else if (type === '' && !intOrString && !preserves) {
    found.push(fieldErrors.required(at, `must not be empty ${emptyAt[level]}`));
  }
  if (embedded && additionalProperties !== undefined) {
    found.push(fieldErrors.forbidden(additional, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  if (level === 'root' && type !== '' && type !== 'object') {
    found.push(fieldErrors.invalid(at, type, 'must be object at the root'));
  }
  if (level === 'root' || embedded) checkTypeMeta(properties, path, found);
  checkMetadata(properties, level, path.child('properties').key('metadata'), found);
  if (embedded && !preserves && Object.keys(properties).length === 0) {
    const why =
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    found.push(fieldErrors.required(path.child('properties'), why));
  }
}

const emptyAt: Readonly<Record<Level, string>> = {
  root: 'at the root',
  item: 'for specified array items',
  field: 'for specified object fields',
};

type Properties = Readonly<Record<string, JsonSchema>>;

const own = (properties: Properties, name: string): JsonSchema | undefined =>
  Object.hasOwn(properties, name) ? properties[name] : undefined;

function checkTypeMeta(properties: Properties, path: Path, found: Found): void {
  for (const [name, wanted] of [
    ['kind', 'string'],
    ['apiVersion', 'string'],
    ['metadata', 'object'],
  ] as const) {
    const property = own(properties, name);
    if (!property || (property.type ?? '') === wanted) continue;
    const at = path.child('properties').key(name).child('type');
    found.push(fieldErrors.invalid(at, property.type ?? '', `must be ${wanted}`));
  }
}

/** At the root, all that may be said of metadata is what its names look like. */
function checkMetadata(properties: Properties, level: Level, path: Path, found: Found): void {
  const metadata = own(properties, 'metadata');
  if (!metadata || level !== 'root') return;
  const { type: _type, default: _default, properties: inner = {}, ...rest } = metadata;
  const others = Object.keys(inner).filter((name) => name !== 'name' && name !== 'generateName');
  const said = Object.values(rest).some((value) => !isZero(value));
  if (others.length === 0 && !said) return;
  const why = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
  found.push(fieldErrors.forbidden(path, why));
}

const isZero = (value: unknown): boolean =>
  value === undefined || value === '' || value === false || (Array.isArray(value) && value.length === 0);

const isIntOrString = (schemas: readonly JsonSchema[] | undefined): boolean =>
  schemas?.length === 2 && deepEqual(schemas, [{ type: 'integer' }, { type: 'string' }]);

function checkValues(schema: JsonSchema, skipAnyOf: boolean, skipFirst: boolean, path: Path, found: Found): void {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern } = schema;
  if (!skipAnyOf) for (const [i, one] of anyOf.entries()) checkNested(one, false, path.child('anyOf').index(i), found);
  for (const [i, one] of allOf.entries()) checkNested(one, skipFirst && i === 0, path.child('allOf').index(i), found);
  for (const [i, one] of oneOf.entries()) checkNested(one, false, path.child('oneOf').index(i), found);
  if (not) checkNested(not, false, path.child('not'), found);
  const regexp = pattern ? compileRegExp(pattern) : undefined;
  if (regexp instanceof CelError) {
    const why = `must be a valid regular expression, but isn't: ${regexp.message}`;
    found.push(fieldErrors.invalid(path.child('pattern'), pattern, why));
  }
}

/** What only the spine of a schema may have, and what it must be elsewhere. */
const spineOnly: readonly (readonly [keyof JsonSchema, string])[] = [
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
];

function checkNested(schema: JsonSchema, skipAnyOf: boolean, path: Path, found: Found): void {
  checkValues(schema, skipAnyOf, false, path, found);
  const { additionalProperties, properties = {} } = schema;
  const items = oneItem(schema);
  if (items) checkNested(items, false, path.child('items'), found);
  for (const [name, property] of Object.entries(properties)) {
    checkNested(property, false, path.child('properties').key(name), found);
  }
  if (schema.type) found.push(fieldErrors.forbidden(path.child('type'), 'must be empty to be structural'));
  if (additionalProperties !== undefined && additionalProperties !== false) {
    found.push(fieldErrors.forbidden(path.child('additionalProperties'), 'must be undefined to be structural'));
  }
  if (schema.default !== undefined && schema.default !== null) {
    found.push(fieldErrors.forbidden(path.child('default'), 'must be undefined to be structural'));
  }
  for (const [keyword, wanted] of spineOnly) {
    const value = schema[keyword];
    if (wanted === 'undefined' ? value === undefined : isZero(value)) continue;
    found.push(fieldErrors.forbidden(path.child(keyword), `must be ${wanted} to be structural`));
  }
  if (own(properties, 'metadata')) {
    const why = 'must not be specified in a nested context';
    found.push(fieldErrors.forbidden(path.child('properties').key('metadata'), why));
  }
}

/** Whatever is said of a value under a junctor, the spine must know the value. */
function checkComplete(values: JsonSchema, spine: JsonSchema, at: Path, path: Path, found: Found): void {
  const { not, allOf = [], anyOf = [], oneOf = [] } = values;
  if (not) checkNestedComplete(not, spine, at, path.child('not'), found);
  for (const [name, schemas] of Object.entries({ allOf, anyOf, oneOf })) {
    for (const [i, one] of schemas.entries()) checkNestedComplete(one, spine, at, path.child(name).index(i), found);
  }
}

function checkNestedComplete(
  nested: JsonSchema,
  spine: JsonSchema | undefined,
  at: Path,
  path: Path,
  found: Found,
): void {
  if (!spine) {
    found.push(fieldErrors.required(at, `because it is defined in ${path}`));
    return;
  }
  checkComplete(nested, spine, at, path, found);
  const items = oneItem(nested);
  if (items) checkNestedComplete(items, oneItem(spine), at.child('items'), path.child('items'), found);
  for (const [name, property] of Object.entries(nested.properties ?? {})) {
    const [below, where] = [at.child('properties').key(name), path.child('properties').key(name)];
    checkNestedComplete(property, own(spine.properties ?? {}, name), below, where, found);
  }
}

/** Whether a schema is structural. */
export const isStructural = (schema: JsonSchema): boolean =>
  unsupportedKeyword(schema) === undefined && structuralProblems(schema, Path.root).length === 0;

/**
 * The types that expressions see of a schema, and how large their values may be: the cost of a rule is estimated from it.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
import type { ObjectType } from '../../../cel/environment.ts';
import type { Estimate } from '../../../cel/estimate.ts';
import { escapeProperty, fieldCalled } from '../../../cel/object-types.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  structType,
  TIMESTAMP,
} from '../../../cel/types.ts';
import { type Structural, withTypeAndMetadata } from './structural.ts';

/** What a request may hold at most, in bytes; all sizes that no schema limits come from it. */
export const MAX_REQUEST = 3 * 1024 * 1024;

export interface Declaration {
  readonly kind: 'simple' | 'list' | 'map' | 'object';
  /** Of simple types. */
  readonly type: CelType;
  /** Elements of lists and maps, bytes of texts. */
  readonly maxElements: number;
  /** The shortest JSON of a value, in bytes. */
  readonly minSize: number;
  /** Of lists and maps. */
  readonly element?: Declaration;
  /** Of objects, by the names that expressions use. */
  readonly fields?: ReadonlyMap<string, Declaration>;
}

const simple = (type: CelType, minSize: number, maxElements = 0): Declaration => ({
  kind: 'simple',
  type,
  maxElements,
  minSize,
});

const MIN_STRING = 2;
const MAX_TEXT = MAX_REQUEST - 2;
/** Longest and shortest durations and dates, with their quotes. */
const MAX_TIME = 32;
const MIN_DURATION = 3;
const DATE = 12;
const MIN_DATE_TIME = 21;

const BOOLEAN = simple(BOOL, 4);
const NUMBER = simple(DOUBLE, 1);
const INTEGER = simple(INT, 1);
const KEY = simple(STRING, MIN_STRING);

/** What expressions see of a schema; undefined where they see nothing. `isRoot`: of an object of a kind. */
export function declarationOf(given: Structural, isRoot: boolean): Declaration | undefined {
  const cache = isRoot ? declaredRoots : declaredParts;
  if (!cache.has(given)) cache.set(given, declare(given, isRoot));
  return cache.get(given);
}

/** Each node is asked for by all nodes with rules above it. */
const declaredRoots = new WeakMap<Structural, Declaration | undefined>();
const declaredParts = new WeakMap<Structural, Declaration | undefined>();

function declare(given: Structural, isRoot: boolean): Declaration | undefined {
  if (given.intOrString) return simple(DYN, 1, textLength(given) ?? MAX_TEXT);
  const node = isRoot ? withTypeAndMetadata(given) : given;
  const { schema } = node;
  switch (node.type) {
    case 'array': {
      const element = node.items && declarationOf(node.items, node.items.embedded);
      if (!element) return undefined;
      const most = Math.floor((MAX_REQUEST - 2) / (element.minSize + 1));
      return container('list', element, schema.maxItems, most);
    }
    case 'object': {
      if (!node.additional) return objectOf(node);
      const element = declarationOf(node.additional, node.additional.embedded);
      if (!element) return undefined;
      const most = Math.floor((MAX_REQUEST - 2) / (element.minSize + 6));
      return container('map', element, schema.maxProperties, most);
    }
    case 'string':
      return stringOf(node);
    case 'boolean':
      return BOOLEAN;
    case 'number':
      return NUMBER;
    case 'integer':
      return INTEGER;
    default:
      return undefined;
  }
}

const container = (
  kind: 'list' | 'map',
  element: Declaration,
  limit: number | undefined,
  most: number,
): Declaration => ({
  kind,
  type: DYN,
  maxElements: limit === undefined ? most : Math.max(0, limit),
  minSize: 2,
  element,
});

function objectOf(node: Structural): Declaration {
  const fields = new Map<string, Declaration>();
  const required = new Set(node.schema.required);
  let minSize = 2;
  for (const [name, property] of node.properties) {
    const declared = declarationOf(property, property.embedded);
    if (!declared) continue;
    const escaped = escapeProperty(name);
    if (escaped !== undefined) fields.set(escaped, declared);
    if (required.has(name) && property.default === undefined) minSize += Buffer.byteLength(name) + declared.minSize + 4;
  }
  return { kind: 'object', type: DYN, maxElements: 0, minSize, fields };
}

/** Limits are in characters, of up to four bytes. */
const textLength = ({ schema: { maxLength } }: Structural): number | undefined =>
  maxLength === undefined ? undefined : Math.max(0, maxLength) * 4;

function stringOf(node: Structural): Declaration {
  const { format, maxLength, enum: values } = node.schema;
  switch (format) {
    case 'byte':
      return simple(BYTES, MIN_STRING, maxLength === undefined ? MAX_TEXT : Math.max(0, maxLength));
    case 'duration':
      return simple(DURATION, MIN_DURATION, MAX_TIME);
    case 'date':
      return simple(TIMESTAMP, DATE, DATE);
    case 'date-time':
      return simple(TIMESTAMP, MIN_DATE_TIME, MAX_TIME);
  }
  const lengths = values?.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)) ?? [];
  const longest = lengths.length > 0 ? Math.max(...lengths) : MAX_TEXT;
  return simple(STRING, MIN_STRING, textLength(node) ?? longest);
}

/** The size of what a path reads, where the declaration of `self` knows it. */
export function sizeAt(root: Declaration, path: readonly string[]): Estimate | undefined {
  if (path.length === 0) return undefined;
  let at: Declaration | undefined = root;
  for (const step of path.slice(1)) {
    if (step === '@items' || step === '@values') at = at.element;
    else if (step === '@keys') at = at.kind === 'map' ? KEY : undefined;
    else at = at.fields?.get(step);
    if (!at) return undefined;
  }
  return { min: 0, max: at.maxElements };
}

/** The types of the expressions at one place of a schema: objects are named by their paths from there. */
export class ScopeTypes {
  readonly self: CelType;
  readonly #objects = new Map<string, Declaration>();

  constructor(root: Declaration) {
    this.self = this.#typeOf(root, 'selfType');
  }

  /** For environments: an object type by its name. */
  readonly resolve = (name: string): ObjectType | undefined => {
    const declared = this.#objects.get(name);
    if (!declared) return undefined;
    return {
      name,
      field: (field) => {
        const found = declared.fields && fieldCalled(declared.fields, field);
        return found && this.#typeOf(found, `${name}.${field}`);
      },
    };
  };

  #typeOf(declared: Declaration, name: string): CelType {
    const { kind, element } = declared;
    if (kind === 'simple') return declared.type;
    if (kind === 'list') return listOf(element ? this.#typeOf(element, `${name}.@idx`) : DYN);
    if (kind === 'map') return mapOf(STRING, element ? this.#typeOf(element, `${name}.@elem`) : DYN);
    this.#objects.set(name, declared);
    return structType(name);
  }
}

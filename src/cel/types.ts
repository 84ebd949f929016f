/** The types of expressions, and when one may stand for another. https://github.com/google/cel-spec/blob/master/doc/langdef.md#gradual-type-checking */

export type TypeKind =
  | 'dyn'
  | 'error'
  | 'null'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  /** An object with named fields: of a schema, or one of Kubernetes' own values (quantity, URL). */
  | 'struct'
  /** A type with parameters of its own: optional_type, net.IP. */
  | 'opaque'
  /** The type of a type. */
  | 'type'
  /** A type parameter. */
  | 'param';

export interface CelType {
  readonly kind: TypeKind;
  /** As messages have it, without parameters. */
  readonly name: string;
  /** Of a list its element; of a map key and value; of an opaque type or a type its own. */
  readonly params: readonly CelType[];
}

const simple = (kind: TypeKind, name: string = kind): CelType => ({ kind, name, params: [] });

export const DYN = simple('dyn');
export const ERROR = simple('error', '!error!');
export const NULL = simple('null');
export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const TIMESTAMP = simple('timestamp');
export const DURATION = simple('duration');
export const TYPE = simple('type');

export const listOf = (element: CelType): CelType => ({ kind: 'list', name: 'list', params: [element] });
export const mapOf = (key: CelType, value: CelType): CelType => ({ kind: 'map', name: 'map', params: [key, value] });
export const structType = (name: string): CelType => simple('struct', name);
export const opaqueType = (name: string, ...params: CelType[]): CelType => ({ kind: 'opaque', name, params });
export const optionalOf = (value: CelType): CelType => opaqueType('optional_type', value);
export const typeOf = (type: CelType): CelType => ({ kind: 'type', name: 'type', params: [type] });
export const paramType = (name: string): CelType => simple('param', name);

/** "map(string, list(int))" */
export function formatType(type: CelType): string {
  return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(formatType).join(', ')})`;
}

/** The name a value's type has at run time, without parameters: `google.protobuf.Timestamp`, `null_type`. */
export function runtimeTypeName(type: CelType): string {
  if (type.kind === 'timestamp') return 'google.protobuf.Timestamp';
  if (type.kind === 'duration') return 'google.protobuf.Duration';
  return type.kind === 'null' ? 'null_type' : type.name;
}

/** As Kubernetes' own messages name a type: by its names at run time. */
export function declaredTypeName(type: CelType): string {
  const name = runtimeTypeName(type);
  return type.params.length === 0 ? name : `${name}(${type.params.map(declaredTypeName).join(', ')})`;
}

export const isDynOrError = (type: CelType): boolean => type.kind === 'dyn' || type.kind === 'error';

/** The T of optional_type(T). */
export function unwrapOptional(type: CelType): CelType | undefined {
  return type.kind === 'opaque' && type.name === 'optional_type' ? type.params[0] : undefined;
}

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.params.every((param, i) => sameType(param, b.params[i] as CelType));
}

/** What stands for which type parameter, found while checking. A failed attempt leaves no trace. */
export class Substitutions {
  #bound: Map<string, CelType>;

  constructor(bound: Iterable<[string, CelType]> = []) {
    this.#bound = new Map(bound);
  }

  bind(param: CelType, type: CelType): void {
    this.#bound.set(param.name, type);
  }

  /** Whether a value of type `from` may be where `to` is wanted, all of them together; remembers what that means. */
  assignable(from: readonly CelType[], to: readonly CelType[]): boolean {
    const before = this.#bound;
    this.#bound = new Map(before);
    if (this.#all(from, to)) return true;
    this.#bound = before;
    return false;
  }

  /** The type with all bound parameters put in; what is still free becomes dyn if asked so. */
  apply(type: CelType, freeToDyn: boolean): CelType {
    if (type.kind === 'param') {
      const bound = this.#bound.get(type.name);
      if (bound) return this.apply(bound, freeToDyn);
      return freeToDyn ? DYN : type;
    }
    if (type.params.length === 0) return type;
    return { ...type, params: type.params.map((param) => this.apply(param, freeToDyn)) };
  }

  #all(from: readonly CelType[], to: readonly CelType[]): boolean {
    return from.length === to.length && from.every((type, i) => this.#one(type, to[i] as CelType));
  }

  #one(a: CelType, b: CelType): boolean {
    if (b.kind === 'param') {
      const bound = this.#bound.has(b.name);
      if (this.#substitutable(a, b)) return true;
      if (bound) return false;
    }
    if (a.kind === 'param') return this.#substitutable(b, a);
    if (isDynOrError(a) || isDynOrError(b)) return true;
    if (a.kind === 'null') return nullable(b);
    if (b.kind === 'null') return nullable(a);
    switch (a.kind) {
      case 'type':
        return b.kind === 'type';
      case 'list':
      case 'map':
      case 'opaque':
        return a.kind === b.kind && a.name === b.name && this.#all(a.params, b.params);
      default:
        return a.kind === b.kind && a.name === b.name;
    }
  }

  /** Whether `type` may be what the parameter stands for. */
  #substitutable(type: CelType, param: CelType): boolean {
    if (type.kind === 'param' && type.name === param.name) return true;
    const bound = this.#bound.get(param.name);
    if (!bound) {
      if (this.#contains(type, param)) return false;
      this.#bound.set(param.name, type);
      return true;
    }
    if (sameType(type, bound)) return true;
    if (!this.#one(type, bound)) return false;
    const general = mostGeneral(type, bound);
    if (!this.#contains(general, param)) this.#bound.set(param.name, general);
    return true;
  }

  #contains(type: CelType, param: CelType): boolean {
    if (type.kind !== 'param') return type.params.some((p) => this.#contains(p, param));
    if (type.name === param.name) return true;
    const bound = this.#bound.get(type.name);
    return bound !== undefined && this.#contains(bound, param);
  }
}

/** Types that null may stand for. */
const nullable = (type: CelType): boolean =>
  type.kind === 'null' ||
  type.kind === 'opaque' ||
  type.kind === 'struct' ||
  type.kind === 'duration' ||
  type.kind === 'timestamp';

/** The more general of two types that agree. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : b;
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'param' || a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  if (a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.params.every((param, i) => lessSpecific(param, b.params[i] as CelType));
}

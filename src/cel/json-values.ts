/** Objects of the API as values, without a schema: nothing is converted before an expression asks for it. */
import { CelDouble, CelList, CelMap, type Value } from './values.ts';

/** The value of anything JSON can say: whole numbers are ints, all others doubles. */
export function fromJson(json: unknown): Value {
  switch (typeof json) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return json;
    case 'number':
      return Number.isInteger(json) ? json : new CelDouble(json);
    case 'object':
      if (json === null) return null;
      // typeof has said that it is an object, and of JSON there is no other.
      return Array.isArray(json) ? new JsonList(json) : new JsonMap(json as Readonly<Record<string, unknown>>);
    default:
      return null;
  }
}

/** The JSON that a list or map of `fromJson` reads; undefined of anything else. */
export function asJson(value: Value): unknown {
  return value instanceof JsonList || value instanceof JsonMap ? value.json : undefined;
}

class JsonList extends CelList {
  readonly #json: readonly unknown[];
  constructor(json: readonly unknown[]) {
    super();
    this.#json = json;
  }
  get json(): unknown {
    return this.#json;
  }
  override get source(): unknown {
    return this.#json;
  }
  override get size(): number {
    return this.#json.length;
  }
  override at(index: number): Value {
    return fromJson(this.#json[index]);
  }
}

class JsonMap extends CelMap {
  readonly #json: Readonly<Record<string, unknown>>;
  constructor(json: Readonly<Record<string, unknown>>) {
    super();
    this.#json = json;
  }
  get json(): unknown {
    return this.#json;
  }
  override get size(): number {
    return this.keys().length;
  }
  override get(key: Value): Value | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#json, key)) return undefined;
    const found = this.#json[key];
    return found === undefined ? undefined : fromJson(found);
  }
  // An object on its way to the store may have members that are set to undefined: they are not there.
  override keys(): readonly string[] {
    return Object.keys(this.#json).filter((key) => this.#json[key] !== undefined);
  }
}

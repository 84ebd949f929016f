/**
 * Which part of an object's old value is the same thing as a part of the new one: what did not change need not be valid.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4008-crd-ratcheting
 */
import { deepEqual } from '../../../schema/equal.ts';
import { isJsonObject, type JsonObject } from '../../../schema/json.ts';
import { memberOf, type Structural } from './structural.ts';

/** The elements of a list by the keys that tell them apart; the first of those that have the same. */
export class KeyedList {
  readonly #keys: readonly string[];
  readonly #items = new Map<string, unknown>();

  constructor(node: Structural, list: readonly unknown[]) {
    this.#keys = node.type === 'array' && node.listType === 'map' ? node.listMapKeys : [];
    if (this.#keys.length === 0) return;
    for (const item of list) {
      const key = this.#keyOf(item);
      if (key !== undefined && !this.#items.has(key)) this.#items.set(key, item);
    }
  }

  get keyed(): boolean {
    return this.#keys.length > 0;
  }

  /** The element with the same keys. */
  get(item: unknown): unknown {
    const key = this.#keyOf(item);
    return key === undefined ? undefined : this.#items.get(key);
  }

  #keyOf(item: unknown): string | undefined {
    if (!isJsonObject(item) || this.#keys.length === 0) return undefined;
    let key = '';
    for (const name of this.#keys) {
      const value = Object.hasOwn(item, name) ? item[name] : undefined;
      if (value === undefined || typeof value === 'object') return undefined;
      key += `${JSON.stringify(value)},`;
    }
    return key;
  }
}

/** A value and its old value. Undefined, where one is expected, says that there is no old value to compare with. */
export class Correlated {
  readonly value: unknown;
  readonly old: unknown;
  readonly #node: Structural;
  #list: KeyedList | undefined;
  #equal: boolean | undefined;

  constructor(value: unknown, old: unknown, node: Structural) {
    this.value = value;
    this.old = old;
    this.#node = node;
  }

  get unchanged(): boolean {
    this.#equal ??= deepEqual(this.value, this.old);
    return this.#equal;
  }

  key(name: string): Correlated | undefined {
    const { value, old } = this;
    if (!isJsonObject(value) || !isJsonObject(old)) return undefined;
    const node = memberOf(this.#node, name);
    if (!node || !Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined;
    return new Correlated(value[name], old[name], node);
  }

  /** Elements of lists that are maps have old values, others do not. */
  index(i: number): Correlated | undefined {
    const { value, old } = this;
    const { items, listType } = this.#node;
    if (!items || listType !== 'map' || !Array.isArray(value) || !Array.isArray(old)) return undefined;
    this.#list ??= new KeyedList(this.#node, old);
    const before = this.#list.get(value[i]);
    return before === undefined ? undefined : new Correlated(value[i], before, items);
  }
}

export const memberValue = (object: JsonObject | undefined, name: string): unknown =>
  object && Object.hasOwn(object, name) ? object[name] : undefined;

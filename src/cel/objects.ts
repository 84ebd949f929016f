/** Objects of a schema: values read out of plain JSON as the expression asks for them, and values an expression makes. */
import type { CelType } from './types.ts';
import { CelStruct, type Value } from './values.ts';

class MadeObject extends CelStruct {
  readonly type: CelType;
  readonly #fields: ReadonlyMap<string, Value>;
  constructor(type: CelType, fields: ReadonlyMap<string, Value>) {
    super();
    this.type = type;
    this.#fields = fields;
  }
  override get size(): number {
    return this.#fields.size;
  }
  override get(key: Value): Value | undefined {
    return typeof key === 'string' ? this.#fields.get(key) : undefined;
  }
  override keys(): Iterable<Value> {
    return this.#fields.keys();
  }
}

/** An object that an expression wrote down: `Object{spec: ...}`. */
export function objectOf(type: CelType, fields: ReadonlyMap<string, Value>): Value {
  return new MadeObject(type, fields);
}

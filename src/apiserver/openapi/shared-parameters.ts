import type { Json } from './definitions.ts';

/** Old kubectl look for these two in each operation itself. */
const inPlace: ReadonlySet<unknown> = new Set(['fieldValidation', 'dryRun']);

/**
 * The parameters of an OpenAPI v2 document that are written down once and referred to, which makes it a third smaller:
 * all but those that are of one kind only.
 */
export class SharedParameters {
  readonly #byJson = new Map<string, string>();
  readonly #byName = new Map<string, Json>();

  /** A parameter, or a reference to it. */
  share(parameter: Json): Json {
    const { name, in: place, schema } = parameter;
    if (name === 'name' || inPlace.has(name)) return parameter;
    if (place === 'body' && !isGeneric(schema)) return parameter;
    const json = JSON.stringify(parameter);
    let key = this.#byJson.get(json);
    if (key === undefined) {
      key = `${name}-${hash(json)}`;
      this.#byJson.set(json, key);
      this.#byName.set(key, parameter);
    }
    return { $ref: `#/parameters/${key}` };
  }

  /** By name, sorted. */
  all(): Json {
    return Object.fromEntries([...this.#byName].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

const isGeneric = (schema: unknown): boolean =>
  typeof schema === 'object' &&
  schema !== null &&
  '$ref' in schema &&
  String(schema.$ref).startsWith('#/definitions/io.k8s.apimachinery');

/** Eight characters out of FNV-1's 64 bits. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) value = BigInt.asUintN(64, value * 0x100000001b3n) ^ BigInt(byte);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.subarray(0, 6).toString('base64url');
}

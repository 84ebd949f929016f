import { crc32 } from 'node:zlib';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { deepFreeze } from '../../schema/freeze.ts';
import { isJsonObject, type JsonObject, setOwn } from '../../schema/json.ts';
import type { ObjectSchema, Schema } from '../../schema/model.ts';

/** Shorter bodies are decoded sooner than looked up, longer ones are not kept. */
const SHORTEST = 128;
const LONGEST = 32 * 1024;
/** Bodies of a kind that are kept, those used last, and of which it is known that they came once. */
const KEPT = 64;
const KEPT_BYTES = 512 * 1024;
const NOTED = 256;

/** Fields that admission and strategies may replace but change nothing within: shared by all objects of one body. */
const shared: Readonly<Record<string, ReadonlySet<string>>> = {
  'core/v1.Container': new Set(['args', 'command', 'env', 'livenessProbe', 'ports', 'readinessProbe', 'startupProbe']),
};

/** What came of a body: the object in canonical form, and what strict decoding has against it. */
export interface DecodedBody {
  readonly object: Mutable<KubeObject>;
  readonly complaints: readonly string[];
}

interface Kept {
  readonly bytes: Buffer;
  readonly complaints: readonly string[];
  readonly copy: () => Mutable<KubeObject>;
}

/**
 * Controllers make pods from a template, with generateName and thus of the same bytes each time. A body that came
 * before is decoded once; each time it gives a private copy, which shares with the others what nobody changes. That
 * saves the decoding, and memory for as long as the objects live.
 */
export class RepeatedBodies {
  readonly #schema: ObjectSchema;
  readonly #kept = new Map<number, Kept>();
  #keptBytes = 0;
  readonly #noted = new Set<number>();

  constructor(schema: ObjectSchema) {
    this.#schema = schema;
  }

  /** What `bytes` are decoded to; by `decode` where they were not seen lately. */
  decode(bytes: Buffer, decode: () => DecodedBody): DecodedBody {
    if (bytes.length < SHORTEST || bytes.length > LONGEST) return decode();
    const sum = crc32(bytes);
    const kept = this.#kept.get(sum);
    if (kept?.bytes.equals(bytes)) {
      // To the end: what is at the beginning was not used for longest.
      this.#kept.delete(sum);
      this.#kept.set(sum, kept);
      return { object: kept.copy(), complaints: kept.complaints };
    }
    const decoded = decode();
    if (!this.#noted.delete(sum)) {
      this.#noted.add(sum);
      const [oldest] = this.#noted;
      if (oldest !== undefined && this.#noted.size > NOTED) this.#noted.delete(oldest);
      return decoded;
    }
    const { object, complaints } = decoded;
    const copier = copierOf(this.#schema, object);
    // An object's copy is one of the same type.
    const copy = copier ? () => copier(object) as Mutable<KubeObject> : () => object;
    this.#keep(sum, { bytes: Buffer.from(bytes), complaints, copy });
    return { object: copy(), complaints };
  }

  #keep(sum: number, body: Kept): void {
    this.#forget(sum);
    this.#kept.set(sum, body);
    this.#keptBytes += body.bytes.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT && this.#keptBytes <= KEPT_BYTES) break;
      this.#forget(oldest);
    }
  }

  #forget(sum: number): void {
    this.#keptBytes -= this.#kept.get(sum)?.bytes.length ?? 0;
    this.#kept.delete(sum);
  }
}

type Copier = (value: unknown) => unknown;

/** How to copy a value of this form; undefined where there is nothing to copy. Freezes what is shared. */
function copierOf(schema: Schema | undefined, value: unknown): Copier | undefined {
  if (Array.isArray(value)) return listCopier(schema?.node === 'list' ? schema.items : undefined, value);
  if (!isJsonObject(value)) return undefined;
  const kept = schema?.node === 'object' ? shared[schema.name] : undefined;
  const parts: [key: string, copy: Copier][] = [];
  for (const [key, part] of Object.entries(value)) {
    const copy = kept?.has(key) ? void deepFreeze(part) : copierOf(partSchema(schema, key), part);
    if (copy) parts.push([key, copy]);
  }
  return (source) => {
    const from = source as JsonObject; // the value that was looked at above, and below
    const to = { ...from };
    for (const [key, copy] of parts) setOwn(to, key, copy(from[key]));
    return to;
  };
}

function listCopier(schema: Schema | undefined, value: readonly unknown[]): Copier {
  const items = value.map((item) => copierOf(schema, item));
  return (source) => (source as readonly unknown[]).map((item, i) => items[i]?.(item) ?? item);
}

function partSchema(schema: Schema | undefined, key: string): Schema | undefined {
  if (schema?.node === 'object') return schema.fields.get(key)?.schema;
  return schema?.node === 'map' ? schema.values : undefined;
}

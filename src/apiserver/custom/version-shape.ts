import type { JSONSchemaProps } from '../../api/apiextensions/v1.gen.ts';
import { apiVersionOf, type KubeObject, type Mutable } from '../../api/resource.ts';
import { DecodeError } from '../../schema/decode.ts';
import { cloneJson, DepthError, isJsonObject, type JsonObject, setOwn } from '../../schema/json.ts';
import type { ObjectSchema } from '../../schema/model.ts';
import type { StrategyContext } from '../strategy.ts';
import { type CompiledSchema, compileSchema, type Found } from './schema/compile.ts';
import { dropNulls } from './schema/defaulting.ts';
import { CoerceError, coerceEmbedded } from './schema/object-meta.ts';
import { pruneObject } from './schema/pruning.ts';
import { asWritten, type Structural } from './schema/structural.ts';

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * What one version's schema makes of objects. Compiled when the version is first used: most of a thousand definitions
 * never are.
 */
export class VersionShape {
  readonly #kind: Kind;
  readonly #apiVersion: string;
  readonly #read: () => JSONSchemaProps | undefined;
  readonly #preserves: boolean;
  #compiled: CompiledSchema | undefined;

  /** `preserves`: spec.preserveUnknownFields, of definitions that are older than structural schemas. */
  constructor(kind: Kind, read: () => JSONSchemaProps | undefined, preserves: boolean) {
    this.#kind = kind;
    this.#apiVersion = apiVersionOf(kind);
    this.#read = read;
    this.#preserves = preserves;
  }

  get compiled(): CompiledSchema {
    if (!this.#compiled) {
      const { group, version, kind } = this.#kind;
      const schema = this.#read();
      this.#compiled = compileSchema(schema && asWritten(schema), `${group}/${version}.${kind}`, this.#preserves);
    }
    return this.#compiled;
  }

  /** For OpenAPI: the schema, and whether unknown fields are kept everywhere. */
  get described(): { readonly root: Structural | undefined; readonly preserves: boolean } {
    return { root: this.compiled.root, preserves: this.#preserves };
  }

  /** In the type model, for server-side apply. */
  get schema(): ObjectSchema {
    return this.compiled.model;
  }

  /** Whether an object without a status is read with one. */
  get defaultsStatus(): boolean {
    return this.compiled.root?.properties.get('status')?.default !== undefined;
  }

  /**
   * A client's value as an object of the kind: metadata as all kinds have it, unknown fields dropped, defaults filled
   * in. Throws DecodeError. `unknown` gets the paths of what was dropped.
   */
  decode(value: unknown, unknown: string[] | undefined): Mutable<KubeObject> {
    if (!isJsonObject(value)) throw new DecodeError('the object is no JSON object');
    try {
      const own = cloneJson(value) as JsonObject; // of an object comes an object
      return this.#put(this.compiled.read(own, { stored: false, ...(unknown && { unknown }) }));
    } catch (error) {
      if (error instanceof DepthError || error instanceof CoerceError) throw new DecodeError(error.message);
      throw error;
    }
  }

  /** A stored object of this version as its schema has it now. */
  fit(object: KubeObject): KubeObject {
    return this.#put(this.compiled.read({ ...object }, { stored: true }));
  }

  /** An object that was converted from another version, without what this version does not know; it gets no defaults. */
  coerce(object: KubeObject): Mutable<KubeObject> {
    const { root } = this.compiled;
    const fields = fieldsOf({ ...object });
    const known = this.#preserves ? fields : dropNulls(pruneObject(fields, root), root);
    return this.#put(coerceEmbedded(known, root, { dropInvalid: false }));
  }

  validateCreate(object: KubeObject, { metadataProblems }: StrategyContext): Found {
    return this.compiled.validateCreate(fieldsOf(object), metadataProblems);
  }

  validateUpdate(object: KubeObject, old: KubeObject, { warn, metadataProblems }: StrategyContext): Found {
    return this.compiled.validateUpdate(fieldsOf(object), fieldsOf(old), warn, metadataProblems);
  }

  validateStatusUpdate(object: KubeObject, old: KubeObject, { warn, metadataProblems }: StrategyContext): Found {
    return this.compiled.validateStatusUpdate(fieldsOf(object), fieldsOf(old), warn, metadataProblems);
  }

  /** Kind, version and metadata first: that is how stored objects begin. */
  #put(fields: JsonObject): Mutable<KubeObject> {
    const metadata = fields.metadata ?? {};
    const out: JsonObject = { apiVersion: this.#apiVersion, kind: this.#kind.kind, metadata };
    for (const key of Object.keys(fields)) if (!Object.hasOwn(out, key)) setOwn(out, key, fields[key]);
    return out as unknown as Mutable<KubeObject>; // with what makes it one
  }
}

/** Objects as maps of fields. */
export const fieldsOf = (object: KubeObject | Mutable<KubeObject>): JsonObject => object as unknown as JsonObject;

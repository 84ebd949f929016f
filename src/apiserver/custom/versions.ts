import { errors } from '../../api/errors.ts';
import { apiVersionOf, type KubeObject, type Mutable, parseApiVersion } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { Entry } from '../cache/entry.ts';
import type { ServedResource, Stored } from '../core.ts';
import type { Versions } from '../versions.ts';
import type { CustomKind } from './kind.ts';

/** Asks a definition's webhook for objects in another version. Rejects with what is to be told to the client. */
export type ConvertObjects = (
  served: ServedResource,
  objects: readonly KubeObject[],
  apiVersion: string,
) => Promise<readonly KubeObject[]>;

type CustomResource = ServedResource & { readonly custom: CustomKind };
export const isCustomResource = (resource: ServedResource): resource is CustomResource => resource.custom !== undefined;

/**
 * How a served version of a custom resource shows what is stored. Objects that were stored in this very form are shown
 * as they are; others are fitted to the schema, once each, and those of another version are converted before that.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
 */
export class CustomVersions implements Versions {
  readonly storage: ServedResource;
  /** Where a webhook converts: makes the views that are not there yet. */
  readonly prepare: ((stored: readonly Stored[]) => Promise<void>) | undefined;
  readonly #served: CustomResource;
  readonly #apiVersion: string;
  /** What the bytes of objects in this version begin with. */
  readonly #head: Buffer;
  readonly #convert: ConvertObjects | undefined;
  readonly #views = new WeakMap<Stored, Stored>();

  constructor(served: CustomResource, convert: ConvertObjects) {
    this.#served = served;
    this.storage = served.custom.storage();
    this.#apiVersion = apiVersionOf(served);
    this.#head = Buffer.from(`{"apiVersion":${JSON.stringify(this.#apiVersion)},`);
    if (served.custom.conversion.strategy === 'Webhook') {
      this.#convert = convert;
      this.prepare = (stored) => this.#prepare(stored);
    }
  }

  readonly view = (stored: Stored): Stored => {
    if (this.#isOwn(stored)) return stored;
    const view = this.#views.get(stored);
    if (view) return view;
    const object = this.#storedForm(stored.object);
    if (object.apiVersion === this.#apiVersion) return this.#keep(stored, object);
    if (this.#convert) throw errors.internal('an object was not converted');
    return this.#keep(stored, this.#coerce({ ...object, apiVersion: this.#apiVersion }));
  };

  /** In the form that is stored; may take the object over. */
  toStorage(object: Mutable<KubeObject>): Mutable<KubeObject> | Promise<Mutable<KubeObject>> {
    const apiVersion = apiVersionOf(this.storage);
    if (object.apiVersion === apiVersion) {
      // A status that a writer may not set was dropped after the defaults were filled in; readers see its default.
      const { shape } = this.#served.custom;
      const without = !Object.hasOwn(object, 'status') && shape.defaultsStatus;
      return without ? (shape.fit(object) as Mutable<KubeObject>) : object; // made anew, as below
    }
    // With the defaults that every reader would fill in.
    const coerced = (converted: KubeObject) =>
      // Made anew by the fitting, but for parts that nobody writes into.
      (this.storage.custom?.shape.fit(converted) ?? converted) as Mutable<KubeObject>;
    if (!this.#convert) return coerced({ ...object, apiVersion });
    return this.#convert(this.#served, [object], apiVersion).then(([converted]) => coerced(converted ?? object));
  }

  /** Whether the bytes are what this version shows. */
  #isOwn(stored: Stored): boolean {
    // What was never stored was made for this version.
    if (!(stored instanceof Entry)) return stored.object.apiVersion === this.#apiVersion;
    const { length } = this.#head;
    return stored.revision > this.#served.custom.since && stored.json.compare(this.#head, 0, length, 0, length) === 0;
  }

  /** As the schema of the object's own version has it now, with its defaults. */
  #storedForm(object: KubeObject): KubeObject {
    const { version = '' } = parseApiVersion(object.apiVersion) ?? {};
    return this.#served.custom.sibling(version)?.custom?.shape.fit(object) ?? object;
  }

  #coerce(object: KubeObject): KubeObject {
    return this.#served.custom.shape.coerce(object);
  }

  #keep(stored: Stored, shown: KubeObject): Stored {
    const view = deepEqual(shown, stored.object) ? stored : Entry.unstored(stored.key, stored.revision, shown);
    this.#views.set(stored, view);
    return view;
  }

  async #prepare(stored: readonly Stored[]): Promise<void> {
    if (!this.#convert) return;
    const foreign = stored.filter(
      (one) => !this.#isOwn(one) && !this.#views.has(one) && one.object.apiVersion !== this.#apiVersion,
    );
    if (foreign.length === 0) return;
    const objects = foreign.map(({ object }) => this.#storedForm(object));
    const converted = await this.#convert(this.#served, objects, this.#apiVersion);
    for (const [i, one] of foreign.entries()) this.#keep(one, this.#coerce(converted[i] ?? one.object));
  }
}

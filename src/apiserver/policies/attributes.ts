/** A request as rules and expressions of admission see it. */
import type { Namespace } from '../../api/core/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import type { Model } from '../../schema/resolve.ts';
import { Pace } from '../../utils/turns.ts';
import type { AdmissionRequest } from '../admission.ts';
import { conversionOf } from '../conversion.ts';
import type { ServedResource, Target } from '../core.ts';
import type { Resources } from '../resource-table.ts';
import { expectedKind } from '../targets.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** A resource that a rule matched, with the kind that its objects (or the subresource's) have. */
export interface Matched {
  readonly resource: ServedResource;
  readonly kind: GroupVersionKind;
}

/** What looking at requests needs to know of the API. */
export interface Surroundings {
  readonly model: Model;
  readonly resources: Resources;
  /** Undefined where it does not exist. */
  readonly namespace: (name: string) => Namespace | undefined | Promise<Namespace | undefined>;
}

export class Attributes {
  readonly request: AdmissionRequest;
  readonly name: string;
  /** Of a namespace its own name. */
  readonly namespace: string;
  readonly kind: GroupVersionKind;
  readonly isNamespace: boolean;
  /** The namespace that the request is in, or is about; undefined where there is none (yet). */
  readonly namespaceObject: Namespace | undefined;
  /** Of all expressions that look at the request. */
  readonly pace = new Pace();
  readonly #surroundings: Surroundings;

  private constructor(request: AdmissionRequest, surroundings: Surroundings, namespaceObject: Namespace | undefined) {
    const { target, operation, object } = request;
    this.request = request;
    this.#surroundings = surroundings;
    this.isNamespace = isNamespace(target);
    const name = request.name ?? target.name;
    // By the time of validation a generated name is there.
    this.name = name || (operation === 'CREATE' && object?.metadata?.name) || '';
    this.namespace = this.isNamespace ? name : target.namespace;
    this.namespaceObject = namespaceObject;
    // What a conversation is asked for with says by itself what it is.
    this.kind =
      operation === 'CONNECT' && object
        ? { group: '', version: 'v1', kind: String((object as Partial<Record<'kind', unknown>>).kind) }
        : kindOf(surroundings.model, target);
  }

  static async of(request: AdmissionRequest, surroundings: Surroundings): Promise<Attributes> {
    const { target, oldObject } = request;
    // A namespace's own schema has decoded it.
    if (isNamespace(target)) return new Attributes(request, surroundings, oldObject as Namespace | undefined);
    const found = target.namespace === '' ? undefined : surroundings.namespace(target.namespace);
    return new Attributes(request, surroundings, found instanceof Promise ? await found : found);
  }

  /** The request's own resource and kind. */
  get own(): Matched {
    return { resource: this.request.target.resource, kind: this.kind };
  }

  /** Other resources that show the same stored objects, and have the subresource. */
  *equivalents(): Generator<ServedResource> {
    const { resource, subresource } = this.request.target;
    for (const other of this.#surroundings.resources.all()) {
      if (other === resource || other.prefix !== resource.prefix) continue;
      if (subresource === '' || other.data.subresources?.[subresource]) yield other;
    }
  }

  kindIn(resource: ServedResource): GroupVersionKind {
    return kindOf(this.#surroundings.model, { ...this.request.target, resource });
  }

  /** How objects of the request look in the version that was matched. */
  view(object: KubeObject | undefined, { resource }: Matched): KubeObject | undefined {
    const storage = this.#surroundings.resources.storageOf(this.request.target.resource);
    if (!object || resource === storage || this.#standsAlone) return object;
    return conversionOf(resource).fromStorage(object);
  }

  /** The inverse of `view`. */
  unview(object: Mutable<KubeObject>, { resource }: Matched): Mutable<KubeObject> {
    const storage = this.#surroundings.resources.storageOf(this.request.target.resource);
    if (resource === storage || this.#standsAlone) return object;
    return conversionOf(resource).toStorage(object);
  }

  /** Whether the object is of a kind that only the subresource has: Scale, Eviction. */
  get #standsAlone(): boolean {
    return this.kind.kind !== this.request.target.resource.data.kind;
  }
}

const isNamespace = ({ resource }: Target): boolean => resource.group === '' && resource.data.resource === 'namespaces';

function kindOf(model: Model, target: Target): GroupVersionKind {
  const { group, version, kind } = expectedKind(model, target);
  return { group, version, kind };
}

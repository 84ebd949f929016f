import type { KubeObject, Mutable } from '../api/resource.ts';
import type { AdmissionOperation, AdmissionPlugin, AdmissionRequest, Reinvocation } from './admission.ts';
import type { ServedResource, Target } from './core.ts';

interface Wanted {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
  /** Those that may have nothing to do; undefined where one always has. */
  readonly maybeIdle: readonly AdmissionPlugin[] | undefined;
}

/** The plugins in their order, with those that want a kind of request found once. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  /** By resource, then operation and subresource. */
  readonly #wanted = new WeakMap<ServedResource, Map<string, Wanted>>();
  /** What was found last. */
  #last:
    | {
        readonly resource: ServedResource;
        readonly operation: string;
        readonly subresource: string;
        readonly wanted: Wanted;
      }
    | undefined;

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** Lets the plugins change the object, or refuse; a second time where one changed what others had seen. */
  async mutate(request: AdmissionRequest & { readonly object: Mutable<KubeObject> | undefined }): Promise<void> {
    const { mutating } = this.#find(request.operation, request.target);
    if (mutating.length === 0) return;
    const rounds = new Rounds();
    do {
      rounds.begin();
      for (const plugin of mutating) {
        if (plugin.idle?.()) continue;
        const pending = plugin.admit?.(request, rounds);
        if (pending) await pending;
      }
    } while (rounds.anotherIsDue());
  }

  /** Asks the plugins whether the object, now in its final form, may be. */
  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#find(request.operation, request.target).validating) {
      if (plugin.idle?.()) continue;
      const pending = plugin.validate?.(request);
      if (pending) await pending;
    }
  }

  /** Whether no plugin looks at such requests, so that they need not be put together. */
  idle(operation: AdmissionOperation, target: Target): boolean {
    const { maybeIdle } = this.#find(operation, target);
    if (!maybeIdle) return false;
    for (const plugin of maybeIdle) if (!plugin.idle?.()) return false;
    return true;
  }

  #find(operation: AdmissionOperation, { resource, subresource }: Target): Wanted {
    const last = this.#last;
    // A request asks several times.
    if (last?.resource === resource && last.operation === operation && last.subresource === subresource) {
      return last.wanted;
    }
    const wanted = this.#lookUp(operation, resource, subresource);
    this.#last = { resource, operation, subresource, wanted };
    return wanted;
  }

  #lookUp(operation: AdmissionOperation, resource: ServedResource, subresource: string): Wanted {
    let ofResource = this.#wanted.get(resource);
    if (!ofResource) {
      ofResource = new Map();
      this.#wanted.set(resource, ofResource);
    }
    const key = subresource === '' ? operation : `${operation} ${subresource}`;
    let wanted = ofResource.get(key);
    if (!wanted) {
      const { group, data } = resource;
      const plugins = this.#plugins.filter((plugin) => plugin.handles(operation, group, data.resource, subresource));
      wanted = {
        mutating: plugins.filter((p) => p.admit),
        validating: plugins.filter((p) => p.validate),
        maybeIdle: plugins.every((p) => p.idle) ? plugins : undefined,
      };
      ofResource.set(key, wanted);
    }
    return wanted;
  }
}

/** The rounds of mutation: one, and one more where it is asked for. */
class Rounds implements Reinvocation {
  readonly state = new Map<string, unknown>();
  #round = 0;
  #requested = false;

  get again(): boolean {
    return this.#round > 1;
  }

  request(): void {
    this.#requested = true;
  }

  begin(): void {
    this.#round++;
  }

  anotherIsDue(): boolean {
    return this.#requested && this.#round === 1;
  }
}

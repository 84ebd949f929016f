import type { KubeObject, Mutable } from '../api/resource.ts';
import type { AdmissionOperation, AdmissionPlugin, AdmissionRequest } from './admission.ts';

/** The plugins in their order, with those that want a kind of request found once. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  readonly #wanted = new Map<string, Wanted>();

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  /** Lets the plugins change the object, or refuse. */
  async mutate(request: AdmissionRequest & { readonly object: Mutable<KubeObject> | undefined }): Promise<void> {
    for (const plugin of this.#of(request).mutating) {
      const pending = plugin.admit?.(request);
      if (pending) await pending;
    }
  }

  /** Asks the plugins whether the object, now in its final form, may be. */
  async validate(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#of(request).validating) {
      const pending = plugin.validate?.(request);
      if (pending) await pending;
    }
  }

  /** Whether no plugin looks at such requests, so that they need not be put together. */
  idle(operation: AdmissionOperation, group: string, resource: string, subresource: string): boolean {
    const { mutating, validating } = this.#find(operation, group, resource, subresource);
    return mutating.length === 0 && validating.length === 0;
  }

  #of({ operation, target }: AdmissionRequest): Wanted {
    return this.#find(operation, target.resource.group, target.resource.data.resource, target.subresource);
  }

  #find(operation: AdmissionOperation, group: string, resource: string, subresource: string): Wanted {
    const key = `${operation} ${group} ${resource} ${subresource}`;
    let wanted = this.#wanted.get(key);
    if (!wanted) {
      const plugins = this.#plugins.filter((plugin) => plugin.handles(operation, group, resource, subresource));
      wanted = { mutating: plugins.filter((p) => p.admit), validating: plugins.filter((p) => p.validate) };
      this.#wanted.set(key, wanted);
    }
    return wanted;
  }
}

interface Wanted {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
}

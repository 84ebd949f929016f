import type { RequestInfo } from '../http/request-info.ts';

/** Watches of one resource: of all of it, and of a namespace or an object. */
class Watches {
  all = 0;
  readonly #narrow = new Map<string, number>();

  add(namespace: string, name: string, by: number): void {
    if (namespace === '' && name === '') {
      this.all += by;
      return;
    }
    const key = `${namespace}/${name}`;
    const count = (this.#narrow.get(key) ?? 0) + by;
    if (count > 0) this.#narrow.set(key, count);
    else this.#narrow.delete(key);
  }

  /** How many may be told of a change. */
  concernedBy(namespace: string, name: string): number {
    let count = this.all;
    if (this.#narrow.size === 0) return count;
    if (namespace !== '') count += this.#narrow.get(`${namespace}/`) ?? 0;
    if (name !== '') count += this.#narrow.get(`${namespace}/${name}`) ?? 0;
    return count;
  }
}

/** How many watches a write will be shown to: its work goes on when its own answer is sent. */
export class WatchCount {
  readonly #byResource = new Map<string, Map<string, Watches>>();

  /** Counts a watch in; what it returns counts it out. */
  add({ group, resource, namespace, name }: RequestInfo, fieldSelector: string | undefined): () => void {
    // A change to a pod is only shown to the watch of its own node, be there thousands of nodes.
    if (resource === 'pods' && fieldSelector !== undefined && /(^|,)spec\.nodeName==?[^,=]/.test(fieldSelector))
      return () => {};
    const byGroup = this.#byResource.get(resource) ?? new Map<string, Watches>();
    this.#byResource.set(resource, byGroup);
    const watches = byGroup.get(group) ?? new Watches();
    byGroup.set(group, watches);
    watches.add(namespace, name, 1);
    return () => watches.add(namespace, name, -1);
  }

  concernedBy({ group, resource, namespace, name }: RequestInfo): number {
    return this.#byResource.get(resource)?.get(group)?.concernedBy(namespace, name) ?? 0;
  }
}

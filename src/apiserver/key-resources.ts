import type { ServedResource } from './core.ts';
import type { Resources } from './resource-table.ts';

const ROOT = '/registry/'.length;

/** Whose objects lie at a key of the store. Only prefixes of resources are remembered, so there is no end of keys. */
export class KeyResources {
  readonly #resources: Resources;
  /** By prefix; false: the prefix has another step ("/registry/services/specs/"). */
  readonly #byPrefix = new Map<string, ServedResource | false>();

  constructor(resources: Resources) {
    this.#resources = resources;
  }

  /** One of the versions that share the prefix; maybe one that has been replaced since, with the same names. */
  of(key: string): ServedResource | undefined {
    const first = key.indexOf('/', ROOT) + 1;
    const short = key.slice(0, first);
    const found = this.#byPrefix.get(short);
    if (found) return found;
    const long = key.slice(0, key.indexOf('/', first) + 1);
    if (found === false) return this.#byPrefix.get(long) || this.#lookUp(long);
    return this.#lookUp(short) ?? this.#lookUp(long);
  }

  #lookUp(prefix: string): ServedResource | undefined {
    for (const served of this.#resources.all()) {
      if (served.prefix !== prefix) continue;
      this.#byPrefix.set(prefix, served);
      const parent = prefix.slice(0, prefix.indexOf('/', ROOT) + 1);
      if (parent !== prefix) this.#byPrefix.set(parent, false);
      return served;
    }
    return undefined;
  }
}

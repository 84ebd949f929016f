const SIZE = 500;

/** Owners that were found not to exist, the last few. A uid never comes back, so that what is here stays true. */
export class AbsentOwners {
  readonly #keys = new Set<string>();

  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= SIZE) return;
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest);
      return;
    }
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }
}

import { addResources, type ResourceList } from '../../api/pod-resources.ts';
import { compareQuantities, formatQuantity, subtractQuantities } from '../../schema/quantity.ts';
import { resourcesKey } from './counting.ts';

/** How long after it was charged an object may take to be seen; after that its request is taken to have failed. */
export const CHARGE_MS = 1000;
/** Older entries beyond that are forgotten, which a recount makes good. */
const MAX = 10_000;

interface Entry {
  readonly key: string;
  readonly usage: ResourceList;
  readonly revision: number;
  readonly at: number;
}

/**
 * What admission has added to a quota's usage for objects that are on their way into the store. A recount does not find
 * those objects yet, and must not give their room to others. An object that appears takes its charge away.
 */
export class Charges {
  #charged: Entry[] = [];
  /** Objects seen before their charge was: quotas and objects come by different watches. */
  #arrived: Entry[] = [];
  #own = 0;

  /** The quota's usage went from `before` to `after`. */
  observe(before: ResourceList, after: ResourceList, revision: number, now: number): void {
    if (revision === this.#own) return;
    const usage: Record<string, string> = {};
    for (const [name, quantity] of Object.entries(after)) {
      const old = before[name];
      if (old !== undefined && compareQuantities(quantity, old) > 0)
        usage[name] = formatQuantity(subtractQuantities(quantity, old));
    }
    if (Object.keys(usage).length === 0) return;
    const entry = { key: resourcesKey(usage), usage, revision, at: now };
    const seen = this.#arrived.findIndex(({ key, revision: later }) => key === entry.key && later > revision);
    if (seen >= 0) this.#arrived.splice(seen, 1);
    else push(this.#charged, entry);
  }

  /** An object was made. False when nobody is known to have charged for it. */
  arrive(usage: ResourceList, revision: number, now: number): boolean {
    const key = resourcesKey(usage);
    const found = this.#charged.findIndex((charge) => charge.key === key && charge.revision < revision);
    if (found >= 0) this.#charged.splice(found, 1);
    else push(this.#arrived, { key, usage, revision, at: now });
    return found >= 0;
  }

  /** The status of that revision was the controller's own. */
  wrote(revision: number): void {
    this.#own = revision;
    this.#charged = this.#charged.filter((charge) => charge.revision !== revision);
  }

  /** The sum of what is charged and not seen. */
  outstanding(now: number): ResourceList {
    const young = ({ at }: Entry) => now - at < CHARGE_MS;
    this.#charged = this.#charged.filter(young);
    this.#arrived = this.#arrived.filter(young);
    return this.#charged.reduce<ResourceList>((sum, { usage }) => addResources(sum, usage), {});
  }

  /** In how many milliseconds the oldest charge is given up; undefined where nothing is outstanding. */
  due(now: number): number | undefined {
    const [oldest] = this.#charged;
    return oldest && Math.max(0, oldest.at + CHARGE_MS - now);
  }
}

function push(list: Entry[], entry: Entry): void {
  list.push(entry);
  if (list.length > MAX) list.shift();
}

import { isIPv4 } from 'node:net';

/** Prefix length of a node's share, as --node-cidr-mask-size. */
const NODE_PREFIX = 24;

/** An IPv4 range in equal parts, one a node. */
export class CidrSet {
  readonly #base: number;
  readonly #prefix: number;
  readonly #count: number;
  readonly #byNode = new Map<string, number>();
  /** Number of nodes that say a part is theirs: more than one when somebody set it by hand. */
  readonly #taken = new Map<number, number>();
  #next = 0;

  /** Throws for what is not an IPv4 range. One smaller than a node's share is all one node's. */
  constructor(cidr: string) {
    const [address = '', length = ''] = cidr.split('/');
    const bits = Number(length);
    if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || bits > 32) throw new Error(`invalid cluster CIDR "${cidr}"`);
    this.#prefix = Math.max(NODE_PREFIX, bits);
    this.#count = 2 ** (this.#prefix - bits);
    this.#base = Math.floor(toNumber(address) / 2 ** (32 - bits)) * 2 ** (32 - bits);
  }

  /** The node's part, a new one unless it has one; undefined when none is left. Parts given back are reused last. */
  allocate(node: string): string | undefined {
    const has = this.#byNode.get(node);
    if (has !== undefined) return this.#cidr(has);
    for (let tries = 0; tries < this.#count; tries++) {
      const index = this.#next;
      this.#next = (index + 1) % this.#count;
      if (this.#taken.has(index)) continue;
      this.#take(node, index);
      return this.#cidr(index);
    }
    return undefined;
  }

  /** Notes that the node has that part already; false when it is none of this range's. */
  occupy(node: string, cidr: string): boolean {
    const [address = '', length] = cidr.split('/');
    const index = isIPv4(address) ? (toNumber(address) - this.#base) / 2 ** (32 - this.#prefix) : -1;
    if (Number(length) !== this.#prefix || !Number.isInteger(index) || index < 0 || index >= this.#count) return false;
    this.release(node);
    this.#take(node, index);
    return true;
  }

  /** Returns whether there is a part more to be had now. */
  release(node: string): boolean {
    const index = this.#byNode.get(node);
    if (index === undefined) return false;
    this.#byNode.delete(node);
    const holders = (this.#taken.get(index) ?? 1) - 1;
    if (holders > 0) this.#taken.set(index, holders);
    else this.#taken.delete(index);
    return holders === 0;
  }

  #take(node: string, index: number): void {
    this.#byNode.set(node, index);
    this.#taken.set(index, (this.#taken.get(index) ?? 0) + 1);
  }

  #cidr(index: number): string {
    const address = this.#base + index * 2 ** (32 - this.#prefix);
    return `${[24, 16, 8, 0].map((by) => (address >>> by) & 255).join('.')}/${this.#prefix}`;
  }
}

function toNumber(address: string): number {
  return address.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);
}

import { addressNumber, addressText, familyOf, familyOfRange, type IPFamily } from '../../utils/ip.ts';

/** Addresses of a CIDR that can be given out: not the network's own, nor for IPv4 its broadcast address. */
export class IpRange {
  readonly family: IPFamily;
  readonly cidr: string;
  /** The network's address. */
  readonly base: string;
  /** How many addresses there are. */
  readonly size: bigint;
  /**
   * The lower part, left to those who choose addresses themselves as long as there are others.
   * https://kubernetes.io/docs/reference/networking/virtual-ips/#service-ip-static-sub-range
   */
  readonly reserved: bigint;
  readonly #first: bigint;

  /** Throws for what is no CIDR. */
  constructor(cidr: string) {
    const [address = '', bits = ''] = cidr.split('/');
    const family = familyOfRange(cidr);
    const start = addressNumber(address);
    if (family === undefined || start === undefined) throw new Error(`${cidr} is not a CIDR`);
    const length = Number(bits);
    if (family === 'IPv6' && length < 64) {
      throw new Error(`shortest allowed prefix length for service CIDR is 64, got ${length}`);
    }
    const hosts = 1n << BigInt((family === 'IPv4' ? 32 : 128) - length);
    const base = (start / hosts) * hosts;
    this.family = family;
    this.cidr = `${addressText(base, family)}/${length}`;
    this.base = addressText(base, family);
    this.size = family === 'IPv4' ? hosts - 2n : hosts - 1n;
    if (this.size < 1n) throw new Error(`${cidr} has no addresses to give out`);
    this.#first = base + 1n;
    this.reserved = this.size < 16n ? 0n : clamp(this.size / 16n, 16n, 256n);
  }

  contains(ip: string): boolean {
    if (familyOf(ip) !== this.family) return false;
    const index = (addressNumber(ip) ?? -1n) - this.#first;
    return index >= 0n && index < this.size;
  }

  /** The address at an index in [0, size). */
  at(index: bigint): string {
    return addressText(this.#first + index, this.family);
  }
}

const clamp = (value: bigint, low: bigint, high: bigint): bigint => (value < low ? low : value > high ? high : value);

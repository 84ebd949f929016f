import { isIP } from 'node:net';

export type IpFamily = 'IPv4' | 'IPv6';

/** The family of an address; undefined for what is none. */
export function familyOf(ip: string): IpFamily | undefined {
  const kind = isIP(ip);
  return kind === 4 ? 'IPv4' : kind === 6 ? 'IPv6' : undefined;
}

/** Addresses of a CIDR that can be given out: not the network's own, nor for IPv4 its broadcast address. */
export class IpRange {
  readonly family: IpFamily;
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
    const family = familyOf(address);
    const width = family === 'IPv4' ? 32 : 128;
    const length = Number(bits);
    if (!family || !/^\d{1,3}$/.test(bits) || length > width) throw new Error(`${cidr} is not a CIDR`);
    if (family === 'IPv6' && length < 64) {
      throw new Error(`shortest allowed prefix length for service CIDR is 64, got ${length}`);
    }
    const hosts = 1n << BigInt(width - length);
    const base = (toNumber(address, family) / hosts) * hosts;
    this.family = family;
    this.cidr = `${toText(base, family)}/${length}`;
    this.base = toText(base, family);
    this.size = family === 'IPv4' ? hosts - 2n : hosts - 1n;
    if (this.size < 1n) throw new Error(`${cidr} has no addresses to give out`);
    this.#first = base + 1n;
    this.reserved = this.size < 16n ? 0n : clamp(this.size / 16n, 16n, 256n);
  }

  contains(ip: string): boolean {
    if (familyOf(ip) !== this.family) return false;
    const index = toNumber(ip, this.family) - this.#first;
    return index >= 0n && index < this.size;
  }

  /** The address at an index in [0, size). */
  at(index: bigint): string {
    return toText(this.#first + index, this.family);
  }
}

const clamp = (value: bigint, low: bigint, high: bigint): bigint => (value < low ? low : value > high ? high : value);

/** The canonical text of an address. */
export function canonicalIp(ip: string): string {
  const family = familyOf(ip);
  return family ? toText(toNumber(ip, family), family) : ip;
}

function toNumber(ip: string, family: IpFamily): bigint {
  if (family === 'IPv4') return ip.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  // URL writes IPv6 addresses in hexadecimal groups, whatever form they came in.
  const text = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function toText(value: bigint, family: IpFamily): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 65535n).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

import { isIPv4, isIPv6 } from 'node:net';

export type IPFamily = 'IPv4' | 'IPv6';

export function familyOf(address: string): IPFamily | undefined {
  if (isIPv4(address)) return 'IPv4';
  // A zone ("fe80::1%eth0") has no meaning in a rule.
  if (isIPv6(address) && !address.includes('%')) return 'IPv6';
  return undefined;
}

/** The family of "10.0.0.0/8"; undefined when it is not a range. */
export function familyOfRange(cidr: string): IPFamily | undefined {
  const slash = cidr.indexOf('/');
  if (slash < 0) return undefined;
  const family = familyOf(cidr.slice(0, slash));
  const prefix = cidr.slice(slash + 1);
  if (family === undefined || !/^\d{1,3}$/.test(prefix)) return undefined;
  return Number(prefix) <= widthOf(family) ? family : undefined;
}

/** The address's 4 or 16 bytes; undefined when it is not one. */
export function addressBytes(address: string): Uint8Array | undefined {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  if (familyOf(address) !== 'IPv6') return undefined;
  let text = address;
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.')) {
    const [a = 0, b = 0, c = 0, d = 0] = text
      .slice(lastColon + 1)
      .split('.')
      .map(Number);
    text = `${text.slice(0, lastColon + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const words = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const before = words(head);
  const after = tail === undefined ? [] : words(tail);
  const all = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** The number an address is, for arithmetic; undefined when it is not one. */
export function addressNumber(address: string): bigint | undefined {
  return addressBytes(address)?.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

/** The address that a number is, in its shortest spelling (RFC 5952 for IPv6). */
export function addressText(value: bigint, family: IPFamily): string {
  if (family === 'IPv4') return [24n, 16n, 8n, 0n].map((by) => (value >> by) & 0xffn).join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // URL writes IPv6 addresses just so.
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1);
}

/** One spelling for each address; a text that is none stays as it is. */
export function canonicalAddress(address: string): string {
  const family = familyOf(address);
  const value = addressNumber(address);
  return family === undefined || value === undefined ? address : addressText(value, family);
}

const widthOf = (family: IPFamily): number => (family === 'IPv4' ? 32 : 128);

/** Whether `cidr` contains `address`; false when either is malformed or the families differ. */
export function rangeContains(cidr: string, address: string): boolean {
  const family = familyOfRange(cidr);
  if (family === undefined || family !== familyOf(address)) return false;
  const [base = '', prefix = ''] = cidr.split('/');
  const a = addressNumber(base);
  const b = addressNumber(address);
  if (a === undefined || b === undefined) return false;
  const shift = BigInt(widthOf(family) - Number(prefix));
  return a >> shift === b >> shift;
}

/** The address `n` after the base of a range: the first of 10.244.1.0/24 is 10.244.1.1. */
export function addressInRange(cidr: string, n: number): string {
  const [base = '', prefix = ''] = cidr.split('/');
  const family = familyOfRange(cidr);
  const start = addressNumber(base);
  if (family === undefined || start === undefined) throw new Error(`${JSON.stringify(cidr)} is not an address range`);
  const shift = BigInt(widthOf(family) - Number(prefix));
  const value = ((start >> shift) << shift) + BigInt(n);
  if (value >> shift !== start >> shift) throw new Error(`${cidr} has no address number ${n}`);
  return addressText(value, family);
}

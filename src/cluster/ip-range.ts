import { BlockList, isIPv4 } from 'node:net';
import { ConfigurationError } from './configuration-error.ts';

/** An IPv4 range such as 10.96.0.0/12. */
export interface IpRange {
  readonly base: number;
  readonly bits: number;
}

/** Throws, naming the flag, for what is not a range of at most /30. */
export function parseRange(text: string, flag: string): IpRange {
  const [address = '', length = ''] = text.split('/');
  const bits = Number(length);
  if (!isIPv4(address) || !/^\d+$/.test(length) || bits < 8 || bits > 30) {
    throw new ConfigurationError(`--${flag} "${text}" is not an IPv4 range like 10.96.0.0/12`);
  }
  const base = address.split('.').reduce((n, part) => n * 256 + Number(part), 0);
  return { base: base - (base % 2 ** (32 - bits)), bits };
}

/** The nth address of a range: the first is the kubernetes Service's, the tenth the cluster DNS'. */
export function addressAt(range: IpRange, n: number): string {
  const value = range.base + n;
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

/** Whether two ranges share an address. */
export function overlap(a: string, b: string): boolean {
  const list = new BlockList();
  for (const [address = '', bits] of [a.split('/')]) list.addSubnet(address, Number(bits));
  const other = new BlockList();
  for (const [address = '', bits] of [b.split('/')]) other.addSubnet(address, Number(bits));
  return list.check(b.split('/')[0] ?? '') || other.check(a.split('/')[0] ?? '');
}

import { ConfigurationError } from '../utils/configuration-error.ts';
import { familyOfRange, rangeContains } from '../utils/ip.ts';

/** Throws, naming the flag, for what is not a range of at least 14 IPv4 addresses: the tenth is the cluster's DNS. */
export function checkRange(cidr: string, flag: string): void {
  if (familyOfRange(cidr) !== 'IPv4' || Number(cidr.split('/')[1]) > 28) {
    throw new ConfigurationError(`--${flag} "${cidr}" is not a range of IPv4 addresses like 10.96.0.0/16`);
  }
}

/** Whether two ranges share an address: then one holds the other's first. */
export function overlap(a: string, b: string): boolean {
  return rangeContains(a, b.split('/')[0] ?? '') || rangeContains(b, a.split('/')[0] ?? '');
}

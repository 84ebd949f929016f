import { isIP } from 'node:net';

export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** resolv(5) reads no more than this many. */
const MOST_SERVERS = 3;

/** The name servers of a resolv.conf, in order. What is no address is skipped, as the C library does. */
export function parseResolvConf(text: string): Upstream[] {
  const found: Upstream[] = [];
  for (const line of text.split('\n')) {
    const [keyword, address = ''] = line.trim().split(/\s+/);
    if (keyword === 'nameserver' && isIP(address.split('%')[0] ?? '') !== 0) found.push({ address, port: 53 });
  }
  return found.slice(0, MOST_SERVERS);
}

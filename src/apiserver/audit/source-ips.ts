import { isIP } from 'node:net';
import { canonicalAddress } from '../../utils/ip.ts';
import type { Exchange } from '../http/exchange.ts';

/**
 * Where a request comes from, the first first: what X-Forwarded-For and X-Real-Ip say, which anybody can write, and the
 * other end of the connection, which is sure.
 */
export function sourceIPs({ headers, connection }: Exchange): readonly string[] {
  const remote = connection.remoteAddress.replace(/^::ffff:(?=\d+\.)/, '');
  const [forwarded, real] = [headers['x-forwarded-for'], headers['x-real-ip']];
  if (forwarded === undefined && real === undefined) return isIP(remote) ? [remote] : [];
  const found: string[] = [];
  const listed = Array.isArray(forwarded) ? forwarded[0] : forwarded;
  for (const part of listed?.split(',') ?? []) {
    const address = part.trim();
    if (isIP(address)) found.push(canonicalAddress(address));
  }
  const one = Array.isArray(real) ? real[0] : real;
  if (one !== undefined && isIP(one) && !found.includes(canonicalAddress(one))) found.push(canonicalAddress(one));
  if (isIP(remote) && found.at(-1) !== remote) found.push(remote);
  return found;
}

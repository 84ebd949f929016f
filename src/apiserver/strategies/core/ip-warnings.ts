import { isIP } from 'node:net';
import type { Path } from '../../../schema/field-error.ts';
import { quote } from '../../../schema/quote.ts';
import { addressNumber, addressText, canonicalAddress } from '../../../utils/ip.ts';

const MAPPED_LOW = 0xffffn << 32n;
const octets = /^[0-9]+(?:\.[0-9]+){3}$/;

/** The address without zeros that lead its octets, as decimal numbers; undefined where it is none even so. */
function withoutLeadingZeros(value: string): string | undefined {
  if (!octets.test(value)) return undefined;
  const bare = value
    .split('.')
    .map((octet) => String(Number(octet)))
    .join('.');
  return isIP(bare) === 4 ? bare : undefined;
}

/** The IPv4 address in ::ffff:1.2.3.4, however it is spelled. */
function mapped(value: string): string | undefined {
  if (isIP(value) !== 6) return undefined;
  const number = addressNumber(value);
  if (number === undefined || number >> 32n !== MAPPED_LOW >> 32n) return undefined;
  return addressText(number & 0xffffffffn, 'IPv4');
}

/**
 * What is allowed as an address for old objects' sake, but read differently by different programs (KEP-4858);
 * complaints are added to `found`.
 */
export function warnOfIp(value: string, path: Path, found: string[]): void {
  const family = isIP(value);
  if (family === 4) return;
  const standard = family === 0 ? withoutLeadingZeros(value) : mapped(value);
  if (standard !== undefined) {
    found.push(`${path}: non-standard IP address ${quote(value)} is invalid: use ${quote(standard)}`);
    return;
  }
  if (family === 0) return;
  const canonical = canonicalAddress(value);
  if (canonical !== value) {
    found.push(`${path}: IPv6 address ${quote(value)} should be in RFC 5952 canonical format (${quote(canonical)})`);
  }
}

/** The same of a range of addresses. */
export function warnOfCidr(value: string, path: Path, found: string[]): void {
  const [address = '', prefix = ''] = value.split('/');
  const family = isIP(address);
  const standard = family === 0 ? withoutLeadingZeros(address) : mapped(address);
  const base = standard ?? canonicalAddress(address);
  const width = isIP(base) === 4 ? 32 : 128;
  // Of an IPv4 address in an IPv6 one only the last 32 bits count.
  const length = Number(prefix) - (family === 6 && width === 32 ? 96 : 0);
  const number = addressNumber(base);
  if (number === undefined || !/^[0-9]+$/.test(prefix) || length < 0 || length > width) return;
  const shift = BigInt(width - length);
  const network = addressText((number >> shift) << shift, width === 32 ? 'IPv4' : 'IPv6');
  const range = `${network}/${length}`;
  const before = found.length;
  if (network !== base) {
    const single = quote(`${base}/${family === 6 ? 128 : 32}`);
    found.push(
      `${path}: CIDR value ${quote(value)} is ambiguous in this context (should be ${quote(range)} or ${single}?)`,
    );
  }
  if (standard !== undefined || prefix !== String(Number(prefix))) {
    found.push(`${path}: non-standard CIDR value ${quote(value)} is invalid: use ${quote(range)}`);
  }
  if (found.length === before && width === 128 && range !== value) {
    found.push(`${path}: IPv6 CIDR value ${quote(value)} should be in RFC 5952 canonical format (${quote(range)})`);
  }
}

import { expect, test } from 'vitest';
import { Path } from '../../../schema/field-error.ts';
import { warnOfCidr, warnOfIp } from './ip-warnings.ts';

const at = Path.of('ip');
const ofIp = (value: string): string[] => {
  const found: string[] = [];
  warnOfIp(value, at, found);
  return found;
};
const ofCidr = (value: string): string[] => {
  const found: string[] = [];
  warnOfCidr(value, at, found);
  return found;
};

test('addresses that programs read differently (KEP-4858)', () => {
  expect(ofIp('10.0.0.1')).toEqual([]);
  expect(ofIp('::1')).toEqual([]);
  expect(ofIp('010.0.0.1')).toEqual(['ip: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"']);
  expect(ofIp('::ffff:1.2.3.4')).toEqual(['ip: non-standard IP address "::ffff:1.2.3.4" is invalid: use "1.2.3.4"']);
  expect(ofIp('FE80::1')).toEqual(['ip: IPv6 address "FE80::1" should be in RFC 5952 canonical format ("fe80::1")']);
});

test('and ranges of them', () => {
  expect(ofCidr('10.0.0.0/8')).toEqual([]);
  expect(ofCidr('10.0.0.1/8')).toEqual([
    'ip: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
  ]);
  expect(ofCidr('010.0.0.0/8')).toEqual(['ip: non-standard CIDR value "010.0.0.0/8" is invalid: use "10.0.0.0/8"']);
  expect(ofCidr('FD00::/8')).toEqual([
    'ip: IPv6 CIDR value "FD00::/8" should be in RFC 5952 canonical format ("fd00::/8")',
  ]);
});

import { expect, test } from 'vitest';
import { addressBytes, addressInRange, canonicalAddress, familyOf, familyOfRange, rangeContains } from './ip.ts';

test.each([
  ['10.0.0.1', 'IPv4'],
  ['fd00::1', 'IPv6'],
  ['::ffff:10.0.0.1', 'IPv6'],
  ['fe80::1%eth0', undefined],
  ['10.0.0.256', undefined],
  ['', undefined],
])('family of %s', (address, family) => expect(familyOf(address)).toBe(family));

test.each([
  ['10.0.0.0/8', 'IPv4'],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0', undefined],
  ['10.0.0.0/', undefined],
  ['fd00::/64', 'IPv6'],
  ['fd00::/129', undefined],
])('family of range %s', (range, family) => expect(familyOfRange(range)).toBe(family));

test.each([
  ['::', '00000000000000000000000000000000'],
  ['::1', '00000000000000000000000000000001'],
  ['fd00:1::', 'fd000001000000000000000000000000'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['192.0.2.1', 'c0000201'],
])('bytes of %s', (address, hex) => expect(Buffer.from(addressBytes(address) ?? []).toString('hex')).toBe(hex));

test.each([
  ['10.244.0.0/16', '10.244.255.255', true],
  ['10.244.0.0/16', '10.245.0.0', false],
  ['0.0.0.0/0', '255.255.255.255', true],
  ['10.0.0.1/32', '10.0.0.1', true],
  ['fd00::/64', 'fd00::ffff', true],
  ['fd00::/64', 'fd00:0:0:1::', false],
  ['10.0.0.0/8', 'fd00::1', false],
  ['nonsense', '10.0.0.1', false],
])('%s contains %s: %s', (range, address, inside) => expect(rangeContains(range, address)).toBe(inside));

test('addresses of a range', () => {
  expect(addressInRange('10.244.3.0/24', 1)).toBe('10.244.3.1');
  expect(addressInRange('10.244.3.77/24', 255)).toBe('10.244.3.255');
  expect(addressInRange('fd00:244::/64', 1)).toBe('fd00:244::1');
  expect(() => addressInRange('10.0.0.0/30', 4)).toThrow('no address number 4');
});

test.each([
  ['fd00:0:0::00A', 'fd00::a'],
  ['fd00:1:0:0:0:0:0:0', 'fd00:1::'],
  ['10.0.0.1', '10.0.0.1'],
  ['None', 'None'],
])('%s is spelt %s', (address, text) => expect(canonicalAddress(address)).toBe(text));

import { expect, test } from 'vitest';
import { type Occurrence, packSubsets, truncate } from './subsets.ts';

const at = (ip: string, port: number | undefined, ready = true): Occurrence => ({
  address: { ip },
  ready,
  ...(port !== undefined && { port: { port, protocol: 'TCP' } }),
});
const tcp = (port: number) => ({ port, protocol: 'TCP' });

test('ports of the same addresses are together', () => {
  const all = [at('1.1.1.2', 80), at('1.1.1.1', 80), at('1.1.1.1', 443), at('1.1.1.2', 443)];
  const packed = [{ addresses: [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }], ports: [tcp(443), tcp(80)] }];
  expect(packSubsets(all)).toEqual(packed);
  expect(packSubsets([...all].reverse())).toEqual(packed);
});

test('and apart where addresses or their states differ', () => {
  expect(packSubsets([at('1.1.1.1', 80), at('1.1.1.1', 443, false), at('1.1.1.2', 80)])).toEqual([
    { notReadyAddresses: [{ ip: '1.1.1.1' }], ports: [tcp(443)] },
    { addresses: [{ ip: '1.1.1.1' }, { ip: '1.1.1.2' }], ports: [tcp(80)] },
  ]);
});

test('addresses without ports are kept, and not ready trumps ready', () => {
  expect(packSubsets([at('1.1.1.1', undefined)])).toEqual([{ addresses: [{ ip: '1.1.1.1' }] }]);
  expect(packSubsets([at('1.1.1.1', 80), at('1.1.1.1', 80, false), at('1.1.1.1', 80)])).toEqual([
    { notReadyAddresses: [{ ip: '1.1.1.1' }], ports: [tcp(80)] },
  ]);
  expect(packSubsets([])).toEqual([]);
});

test('what is too much is left out in proportion, what is not ready first', () => {
  const ips = (n: number) => Array.from({ length: n }, (_, i) => ({ ip: `1.1.1.${i}` }));
  const sizes = (subsets: ReturnType<typeof truncate>) =>
    subsets?.map(({ addresses, notReadyAddresses }) => [addresses?.length, notReadyAddresses?.length]);
  const subsets = [
    { addresses: ips(6), notReadyAddresses: ips(4) },
    { addresses: ips(2), notReadyAddresses: ips(2) },
  ];
  expect(truncate(subsets, 14)).toBeUndefined();
  expect(sizes(truncate(subsets, 11))).toEqual([
    [6, 2],
    [2, 1],
  ]);
  expect(sizes(truncate(subsets, 4))).toEqual([
    [3, undefined],
    [1, undefined],
  ]);
});

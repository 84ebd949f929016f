import { beforeEach, describe, expect, test } from 'vitest';
import { services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import type { Nft } from './nft.ts';
import { type RunningProxy, startProxy } from './proxy.ts';
import { CommandError, type Run } from './run.ts';
import { FakeCluster, makeService, makeSlice } from './testing.ts';

let clock: FakeClock;
let cluster: FakeCluster;
let scripts: string[];
let commands: string[];
let failing: boolean;
let present: boolean;
let hold: Promise<void> | undefined;

const nft: Nft = {
  apply: async (script) => {
    await hold;
    if (failing) throw new CommandError('nft: no', 1);
    scripts.push(script);
  },
  list: async () => undefined,
  hasRules: async () => present,
};

const run: Run = async (command, args) => {
  commands.push([command, ...args].join(' '));
  return '';
};

beforeEach(() => {
  clock = new FakeClock();
  cluster = new FakeCluster(clock);
  scripts = [];
  commands = [];
  failing = false;
  present = true;
  hold = undefined;
});

async function start(): Promise<RunningProxy> {
  return await startProxy({
    informers: cluster.informers,
    nodeName: 'here',
    nodeIPs: ['192.0.2.10'],
    clusterCIDRs: ['10.244.0.0/16'],
    serviceCIDRs: ['10.96.0.0/12'],
    clock,
    log: silent,
    nft,
    run,
  });
}

async function synced(): Promise<RunningProxy> {
  const proxy = await start();
  cluster.informers.start();
  await settle();
  await clock.advance(0);
  await proxy.synced;
  return proxy;
}

describe('the proxy', () => {
  test('touches no rules before it knows all services, but has its routes', async () => {
    await start();
    await clock.advance(100_000);
    expect(scripts).toEqual([]);
    expect(commands.some((command) => command.includes('route replace 10.96.0.0/12 dev skiff0 src 192.0.2.10'))).toBe(
      true,
    );
  });

  test('starts with one transaction for everything', async () => {
    for (let i = 0; i < 50; i++) cluster.put(services, makeService(`s${i}`, { clusterIP: `10.96.1.${i}` }));
    await synced();
    expect(scripts).toHaveLength(1);
    expect(scripts[0]?.match(/10\.96\.1\.\d+ \. tcp \. 80 : goto reject-chain/g)).toHaveLength(50);
  });

  test('changes that come together are one transaction, of the change only', async () => {
    for (let i = 0; i < 50; i++) cluster.put(services, makeService(`s${i}`, { clusterIP: `10.96.1.${i}` }));
    const proxy = await synced();
    cluster.put(endpointslices, makeSlice('s1', [{ ip: '10.244.0.1' }]));
    cluster.put(endpointslices, makeSlice('s2', [{ ip: '10.244.0.2' }]));
    await clock.advance(9);
    expect(scripts).toHaveLength(1);
    await clock.advance(1);
    expect(scripts).toHaveLength(2);
    expect(scripts[1]?.split('\n').length).toBeLessThan(10);
    await proxy.stop();
  });

  test('a change during a transaction waits for its end and is not lost', async () => {
    const proxy = await synced();
    let open = () => {};
    hold = new Promise((resolve) => {
      open = resolve;
    });
    cluster.put(services, makeService('a', { clusterIP: '10.96.1.1' }));
    await clock.advance(10);
    cluster.put(services, makeService('b', { clusterIP: '10.96.1.2' }));
    await clock.advance(1000);
    expect(scripts).toHaveLength(1);
    open();
    await clock.advance(10);
    expect(scripts.slice(1).map((script) => /10\.96\.1\.\d/.exec(script)?.[0])).toEqual(['10.96.1.1', '10.96.1.2']);
    await proxy.stop();
  });

  test('after a failure everything is written again, later each time, and events do not hurry it', async () => {
    cluster.put(services, makeService('a', { clusterIP: '10.96.1.1' }));
    await synced();
    failing = true;
    cluster.put(services, makeService('b', { clusterIP: '10.96.1.2' }));
    await clock.advance(10);
    failing = false;
    cluster.put(services, makeService('c', { clusterIP: '10.96.1.3' }));
    await clock.advance(900);
    expect(scripts).toHaveLength(1);
    await clock.advance(100);
    expect(scripts).toHaveLength(2);
    for (const address of ['10.96.1.1', '10.96.1.2', '10.96.1.3']) expect(scripts[1]).toContain(address);
  });

  test('rules that somebody removed come back', async () => {
    await synced();
    await clock.advance(60_000);
    expect(scripts).toHaveLength(1);
    present = false;
    await clock.advance(60_000);
    expect(scripts).toHaveLength(2);
  });

  test('empty chains are swept up a second later, and then there is nothing to do', async () => {
    cluster.put(services, makeService('a', {}));
    cluster.put(endpointslices, makeSlice('a', [{ ip: '10.244.0.1' }]));
    await synced();
    cluster.remove(services, 'default', 'a');
    await clock.advance(1010);
    expect(scripts).toHaveLength(3);
    expect(scripts[2]).toMatch(/^delete chain ip skiff service-\S+\n$/);
    await clock.advance(10_000);
    expect(scripts).toHaveLength(3);
    expect(clock.pending).toBe(1); // the look after the rules, and nothing else
  });

  test('UDP flows to an endpoint that left are forgotten', async () => {
    const ports = [{ protocol: 'UDP', port: 53, targetPort: 53, nodePort: 30053 }] as const;
    const slice = (ips: string[]) =>
      makeSlice(
        'dns',
        ips.map((ip) => ({ ip })),
        { ports: [{ name: '', protocol: 'UDP', port: 5353 }] },
      );
    cluster.put(services, makeService('dns', { type: 'NodePort', clusterIP: '10.96.0.10', ports }));
    cluster.put(endpointslices, slice(['10.244.0.1', '10.244.0.2']));
    await synced();
    cluster.put(endpointslices, slice(['10.244.0.2']));
    await clock.advance(10);
    expect(commands.filter((command) => command.startsWith('conntrack'))).toEqual([
      'conntrack -D -f ipv4 -p udp --orig-dst 10.96.0.10 --orig-port-dst 53 --dst-nat 10.244.0.1',
      'conntrack -D -f ipv4 -p udp --orig-port-dst 30053 --dst-nat 10.244.0.1',
    ]);
  });

  test('cleanup takes away the table, the device and the routes', async () => {
    const proxy = await synced();
    await proxy.cleanup();
    expect(scripts.at(-1)).toBe('add table ip skiff\ndelete table ip skiff\n');
    expect(commands.slice(-2)).toEqual([
      'ip -4 route del unreachable 10.244.0.0/16 proto 153',
      'ip link del skiff0 type bridge',
    ]);
    expect(clock.pending).toBe(0);
  });
});

test('a range that the machine uses is refused', async () => {
  const taken: Run = async (_, args) =>
    args.includes('exact') ? 'unicast 10.96.0.0/12 via 192.0.2.1 dev eth0 proto static\n' : '';
  const options = {
    informers: cluster.informers,
    nodeName: 'here',
    nodeIPs: [],
    clusterCIDRs: [],
    clock,
    log: silent,
    nft,
  };
  await expect(startProxy({ ...options, serviceCIDRs: ['10.96.0.0/12'], run: taken })).rejects.toThrow(
    'in use on this machine',
  );
});

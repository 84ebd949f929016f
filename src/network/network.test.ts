import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Node, nodes } from '../api/core/v1.gen.ts';
import { CommandError, type Run } from '../proxy/run.ts';
import { FakeCluster } from '../proxy/testing.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { cniConfigList } from './cni.ts';
import { startNetwork } from './network.ts';
import { startNodeRoutes, wantedRoutes } from './node-routes.ts';
import { Sysctls } from './sysctl.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skiff-network-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function makeNode(name: string, podCIDR: string | undefined, address: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', namespace: '' },
    spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
    status: {
      addresses: [
        { type: 'Hostname', address: name },
        { type: 'InternalIP', address },
      ],
    },
  } as unknown as Node; // what a heartbeat adds to a status does not matter here
}

describe('CNI configuration', () => {
  test('both families, the leases in the folder of the cluster', () => {
    const options = { name: 'skiff', podCIDRs: ['10.244.1.0/24', 'fd00:244:1::/64'], mtu: 1400, leasesDir: '/l' };
    expect(cniConfigList(options)).toMatchObject({
      cniVersion: '1.0.0',
      name: 'skiff',
      plugins: [
        {
          type: 'ptp',
          mtu: 1400,
          ipMasq: false,
          ipam: {
            type: 'host-local',
            dataDir: '/l',
            ranges: [[{ subnet: '10.244.1.0/24' }], [{ subnet: 'fd00:244:1::/64' }]],
            routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
          },
        },
        { type: 'portmap', capabilities: { portMappings: true } },
      ],
    });
  });

  test('an unknown size of packets is left to the kernel', () => {
    expect(
      JSON.stringify(cniConfigList({ name: 'n', podCIDRs: ['10.0.0.0/24'], mtu: 0, leasesDir: '/l' })),
    ).not.toContain('mtu');
  });
});

describe('startNetwork', () => {
  test('writes one file, private, and takes everything back', async () => {
    const sysctlRoot = join(folder, 'sys');
    await mkdir(join(sysctlRoot, 'net/ipv4'), { recursive: true });
    await writeFile(join(sysctlRoot, 'net/ipv4/ip_forward'), '0\n');
    const commands: string[] = [];
    const run: Run = async (command, args) => {
      const line = [command, ...args].join(' ');
      commands.push(line);
      if (line === 'ip -4 route show default') return 'default via 192.0.2.1 dev eth7 \n';
      if (line === 'ip -o link show dev eth7') return '4: eth7: <UP> mtu 1400 qdisc x\n';
      if (line.startsWith('ip -4 route show root'))
        return '10.244.1.2 dev veth0a scope host src 10.244.1.1\n10.244.1.3 dev eth7\n';
      if (command === 'nft') throw new CommandError('nft: No such file or directory', 1);
      return '';
    };
    const confDir = join(folder, 'net.d');
    const stateDir = join(folder, 'state');
    const network = await startNetwork({
      podCIDRs: ['10.244.1.0/24'],
      confDir,
      stateDir,
      log: silent,
      run,
      sysctlRoot,
    });
    expect(network.gateways).toEqual(['10.244.1.1']);
    expect(commands).toContain('ip addr replace 10.244.1.1/32 dev skiff0');
    expect(await readdir(confDir)).toEqual(['10-skiff.conflist']);
    const file = join(confDir, '10-skiff.conflist');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8')).plugins[0].mtu).toBe(1400);
    expect(await readFile(join(sysctlRoot, 'net/ipv4/ip_forward'), 'utf8')).toBe('1');
    await network.cleanup();
    expect(commands.filter((line) => line.includes('link del'))).toEqual(['ip link del veth0a']);
    expect(await readdir(confDir)).toEqual([]);
    expect(await readdir(stateDir)).toEqual([]);
    expect(await readFile(join(sysctlRoot, 'net/ipv4/ip_forward'), 'utf8')).toBe('0');
  });
});

describe('Sysctls', () => {
  const value = () => readFile(join(folder, 'net/a'), 'utf8');
  beforeEach(async () => {
    await mkdir(join(folder, 'net'));
    await writeFile(join(folder, 'net/a'), '0\n');
  });

  test('gives back what was there first, also after a crash', async () => {
    await new Sysctls(join(folder, 'state'), folder).set({ 'net/a': '1' });
    await new Sysctls(join(folder, 'state'), folder).set({ 'net/a': '2' });
    expect(await value()).toBe('2');
    await new Sysctls(join(folder, 'state'), folder).restore();
    expect(await value()).toBe('0');
  });

  test('leaves no file when nothing had to change', async () => {
    await new Sysctls(join(folder, 'state'), folder).set({ 'net/a': '0' });
    await expect(readdir(join(folder, 'state'))).rejects.toThrow('ENOENT');
  });

  test('believes no file that names anything else', async () => {
    await mkdir(join(folder, 'state'));
    await writeFile(join(folder, 'outside'), 'x');
    await writeFile(join(folder, 'state/sysctls.json'), JSON.stringify({ 'net/../outside': '7', 'net/a': '5' }));
    await new Sysctls(join(folder, 'state'), folder).restore();
    expect(await value()).toBe('5');
    expect(await readFile(join(folder, 'outside'), 'utf8')).toBe('x');
  });
});

describe('routes to other nodes', () => {
  test('one for each range of each other node that has an address of the family', () => {
    const all = [
      makeNode('here', '10.244.0.0/24', '192.0.2.1'),
      makeNode('b', '10.244.1.0/24', '192.0.2.2'),
      makeNode('c', 'fd00:244:2::/64', '192.0.2.3'),
      makeNode('d', undefined, '192.0.2.4'),
      makeNode('e', '10.244.1.0/24', '192.0.2.5'),
    ];
    expect([...wantedRoutes(all, 'here')]).toEqual([['10.244.1.0/24', '192.0.2.2']]);
  });

  test('follow nodes, start from what the kernel has, and try again what failed', async () => {
    const clock = new FakeClock();
    const cluster = new FakeCluster(clock);
    const commands: string[] = [];
    let unreachable = true;
    const run: Run = async (_, args) => {
      const line = args.join(' ');
      if (line.includes('show'))
        return '10.244.7.0/24 via 192.0.2.7 dev eth0 \n10.9.0.0/16 via 192.0.2.9 dev eth0 \nunreachable 10.244.0.0/16 metric 4096 \n';
      commands.push(line);
      if (unreachable && line.includes('192.0.2.3')) throw new CommandError('ip: Nexthop has invalid gateway.', 2);
      return '';
    };
    cluster.put(
      nodes,
      makeNode('here', '10.244.0.0/24', '192.0.2.1'),
      makeNode('b', '10.244.1.0/24', '192.0.2.2'),
      makeNode('c', '10.244.2.0/24', '192.0.2.3'),
    );
    const routes = startNodeRoutes({
      informers: cluster.informers,
      nodeName: 'here',
      clusterCIDRs: ['10.244.0.0/16'],
      clock,
      log: silent,
      run,
    });
    cluster.informers.start();
    await settle();
    expect(commands.splice(0)).toEqual([
      '-4 route del 10.244.7.0/24 proto 153',
      '-4 route replace 10.244.1.0/24 via 192.0.2.2 proto 153',
      '-4 route replace 10.244.2.0/24 via 192.0.2.3 proto 153',
    ]);
    unreachable = false;
    await clock.advance(30_000);
    expect(commands.splice(0)).toEqual(['-4 route replace 10.244.2.0/24 via 192.0.2.3 proto 153']);
    cluster.put(nodes, makeNode('b', '10.244.1.0/24', '192.0.2.22'));
    cluster.remove(nodes, '', 'c');
    await settle();
    expect(commands.splice(0)).toEqual([
      '-4 route del 10.244.2.0/24 proto 153',
      '-4 route replace 10.244.1.0/24 via 192.0.2.22 proto 153',
    ]);
    // A heartbeat changes nothing.
    cluster.put(nodes, makeNode('b', '10.244.1.0/24', '192.0.2.22'));
    await settle();
    expect(commands).toEqual([]);
    await routes.stop();
    cluster.informers.stop();
    expect(clock.pending).toBe(0);
  });
});

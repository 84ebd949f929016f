import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { TestNetwork, whyNoNamespaces } from '../proxy/netns.ts';
import { type RunningProxy, startProxy } from '../proxy/proxy.ts';
import type { Run } from '../proxy/run.ts';
import { FakeCluster, makeService, makeSlice } from '../proxy/testing.ts';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { type PodNetwork, startNetwork } from './network.ts';

const PLUGINS = '/usr/lib/cni';
const reason =
  (await whyNoNamespaces()) ??
  (await access(join(PLUGINS, 'ptp')).then(
    () => undefined,
    () => `no CNI plugins in ${PLUGINS}`,
  ));
if (reason) console.warn(`skipping tests of the pod network: ${reason}`);

/** The cluster's name server, for a namespace of its own: the machine's process cannot listen in there. */
const nameServer = (source: string) => `
  (async () => {
    const load = (path) => import('${source}/' + path);
    const [{ startDns }, { FakeCluster, makeService }, { realClock }, { silent }, { services }] = await Promise.all(
      ['dns/dns.ts', 'proxy/testing.ts', 'utils/clock.ts', 'utils/log.ts', 'api/core/v1.gen.ts'].map(load));
    const cluster = new FakeCluster(realClock);
    cluster.put(services, makeService('web', { clusterIP: '10.96.0.50' }));
    const starting = startDns({ informers: cluster.informers, clusterDomain: 'cluster.local', upstreams: [],
      bind: [{ address: '10.244.3.1', port: 53 }], clock: realClock, log: silent });
    cluster.informers.start();
    await starting;
    console.log('up');
  })();`;

const lookUp = `
  const { Resolver } = require('node:dns').promises;
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers(['10.96.0.10']);
  resolver.resolve4('web.default.svc.cluster.local').then(console.log, (e) => console.log(e.code));`;

const fetchLine = `
  const [host, port] = process.argv.slice(1);
  const s = require('node:net').connect({ host, port: Number(port), timeout: 2000 });
  s.on('data', (d) => process.stdout.write(d)).on('error', (e) => console.log(e.code));
  s.on('timeout', () => { console.log('timeout'); s.destroy(); });`;

const sayWho = (name: string) =>
  `require('node:net').createServer((s) => s.end('${name} ' + s.remoteAddress)).listen(8080, '0.0.0.0', () => console.log('up'));`;

describe.skipIf(reason !== undefined)('pods that CNI plugins connect', () => {
  const network = new TestNetwork();
  const cluster = new FakeCluster(realClock);
  let folder: string;
  let node: Run;
  const pods: Record<string, Run> = {};
  let proxy: RunningProxy;
  let podNetwork: PodNetwork;

  const plugin = async (command: 'ADD' | 'DEL', pod: string) => {
    const list = JSON.parse(await readFile(join(folder, 'net.d/10-skiff.conflist'), 'utf8'));
    const config = { cniVersion: list.cniVersion, name: list.name, ...list.plugins[0] };
    const env = {
      CNI_COMMAND: command,
      CNI_CONTAINERID: pod,
      CNI_NETNS: network.path(pod),
      CNI_IFNAME: 'eth0',
      CNI_PATH: PLUGINS,
    };
    const args = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), join(PLUGINS, config.type)];
    return await node('env', args, JSON.stringify(config));
  };
  const say = async (from: Run | undefined, program: string, ...args: string[]) =>
    (await from?.(process.execPath, ['-e', program, ...args]))?.trim();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skiff-network-'));
    await mkdir(join(folder, 'sys/net/ipv4'), { recursive: true });
    await writeFile(join(folder, 'sys/net/ipv4/ip_forward'), '1'); // the machine's own must not be touched
    node = await network.namespace('node');
    await network.namespace('lan');
    await network.cable('node', 'eth0', 'lan', 'eth0');
    await node('ip', ['link', 'set', 'eth0', 'mtu', '1400']);
    await node('ip', ['addr', 'add', '192.0.2.10/24', 'dev', 'eth0']);
    await node('ip', ['route', 'add', 'default', 'via', '192.0.2.1']);
    await node('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=1']);
    cluster.put(
      services,
      makeService('web', { clusterIP: '10.96.0.50' }),
      makeService('kube-dns', {
        clusterIP: '10.96.0.10',
        ports: [
          { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
          { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
        ],
      }),
    );
    cluster.put(
      endpointslices,
      makeSlice('web', [
        { ip: '10.244.3.2', nodeName: 'node' },
        { ip: '10.244.3.3', nodeName: 'node' },
      ]),
      makeSlice('kube-dns', [{ ip: '10.244.3.1', nodeName: 'node' }], {
        ports: [
          { name: 'dns', protocol: 'UDP', port: 53 },
          { name: 'dns-tcp', protocol: 'TCP', port: 53 },
        ],
      }),
    );
    proxy = await startProxy({
      informers: cluster.informers,
      nodeName: 'node',
      nodeIPs: ['192.0.2.10'],
      clusterCIDRs: ['10.244.0.0/16'],
      serviceCIDRs: ['10.96.0.0/12'],
      clock: realClock,
      log: silent,
      run: node,
    });
    cluster.informers.start();
    await proxy.synced;
    podNetwork = await startNetwork({
      podCIDRs: ['10.244.3.0/24'],
      confDir: join(folder, 'net.d'),
      stateDir: join(folder, 'state'),
      sysctlRoot: join(folder, 'sys'),
      log: silent,
      run: node,
    });
    for (const name of ['pod1', 'pod2']) {
      pods[name] = await network.namespace(name);
      await plugin('ADD', name);
      await network.serve(name, sayWho(name));
    }
    await network.serve('node', nameServer(new URL('..', import.meta.url).href.replace(/\/$/, '')));
  });

  afterAll(async () => {
    await proxy?.stop();
    cluster.informers.stop();
    await network.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('pods have addresses of the range, and packets as large as the uplink takes', async () => {
    const link = (await pods.pod1?.('ip', ['-o', 'addr', 'show', 'eth0'])) ?? '';
    expect(link).toContain('10.244.3.2/24');
    expect(await pods.pod1?.('ip', ['link', 'show', 'eth0'])).toContain('mtu 1400');
  });

  test('pods see each other by their own addresses, and the node reaches them', async () => {
    expect(await say(pods.pod1, fetchLine, '10.244.3.3', '8080')).toBe('pod2 10.244.3.2');
    expect(await say(node, fetchLine, '10.244.3.3', '8080')).toBe('pod2 10.244.3.1');
  });

  test('a service of pods on the same node answers from the right address, also to its own pod', async () => {
    const seen = new Set<string | undefined>();
    for (let i = 0; i < 12; i++) seen.add(await say(pods.pod1, fetchLine, '10.96.0.50', '80'));
    expect(seen).toEqual(new Set(['pod2 10.244.3.2', 'pod1 10.244.3.1']));
  });

  test('names resolve through the DNS service, from pods and from the node', async () => {
    expect(await say(pods.pod2, lookUp)).toBe("[ '10.96.0.50' ]");
    expect(await say(node, lookUp)).toBe("[ '10.96.0.50' ]");
  });

  test('a pod that leaves leaves the gateway to the others', async () => {
    await plugin('DEL', 'pod1');
    expect(await say(pods.pod2, lookUp)).toBe("[ '10.96.0.50' ]");
    expect(await say(node, fetchLine, '10.244.3.2', '8080')).toBe('EHOSTUNREACH');
  });

  test('cleanup takes away what pods left', async () => {
    await podNetwork.cleanup();
    await proxy.cleanup();
    expect(await node('ip', ['-o', 'link'])).not.toMatch(/veth|skiff/);
    expect(await node('ip', ['route'])).not.toMatch(/10\.(96|244)/);
    expect(await readdir(join(folder, 'net.d'))).toEqual([]);
    expect(await readdir(join(folder, 'state'))).toEqual([]);
  });
});

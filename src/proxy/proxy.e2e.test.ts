import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { TestNetwork, whyNoNamespaces } from './netns.ts';
import { type RunningProxy, startProxy } from './proxy.ts';
import type { Run } from './run.ts';
import { FakeCluster, makeService, makeSlice } from './testing.ts';

const reason = await whyNoNamespaces();
if (reason) console.warn(`skipping tests of rules in network namespaces: ${reason}`);

/** Answers a connection with "NAME CLIENT-ADDRESS", over TCP and UDP. */
const server = (name: string) => `
  require('node:net').createServer((s) => s.on('error', () => {}).end('${name} ' + s.remoteAddress)).listen(8080, '0.0.0.0', () => {
    const udp = require('node:dgram').createSocket('udp4');
    udp.on('message', (m, from) => udp.send('${name} ' + from.address, from.port, from.address));
    udp.bind(8080, '0.0.0.0', () => console.log('up'));
  });`;

/** Connects `times` times, one after the other, and prints each answer or error code. */
const client = `
  const [host, port, times] = process.argv.slice(1);
  const once = () => new Promise((resolve) => {
    let text = '';
    const s = require('node:net').connect({ host, port: Number(port), timeout: 1000 });
    s.on('data', (d) => (text += d)).on('end', () => resolve(text)).on('error', (e) => resolve(e.code));
    s.on('timeout', () => { s.destroy(); resolve('timeout'); });
  });
  (async () => { for (let i = 0; i < Number(times); i++) console.log(await once()); })();`;

const udpClient = `
  const [host, port] = process.argv.slice(1);
  const s = require('node:dgram').createSocket('udp4');
  const done = (text) => { console.log(text); s.close(); };
  s.on('message', (m) => done(m.toString())).on('error', (e) => done(e.code));
  s.connect(Number(port), host, () => s.send('hello'));`;

describe.skipIf(reason !== undefined)('rules in the kernel', () => {
  const network = new TestNetwork();
  const cluster = new FakeCluster(realClock);
  let node: Run;
  let pod1: Run;
  let pod2: Run;
  let outside: Run;
  let proxy: RunningProxy;

  const ask = async (from: Run, host: string, port: number, times = 1): Promise<string[]> =>
    (await from(process.execPath, ['-e', client, host, `${port}`, `${times}`])).trim().split('\n');
  const askUdp = async (from: Run, host: string, port: number) =>
    (await from(process.execPath, ['-e', udpClient, host, `${port}`])).trim();
  const uplinkPackets = async () => {
    const listing = await node('nft', ['list', 'chain', 'ip', 'probe', 'out']);
    return Number(/packets (\d+)/.exec(listing)?.[1]);
  };
  const start = async () => {
    const started = await startProxy({
      informers: cluster.informers,
      nodeName: 'node',
      nodeIPs: ['192.0.2.10', '127.0.0.1'],
      clusterCIDRs: ['10.244.0.0/16'],
      serviceCIDRs: ['10.96.0.0/12'],
      clock: realClock,
      log: silent,
      run: node,
    });
    return started;
  };
  /** Waits until the kernel's table holds a text (or not): rules follow objects within milliseconds. */
  const until = async (text: string, there = true) => {
    for (let i = 0; i < 200; i++) {
      const listing = await node('nft', ['list', 'table', 'ip', 'skiff']);
      if (listing.includes(text) === there) return;
    }
    throw new Error(`the table never came to ${there ? 'have' : 'lose'} ${text}`);
  };

  beforeAll(async () => {
    node = await network.namespace('node');
    outside = await network.namespace('outside');
    pod1 = await network.namespace('pod1');
    pod2 = await network.namespace('pod2');
    await network.cable('node', 'eth0', 'outside', 'eth0');
    await node('ip', ['addr', 'add', '192.0.2.10/24', 'dev', 'eth0']);
    await node('ip', ['route', 'add', 'default', 'via', '192.0.2.1']);
    await outside('ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'eth0']);
    await outside('ip', ['route', 'add', '10.96.0.0/12', 'via', '192.0.2.10']);
    await node('sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
    for (const [name, pod, ip] of [
      ['pod1', pod1, '10.244.0.5'],
      ['pod2', pod2, '10.244.0.6'],
    ] as const) {
      await network.cable('node', name, name, 'eth0');
      await node('ip', ['addr', 'add', '10.244.0.1/32', 'dev', name]);
      await node('ip', ['route', 'add', ip, 'dev', name]);
      await pod('ip', ['addr', 'add', `${ip}/32`, 'dev', 'eth0']);
      await pod('ip', ['route', 'add', '10.244.0.1', 'dev', 'eth0']);
      await pod('ip', ['route', 'add', 'default', 'via', '10.244.0.1']);
      await network.serve(name, server(name));
    }
    await network.serve('outside', server('outside'));
    // Counts what leaves for a service or pod address by the uplink, after every other hook.
    await node(
      'nft',
      ['-f', '-'],
      `
      table ip probe {
        chain out {
          type filter hook postrouting priority 300;
          oifname eth0 ip daddr { 10.96.0.0/12, 10.244.0.0/16 } counter
        }
      }`,
    );
    const two = [
      { ip: '10.244.0.5', nodeName: 'node' },
      { ip: '10.244.0.6', nodeName: 'node' },
    ];
    cluster.put(
      services,
      makeService('web', {
        clusterIP: '10.96.0.10',
        type: 'NodePort',
        externalIPs: ['198.51.100.7'],
        ports: [
          { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30080 },
          { name: 'udp', protocol: 'UDP', port: 53, targetPort: 8080, nodePort: 30053 },
        ],
      }),
      makeService('sticky', { clusterIP: '10.96.0.11', sessionAffinity: 'ClientIP' }),
      makeService('self', { clusterIP: '10.96.0.12' }),
      makeService('empty', {
        clusterIP: '10.96.0.13',
        type: 'NodePort',
        ports: [{ protocol: 'TCP', port: 80, targetPort: 80, nodePort: 30081 }],
      }),
      makeService('away', { clusterIP: '10.96.0.14', internalTrafficPolicy: 'Local' }),
      makeService(
        'guarded',
        {
          clusterIP: '10.96.0.15',
          type: 'LoadBalancer',
          loadBalancerSourceRanges: ['203.0.113.0/24', '203.0.113.0/25'],
        },
        { status: { loadBalancer: { ingress: [{ ip: '198.51.100.8' }] } } },
      ),
    );
    cluster.put(
      endpointslices,
      makeSlice('web', two, {
        ports: [
          { name: 'http', protocol: 'TCP', port: 8080 },
          { name: 'udp', protocol: 'UDP', port: 8080 },
        ],
      }),
      makeSlice('sticky', two),
      makeSlice('self', [two[0] ?? { ip: '' }]),
      makeSlice('away', [{ ip: '10.244.9.9', nodeName: 'elsewhere' }]),
      makeSlice('guarded', two),
    );
  });

  afterAll(async () => {
    await proxy?.stop();
    cluster.informers.stop();
    await network.close();
  });

  test('before there are rules, nothing for a service leaves by the uplink', async () => {
    proxy = await start();
    expect(await ask(node, '10.96.0.10', 80)).toEqual(['timeout']);
    expect(await ask(pod1, '10.244.7.7', 80)).toEqual(['EHOSTUNREACH']);
    expect(await uplinkPackets()).toBe(0);
  });

  test('a cluster IP reaches every endpoint, from the node and from pods', async () => {
    cluster.informers.start();
    await proxy.synced;
    const fromNode = await ask(node, '10.96.0.10', 80, 24);
    expect(new Set(fromNode.map((line) => line.split(' ')[0]))).toEqual(new Set(['pod1', 'pod2']));
    const fromPod = await ask(pod1, '10.96.0.10', 80, 24);
    // The other pod sees the client's own address; the pod itself sees the node's.
    expect(new Set(fromPod)).toEqual(new Set(['pod1 10.244.0.1', 'pod2 10.244.0.5']));
  });

  test('UDP works like TCP', async () => {
    expect(await askUdp(pod1, '10.96.0.10', 53)).toMatch(/^pod[12] /);
    expect(await askUdp(outside, '192.0.2.10', 30053)).toMatch(/^pod[12] /);
  });

  test('a pod reaches itself through its service', async () => {
    expect(await ask(pod1, '10.96.0.12', 80)).toEqual(['pod1 10.244.0.1']);
  });

  test('node ports and external addresses answer outside, and the node itself, but not on localhost', async () => {
    expect((await ask(outside, '192.0.2.10', 30080))[0]).toMatch(/^pod[12] 10\.244\.0\.1$/);
    expect((await ask(node, '192.0.2.10', 30080))[0]).toMatch(/^pod[12] /);
    expect((await ask(pod1, '192.0.2.10', 30080))[0]).toMatch(/^pod[12] /);
    expect((await ask(node, '198.51.100.7', 80))[0]).toMatch(/^pod[12] /);
    expect(await ask(node, '127.0.0.1', 30080)).toEqual(['ECONNREFUSED']);
  });

  test('clients with affinity stay with their endpoint, also when the proxy starts again', async () => {
    const answers = new Set(await ask(node, '10.96.0.11', 80, 12));
    expect(answers.size).toBe(1);
    await proxy.stop();
    proxy = await start();
    await proxy.synced;
    expect(new Set([...answers, ...(await ask(node, '10.96.0.11', 80, 12))]).size).toBe(1);
  });

  test('services without endpoints, ports without service and free addresses refuse at once', async () => {
    for (const from of [node, pod1]) {
      expect(await ask(from, '10.96.0.13', 80)).toEqual(['ECONNREFUSED']);
      expect(await ask(from, '10.96.0.10', 81)).toEqual(['ECONNREFUSED']);
      expect(await ask(from, '10.111.1.1', 443)).toEqual(['ECONNREFUSED']);
    }
    expect(await ask(outside, '192.0.2.10', 30081)).toEqual(['ECONNREFUSED']);
    expect(await askUdp(node, '10.96.0.10', 54)).toBe('ECONNREFUSED');
  });

  test('with policy Local and endpoints elsewhere only, packets are dropped', async () => {
    expect(await ask(pod1, '10.96.0.14', 80)).toEqual(['timeout']);
  });

  test('a balancer lets its source ranges in and nobody else', async () => {
    expect(await ask(pod1, '198.51.100.8', 80)).toEqual(['timeout']);
    expect((await ask(pod1, '10.96.0.15', 80))[0]).toMatch(/^pod[12] /);
  });

  test('pods reach the outside with the address of the node', async () => {
    expect(await ask(pod1, '192.0.2.1', 8080)).toEqual(['outside 192.0.2.10']);
  });

  test('rules follow endpoints', async () => {
    cluster.put(endpointslices, makeSlice('self', [{ ip: '10.244.0.6', nodeName: 'node' }]));
    await until('chain service-', true);
    await until('dnat to 10.244.0.5:8080', true); // of the service with affinity, which is unchanged
    for (let i = 0; i < 100; i++) {
      if ((await ask(node, '10.96.0.12', 80))[0]?.startsWith('pod2')) break;
    }
    expect((await ask(node, '10.96.0.12', 80))[0]).toMatch(/^pod2 /);
    cluster.remove(services, 'default', 'sticky');
    await until('affinity-', false);
    expect(await ask(node, '10.96.0.11', 80)).toEqual(['ECONNREFUSED']);
  });

  test('a table of another making is replaced', async () => {
    await proxy.stop();
    await node('nft', ['delete', 'table', 'ip', 'skiff']);
    await node('nft', ['-f', '-'], 'table ip skiff { chain services { type filter hook input priority 5; }; }');
    proxy = await start();
    await proxy.synced;
    expect((await ask(node, '10.96.0.10', 80))[0]).toMatch(/^pod[12] /);
  });

  test('in all of this no packet for a service or pod left by the uplink, and cleanup leaves nothing', async () => {
    expect(await uplinkPackets()).toBe(0);
    await proxy.cleanup();
    expect(await node('nft', ['list', 'tables'])).not.toContain('skiff');
    expect(await node('ip', ['-o', 'link'])).not.toContain('skiff0');
    expect(await node('ip', ['route'])).not.toMatch(/10\.96\.|unreachable/);
  });
});

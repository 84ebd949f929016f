import { describe, expect, test } from 'vitest';
import type { Service, ServiceSpec } from '../api/core/v1.gen.ts';
import type { EndpointSlice } from '../api/discovery/v1.gen.ts';
import { baseFragment, elementKey, type Fragment, type NodeInfo, serviceFragment } from './ruleset.ts';
import { servicePorts } from './service-ports.ts';
import { type EndpointDraft, makeService, makeSlice } from './testing.ts';

const node: NodeInfo = {
  nodeName: 'here',
  zone: 'a',
  nodeIPs: ['192.0.2.10', '127.0.0.1', 'fd00::10'],
  clusterCIDRs: ['10.244.0.0/16', 'fd00:244::/56'],
  serviceCIDRs: ['10.96.0.0/12', 'fd00:96::/108'],
};

function rulesOf(service: Service, slices: readonly EndpointSlice[], family: 'IPv4' | 'IPv6' = 'IPv4'): Fragment {
  return serviceFragment(family, servicePorts(service, slices, family, node.nodeName), node);
}

const make = (spec: Partial<ServiceSpec>, endpoints: readonly EndpointDraft[], rest: Partial<Service> = {}) =>
  rulesOf(makeService('web', spec, rest), [makeSlice('web', endpoints)]);

/** Where an element of a map leads: the rules of that chain, or the verdict. */
function lead(fragment: Fragment, map: string, element: string): readonly string[] | string | undefined {
  const verdict = fragment.elements.get(elementKey(map, element));
  const chain = verdict?.startsWith('goto ') ? fragment.chains.get(verdict.slice(5)) : undefined;
  return chain?.rules ?? verdict;
}

const here = { ip: '10.244.0.5', nodeName: 'here' };
const there = { ip: '10.244.1.5', nodeName: 'there' };
const serving = { ready: false, serving: true, terminating: true };
const gone = { ready: false, serving: false, terminating: true };
const CLUSTER = '10.96.0.50 . tcp . 80';

describe('cluster IPs', () => {
  test('one endpoint', () => {
    expect(lead(make({}, [here]), 'service-ips', CLUSTER)).toEqual(['meta l4proto tcp dnat to 10.244.0.5:8080']);
  });

  test('several, each as likely', () => {
    expect(lead(make({}, [there, here]), 'service-ips', CLUSTER)).toEqual([
      'meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.244.0.5 . 8080, 1 : 10.244.1.5 . 8080 }',
    ]);
  });

  test('none: refused', () => {
    const fragment = make({}, []);
    expect(lead(fragment, 'service-ips', CLUSTER)).toBeUndefined();
    expect(lead(fragment, 'no-endpoint-services', CLUSTER)).toBe('goto reject-chain');
    expect(fragment.elements.has(elementKey('cluster-ips', '10.96.0.50'))).toBe(true);
  });

  test.each<[string, Partial<ServiceSpec>, Partial<Service>]>([
    ['headless', { clusterIP: 'None', clusterIPs: ['None'] }, {}],
    ['an external name', { type: 'ExternalName', externalName: 'example.com' }, {}],
    ['no address yet', { clusterIP: '', clusterIPs: [] }, {}],
    [
      'another proxy',
      {},
      {
        metadata: {
          ...makeService('web', {}).metadata,
          labels: { 'service.kubernetes.io/service-proxy-name': 'other' },
        },
      },
    ],
  ])('no rules: %s', (_, spec, rest) => {
    const fragment = make(spec, [here], rest);
    expect([fragment.chains.size, fragment.elements.size]).toEqual([0, 0]);
  });

  test('an endpoint on this node may reach itself, one elsewhere is not our business', () => {
    const keys = [...make({}, [here, there]).elements.keys()].filter((key) => key.startsWith('hairpin'));
    expect(keys).toEqual([elementKey('hairpin', '10.244.0.5 . 10.244.0.5')]);
  });

  test('ports find their endpoints by name and protocol, numbers come from the slice', () => {
    const service = makeService('web', {
      ports: [
        { name: 'a', protocol: 'TCP', port: 80, targetPort: 'http' },
        { name: 'b', protocol: 'UDP', port: 80, targetPort: 'dns' },
        { name: 'c', protocol: 'SCTP', port: 81, targetPort: 81 },
      ],
    });
    const slices = [
      makeSlice('web', [here], {
        ports: [
          { name: 'a', protocol: 'TCP', port: 8001 },
          { name: 'b', protocol: 'UDP', port: 8002 },
        ],
      }),
      makeSlice('web', [there], { suffix: 'b', ports: [{ name: 'a', protocol: 'TCP', port: 9001 }] }),
    ];
    const fragment = rulesOf(service, slices);
    expect(lead(fragment, 'service-ips', CLUSTER)?.[0]).toContain('{ 0 : 10.244.0.5 . 8001, 1 : 10.244.1.5 . 9001 }');
    expect(lead(fragment, 'service-ips', '10.96.0.50 . udp . 80')).toEqual([
      'meta l4proto udp dnat to 10.244.0.5:8002',
    ]);
    expect(lead(fragment, 'no-endpoint-services', '10.96.0.50 . sctp . 81')).toBe('goto reject-chain');
  });

  test('both families, each with its own', () => {
    const service = makeService('web', { clusterIPs: ['10.96.0.50', 'fd00:96::50'] });
    const slices = [
      makeSlice('web', [here]),
      makeSlice('web', [{ ip: 'fd00:244::5' }], { suffix: 'b', addressType: 'IPv6' }),
    ];
    expect(lead(rulesOf(service, slices, 'IPv6'), 'service-ips', 'fd00:96::50 . tcp . 80')).toEqual([
      'meta l4proto tcp dnat to [fd00:244::5]:8080',
    ]);
    expect(lead(rulesOf(service, slices), 'service-ips', CLUSTER)).toEqual([
      'meta l4proto tcp dnat to 10.244.0.5:8080',
    ]);
  });
});

describe('which endpoints', () => {
  const chosen = (endpoints: readonly EndpointDraft[], spec: Partial<ServiceSpec> = {}) => {
    const rules = lead(make(spec, endpoints), 'service-ips', CLUSTER);
    return Array.isArray(rules)
      ? (rules.join().match(/10\.244\.\d+\.\d+/g) ?? [])
      : lead(make(spec, endpoints), 'no-endpoint-services', CLUSTER);
  };
  const near = (ip: string, zones: string[], nodes: string[] = []) => ({
    ip,
    hints: { forZones: zones.map((name) => ({ name })), forNodes: nodes.map((name) => ({ name })) },
  });

  test.each<[string, readonly EndpointDraft[], string[] | string]>([
    ['ready ones', [here, { ...there, conditions: { ready: false } }], ['10.244.0.5']],
    ['unknown is ready', [{ ...here, conditions: {} }], ['10.244.0.5']],
    ['those that end but serve only when nobody is ready', [here, { ...there, conditions: serving }], ['10.244.0.5']],
    [
      '...which is better than nobody',
      [
        { ...here, conditions: gone },
        { ...there, conditions: serving },
      ],
      ['10.244.1.5'],
    ],
    ['those that neither are ready nor serve: refused', [{ ...here, conditions: gone }], 'goto reject-chain'],
    ['those of the zone', [near('10.244.0.5', ['a']), near('10.244.1.5', ['b'])], ['10.244.0.5']],
    ['all when one has no hint', [near('10.244.0.5', ['a']), near('10.244.1.5', [])], ['10.244.0.5', '10.244.1.5']],
    [
      'all when none is for the zone',
      [near('10.244.0.5', ['c']), near('10.244.1.5', ['b'])],
      ['10.244.0.5', '10.244.1.5'],
    ],
    [
      'those of the node before the zone',
      [near('10.244.0.5', ['a'], ['there']), near('10.244.1.5', ['b'], ['here'])],
      ['10.244.1.5'],
    ],
    [
      'the zone when none is for the node',
      [near('10.244.0.5', ['a'], ['there']), near('10.244.1.5', ['b'], ['there'])],
      ['10.244.0.5'],
    ],
  ])('%s', (_, endpoints, expected) => {
    expect(chosen(endpoints)).toEqual(expected);
  });

  test.each<[string, readonly EndpointDraft[], string[] | string]>([
    ['only this node', [here, there], ['10.244.0.5']],
    ['dropped when they are elsewhere', [there], 'drop'],
    ['refused when there are none', [], 'goto reject-chain'],
    ['ending ones of this node before ready ones elsewhere', [{ ...here, conditions: serving }, there], ['10.244.0.5']],
  ])('internal policy Local: %s', (_, endpoints, expected) => {
    expect(chosen(endpoints, { internalTrafficPolicy: 'Local' })).toEqual(expected);
  });
});

describe('from outside', () => {
  const ports = [{ protocol: 'TCP', port: 80, targetPort: 80, nodePort: 30080 }] as const;

  test('node ports hide the client, since answers must come back this way', () => {
    const fragment = make({ type: 'NodePort', ports }, [here]);
    const [first, second] = lead(fragment, 'service-nodeports', 'tcp . 30080') ?? [];
    expect(first).toBe('jump mark-for-masquerade');
    expect(fragment.chains.get(second?.slice(5) ?? '')?.rules).toEqual(['meta l4proto tcp dnat to 10.244.0.5:8080']);
  });

  test('policy Local: the client is seen, pods and the node reach all, others only what is here', () => {
    const fragment = make({ type: 'NodePort', ports, externalTrafficPolicy: 'Local' }, [here, there]);
    const rules = lead(fragment, 'service-nodeports', 'tcp . 30080') ?? [];
    expect(rules).toEqual([
      expect.stringMatching(/^ip saddr 10\.244\.0\.0\/16 goto service-/),
      'fib saddr type local jump mark-for-masquerade',
      expect.stringMatching(/^fib saddr type local goto service-/),
      expect.stringMatching(/^goto local-/),
    ]);
    const last = rules[3] ?? '';
    expect(fragment.chains.get(last.slice(5))?.rules).toEqual(['meta l4proto tcp dnat to 10.244.0.5:8080']);
    expect(lead(fragment, 'no-endpoint-nodeports', 'tcp . 30080')).toBeUndefined();
  });

  test('policy Local without endpoints here: dropped, but not for pods', () => {
    const fragment = make({ type: 'NodePort', ports, externalTrafficPolicy: 'Local' }, [there]);
    expect(lead(fragment, 'service-nodeports', 'tcp . 30080')).toHaveLength(3);
    expect(lead(fragment, 'no-endpoint-nodeports', 'tcp . 30080')).toBe('drop');
  });

  test('no endpoints: node port and external address refuse', () => {
    const fragment = make({ type: 'NodePort', ports, externalIPs: ['198.51.100.7'] }, []);
    expect(lead(fragment, 'no-endpoint-nodeports', 'tcp . 30080')).toBe('goto reject-chain');
    expect(lead(fragment, 'no-endpoint-services', '198.51.100.7 . tcp . 80')).toBe('goto reject-chain');
  });

  const balancer = (ingress: object, spec: Partial<ServiceSpec> = {}) =>
    make({ type: 'LoadBalancer', ...spec }, [here], { status: { loadBalancer: { ingress: [ingress] } } });

  test("a balancer's address is served, unless it only sends to node ports", () => {
    expect(lead(balancer({ ip: '198.51.100.8' }), 'service-ips', '198.51.100.8 . tcp . 80')).toHaveLength(2);
    const proxied = balancer({ ip: '198.51.100.8', ipMode: 'Proxy' });
    expect(lead(proxied, 'service-ips', '198.51.100.8 . tcp . 80')).toBeUndefined();
  });

  test.each<[string, string[], string | undefined]>([
    ['others are dropped', ['203.0.113.0/24', ' 10.0.0.0/8 '], 'ip saddr != { 203.0.113.0/24, 10.0.0.0/8 } drop'],
    ['a node inside may use the address', ['192.0.2.0/24'], 'ip saddr != { 192.0.2.0/24, 198.51.100.8 } drop'],
    ['everybody', ['0.0.0.0/0'], undefined],
    ['ranges of the other family', ['fd00::/8'], undefined],
  ])('source ranges: %s', (_, loadBalancerSourceRanges, rule) => {
    const fragment = balancer({ ip: '198.51.100.8' }, { loadBalancerSourceRanges });
    expect(lead(fragment, 'firewall-ips', '198.51.100.8 . tcp . 80')).toEqual(rule && [rule]);
  });
});

describe('affinity', () => {
  test('who was here goes where it was, then anywhere', () => {
    const fragment = make({ sessionAffinity: 'ClientIP' }, [here, there]);
    const rules = lead(fragment, 'service-ips', CLUSTER) ?? [];
    expect(rules).toHaveLength(3);
    const [, set, chain] = /^ip saddr @(affinity-\w+) goto (endpoint-\w+)$/.exec(rules[0] ?? '') ?? [];
    expect(fragment.sets.get(set ?? '')?.body).toBe('type ipv4_addr; flags dynamic,timeout; timeout 10800s;');
    expect(fragment.chains.get(chain ?? '')?.rules).toEqual([
      `update @${set} { ip saddr }`,
      'meta l4proto tcp dnat to 10.244.0.5:8080',
    ]);
    expect(rules[2]).toMatch(/^numgen random mod 2 vmap \{ 0 : goto endpoint-\w+, 1 : goto endpoint-\w+ \}$/);
  });

  test('another time makes another set, since a set cannot change its own', () => {
    const of = (timeoutSeconds: number) => [
      ...make({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } }, [
        here,
      ]).sets.keys(),
    ];
    expect(of(10)).not.toEqual(of(20));
    expect(of(10)).toEqual(of(10));
  });
});

test('names stay within what nft takes, and apart, however long services are called', () => {
  const long = 'x'.repeat(63);
  const ports = ['p'.repeat(14).concat('1'), 'p'.repeat(14).concat('2')].map((name, i) => ({
    name,
    protocol: 'TCP' as const,
    port: 80 + i,
    targetPort: 80,
  }));
  const slice = makeSlice(long, [here], { ports: ports.map(({ name }) => ({ name, protocol: 'TCP', port: 1 })) });
  const names = [...rulesOf(makeService(long, { ports }), [slice]).chains.keys()];
  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name.length).toBeLessThan(128);
});

describe('base', () => {
  test('node ports answer at the addresses of the node, not on localhost', () => {
    const keys = (family: 'IPv4' | 'IPv6') => [...baseFragment(family, node).elements.keys()];
    expect(keys('IPv4')).toEqual([elementKey('nodeport-ips', '192.0.2.10')]);
    expect(keys('IPv6')).toEqual([elementKey('nodeport-ips', 'fd00::10')]);
  });

  test('pods are masqueraded on their way out of the pod range, and only then', () => {
    expect(baseFragment('IPv4', node).chains.get('masquerading')?.rules).toContain(
      'ip saddr 10.244.0.0/16 ip daddr != { 10.244.0.0/16, 224.0.0.0/4 } masquerade fully-random',
    );
    const rules = baseFragment('IPv4', { ...node, clusterCIDRs: [] }).chains.get('masquerading')?.rules ?? [];
    expect(rules.some((rule) => rule.startsWith('ip saddr 10'))).toBe(false);
  });

  test('every chain and set that is named is there', () => {
    for (const family of ['IPv4', 'IPv6'] as const) {
      const { chains, sets } = baseFragment(family, node);
      for (const { rules } of chains.values()) {
        for (const rule of rules) {
          for (const [, chain] of rule.matchAll(/(?:jump|goto) (\S+)/g)) expect(chains.has(chain ?? '')).toBe(true);
          for (const [, set] of rule.matchAll(/@(\S+)/g)) expect(sets.has(set ?? '')).toBe(true);
        }
      }
    }
  });
});

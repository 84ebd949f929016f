import { type Answer, decode } from 'dns-packet';
import { beforeEach, describe, expect, test } from 'vitest';
import { services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { FakeCluster, makeService, makeSlice } from '../proxy/testing.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { Forwarder } from './forwarder.ts';
import { makeQuery, Resolver } from './resolver.ts';
import { encodeQuery, TYPE } from './wire.ts';
import { ClusterZone } from './zone.ts';

const cluster = new FakeCluster(new FakeClock());
let resolver: Resolver;

function show(answer: Answer): string {
  switch (answer.type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return `${answer.name} ${answer.ttl} ${answer.type} ${answer.data}`;
    case 'SRV':
      return `${answer.name} ${answer.ttl} SRV ${answer.data.priority} ${answer.data.weight} ${answer.data.port} ${answer.data.target}`;
    case 'TXT':
      return `${answer.name} ${answer.ttl} TXT ${answer.data}`;
    default:
      return answer.type;
  }
}

/** The answer section as sorted lines; or the rcode, with the authority's types. Decoded by another implementation. */
async function ask(name: string, type: keyof typeof TYPE): Promise<string[]> {
  const bytes = await resolver.respond(encodeQuery(7, makeQuery(name.split('.'), TYPE[type])), 'udp');
  if (!bytes) throw new Error('no answer');
  const packet = decode(bytes);
  const rcode = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN'][bytes.readUInt16BE(2) & 15];
  if ((packet.answers ?? []).length > 0) return (packet.answers ?? []).map(show).sort();
  return [`${rcode} ${(packet.authorities ?? []).map(({ type }) => type).join()}`.trim()];
}

beforeEach(async () => {
  cluster.put(
    services,
    makeService('web', {
      clusterIP: '10.96.0.50',
      clusterIPs: ['10.96.0.50', 'fd00:96::50'],
      ports: [
        { name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 },
        { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
      ],
    }),
    makeService('db', {
      clusterIP: 'None',
      clusterIPs: ['None'],
      ports: [{ name: 'sql', protocol: 'TCP', port: 5432, targetPort: 5432 }],
    }),
    makeService('bare', { clusterIP: 'None', clusterIPs: ['None'], ports: [] }),
    makeService('gone', { clusterIP: 'None', clusterIPs: ['None'] }),
    makeService('alias', {
      type: 'ExternalName',
      clusterIP: '',
      clusterIPs: [],
      externalName: 'WEB.default.svc.cluster.local.',
    }),
    makeService('outside', { type: 'ExternalName', clusterIP: '', clusterIPs: [], externalName: 'example.com' }),
    makeService('circle', {
      type: 'ExternalName',
      clusterIP: '',
      clusterIPs: [],
      externalName: 'circle.default.svc.cluster.local',
    }),
  );
  cluster.put(
    endpointslices,
    makeSlice('web', [{ ip: '10.244.0.9' }]),
    makeSlice(
      'db',
      [
        { ip: '10.244.0.5', hostname: 'db-0' },
        { ip: '10.244.0.6', hostname: 'db-1' },
        { ip: '10.244.0.7', conditions: { ready: false } },
        { ip: '10.244.0.8' },
      ],
      { ports: [{ name: 'sql', protocol: 'TCP', port: 5433 }] },
    ),
    makeSlice('db', [{ ip: 'fd00:244::5', hostname: 'db-0' }], {
      addressType: 'IPv6',
      suffix: 'b',
      ports: [{ name: 'sql', protocol: 'TCP', port: 5433 }],
    }),
    makeSlice('bare', [{ ip: '10.244.0.5' }], { ports: [] }),
  );
  cluster.informers.informer(services);
  cluster.informers.informer(endpointslices);
  cluster.informers.start();
  await cluster.informers.waitForSync();
  await settle();
  const forwarder = new Forwarder({ upstreams: [], clock: new FakeClock(), log: silent, random: () => 0 });
  const zone = new ClusterZone({
    services: cluster.informers.informer(services),
    slices: cluster.informers.informer(endpointslices),
    clusterDomain: 'cluster.local',
    ranges: ['10.96.0.0/12', '10.244.0.0/16'],
    serverIPs: ['10.96.0.10'],
    random: () => 0,
  });
  resolver = new Resolver(zone, forwarder, silent);
});

const svc = 'default.svc.cluster.local';
const NODATA = 'NOERROR SOA';
const NXDOMAIN = 'NXDOMAIN SOA';

describe('names of the specification', () => {
  const table: [string, keyof typeof TYPE, string[]][] = [
    // 2.2: schema version
    ['dns-version.cluster.local', 'TXT', ['dns-version.cluster.local 30 TXT 1.1.0']],
    // 2.3.1, 2.3.2: services with a cluster IP
    [`web.${svc}`, 'A', [`web.${svc} 30 A 10.96.0.50`]],
    [`web.${svc}`, 'AAAA', [`web.${svc} 30 AAAA fd00:96::50`]],
    [`_http._tcp.web.${svc}`, 'SRV', [`_http._tcp.web.${svc} 30 SRV 0 100 80 web.${svc}`]],
    [`_dns._udp.web.${svc}`, 'SRV', [`_dns._udp.web.${svc} 30 SRV 0 100 53 web.${svc}`]],
    [`_http._udp.web.${svc}`, 'SRV', [NXDOMAIN]],
    [`_nope._tcp.web.${svc}`, 'SRV', [NXDOMAIN]],
    [`_http._tcp.web.${svc}`, 'A', [NODATA]],
    [`_tcp.web.${svc}`, 'A', [NODATA]],
    [`_sctp.web.${svc}`, 'A', [NXDOMAIN]],
    ['50.0.96.10.in-addr.arpa', 'PTR', [`50.0.96.10.in-addr.arpa 30 PTR web.${svc}`]],
    [
      `0.5.0.0.${'0.'.repeat(20)}6.9.0.0.0.0.d.f.ip6.arpa`,
      'PTR',
      [`0.5.0.0.${'0.'.repeat(20)}6.9.0.0.0.0.d.f.ip6.arpa 30 PTR web.${svc}`],
    ],
    // 2.4: headless services
    [`db.${svc}`, 'A', ['10.244.0.5', '10.244.0.6', '10.244.0.8'].map((ip) => `db.${svc} 5 A ${ip}`)],
    [`db.${svc}`, 'AAAA', [`db.${svc} 5 AAAA fd00:244::5`]],
    [`db-0.db.${svc}`, 'A', [`db-0.db.${svc} 5 A 10.244.0.5`]],
    [`db-0.db.${svc}`, 'AAAA', [`db-0.db.${svc} 5 AAAA fd00:244::5`]],
    [`db-1.db.${svc}`, 'AAAA', [NODATA]],
    [`db-7.db.${svc}`, 'A', [NXDOMAIN]],
    [`10-244-0-8.db.${svc}`, 'A', [`10-244-0-8.db.${svc} 5 A 10.244.0.8`]],
    [`10-244-0-7.db.${svc}`, 'A', [NXDOMAIN]],
    [
      `_sql._tcp.db.${svc}`,
      'SRV',
      ['10-244-0-8', 'db-0', 'db-1'].map((host) => `_sql._tcp.db.${svc} 5 SRV 0 25 5433 ${host}.db.${svc}`),
    ],
    ['6.0.244.10.in-addr.arpa', 'PTR', [`6.0.244.10.in-addr.arpa 5 PTR db-1.db.${svc}`]],
    ['9.0.244.10.in-addr.arpa', 'PTR', [NXDOMAIN]],
    [`bare.${svc}`, 'A', [`bare.${svc} 5 A 10.244.0.5`]],
    [`gone.${svc}`, 'A', [NXDOMAIN]],
    // 2.5: external names
    [`alias.${svc}`, 'CNAME', [`alias.${svc} 30 CNAME web.${svc}`]],
    [`alias.${svc}`, 'A', [`alias.${svc} 30 CNAME web.${svc}`, `web.${svc} 30 A 10.96.0.50`]],
    [`outside.${svc}`, 'CNAME', [`outside.${svc} 30 CNAME example.com`]],
    // pods
    ['10-244-0-5.default.pod.cluster.local', 'A', ['10-244-0-5.default.pod.cluster.local 30 A 10.244.0.5']],
    ['10-244-0-5.default.pod.cluster.local', 'AAAA', [NODATA]],
    ['fd00-244--5.default.pod.cluster.local', 'AAAA', ['fd00-244--5.default.pod.cluster.local 30 AAAA fd00:244::5']],
    ['nonsense.default.pod.cluster.local', 'A', [NXDOMAIN]],
    // the zone itself, and names between
    ['cluster.local', 'NS', ['cluster.local 30 NS ns.dns.cluster.local']],
    ['cluster.local', 'SOA', ['SOA']],
    ['cluster.local', 'A', [NODATA]],
    ['ns.dns.cluster.local', 'A', ['ns.dns.cluster.local 30 A 10.96.0.10']],
    ['svc.cluster.local', 'A', [NODATA]],
    [svc, 'A', [NODATA]],
    ['nowhere.svc.cluster.local', 'A', [NXDOMAIN]],
    [`nobody.${svc}`, 'A', [NXDOMAIN]],
    // what search paths make of other names
    [`example.com.${svc}`, 'A', [NXDOMAIN]],
    ['example.com.svc.cluster.local', 'A', [NXDOMAIN]],
    ['example.com.cluster.local', 'A', [NXDOMAIN]],
    [`web.${svc}.${svc}`, 'A', [NXDOMAIN]],
  ];
  test.each(table)('%s %s', async (name, type, expected) => {
    expect(await ask(name, type)).toEqual(expected.sort());
  });
});

test('letter case does not matter, and comes back as it was asked', async () => {
  const name = 'WeB.dEfAuLt.SVC.Cluster.LOCAL';
  const message = encodeQuery(7, makeQuery(name.split('.')));
  const answer = await resolver.respond(message, 'udp');
  expect(answer && decode(answer).questions?.[0]?.name).toBe(name);
  expect(answer && decode(answer).answers?.[0]).toMatchObject({ name, data: '10.96.0.50' });
});

test('an alias that leads to itself ends', async () => {
  expect((await ask(`circle.${svc}`, 'A')).length).toBeLessThan(10);
});

test('SRV answers bring the addresses of their targets', async () => {
  const bytes = await resolver.respond(encodeQuery(7, makeQuery(`_sql._tcp.db.${svc}`.split('.'), TYPE.SRV)), 'udp');
  const additionals = (bytes && decode(bytes).additionals) ?? [];
  expect(
    additionals
      .filter(({ type }) => type !== 'OPT')
      .map(show)
      .sort(),
  ).toEqual(
    [
      `10-244-0-8.db.${svc} 5 A 10.244.0.8`,
      `db-0.db.${svc} 5 A 10.244.0.5`,
      `db-0.db.${svc} 5 AAAA fd00:244::5`,
      `db-1.db.${svc} 5 A 10.244.0.6`,
    ].sort(),
  );
});

test('names follow objects', async () => {
  expect(await ask(`gone.${svc}`, 'A')).toEqual([NXDOMAIN]);
  cluster.put(endpointslices, makeSlice('gone', [{ ip: '10.244.3.3' }]));
  expect(await ask(`gone.${svc}`, 'A')).toEqual([`gone.${svc} 5 A 10.244.3.3`]);
  cluster.put(endpointslices, makeSlice('gone', [{ ip: '10.244.3.4' }]));
  expect(await ask(`gone.${svc}`, 'A')).toEqual([`gone.${svc} 5 A 10.244.3.4`]);
  expect(await ask('3.3.244.10.in-addr.arpa', 'PTR')).toEqual([NXDOMAIN]);
  cluster.remove(endpointslices, 'default', 'gone-a');
  expect(await ask(`gone.${svc}`, 'A')).toEqual([NXDOMAIN]);
  cluster.remove(services, 'default', 'web');
  expect(await ask(`web.${svc}`, 'A')).toEqual([NXDOMAIN]);
  expect(await ask('50.0.96.10.in-addr.arpa', 'PTR')).toEqual([NXDOMAIN]);
});

test('many endpoints: UDP takes what fits and says so, TCP takes all, EDNS decides how much fits', async () => {
  const many = Array.from({ length: 200 }, (_, i) => ({ ip: `10.244.7.${i}` }));
  cluster.put(endpointslices, makeSlice('gone', many));
  const query = makeQuery(`gone.${svc}`.split('.'));
  const edns = encodeQuery(7, query);
  const plain = Buffer.from(edns.subarray(0, edns.length - 11));
  plain.writeUInt16BE(0, 10);
  for (const [message, transport, size, fewest] of [
    [plain, 'udp', 512, 25],
    [edns, 'udp', 1232, 60],
    [edns, 'tcp', 65_535, 200],
  ] as const) {
    const answer = await resolver.respond(message, transport);
    if (!answer) throw new Error('no answer');
    expect(answer.length).toBeLessThanOrEqual(size);
    const packet = decode(answer);
    expect(packet.answers?.length).toBeGreaterThanOrEqual(fewest);
    expect(packet.flag_tc).toBe(transport === 'udp');
  }
  cluster.remove(endpointslices, 'default', 'gone-a');
});

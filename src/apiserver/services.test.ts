import { describe, expect, test } from 'vitest';
import { type Service, services } from '../api/core/v1.gen.ts';
import { ipaddresses } from '../api/networking/v1.gen.ts';
import type { Draft } from '../api/resource.ts';
import { MemoryStore } from '../store/memory.ts';
import { coreFixture } from '../testing/core-fixture.ts';
import { IpRange } from './registry/ip-range.ts';

const service = (name: string, spec: object = {}): Draft<Service> => ({
  metadata: { name },
  spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
});

describe('cluster IPs', () => {
  test('are given from the range, held by IPAddress objects and given back', async () => {
    await using f = coreFixture();
    const all = f.client.resource(services);
    const made = await all.create('one', service('a'));
    const ip = made.spec.clusterIP ?? '';
    expect(new IpRange('10.96.0.0/16').contains(ip)).toBe(true);
    expect(made.spec).toMatchObject({ clusterIPs: [ip], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    const held = await f.client.resource(ipaddresses).get('', ip);
    expect(held.spec.parentRef).toEqual({ resource: 'services', namespace: 'one', name: 'a' });
    await expect(all.create('one', service('b', { clusterIP: ip }))).rejects.toThrow(
      `Service "b" is invalid: spec.clusterIPs: Invalid value: ["${ip}"]: failed to allocate IP ${ip}: provided IP is already allocated`,
    );
    await all.delete('one', 'a');
    expect((await f.client.resource(ipaddresses).list('')).items).toEqual([]);
    expect((await all.create('one', service('b', { clusterIP: ip }))).spec.clusterIP).toBe(ip);
  });

  test('never collide, even where every choice is the same', async () => {
    await using f = coreFixture({ random: () => 0, services: { clusterIpRanges: ['10.0.0.0/25'] } });
    const all = f.client.resource(services);
    const made = await Promise.all(Array.from({ length: 126 }, (_, i) => all.create('one', service(`s${i}`))));
    expect(new Set(made.map((s) => s.spec.clusterIP)).size).toBe(126);
    await expect(all.create('one', service('full'))).rejects.toThrow(
      'failed to allocate a serviceIP for Service "full": range is full',
    );
  });

  test('outside the range are refused; headless and external services have none', async () => {
    await using f = coreFixture({ services: { clusterIpRanges: ['10.96.0.0/16'] } });
    const all = f.client.resource(services);
    await expect(all.create('one', service('a', { clusterIP: '192.0.2.1' }))).rejects.toThrow(
      'failed to allocate IP 192.0.2.1: the provided network does not match the current range',
    );
    const headless = await all.create('one', service('h', { clusterIP: 'None' }));
    expect(headless.spec).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    });
    const external = await all.create('one', service('e', { type: 'ExternalName', externalName: 'x.y' }));
    expect(external.spec.clusterIP).toBeUndefined();
    expect((await f.client.resource(ipaddresses).list('')).items).toEqual([]);
  });

  test('of both families where the cluster has both', async () => {
    await using f = coreFixture({ services: { clusterIpRanges: ['10.96.0.0/16', 'fd00::/108'] } });
    const made = await f.client.resource(services).create('one', service('a', { ipFamilyPolicy: 'PreferDualStack' }));
    expect(made.spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
    expect(made.spec.clusterIPs?.[1]).toMatch(/^fd00::/);
  });

  test('of services that are there already are taken after a restart', async () => {
    const store = new MemoryStore();
    const spec = { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ipFamilies: ['IPv4'], ports: [] };
    const old = { kind: 'Service', apiVersion: 'v1', metadata: { name: 'old', namespace: 'one', uid: 'u' }, spec };
    const key = '/registry/services/specs/one/old';
    await store.txn([{ type: 'put', key, value: Buffer.from(JSON.stringify(old)) }]);
    await using f = coreFixture({ store });
    await expect(f.client.resource(services).create('one', service('b', { clusterIP: '10.96.0.9' }))).rejects.toThrow(
      'provided IP is already allocated',
    );
    await store.close();
  });
});

describe('node ports', () => {
  test('are given, kept over updates, and given back', async () => {
    await using f = coreFixture();
    const all = f.client.resource(services);
    const ports = [
      { name: 'tcp', port: 53, protocol: 'TCP' },
      { name: 'udp', port: 53, protocol: 'UDP' },
    ];
    const made = await all.create('one', service('a', { type: 'NodePort', ports }));
    const [tcp, udp] = made.spec.ports ?? [];
    expect(tcp?.nodePort).toBeGreaterThanOrEqual(30000);
    expect(udp?.nodePort).toBe(tcp?.nodePort);
    const plain = made.spec.ports?.map(({ nodePort: _, ...port }) => port);
    const again = await all.update({ ...made, spec: { ...made.spec, ports: plain } });
    expect(again.spec.ports?.[0]?.nodePort).toBe(tcp?.nodePort);
    const wants = service('b', { type: 'NodePort', ports: [{ port: 1, protocol: 'TCP', nodePort: tcp?.nodePort }] });
    await expect(all.create('one', wants)).rejects.toThrow(
      `Service "b" is invalid: spec.ports[0].nodePort: Invalid value: ${tcp?.nodePort}: provided port is already allocated`,
    );
    await all.update({ ...again, spec: { ...again.spec, type: 'ClusterIP', ports: plain } });
    expect((await all.create('one', wants)).spec.ports?.[0]?.nodePort).toBe(tcp?.nodePort);
    const outside = service('c', { type: 'NodePort', ports: [{ port: 1, protocol: 'TCP', nodePort: 80 }] });
    await expect(all.create('one', outside)).rejects.toThrow('The range of valid ports is 30000-32767');
  });
});

test('ranges begin at their first address', () => {
  expect(new IpRange('10.96.0.1/16').cidr).toBe('10.96.0.0/16');
  expect(() => new IpRange('10.96.0.0/33')).toThrow('is not a CIDR');
});

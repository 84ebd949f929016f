import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Pod, type PodStatus, pods, type Service, services } from '../../api/core/v1.gen.ts';
import { type EndpointSlice, endpointslices } from '../../api/discovery/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { formatTime } from '../../schema/time.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startEndpointSliceController } from './endpointslice-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startEndpointSliceController);
  await cluster.node('n1', { 'topology.kubernetes.io/zone': 'z1' });
});
afterEach(() => cluster.stop());

const service = (spec: Draft<Service['spec']> = {}, labels: Record<string, string> = {}): Draft<Service> => ({
  metadata: { name: 'web', labels },
  spec: {
    clusterIP: '10.96.0.7',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' }],
    ...spec,
  },
});
const running = (ip: string, ready = true): Draft<PodStatus> => ({
  phase: 'Running',
  podIP: ip,
  podIPs: [{ ip }],
  conditions: [
    { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: formatTime(cluster.clock.now()) },
  ],
});
async function pod(
  name: string,
  ip: string,
  options: { ready?: boolean; port?: number; spec?: Draft<Pod['spec']> } = {},
) {
  await cluster.create(pods, {
    metadata: { name, labels: { app: 'web' } },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: options.port ?? 8080 }] }],
      ...options.spec,
    },
  });
  await cluster.report(name, running(ip, options.ready));
}
const slices = () => cluster.list(endpointslices);
async function only(): Promise<EndpointSlice> {
  const all = await slices();
  expect(all).toHaveLength(1);
  return all[0] as EndpointSlice;
}

test('a Service without pods has one empty slice, which its first pod fills', async () => {
  const { metadata } = await cluster.create(services, service({}, { team: 'a' }));
  const empty = await only();
  expect(empty.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
  expect(empty.metadata.labels).toEqual({
    team: 'a',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  });
  expect(empty.metadata.ownerReferences).toEqual([
    { apiVersion: 'v1', kind: 'Service', name: 'web', uid: metadata.uid, controller: true, blockOwnerDeletion: true },
  ]);
  expect(empty.metadata.annotations).toEqual({
    'endpoints.kubernetes.io/last-change-trigger-time': metadata.creationTimestamp,
  });
  expect(empty.endpoints ?? []).toEqual([]);
  await cluster.advance(5000);
  await pod('a', '10.244.0.5');
  const filled = await only();
  expect(filled.metadata.name).toBe(empty.metadata.name);
  expect(filled.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
  expect(filled.endpoints).toEqual([
    {
      addresses: ['10.244.0.5'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'n1',
      zone: 'z1',
      targetRef: {
        kind: 'Pod',
        namespace: NAMESPACE,
        name: 'a',
        uid: (await cluster.get(pods, 'a')).metadata.uid,
      },
    },
  ]);
  expect(filled.metadata.annotations).toEqual({
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:05Z',
  });
});

test('shows pods that are not ready, and those that go, as such', async () => {
  await cluster.create(services, service());
  await pod('a', '10.244.0.5', { ready: false });
  expect((await only()).endpoints?.[0]?.conditions).toEqual({ ready: false, serving: false, terminating: false });
  await cluster.report('a', running('10.244.0.5'));
  await cluster.client.resource(pods).delete(NAMESPACE, 'a');
  await cluster.quiet();
  expect((await only()).endpoints?.[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true });
  await cluster.update(services, 'web', (was) => ({ ...was, spec: { ...was.spec, publishNotReadyAddresses: true } }));
  expect((await only()).endpoints?.[0]?.conditions).toEqual({ ready: true, serving: true, terminating: true });
  await cluster.reap();
  expect((await only()).endpoints ?? []).toEqual([]);
});

test('pods that resolve a port to different numbers are in different slices', async () => {
  await cluster.create(services, service());
  await pod('a', '10.244.0.5');
  await pod('b', '10.244.0.6', { port: 9090 });
  const ports = (await slices()).map((slice) => slice.ports?.[0]?.port);
  expect(ports.sort()).toEqual([8080, 9090]);
});

test('a headless Service is marked, and tells the names of its pods', async () => {
  await cluster.create(services, service({ clusterIP: 'None', ports: [] }));
  await pod('a', '10.244.0.5', { spec: { hostname: 'a', subdomain: 'web' } });
  await pod('b', '10.244.0.6', { spec: { hostname: 'b', subdomain: 'other' } });
  const slice = await only();
  expect(slice.metadata.labels?.['service.kubernetes.io/headless']).toBe('');
  expect(slice.endpoints?.map(({ hostname }) => hostname)).toEqual(['a', undefined]);
});

test('waits for the node of a pod', async () => {
  await cluster.create(services, service());
  await pod('a', '10.244.0.5', { spec: { nodeName: 'late' } });
  expect((await only()).endpoints ?? []).toEqual([]);
  await cluster.node('late', { 'topology.kubernetes.io/zone': 'z2' });
  expect((await only()).endpoints?.[0]?.zone).toBe('z2');
});

test('follows labels of pods and of the Service, and puts right what others change', async () => {
  await cluster.create(services, service());
  await pod('a', '10.244.0.5');
  await cluster.update(services, 'web', (was) => ({ ...was, metadata: { ...was.metadata, labels: { team: 'b' } } }));
  expect((await only()).metadata.labels?.team).toBe('b');
  const { metadata } = await only();
  await cluster.update(endpointslices, metadata.name, (slice) => ({ ...slice, endpoints: [] }));
  expect((await only()).endpoints ?? []).toEqual([]);
  await cluster.advance(1000);
  expect((await only()).endpoints).toHaveLength(1);
  await cluster.client.resource(endpointslices).delete(NAMESPACE, metadata.name);
  await cluster.advance(1000);
  expect((await only()).endpoints).toHaveLength(1);
  await cluster.update(pods, 'a', (was) => ({ ...was, metadata: { ...was.metadata, labels: { app: 'x' } } }));
  expect((await only()).endpoints ?? []).toEqual([]);
});

test('leaves Services without selector and ExternalName ones alone', async () => {
  await cluster.create(services, {
    metadata: { name: 'plain' },
    spec: { clusterIP: '10.96.0.8', ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }] },
  });
  await cluster.create(services, {
    metadata: { name: 'elsewhere' },
    spec: { type: 'ExternalName', externalName: 'x.example', selector: { app: 'web' } },
  });
  expect(await slices()).toEqual([]);
});

test.each([
  ['PreferClose', { forZones: [{ name: 'z1' }] }],
  ['PreferSameZone', { forZones: [{ name: 'z1' }] }],
  ['PreferSameNode', { forZones: [{ name: 'z1' }], forNodes: [{ name: 'n1' }] }],
])('%s: hints for what is ready, gone with the preference', async (trafficDistribution, hints) => {
  await cluster.create(services, service({ trafficDistribution }));
  await pod('a', '10.244.0.5');
  await pod('b', '10.244.0.6', { ready: false });
  expect((await only()).endpoints?.map((endpoint) => endpoint.hints)).toEqual([hints, undefined]);
  await cluster.update(services, 'web', ({ spec: { trafficDistribution: _, ...spec }, ...was }) => ({ ...was, spec }));
  expect((await only()).endpoints?.map((endpoint) => endpoint.hints)).toEqual([undefined, undefined]);
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { endpoints, type PodStatus, pods, type Service, services } from '../../api/core/v1.gen.ts';
import type { Draft } from '../../api/resource.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startEndpointsController } from './endpoints-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startEndpointsController);
});
afterEach(() => cluster.stop());

const service = (spec: Draft<Service['spec']> = {}): Draft<Service> => ({
  metadata: { name: 'web', labels: { team: 'a' } },
  spec: {
    clusterIP: '10.96.0.7',
    selector: { app: 'web' },
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, targetPort: 'web' },
      { name: 'metrics', protocol: 'TCP', port: 9000, targetPort: 9001 },
    ],
    ...spec,
  },
});
const running = (ip: string, ready: boolean): Draft<PodStatus> => ({
  phase: 'Running',
  podIPs: [{ ip: 'fd00::5' }, { ip }],
  conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-01-01T00:00:09Z' }],
});
async function pod(name: string, ip: string, ready = true) {
  await cluster.create(pods, {
    metadata: { name, labels: { app: 'web' } },
    spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort: 8080 }] }] },
  });
  await cluster.report(name, running(ip, ready));
}
const web = () => cluster.get(endpoints, 'web');

test('holds the addresses of ready pods, apart from those that are not', async () => {
  const { metadata } = await cluster.create(services, service());
  expect((await web()).metadata.annotations).toEqual({
    'endpoints.kubernetes.io/last-change-trigger-time': metadata.creationTimestamp,
  });
  expect((await web()).subsets ?? []).toEqual([]);
  await pod('a', '10.244.0.5');
  await pod('b', '10.244.0.6', false);
  const at = async (name: string, ip: string) => ({
    ip,
    nodeName: 'n1',
    targetRef: { kind: 'Pod', namespace: NAMESPACE, name, uid: (await cluster.get(pods, name)).metadata.uid },
  });
  const found = await web();
  expect(found.metadata.labels).toEqual({ team: 'a', 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' });
  expect(found.subsets).toEqual([
    {
      addresses: [await at('a', '10.244.0.5')],
      notReadyAddresses: [await at('b', '10.244.0.6')],
      ports: [
        { name: 'http', port: 8080, protocol: 'TCP' },
        { name: 'metrics', port: 9001, protocol: 'TCP' },
      ],
    },
  ]);
  await cluster.client.resource(pods).delete(NAMESPACE, 'a');
  await cluster.quiet();
  expect((await web()).subsets?.[0]?.addresses).toBeUndefined();
});

test('a headless Service without ports has addresses alone', async () => {
  await cluster.create(services, service({ clusterIP: 'None', ports: [], publishNotReadyAddresses: true }));
  await pod('a', '10.244.0.5', false);
  expect((await web()).metadata.labels?.['service.kubernetes.io/headless']).toBe('');
  expect((await web()).subsets).toEqual([{ addresses: [expect.objectContaining({ ip: '10.244.0.5' })] }]);
});

test('goes with its Service, comes back when somebody deletes it, leaves other Endpoints alone', async () => {
  await cluster.create(endpoints, { metadata: { name: 'mine' }, subsets: [] });
  await cluster.create(services, service());
  await cluster.client.resource(endpoints).delete(NAMESPACE, 'web');
  await cluster.quiet();
  expect((await cluster.list(endpoints)).map(({ metadata }) => metadata.name).sort()).toEqual(['mine', 'web']);
  await cluster.client.resource(services).delete(NAMESPACE, 'web');
  await cluster.quiet();
  expect((await cluster.list(endpoints)).map(({ metadata }) => metadata.name)).toEqual(['mine']);
});

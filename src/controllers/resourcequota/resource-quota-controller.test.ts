import { afterEach, beforeEach, expect, test } from 'vitest';
import { leases } from '../../api/coordination/v1.gen.ts';
import {
  configmaps,
  type Pod,
  persistentvolumeclaims,
  pods,
  type ResourceQuotaSpec,
  resourcequotas,
  secrets,
  services,
} from '../../api/core/v1.gen.ts';
import { NAMESPACE, type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { CHARGE_MS } from './charges.ts';
import { startResourceQuotaController } from './resource-quota-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startResourceQuotaController);
});
afterEach(() => cluster.stop());

const limit = (hard: Record<string, string>, more: Partial<ResourceQuotaSpec> = {}, name = 'q') =>
  cluster.create(resourcequotas, { metadata: { name }, spec: { hard, ...more } });
const used = async (name = 'q') => (await cluster.get(resourcequotas, name)).status.used;
const map = (name: string) => cluster.create(configmaps, { metadata: { name } });
const pod = (name: string, requests: Record<string, string> = {}, spec: object = {}) =>
  cluster.create(pods, {
    metadata: { name },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }], ...spec },
  });
const remove = async (type: typeof configmaps | typeof pods, name: string) => {
  await cluster.client.resource<Pod>(type as typeof pods).delete(NAMESPACE, name, { gracePeriodSeconds: 0 });
  await cluster.quiet();
};

test('says what it limits and counts what is there at once', async () => {
  await map('a');
  await pod('p', { cpu: '250m', memory: '1Gi' });
  await limit({ configmaps: '5', pods: '2', 'requests.cpu': '1', memory: '4Gi', 'limits.cpu': '9', secrets: '3' });
  const { status } = await cluster.get(resourcequotas, 'q');
  expect(status.hard).toEqual({
    configmaps: '5',
    pods: '2',
    'requests.cpu': '1',
    memory: '4Gi',
    'limits.cpu': '9',
    secrets: '3',
  });
  expect(status.used).toEqual({
    configmaps: '1',
    pods: '1',
    'requests.cpu': '250m',
    memory: '1Gi',
    'limits.cpu': '0',
    secrets: '0',
  });
});

test('follows a changed limit', async () => {
  await limit({ configmaps: '5' });
  await map('a');
  await cluster.update(resourcequotas, 'q', (quota) => ({
    ...quota,
    spec: { hard: { secrets: '2', configmaps: '1' } },
  }));
  const { status } = await cluster.get(resourcequotas, 'q');
  expect(status).toEqual({ hard: { secrets: '2', configmaps: '1' }, used: { secrets: '0', configmaps: '1' } });
});

test('lets nothing beyond the limit be made, and makes room when something goes', async () => {
  await limit({ configmaps: '2', 'count/secrets': '1' });
  await map('a');
  await map('b');
  await expect(map('c')).rejects.toThrow(
    'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
  );
  await cluster.create(secrets, { metadata: { name: 's' } });
  await expect(cluster.create(secrets, { metadata: { name: 't' } })).rejects.toThrow('limited: count/secrets=1');
  await remove(configmaps, 'a');
  expect(await used()).toEqual({ configmaps: '1', 'count/secrets': '1' });
  await map('c');
  expect(await used()).toEqual({ configmaps: '2', 'count/secrets': '1' });
});

test('pods that have ended hold nothing but their place', async () => {
  await limit({ pods: '2', 'requests.cpu': '1', 'count/pods': '3' });
  await pod('a', { cpu: '400m' });
  await pod('b', { cpu: '600m' });
  await expect(pod('c', { cpu: '1m' })).rejects.toThrow(
    'exceeded quota: q, requested: pods=1,requests.cpu=1m, used: pods=2,requests.cpu=1, limited: pods=2,requests.cpu=1',
  );
  await cluster.finish('Succeeded', 'a');
  expect(await used()).toEqual({ pods: '1', 'requests.cpu': '600m', 'count/pods': '2' });
  await pod('c', { cpu: '1m' });
  await remove(pods, 'b');
  expect(await used()).toEqual({ pods: '1', 'requests.cpu': '1m', 'count/pods': '2' });
});

test('a pod that should be gone is counted no longer after a while', async () => {
  await cluster.node('n');
  await limit({ pods: '2', 'count/pods': '3' });
  await pod('a', {}, { nodeName: 'n', terminationGracePeriodSeconds: 30 });
  await cluster.client.resource(pods).delete(NAMESPACE, 'a');
  await cluster.advance(20_000);
  expect(await used()).toEqual({ pods: '1', 'count/pods': '1' });
  await cluster.advance(5 * 60_000);
  expect(await used()).toEqual({ pods: '0', 'count/pods': '1' });
});

test('scopes', async () => {
  await limit({ pods: '5' }, { scopes: ['BestEffort'] }, 'best');
  await limit(
    { pods: '5', 'requests.cpu': '2' },
    { scopeSelector: { matchExpressions: [{ scopeName: 'Terminating', operator: 'Exists' }] } },
    'terminating',
  );
  await pod('a');
  await pod('b', { cpu: '1' }, { activeDeadlineSeconds: 60 });
  await pod('c', { cpu: '1' });
  expect(await used('best')).toEqual({ pods: '1' });
  expect(await used('terminating')).toEqual({ pods: '1', 'requests.cpu': '1' });
  // Setting the deadline of a running pod moves it into the scope, and no admission charges for that.
  await cluster.update(pods, 'c', (p) => ({ ...p, spec: { ...p.spec, activeDeadlineSeconds: 5 } }));
  expect(await used('terminating')).toEqual({ pods: '2', 'requests.cpu': '2' });
});

test('services and claims', async () => {
  await limit({
    services: '5',
    'services.nodeports': '3',
    'services.loadbalancers': '1',
    'requests.storage': '10Gi',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
  });
  await cluster.create(services, {
    metadata: { name: 's' },
    spec: {
      type: 'LoadBalancer',
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'b' },
      ],
    },
  });
  await cluster.create(persistentvolumeclaims, {
    metadata: { name: 'c' },
    spec: {
      storageClassName: 'gold',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '3Gi' } },
    },
  });
  expect(await used()).toEqual({
    services: '1',
    'services.nodeports': '2',
    'services.loadbalancers': '1',
    'requests.storage': '3Gi',
    'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
  });
  await cluster.update(services, 's', (service) => ({
    ...service,
    spec: { ...service.spec, type: 'NodePort' as const, allocateLoadBalancerNodePorts: undefined },
  }));
  expect(await used()).toMatchObject({ 'services.nodeports': '2', 'services.loadbalancers': '0' });
});

test('counts any resource there is, and says nothing of others', async () => {
  await limit({ 'count/leases.coordination.k8s.io': '3', 'count/things.example.com': '1', 'example.com/things': '1' });
  expect(await used()).toEqual({ 'count/leases.coordination.k8s.io': '0' });
  await cluster.create(leases, { metadata: { name: 'l' } });
  expect(await used()).toEqual({ 'count/leases.coordination.k8s.io': '1' });
});

test('what was charged and never made is given back', async () => {
  await limit({ configmaps: '3' });
  await map('a');
  await expect(map('a')).rejects.toThrow('already exists');
  expect(await used()).toEqual({ configmaps: '2' });
  await cluster.advance(CHARGE_MS);
  expect(await used()).toEqual({ configmaps: '1' });
});

test('many at once, while others go, never exceed the limit', async () => {
  const LIMIT = 5;
  await limit({ configmaps: String(LIMIT) });
  const maps = cluster.client.resource(configmaps);
  let made = 0;
  for (let round = 0; round < 20; round++) {
    const present = (await maps.list(NAMESPACE)).items.map(({ metadata }) => metadata.name);
    await Promise.allSettled([
      ...present.slice(0, 2).map((name) => maps.delete(NAMESPACE, name)),
      ...Array.from({ length: 12 }, async (_, i) => {
        await maps.create(NAMESPACE, { metadata: { name: `m-${round}-${i}` } });
        made++;
      }),
    ]);
    expect((await maps.list(NAMESPACE)).items.length).toBeLessThanOrEqual(LIMIT);
    // Informers have seen as much of it as happens to be.
    if (round % 2) await cluster.quiet();
  }
  expect(made).toBeGreaterThan(LIMIT);
  await cluster.advance(CHARGE_MS);
  await cluster.advance(CHARGE_MS);
  expect(await used()).toEqual({ configmaps: String((await maps.list(NAMESPACE)).items.length) });
});

test('counts again after a restart and through failing requests', async () => {
  await limit({ configmaps: '9' });
  await map('a');
  await cluster.restart();
  cluster.failures = 0.5;
  await remove(configmaps, 'a');
  await map('b');
  await map('c');
  cluster.failures = 0;
  await cluster.advance(10 * 60_000);
  expect(await used()).toEqual({ configmaps: '2' });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Container,
  configmaps,
  namespaces,
  type Pod,
  type PodSpec,
  type Service,
  secrets,
} from '../../api/core/v1.gen.ts';
import { Indexer } from '../../client/store.ts';
import { type CoreFixture, coreFixture } from '../../testing/core-fixture.ts';
import { ContainerConfigError, type ResolveEnv } from '../volumes/types.ts';
import { resourceField } from './downward-api.ts';
import { createEnvResolver } from './env.ts';
import { serviceVariables, visibleServices } from './services.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const allocatable = { cpu: '4', memory: '8Gi', ephemeralStorage: '100Gi' };
const meta = { uid: 'uid-1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

function pod(container: Partial<Container>, spec: Partial<PodSpec> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...meta,
      name: 'web',
      namespace: 'shop',
      labels: { app: 'web', 'tier/x': 'front "end"' },
      annotations: { note: 'a\nb' },
    },
    spec: {
      nodeName: 'node-1',
      serviceAccountName: 'robot',
      containers: [{ name: 'main', image: 'busybox', resources: {}, ...container }],
      ...spec,
    },
    status: {},
  };
}

function service(namespace: string, name: string, spec: Partial<Service['spec']>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...meta, name, namespace },
    spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }], clusterIP: '10.96.0.9', ...spec },
    status: { loadBalancer: {} },
  };
}

let fixture: CoreFixture;
let services: Indexer<Service>;
let resolve: ResolveEnv;
beforeEach(async () => {
  fixture = coreFixture();
  services = new Indexer<Service>();
  resolve = createEnvResolver({ client: fixture.client, services: { store: services, synced: true }, allocatable });
  const { client } = fixture;
  await client.resource(namespaces).create('', { metadata: { name: 'shop' } });
  await client
    .resource(configmaps)
    .create('shop', { metadata: { name: 'c' }, data: { A: '1', 'b.c': '$(A)', B: '2' } });
  await client
    .resource(secrets)
    .create('shop', { metadata: { name: 's' }, data: { A: base64('secret'), P: base64('pw') } });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const addresses = { podIPs: ['10.1.0.5', 'fd00::5'], hostIPs: ['192.0.2.1'] };
const run = async (container: Partial<Container>, spec: Partial<PodSpec> = {}) =>
  Object.fromEntries(await resolve(pod(container, { enableServiceLinks: false, ...spec }), 'main', addresses));

describe('variables', () => {
  it.each<[string, Partial<Container>, Record<string, string>]>([
    ['as they are', { env: [{ name: 'X', value: 'x' }, { name: 'EMPTY' }] }, { X: 'x', EMPTY: '' }],
    [
      'that use what came before',
      {
        env: [
          { name: 'X', value: 'x' },
          { name: 'Y', value: '$(X)-$(LATER)-$$(X)' },
          { name: 'LATER', value: 'z' },
        ],
      },
      { X: 'x', Y: 'x-$(LATER)-$(X)', LATER: 'z' },
    ],
    [
      'from objects, the later ones first, the own ones before all, and what they hold as it is',
      {
        envFrom: [
          { configMapRef: { name: 'c' } },
          { secretRef: { name: 's' } },
          { prefix: 'P_', configMapRef: { name: 'c' } },
        ],
        env: [{ name: 'B', value: '$(A)' }],
      },
      { A: 'secret', 'b.c': '$(A)', B: 'secret', P: 'pw', P_A: '1', 'P_b.c': '$(A)', P_B: '2' },
    ],
    [
      'from keys',
      {
        env: [
          { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: 'A' } } },
          { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'P' } } },
        ],
      },
      { C: '1', S: 'pw' },
    ],
    [
      'from what need not be there',
      {
        envFrom: [{ configMapRef: { name: 'no', optional: true } }, { secretRef: { name: 'no', optional: true } }],
        env: [
          { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: 'no', optional: true } } },
          { name: 'S', valueFrom: { secretKeyRef: { name: 'no', key: 'no', optional: true } } },
          { name: 'D', value: '$(C)' },
        ],
      },
      { D: '$(C)' },
    ],
    [
      'from the pod',
      {
        env: [
          ['NAME', 'metadata.name'],
          ['NS', 'metadata.namespace'],
          ['UID', 'metadata.uid'],
          ['APP', "metadata.labels['app']"],
          ['NO', "metadata.annotations['no']"],
          ['NODE', 'spec.nodeName'],
          ['SA', 'spec.serviceAccountName'],
          ['IP', 'status.podIP'],
          ['IPS', 'status.podIPs'],
          ['HOST', 'status.hostIP'],
          ['HOSTS', 'status.hostIPs'],
        ].map(([name = '', fieldPath = '']) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
      },
      {
        NAME: 'web',
        NS: 'shop',
        UID: 'uid-1',
        APP: 'web',
        NO: '',
        NODE: 'node-1',
        SA: 'robot',
        IP: '10.1.0.5',
        IPS: '10.1.0.5,fd00::5',
        HOST: '192.0.2.1',
        HOSTS: '192.0.2.1',
      },
    ],
  ])('%s', async (_, container, expected) => {
    expect(await run(container)).toEqual(expected);
  });

  it.each<[string, Partial<Container>]>([
    ['configmap "no" not found', { envFrom: [{ configMapRef: { name: 'no' } }] }],
    ['secret "no" not found', { envFrom: [{ secretRef: { name: 'no' } }] }],
    ['configmap "no" not found', { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'no', key: 'k' } } }] }],
    [
      "couldn't find key k in ConfigMap shop/c",
      { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] },
    ],
    [
      "couldn't find key k in Secret shop/s",
      { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
    ],
    ['unsupported fieldPath: spec.x', { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] }],
    [
      'container other not found',
      {
        env: [
          {
            name: 'X',
            valueFrom: { resourceFieldRef: { containerName: 'other', resource: 'limits.cpu', divisor: '1' } },
          },
        ],
      },
    ],
  ])('cannot be made: %s', async (message, container) => {
    await expect(run(container)).rejects.toEqual(new ContainerConfigError(message));
  });

  it('wait for the services to be known', async () => {
    resolve = createEnvResolver({ client: fixture.client, services: { store: services, synced: false }, allocatable });
    await expect(run({})).rejects.toThrow('services have not yet been read at least once, cannot construct envvars');
  });
});

describe('services', () => {
  beforeEach(() => {
    services.set(service('default', 'kubernetes', { clusterIP: '10.96.0.1' }));
    services.set(service('shop', 'data-base', { clusterIP: '10.96.0.9' }));
    services.set(service('shop', 'headless', { clusterIP: 'None' }));
    services.set(service('other', 'hidden', {}));
  });

  it('are those of the namespace, and kubernetes always', async () => {
    const all = await run({}, { enableServiceLinks: true });
    expect(all.KUBERNETES_SERVICE_HOST).toBe('10.96.0.1');
    expect(all.DATA_BASE_SERVICE_HOST).toBe('10.96.0.9');
    expect(Object.keys(all).some((name) => /HEADLESS|HIDDEN/.test(name))).toBe(false);
    expect(Object.keys(await run({})).every((name) => name.startsWith('KUBERNETES_'))).toBe(true);
  });

  it('can be used by variables, which come before them', async () => {
    const env = [
      { name: 'URL', value: 'http://$(DATA_BASE_SERVICE_HOST)' },
      { name: 'DATA_BASE_SERVICE_HOST', value: 'mine' },
    ];
    const all = await run({ env }, { enableServiceLinks: true });
    expect(all.URL).toBe('http://10.96.0.9');
    expect(all.DATA_BASE_SERVICE_HOST).toBe('mine');
  });

  it('of the pod’s own namespace hide kubernetes', () => {
    const own = service('shop', 'kubernetes', { clusterIP: '10.96.0.77' });
    services.set(own);
    expect(visibleServices(services.list(), 'shop', true)).toContain(own);
    expect(visibleServices(services.list().reverse(), 'shop', true)).toContain(own);
  });

  it('have the variables of links', () => {
    const ports = [
      { name: 'web', port: 80, protocol: 'TCP' as const, targetPort: 80 },
      { name: 'dns-x', port: 53, protocol: 'UDP' as const, targetPort: 53 },
    ];
    expect(Object.fromEntries(serviceVariables([service('shop', 'a-b', { clusterIP: 'fd00::1', ports })]))).toEqual({
      A_B_SERVICE_HOST: 'fd00::1',
      A_B_SERVICE_PORT: '80',
      A_B_SERVICE_PORT_WEB: '80',
      A_B_SERVICE_PORT_DNS_X: '53',
      A_B_PORT: 'tcp://[fd00::1]:80',
      A_B_PORT_80_TCP: 'tcp://[fd00::1]:80',
      A_B_PORT_80_TCP_PROTO: 'tcp',
      A_B_PORT_80_TCP_PORT: '80',
      A_B_PORT_80_TCP_ADDR: 'fd00::1',
      A_B_PORT_53_UDP: 'udp://[fd00::1]:53',
      A_B_PORT_53_UDP_PROTO: 'udp',
      A_B_PORT_53_UDP_PORT: '53',
      A_B_PORT_53_UDP_ADDR: 'fd00::1',
    });
  });
});

describe('resources', () => {
  it.each([
    ['limits.cpu', '1', '1'],
    ['limits.cpu', '1m', '250'],
    ['limits.cpu', '0', '1'],
    ['requests.cpu', '1m', '100'],
    ['limits.memory', '1Mi', '65'],
    ['limits.memory', '1', '67108865'],
    ['requests.memory', '1', '0'],
    ['limits.ephemeral-storage', '1Gi', '100'],
  ])('%s in units of %s', (resource, divisor, expected) => {
    const resources = { limits: { cpu: '250m', memory: '67108865' }, requests: { cpu: '0.1' } };
    const of = pod({ resources });
    expect(resourceField(of, of.spec.containers[0], { resource, divisor }, allocatable)).toBe(expected);
  });

  it('that are not limited are the pod’s, or the node’s', () => {
    const cpu = { resource: 'limits.cpu', divisor: '1' };
    const free = pod({});
    expect(resourceField(free, free.spec.containers[0], cpu, allocatable)).toBe('4');
    const shared = pod({}, { resources: { limits: { cpu: '3' } } });
    expect(resourceField(shared, shared.spec.containers[0], cpu, allocatable)).toBe('3');
  });
});

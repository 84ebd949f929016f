import { afterEach, beforeEach, expect, test } from 'vitest';
import { endpoints, services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { InformerFactory } from '../client/informer.ts';
import { type CoreFixture, coreFixture } from '../testing/core-fixture.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { ensureKubernetesService, startKubernetesServiceController } from './kubernetes-service.ts';

const itself = { clusterIP: '10.96.0.1', address: '192.0.2.1', port: 6443 };
let f: CoreFixture;
let clock: FakeClock;
let informers: InformerFactory;
let controller: { stop(): Promise<void> };
beforeEach(async () => {
  f = coreFixture();
  clock = new FakeClock();
  await ensureKubernetesService(f.client, itself);
  informers = new InformerFactory(f.client, { clock, log: silent });
  controller = startKubernetesServiceController({ ...itself, client: f.client, informers, clock, log: silent });
  informers.start();
  await informers.waitForSync();
  await settled();
});
afterEach(async () => {
  await controller.stop();
  informers.stop();
  await f[Symbol.asyncDispose]();
});

const settled = async () => {
  for (let i = 0; i < 5; i++) await settle();
};
const read = async () => {
  const service = await f.client.resource(services).get('default', 'kubernetes');
  const { subsets } = await f.client.resource(endpoints).get('default', 'kubernetes');
  const slice = await f.client.resource(endpointslices).get('default', 'kubernetes');
  return [
    `${service.spec.type} ${service.spec.clusterIP} ${service.spec.ports?.map(({ port, targetPort }) => `${port}:${targetPort}`)}`,
    subsets?.flatMap(({ addresses = [], ports = [] }) => addresses.map(({ ip }) => `${ip}:${ports[0]?.port}`)),
    slice.endpoints?.flatMap(({ addresses }) => addresses),
  ];
};
const well = ['ClusterIP 10.96.0.1 443:6443', ['192.0.2.1:6443'], ['192.0.2.1']];

test('what is deleted comes back', async () => {
  expect(await read()).toEqual(well);
  await f.client.resource(services).delete('default', 'kubernetes');
  await f.client.resource(endpoints).delete('default', 'kubernetes');
  await f.client.resource(endpointslices).delete('default', 'kubernetes');
  await settled();
  expect(await read()).toEqual(well);
});

test('what is changed is put right, and what somebody added beside it stays', async () => {
  const damage = (body: object) => ['default', 'kubernetes', { type: 'merge', body }] as const;
  const ports = [{ name: 'x', port: 80 }];
  const metadata = { labels: { mine: 'yes' } };
  await f.client.resource(services).patch(...damage({ metadata, spec: { type: 'NodePort', ports } }));
  const subsets = [{ addresses: [{ ip: '192.0.2.99' }], ports: [{ port: 1 }] }];
  await f.client.resource(endpoints).patch(...damage({ subsets }));
  await f.client.resource(endpointslices).patch(...damage({ endpoints: [{ addresses: ['192.0.2.99'] }] }));
  await settled();
  expect(await read()).toEqual(well);
  const after = await f.client.resource(services).get('default', 'kubernetes');
  expect(after.metadata.labels?.mine).toBe('yes');
});

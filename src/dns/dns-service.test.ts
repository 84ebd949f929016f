import { beforeEach, expect, test } from 'vitest';
import { namespaces, services } from '../api/core/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import { model } from '../api/model.ts';
import { alwaysAllow } from '../apiserver/authorization/modes.ts';
import { buildResourceTable } from '../apiserver/resource-table.ts';
import { createCore } from '../apiserver/server-core.ts';
import { loopbackUser } from '../apiserver/user.ts';
import type { Client } from '../client/client.ts';
import { createInProcessClient } from '../client/in-process.ts';
import { servicePorts } from '../proxy/service-ports.ts';
import { categorizeEndpoints } from '../proxy/topology.ts';
import { MemoryStore } from '../store/memory.ts';
import { FakeClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { ensureDnsService, removeDnsEndpoint } from './dns-service.ts';

let client: Client;
beforeEach(async () => {
  const clock = new FakeClock();
  const core = createCore({
    store: new MemoryStore({ clock }),
    resources: buildResourceTable(model, {}),
    admission: [],
    authorizer: alwaysAllow,
    clock,
    log: silent,
  });
  client = createInProcessClient(core, { user: loopbackUser, userAgent: 'test' });
  const metadata = { name: 'kube-system' };
  await client.resource(namespaces).create('', { apiVersion: 'v1', kind: 'Namespace', metadata });
  return () => core.close();
});

const of = (nodeName: string, address: string) => ({ clusterIP: '10.96.0.10', nodeName, address, port: 53 });

test('the service is made once, each node has its slice, and its own pods prefer it', async () => {
  await ensureDnsService(client, of('a', '10.244.0.1'));
  await ensureDnsService(client, of('b', '10.244.1.1'));
  await ensureDnsService(client, of('b', '10.244.1.7'));
  const service = await client.resource(services).get('kube-system', 'kube-dns');
  expect(service.spec).toMatchObject({ clusterIP: '10.96.0.10' });
  expect(service.spec.ports?.map(({ name, protocol, port }) => `${name} ${protocol} ${port}`)).toEqual([
    'dns UDP 53',
    'dns-tcp TCP 53',
  ]);
  const { items } = await client.resource(endpointslices).list('kube-system');
  const seenFrom = (nodeName: string) =>
    servicePorts(service, items, 'IPv4', nodeName).map((port) =>
      categorizeEndpoints(port, { nodeName }).cluster.map(({ ip }) => ip),
    );
  expect(seenFrom('a')).toEqual([['10.244.0.1'], ['10.244.0.1']]);
  expect(seenFrom('b')).toEqual([['10.244.1.7'], ['10.244.1.7']]);
  expect(seenFrom('c')).toEqual([
    ['10.244.0.1', '10.244.1.7'],
    ['10.244.0.1', '10.244.1.7'],
  ]);
});

test("nodes that start together do not stand in each other's way", async () => {
  await Promise.all(['a', 'b', 'c'].map((name, i) => ensureDnsService(client, of(name, `10.244.${i}.1`))));
  expect((await client.resource(endpointslices).list('kube-system')).items).toHaveLength(3);
});

test('a node that leaves takes only its slice', async () => {
  await ensureDnsService(client, of('a', '10.244.0.1'));
  await ensureDnsService(client, of('b', '10.244.1.1'));
  await removeDnsEndpoint(client, 'a');
  await removeDnsEndpoint(client, 'a');
  const { items } = await client.resource(endpointslices).list('kube-system');
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['kube-dns-b']);
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ConfigMap, configmaps, type Pod, pods } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/errors.ts';
import { createHttpServer, type HttpServer } from '../../apiserver/http/server.ts';
import { admin, everybody, testCertificate } from '../../apiserver/http/test-server.ts';
import { realClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import type { Client } from '../client.ts';
import { InformerFactory } from '../informer.ts';
import { type MemoryServer, memoryServer } from '../memory-server.ts';
import { createHttpClient } from './http-client.ts';

let memory: MemoryServer;
let front: HttpServer;
let port: number;
let client: Client;

async function listen(on: number): Promise<void> {
  const tls = await testCertificate();
  front = createHttpServer({
    core: memory.core,
    authenticate: () => admin,
    authorizer: everybody,
    tls: { ...tls, ca: tls.cert },
    log: silent,
    limits: { shutdownMs: 100 },
  });
  port = await front.listen(on, '127.0.0.1');
}

beforeEach(async () => {
  memory = await memoryServer({ clock: realClock, namespaces: ['ns'] });
  await listen(0);
  const { cert } = await testCertificate();
  client = createHttpClient({
    config: { server: `https://127.0.0.1:${port}`, ca: cert },
    userAgent: 'test',
    clock: realClock,
  });
});
afterEach(async () => {
  await client.close();
  await front.close();
  await memory.close();
});

/** Resolves when the condition holds; looked at whenever something was told. */
function teller() {
  const waiting = new Set<() => void>();
  return {
    tell: () => {
      for (const look of waiting) look();
    },
    until: (condition: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

test('every verb, as over the in-process transport', async () => {
  const maps = client.resource(configmaps);
  const made = await maps.create('ns', { metadata: { name: 'a' }, data: { k: 'v' } });
  expect(made).toEqual(await memory.client.resource(configmaps).get('ns', 'a'));
  expect(await maps.get('ns', 'a')).toEqual(made);
  expect(isAlreadyExists(await maps.create('ns', { metadata: { name: 'a' } }).catch((e) => e))).toBe(true);
  const changed = await maps.update({ ...made, data: { k: 'w' } });
  expect(isConflict(await maps.update({ ...made, data: { k: 'x' } }).catch((e) => e))).toBe(true);
  const patched = await maps.patch('ns', 'a', { type: 'merge', body: { data: { more: '1' } } });
  expect(patched.data).toEqual({ ...changed.data, more: '1' });
  const ops = [{ op: 'remove', path: '/data/more' }] as const;
  expect((await maps.patch('ns', 'a', { type: 'json', operations: ops })).data).toEqual({ k: 'w' });
  await maps.create('ns', { metadata: { generateName: 'b-', labels: { l: '1' } } });
  const all = await maps.list('', { labelSelector: 'l=1' });
  expect(all.items.map((item) => item.kind)).toEqual(['ConfigMap']);
  const page = await maps.list('ns', { limit: 1 });
  const rest = await maps.list('ns', { limit: 10, continue: page.metadata.continue });
  expect(page.items.length + rest.items.length).toBe(2);
  const bare = await maps.list('ns', { metadataOnly: true });
  expect(bare.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
  expect('data' in (bare.items[0] ?? {})).toBe(false);
  await maps.delete('ns', 'a', { preconditions: { uid: made.metadata.uid } });
  expect(isNotFound(await maps.get('ns', 'a').catch((e) => e))).toBe(true);
  await maps.deleteCollection('ns', { labelSelector: 'l=1' });
  expect((await maps.list('ns')).items).toEqual([]);
  expect(await client.raw('/version')).toMatchObject({ major: '1', minor: '36' });
});

test('status and binding', async () => {
  const resource = client.resource(pods);
  const pod = await resource.create('ns', {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  });
  const running = await resource.updateStatus({ ...pod, status: { ...pod.status, phase: 'Running' } } satisfies Pod);
  expect(running.status.phase).toBe('Running');
  await resource.createSubresource('ns', 'p', 'binding', {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'p' },
    target: { apiVersion: 'v1', kind: 'Node', name: 'n1' },
  });
  expect((await resource.get('ns', 'p')).spec.nodeName).toBe('n1');
});

test('an informer follows, and catches up after the server was away', async () => {
  const { tell, until } = teller();
  // The pauses between tries are not what is tested here.
  const eager = { now: () => realClock.now(), after: realClock.after.bind(realClock), sleep: () => realClock.sleep(2) };
  const factory = new InformerFactory(client, { clock: eager, log: silent, random: () => 0 });
  const informer = factory.informer<ConfigMap>(configmaps, { namespace: 'ns' });
  informer.addHandler({ onAdd: tell, onUpdate: tell, onDelete: tell });
  const here = memory.client.resource(configmaps);
  await here.create('ns', { metadata: { name: 'a' } });
  await here.create('ns', { metadata: { name: 'b' } });
  factory.start();
  await factory.waitForSync();
  const names = () =>
    informer.store
      .list('ns')
      .map((map) => map.metadata.name)
      .sort()
      .join();
  expect(names()).toBe('a,b');
  await here.create('ns', { metadata: { name: 'c' } });
  await until(() => names() === 'a,b,c');
  expect(informer.store.get('ns', 'c')).toEqual(await here.get('ns', 'c'));
  await front.close();
  await here.delete('ns', 'a');
  await here.create('ns', { metadata: { name: 'd' } });
  await listen(port);
  await until(() => names() === 'b,c,d');
  factory.stop();
});

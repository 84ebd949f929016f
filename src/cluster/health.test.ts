import { expect, test } from 'vitest';
import type { HealthPath } from '../apiserver/http/health.ts';
import { StoreUnavailableError } from '../store/store.ts';
import { ServerHealth } from './health.ts';

async function failing(health: ServerHealth, path: HealthPath, store = { get: async () => undefined as undefined }) {
  const failed: string[] = [];
  for (const { name, check, except } of health.checks(store)) {
    if (!except?.includes(path) && (await check()) !== undefined) failed.push(name);
  }
  return failed;
}

test('a server is alive before it is ready, and while it stops', async () => {
  const health = new ServerHealth();
  expect(await failing(health, '/readyz')).toEqual(['informer-sync', 'poststarthook/bootstrap-controller']);
  health.serviceMade = true;
  expect(await failing(health, '/livez')).toEqual([]);
  expect(await failing(health, '/readyz')).toEqual(['informer-sync']);
  health.informersSynced = true;
  expect(await failing(health, '/readyz')).toEqual([]);
  health.stopping = true;
  expect(await failing(health, '/readyz')).toEqual(['shutdown']);
  expect(await failing(health, '/livez')).toEqual([]);
});

test('without its store a server is not well', async () => {
  const health = new ServerHealth();
  Object.assign(health, { serviceMade: true, informersSynced: true });
  const closed = { get: () => Promise.reject(new StoreUnavailableError('the store is closed')) };
  expect(await failing(health, '/livez', closed)).toEqual(['etcd']);
  expect(await failing(health, '/readyz', closed)).toEqual(['etcd', 'etcd-readiness']);
});

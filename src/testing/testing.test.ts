import { afterEach, describe, expect, it } from 'vitest';
import { replicasets } from '../api/apps/v1.gen.ts';
import { jobs } from '../api/batch/v1.gen.ts';
import { configmaps, nodes, pods } from '../api/core/v1.gen.ts';
import { isNotFound } from '../api/errors.ts';
import { createHttpClient } from '../client/http/http-client.ts';
import { parseKubeconfig } from '../client/http/kubeconfig.ts';
import { FakeClock, realClock, settle } from '../utils/clock.ts';
import { startCluster, type TestCluster, type TestClusterOptions } from './index.ts';

let cluster: TestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function start(options?: TestClusterOptions): Promise<TestCluster> {
  cluster = await startCluster(options);
  return cluster;
}

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };

describe('startCluster', () => {
  it('has nodes that take pods as soon as it resolves', async () => {
    const { client } = await start({ nodes: 3 });
    const { items } = await client.resource(nodes).list('');
    expect(items.map((n) => n.metadata.name)).toEqual(['node-0', 'node-1', 'node-2']);
    for (const node of items) expect(node.spec.taints ?? []).toEqual([]);
  });

  it('deletes what an object owns with it', async () => {
    const { client, createNamespace, waitFor } = await start();
    const namespace = await createNamespace();
    const sets = client.resource(replicasets);
    await sets.create(namespace, {
      metadata: { name: 'rs' },
      spec: { replicas: 2, selector: { matchLabels: { app: 'a' } }, template },
    });
    const count = async () => (await client.resource(pods).list(namespace)).items.length;
    await waitFor(async () => ((await count()) === 2 ? true : undefined));
    await sets.delete(namespace, 'rs');
    await waitFor(async () => ((await count()) === 0 ? true : undefined));
  });

  it('empties and removes a namespace', async () => {
    const { client, createNamespace, deleteNamespace } = await start();
    const namespace = await createNamespace();
    await client.resource(configmaps).create(namespace, { metadata: { name: 'c' }, data: { a: 'b' } });
    await deleteNamespace(namespace);
    await expect(client.resource(configmaps).get(namespace, 'c')).rejects.toSatisfy(isNotFound);
  });

  it('runs Jobs to their end', async () => {
    const { client, createNamespace, waitFor } = await start({ life: { jobRunMs: 10 } });
    const namespace = await createNamespace();
    await client.resource(jobs).create(namespace, {
      metadata: { name: 'j' },
      spec: { completions: 3, parallelism: 2, template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
    });
    const done = await waitFor(async () => {
      const job = await client.resource(jobs).get(namespace, 'j');
      return job.status.conditions?.some((c) => c.type === 'Complete' && c.status === 'True') ? job : undefined;
    });
    expect(done.status.succeeded).toBe(3);
  });

  it('stands still with a clock of the test until it is turned', async () => {
    const clock = new FakeClock();
    const { client } = await start({ nodes: 1, clock, life: { startupMs: 60_000 } });
    const api = client.resource(pods);
    await api.create('default', { metadata: { name: 'p' }, spec: { ...template.spec } });
    const phase = async () => (await api.get('default', 'p')).status.phase;
    await settle(20);
    await clock.advance(30_000);
    expect(await phase()).toBe('Pending');
    await clock.advance(40_000);
    await settle(20);
    expect(await phase()).toBe('Running');
  });

  it('serves HTTPS to clients of other processes', async () => {
    const { https, client } = await start({ https: true });
    await client.resource(configmaps).create('default', { metadata: { name: 'seen' }, data: { a: 'b' } });
    const remote = createHttpClient({
      config: parseKubeconfig(https?.kubeconfig ?? '', { directory: '/', source: 'the cluster' }),
      userAgent: 'remote',
      clock: realClock,
    });
    expect((await remote.resource(configmaps).get('default', 'seen')).data).toEqual({ a: 'b' });
    await remote.close();
  });

  it('leaves nothing running', async () => {
    const before = process.getActiveResourcesInfo().filter((r) => r !== 'Timeout' && r !== 'Immediate').length;
    const one = await startCluster({ nodes: 2, https: true });
    await one.createNamespace();
    await one.stop();
    await settle();
    expect(
      process.getActiveResourcesInfo().filter((r) => r !== 'Timeout' && r !== 'Immediate').length,
    ).toBeLessThanOrEqual(before);
  });
});

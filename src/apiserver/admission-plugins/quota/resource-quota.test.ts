import { describe, expect, test } from 'vitest';
import type { ResourceQuota } from '../../../api/core/v1.gen.ts';
import { errors } from '../../../api/errors.ts';
import { readersOf, runPlugins, type TestRequest } from '../testing.ts';
import { resourceQuota } from './resource-quota.ts';

const pod = (requests: object = {}, more: object = {}): TestRequest => ({
  resource: 'pods',
  kind: 'Pod',
  object: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', resources: { requests } }], ...more } },
});
/** A store of one quota, with compare-and-swap, that the plugin's cache sees late. */
function quota(hard: Record<string, string>, used: Record<string, string> | undefined, spec: object = {}) {
  const first: ResourceQuota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'ns', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: { hard, ...spec },
    status: used ? { hard, used } : { hard },
  };
  let stored = first;
  const writer = {
    get: async () => stored,
    updateStatus: async (next: ResourceQuota) => {
      await Promise.resolve();
      if (next.metadata.resourceVersion !== stored.metadata.resourceVersion)
        throw errors.conflict({ group: '', resource: 'resourcequotas' }, 'q', 'changed');
      stored = {
        ...next,
        metadata: { ...next.metadata, resourceVersion: String(Number(stored.metadata.resourceVersion) + 1) },
      };
      return stored;
    },
  };
  const plugin = () => resourceQuota(readersOf({ resourceQuotas: () => [first] }), writer);
  return { plugin, used: () => stored.status.used };
}

describe('ResourceQuota', () => {
  test('counts what is let through', async () => {
    const q = quota({ pods: '2', 'requests.cpu': '1' }, { pods: '0', 'requests.cpu': '0' });
    const plugins = [q.plugin()];
    await runPlugins(plugins, pod({ cpu: '250m' }));
    await runPlugins(plugins, { ...pod({ cpu: '250m' }), dryRun: true });
    expect(q.used()).toEqual({ pods: '1', 'requests.cpu': '250m' });
    await expect(runPlugins(plugins, pod({ cpu: '900m' }))).rejects.toThrow(
      'pods "p" is forbidden: exceeded quota: q, requested: requests.cpu=900m, used: requests.cpu=250m, limited: requests.cpu=1',
    );
    expect(q.used()).toEqual({ pods: '1', 'requests.cpu': '250m' });
  });

  test('many at once do not share the same room, nor do two API servers', async () => {
    const q = quota({ pods: '7' }, { pods: '0' });
    const [one, two] = [[q.plugin()], [q.plugin()]];
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => runPlugins(i % 2 ? one : two, pod())),
    );
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(7);
    expect(q.used()).toEqual({ pods: '7' });
  });

  test('what a quota limits must be said', async () => {
    const q = quota({ 'limits.cpu': '1', memory: '1Gi' }, { 'limits.cpu': '0', memory: '0' });
    await expect(runPlugins([q.plugin()], pod({ memory: '1Mi' }))).rejects.toThrow(
      'pods "p" is forbidden: failed quota: q: must specify limits.cpu for: c',
    );
    await expect(runPlugins([quota({ pods: '1' }, undefined).plugin()], pod())).rejects.toThrow(
      'status unknown for quota: q, resources: pods',
    );
  });

  test('scopes, counts and growth', async () => {
    const scoped = quota({ pods: '0' }, { pods: '0' }, { scopes: ['BestEffort'] });
    await runPlugins([scoped.plugin()], pod({ cpu: '1' }));
    await expect(runPlugins([scoped.plugin()], pod())).rejects.toThrow('exceeded quota');
    const counted = quota(
      { 'count/deployments.apps': '0', 'services.nodeports': '1' },
      { 'count/deployments.apps': '0', 'services.nodeports': '0' },
    );
    const deployment = { resource: 'deployments.apps', kind: 'Deployment', object: { metadata: { name: 'd' } } };
    await expect(runPlugins([counted.plugin()], deployment)).rejects.toThrow('requested: count/deployments.apps=1');
    const service = (type: string) => ({ metadata: { name: 's' }, spec: { type, ports: [{}, {}] } });
    const update: TestRequest = {
      resource: 'services',
      kind: 'Service',
      operation: 'UPDATE',
      name: 's',
      oldObject: service('ClusterIP'),
    };
    await runPlugins([counted.plugin()], { ...update, object: service('ClusterIP') });
    await expect(runPlugins([counted.plugin()], { ...update, object: service('NodePort') })).rejects.toThrow(
      'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1',
    );
  });
});

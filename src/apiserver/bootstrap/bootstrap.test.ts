import { existsSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Draft, KubeObject, ResourceType } from '../../api/resource.ts';
import { apiVersionOf } from '../../api/resource.ts';
import { type BootstrapClient, ensureBootstrap } from './ensure.ts';
import { bootstrapObjects } from './objects.ts';

const facts = new URL('../../../../shared/facts/bootstrap-objects.json', import.meta.url);
const key = (o: { metadata?: { namespace?: string; name?: string } }) =>
  `${o.metadata?.namespace ?? ''}/${o.metadata?.name}`;
const sorted = <T extends { metadata?: { namespace?: string; name?: string } }>(list: readonly T[]) =>
  [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));

test.skipIf(!existsSync(facts))('the objects are those of a v1.36 API server (needs ../shared/facts)', () => {
  const recorded: Record<string, { metadata: object }[]> = JSON.parse(readFileSync(facts, 'utf8'));
  const { namespaces: _, ...all } = bootstrapObjects();
  const made = Object.fromEntries(
    Object.values(all).map(({ type, objects }) => [
      `${apiVersionOf(type)}/${type.resource}`,
      sorted(objects.map((o) => JSON.parse(JSON.stringify({ ...o, apiVersion: undefined, kind: undefined })))),
    ]),
  );
  expect(Object.keys(made).sort()).toEqual(Object.keys(recorded).sort());
  for (const [resource, objects] of Object.entries(recorded)) expect(made[resource], resource).toEqual(sorted(objects));
});

describe('ensureBootstrap', () => {
  let stored: Map<string, KubeObject>;
  let writes: string[];
  // Objects go through JSON, as they do in a server.
  const client: BootstrapClient = {
    resource<T extends KubeObject>(type: ResourceType<T>) {
      const path = (o: Draft<KubeObject>) => `${type.resource}/${key({ metadata: { ...o.metadata } })}`;
      const put = (verb: string, object: Draft<T>): T => {
        writes.push(`${verb} ${path(object)}`);
        const copy: T = JSON.parse(JSON.stringify(object));
        stored.set(path(object), copy);
        return copy;
      };
      return {
        list: async () => ({
          apiVersion: 'v1',
          kind: 'List',
          metadata: {},
          items: [...stored]
            .filter(([k]) => k.startsWith(`${type.resource}/`))
            .map(([, o]): T => JSON.parse(JSON.stringify(o))),
        }),
        create: async (_namespace: string, object: Draft<T>) => put('create', object),
        update: async (object: T) => put('update', JSON.parse(JSON.stringify(object))),
        delete: async (namespace: string, name: string) => {
          writes.push(`delete ${type.resource}/${namespace}/${name}`);
          stored.delete(`${type.resource}/${namespace}/${name}`);
        },
      };
    },
  };
  const change = (path: string, fields: object) => {
    const object = stored.get(path);
    if (!object) throw new Error(`no ${path}`);
    stored.set(path, { ...object, ...fields });
  };
  beforeEach(async () => {
    stored = new Map();
    writes = [];
    await ensureBootstrap(client);
  });

  test('makes all once, namespaces first, and then nothing', async () => {
    expect(writes).toHaveLength(181);
    expect(writes.slice(0, 4)).toEqual(
      ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((n) => `create namespaces//${n}`),
    );
    writes = [];
    await ensureBootstrap(client);
    expect(writes).toEqual([]);
  });

  test('gives back what is missing and keeps what was added', async () => {
    const added = { verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] };
    change('clusterroles//system:kube-dns', { rules: [added] });
    change('clusterrolebindings//system:kube-dns', { subjects: [] });
    writes = [];
    await ensureBootstrap(client);
    expect(writes.sort()).toEqual([
      'update clusterrolebindings//system:kube-dns',
      'update clusterroles//system:kube-dns',
    ]);
    expect(stored.get('clusterroles//system:kube-dns')).toMatchObject({ rules: [added, ...Array(4).fill({})] });
    expect(stored.get('clusterrolebindings//system:kube-dns')).toMatchObject({ subjects: [{ name: 'kube-dns' }] });
  });

  test('leaves alone what says so, and the rules of aggregated roles', async () => {
    const metadata = {
      name: 'system:kube-dns',
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'false' },
    };
    change('clusterroles//system:kube-dns', { metadata, rules: [] });
    change('clusterroles//view', { rules: [] });
    change('priorityclasses//system-node-critical', { description: 'ours' });
    writes = [];
    await ensureBootstrap(client);
    expect(writes).toEqual([]);
  });

  test('repairs every role and binding, whatever it lost', async () => {
    const { clusterRoles, roles, clusterRoleBindings, roleBindings } = bootstrapObjects();
    const damaged: string[] = [];
    const damage = (type: { resource: string }, objects: readonly { metadata?: object }[], fields: object) => {
      for (const object of objects) {
        const path = `${type.resource}/${key(object)}`;
        const before = JSON.stringify(stored.get(path));
        change(path, fields);
        // The binding of system:node is for nobody.
        if (JSON.stringify(stored.get(path)) !== before && !path.endsWith('bindings//system:node')) damaged.push(path);
      }
    };
    damage(clusterRoles.type, clusterRoles.objects, { rules: null, aggregationRule: undefined });
    damage(roles.type, roles.objects, { rules: [] });
    damage(clusterRoleBindings.type, clusterRoleBindings.objects, { subjects: [] });
    damage(roleBindings.type, roleBindings.objects, { subjects: undefined });
    writes = [];
    await ensureBootstrap(client);
    expect(writes.map((write) => write.replace('update ', '')).sort()).toEqual(damaged.sort());
    for (const { type, objects } of [clusterRoleBindings, roleBindings]) {
      for (const object of objects) {
        expect(stored.get(`${type.resource}/${key(object)}`)).toMatchObject({ subjects: object.subjects ?? [] });
      }
    }
    // What was deleted is made again, with all that it had.
    stored = new Map([...stored].filter(([path]) => !/^(cluster)?role/.test(path)));
    await ensureBootstrap(client);
    for (const { type, objects } of [clusterRoles, roles]) {
      for (const object of objects) {
        expect(stored.get(`${type.resource}/${key(object)}`)).toMatchObject(JSON.parse(JSON.stringify(object)));
      }
    }
  });

  test('gives roles back what they sum up, and takes it from those that never did', async () => {
    const mine = { matchLabels: { mine: 'true' } };
    change('clusterroles//admin', { aggregationRule: { clusterRoleSelectors: [mine] } });
    change('clusterroles//system:node', { aggregationRule: { clusterRoleSelectors: [mine] } });
    writes = [];
    await ensureBootstrap(client);
    expect(writes.sort()).toEqual(['update clusterroles//admin', 'update clusterroles//system:node']);
    expect(stored.get('clusterroles//admin')).toMatchObject({
      aggregationRule: {
        clusterRoleSelectors: [mine, { matchLabels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } }],
      },
    });
    expect(stored.get('clusterroles//system:node')).not.toHaveProperty('aggregationRule');
  });

  test('replaces a binding to another role, and a changed flow schema', async () => {
    change('clusterrolebindings//system:monitoring', { roleRef: { kind: 'ClusterRole', name: 'view' } });
    change('flowschemas//probes', { spec: {} });
    writes = [];
    await ensureBootstrap(client);
    expect(writes.sort()).toEqual([
      'create clusterrolebindings//system:monitoring',
      'delete clusterrolebindings//system:monitoring',
      'update flowschemas//probes',
    ]);
  });
});

import { describe, expect, test } from 'vitest';
import { deployments } from '../api/apps/v1.gen.ts';
import { horizontalpodautoscalers as scalersV1 } from '../api/autoscaling/v1.gen.ts';
import { horizontalpodautoscalers as scalersV2 } from '../api/autoscaling/v2.gen.ts';
import { configmaps, events as coreEvents, namespaces, pods, secrets } from '../api/core/v1.gen.ts';
import { ApiError, errors } from '../api/errors.ts';
import { events } from '../api/events/v1.gen.ts';
import { poddisruptionbudgets } from '../api/policy/v1.gen.ts';
import type { KubeObject, ResourceType } from '../api/resource.ts';
import { type CoreFixture, coreFixture } from '../testing/core-fixture.ts';
import type { AdmissionPlugin, AuthorizerAttributes } from './admission.ts';
import { mutableOf } from './admission-plugins/readers.ts';
import { strategies } from './strategies/index.ts';

const named = (name: string) => ({ metadata: { name } });
const deployment = (name: string) => ({
  metadata: { name },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});
const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });

async function status(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ApiError);
  return (error as ApiError).status;
}

async function message(promise: Promise<unknown>): Promise<string | undefined> {
  return (await status(promise)).message;
}

function post(f: CoreFixture, resource: string, namespace: string, body: unknown, options = {}) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const target = f.target(resource, namespace);
  return f.core.create(f.context, target, { bytes, mediaType: 'application/json' }, options);
}

describe('create', () => {
  test('gives what the server gives, and nothing a client may claim', async () => {
    await using f = coreFixture();
    const made = await f.client.resource(configmaps).create('one', {
      metadata: {
        name: 'a',
        uid: 'mine',
        creationTimestamp: '1999-01-01T00:00:00Z',
        deletionTimestamp: '1999-01-01T00:00:00Z',
      },
    });
    expect(made.metadata).toEqual({
      name: 'a',
      namespace: 'one',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: '2026-01-01T00:00:00Z',
      resourceVersion: '2',
    });
    expect(made.metadata).not.toHaveProperty('deletionTimestamp');
    expect(made.metadata.uid).not.toBe('mine');
    expect(await f.client.resource(configmaps).get('one', 'a')).toBe(made);
  });

  test('200 at a time under one generateName are 200 objects', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const made = await Promise.all(
      Array.from({ length: 200 }, () => maps.create('one', { metadata: { generateName: 'm-' } })),
    );
    expect(new Set(made.map((m) => m.metadata.name)).size).toBe(200);
    for (const m of made) expect(m.metadata.name).toMatch(/^m-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect((await maps.list('one')).items).toHaveLength(200);
  });

  test('of 200 at a time under one name one succeeds', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const done = await Promise.allSettled(Array.from({ length: 200 }, () => maps.create('one', named('a'))));
    expect(done.filter((d) => d.status === 'fulfilled')).toHaveLength(1);
    const lost = done.filter((d) => d.status === 'rejected');
    expect(new Set(lost.map((d) => (d.reason as Error).message))).toEqual(new Set(['configmaps "a" already exists']));
  });

  test('a generated name that is taken eight times is given up', async () => {
    await using f = coreFixture({ random: () => 0 });
    const maps = f.client.resource(configmaps);
    await maps.create('one', { metadata: { generateName: 'm-' } });
    expect(await status(maps.create('one', { metadata: { generateName: 'm-' } }))).toMatchObject({
      reason: 'AlreadyExists',
      message: 'configmaps "m-bbbbb" already exists, the server was not able to generate a unique name for the object',
      details: { retryAfterSeconds: 1 },
    });
  });

  test('refuses what does not fit', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    expect(await message(maps.create('one', {}))).toBe(
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    );
    expect(await message(maps.create('one', { metadata: { name: 'a', namespace: 'two' } }))).toBe(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
    expect(await message(maps.create('one', { metadata: { name: 'a', resourceVersion: '1' } }))).toBe(
      'resourceVersion should not be set on objects to be created',
    );
    const big = { big: 'x'.repeat(256 * 1024) };
    expect(await message(maps.create('one', { metadata: { name: 'a', annotations: big } }))).toBe(
      'ConfigMap "a" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
    );
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true };
    expect(
      await message(maps.create('one', { metadata: { name: 'a', ownerReferences: [owner, { ...owner, uid: 'v' }] } })),
    ).toContain('Only one reference can have Controller set to true. Found "true" in references for Pod/p and Pod/p');
  });

  test('fields the kind does not have are dropped, warned of or refused', async () => {
    await using f = coreFixture();
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', nam: 'b' }, dato: {} };
    const options = { fieldValidation: 'Strict' };
    expect(await message(post(f, 'configmaps', 'one', body, options))).toBe(
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "metadata.nam", unknown field "dato"',
    );
    const twice = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"a"}}';
    expect(await message(post(f, 'configmaps', 'one', twice, options))).toContain('duplicate field "metadata.name"');
    await post(f, 'configmaps', 'one', body);
    expect(f.warnings).toEqual(['unknown field "metadata.nam"', 'unknown field "dato"']);
    await post(f, 'configmaps', 'two', body, { fieldValidation: 'Ignore' });
    expect(f.warnings).toHaveLength(2);
    expect(await message(post(f, 'configmaps', 'one', { ...body, apiVersion: 'v2' }))).toBe(
      'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    );
  });

  test('a dry run goes all the way but for the write', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const shown = await maps.create('one', named('a'), { dryRun: true });
    expect(shown.metadata.uid).toBeTruthy();
    expect(shown.metadata).not.toHaveProperty('resourceVersion');
    expect((await maps.list('one')).items).toEqual([]);
    await maps.create('one', named('a'));
    expect(await message(maps.create('one', named('a'), { dryRun: true }))).toBe('configmaps "a" already exists');
    await maps.delete('one', 'a', { dryRun: true });
    const changed = await maps.patch('one', 'a', { type: 'merge', body: { data: { a: 'b' } } }, { dryRun: true });
    expect(changed).toMatchObject({ data: { a: 'b' }, metadata: { resourceVersion: '2' } });
    expect((await maps.get('one', 'a')).data).toBeUndefined();
  });
});

describe('update', () => {
  test('the second of two writers is told', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const made = await maps.create('one', named('a'));
    await maps.update({ ...made, data: { a: '1' } });
    expect(await status(maps.update({ ...made, data: { a: '2' } }))).toMatchObject({
      code: 409,
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
    const whatever = { ...made, metadata: { ...made.metadata, resourceVersion: '' }, data: { a: '3' } };
    expect((await maps.update(whatever)).data).toEqual({ a: '3' });
    const stranger = { ...whatever, metadata: { ...whatever.metadata, uid: 'other' } };
    expect(await message(maps.update(stranger))).toContain('Precondition failed: UID in precondition: other');
  });

  test('what changes nothing writes nothing, in whatever order it says so', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const made = await maps.create('one', { metadata: { name: 'a', labels: { x: 'y' } }, data: { a: '1', b: '2' } });
    const { name, ...rest } = made.metadata;
    const same = { ...made, metadata: { ...rest, name }, data: { b: '2', a: '1' } };
    expect(await maps.update(same)).toBe(made);
    expect((await maps.list('one')).metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  test('patches of many writers all arrive', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', { ...named('a'), data: {} });
    const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => maps.patch('one', 'a', { type: 'merge', body: { data: { [key]: 'v' } } })));
    expect(Object.keys((await maps.get('one', 'a')).data ?? {})).toHaveLength(50);
    const stale = { metadata: { resourceVersion: '2' }, data: { late: 'yes' } };
    expect((await status(maps.patch('one', 'a', { type: 'merge', body: stale }))).code).toBe(409);
  });

  test('a status update changes status only, and a spec update anything but status', async () => {
    await using f = coreFixture();
    const all = f.client.resource(deployments);
    const made = await all.create('one', deployment('d'));
    expect(made.metadata.generation).toBe(1);
    const told = await all.updateStatus({ ...made, spec: { ...made.spec, replicas: 7 }, status: { replicas: 3 } });
    expect([told.spec.replicas, told.status?.replicas, told.metadata.generation]).toEqual([1, 3, 1]);
    const scaled = await all.update({ ...told, spec: { ...told.spec, replicas: 2 }, status: {} });
    expect([scaled.spec.replicas, scaled.status?.replicas, scaled.metadata.generation]).toEqual([2, 3, 2]);
  });

  test('scale shows and sets replicas', async () => {
    await using f = coreFixture();
    const all = f.client.resource(deployments);
    await all.create('one', deployment('d'));
    const scale = await all.getSubresource<{ metadata: { resourceVersion: string } }>('one', 'd', 'scale');
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { selector: 'app=x' } });
    await all.updateSubresource('one', 'd', 'scale', { metadata: { name: 'd' }, spec: { replicas: 5 } });
    expect((await all.get('one', 'd')).spec.replicas).toBe(5);
    const late = { metadata: { name: 'd', resourceVersion: scale.metadata.resourceVersion }, spec: { replicas: 6 } };
    expect((await status(all.updateSubresource('one', 'd', 'scale', late))).code).toBe(409);
    const negative = { type: 'merge' as const, body: { spec: { replicas: -1 } } };
    expect(await message(all.patch('one', 'd', negative, { subresource: 'scale' }))).toBe(
      'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });

  test('the path decides the name', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', named('a'));
    expect(await message(maps.patch('one', 'a', { type: 'merge', body: { metadata: { name: 'b' } } }))).toBe(
      'the name of the object (b) does not match the name on the URL (a)',
    );
    expect(await message(maps.patch('one', 'nope', { type: 'merge', body: {} }))).toBe('configmaps "nope" not found');
  });
});

describe('managed fields', () => {
  const owners = (object: KubeObject) =>
    (object.metadata.managedFields ?? []).map((m) => `${m.manager} ${m.operation} ${m.subresource ?? ''}`.trim());

  test('follow who writes what, but not what the server adds', async () => {
    await using f = coreFixture();
    const all = f.client.as('kubectl/v1.36.0 (linux/amd64)').resource(deployments);
    const made = await all.create('one', deployment('d'));
    expect(owners(made)).toEqual(['kubectl Update']);
    expect(made.metadata.managedFields?.[0]?.fieldsV1).not.toHaveProperty('f:status');
    const told = await f.client
      .as('controller')
      .resource(deployments)
      .updateStatus({ ...made, status: { replicas: 1 } });
    expect(owners(told)).toEqual(['controller Update status', 'kubectl Update']);
    expect(await f.client.as('other').resource(deployments).update(told)).toBe(told);
    const scale = { metadata: { name: 'd' }, spec: { replicas: 5 } };
    await f.client.as('scaler').resource(deployments).updateSubresource('one', 'd', 'scale', scale);
    expect(owners(await all.get('one', 'd'))).toContain('scaler Update scale');
  });

  test('apply creates, conflicts, takes over and takes away', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const apply = (fieldManager: string, data: object, force?: boolean) =>
      maps.patch(
        'one',
        'x',
        { type: 'apply', body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data } },
        { fieldManager, force },
      );
    const made = await apply('a', { a: '1', b: '1' });
    expect(made.data).toEqual({ a: '1', b: '1' });
    expect(owners(made)).toEqual(['a Apply']);
    expect(await status(apply('b', { b: '2' }))).toMatchObject({
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "a": .data.b',
      details: { causes: [{ field: '.data.b', message: 'conflict with "a"', reason: 'FieldManagerConflict' }] },
    });
    expect((await apply('b', { b: '2' }, true)).data).toEqual({ a: '1', b: '2' });
    const again = await apply('b', { b: '2' }, true);
    expect(await apply('b', { b: '2' })).toBe(again);
    expect((await apply('b', {})).data).toEqual({ a: '1' });
    expect(await message(apply('', {}))).toContain('fieldManager: Required value: is required for apply patch');
  });
});

describe('delete', () => {
  test('tells that the pods of a job stay', async () => {
    await using f = coreFixture({ strategies });
    const resource = f.core.resources.find('batch', 'v1', 'jobs');
    if (!resource) throw new Error('jobs are not served');
    const target = { resource, namespace: 'one', name: 'a', subresource: '' };
    await f.core.delete(f.context, target, {}).catch(() => undefined);
    await f.core.delete(f.context, target, { propagationPolicy: 'Orphan' }).catch(() => undefined);
    expect(f.warnings).toEqual([
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    ]);
  });

  test('preconditions', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    const made = await maps.create('one', named('a'));
    expect(await message(maps.delete('one', 'a', { preconditions: { uid: 'wrong' } }))).toBe(
      `Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition (wrong) does not match the UID in record (${made.metadata.uid}). The object might have been deleted and then recreated`,
    );
    expect((await status(maps.delete('one', 'a', { preconditions: { resourceVersion: '1' } }))).code).toBe(409);
    await maps.delete('one', 'a', { preconditions: { uid: made.metadata.uid } });
    expect(await message(maps.delete('one', 'a'))).toBe('configmaps "a" not found');
  });

  test('finalizers hold an object until the last is gone', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    await maps.create('one', { metadata: { name: 'a', finalizers: ['x.io/y'] } });
    await maps.delete('one', 'a');
    const going = await maps.get('one', 'a');
    expect(going.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 });
    expect(await message(maps.create('one', named('a')))).toBe(
      'object is being deleted: configmaps "a" already exists',
    );
    const more = { ...going, metadata: { ...going.metadata, finalizers: ['x.io/y', 'x.io/z'] } };
    expect(await message(maps.update(more))).toContain(
      'no new finalizers can be added if the object is being deleted, found new finalizers []string{"x.io/z"}',
    );
    await maps.update({ ...going, metadata: { ...going.metadata, finalizers: [] } });
    expect(await message(maps.get('one', 'a'))).toBe('configmaps "a" not found');
  });

  test('propagation is a finalizer that the garbage collector takes', async () => {
    await using f = coreFixture();
    const all = f.client.resource(deployments);
    for (const [policy, finalizer] of [
      ['Foreground', 'foregroundDeletion'],
      ['Orphan', 'orphan'],
    ] as const) {
      await all.create('one', deployment('d'));
      await all.delete('one', 'd', { propagationPolicy: policy });
      const going = await all.get('one', 'd');
      expect(going.metadata.finalizers).toEqual([finalizer]);
      expect(going.metadata.generation).toBe(2);
      await all.update({ ...going, metadata: { ...going.metadata, finalizers: [] } });
    }
    await all.create('one', deployment('d'));
    await all.delete('one', 'd', { propagationPolicy: 'Background' });
    expect((await all.list('one')).items).toEqual([]);
  });

  test('a grace period runs, and can only be shortened', async () => {
    const graceSeconds = (_: KubeObject, requested: number | undefined): number => requested ?? 30;
    await using f = coreFixture({ strategies: { pods: { graceSeconds } } });
    const all = f.client.resource(pods);
    await all.create('one', pod('p'));
    const seen = async () => {
      const { deletionTimestamp, deletionGracePeriodSeconds } = (await all.get('one', 'p')).metadata;
      return [deletionTimestamp, deletionGracePeriodSeconds];
    };
    await all.delete('one', 'p');
    expect(await seen()).toEqual(['2026-01-01T00:00:30Z', 30]);
    await f.clock.advance(5000);
    await all.delete('one', 'p', { gracePeriodSeconds: 60 });
    expect(await seen()).toEqual(['2026-01-01T00:00:30Z', 30]);
    await all.delete('one', 'p', { gracePeriodSeconds: 10 });
    expect(await seen()).toEqual(['2026-01-01T00:00:10Z', 10]);
    await all.delete('one', 'p', { gracePeriodSeconds: 0 });
    expect((await all.list('one')).items).toEqual([]);
  });

  test('namespaces terminate first', async () => {
    await using f = coreFixture();
    const all = f.client.resource(namespaces);
    await all.create('', named('n'));
    await all.delete('', 'n');
    const going = await all.get('', 'n');
    expect(going).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Terminating' } });
    await all.delete('', 'n');
    await all.updateSubresource('', 'n', 'finalize', { ...going, spec: { finalizers: [] } });
    expect(await message(all.get('', 'n'))).toBe('namespaces "n" not found');
  });

  test('a collection goes by its selector', async () => {
    await using f = coreFixture();
    const maps = f.client.resource(configmaps);
    for (const name of ['a', 'b', 'c']) {
      await maps.create('one', { metadata: { name, labels: name === 'c' ? {} : { z: '1' } } });
    }
    await maps.deleteCollection('one', { labelSelector: 'z' });
    expect((await maps.list('one')).items.map((m) => m.metadata.name)).toEqual(['c']);
  });
});

describe('subresources of pods', () => {
  test('a pod is bound once', async () => {
    await using f = coreFixture();
    const all = f.client.resource(pods);
    await all.create('one', pod('p'));
    const bind = (node: string) =>
      all.createSubresource('one', 'p', 'binding', { metadata: { name: 'p' }, target: { kind: 'Node', name: node } });
    const done = await Promise.allSettled([bind('n1'), bind('n2')]);
    expect(done.map((d) => d.status)).toEqual(['fulfilled', 'rejected']);
    expect((done[1] as PromiseRejectedResult).reason.message).toBe(
      'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    );
    const bound = await all.get('one', 'p');
    expect(bound.spec.nodeName).toBe('n1');
    expect(bound.status.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
  });

  test('eviction asks the budget', async () => {
    await using f = coreFixture();
    const all = f.client.resource(pods);
    const budgets = f.client.resource(poddisruptionbudgets);
    for (const name of ['p', 'q']) {
      const made = await all.create('one', { ...pod(name), metadata: { name, labels: { app: 'x' } } });
      const ready = [{ type: 'Ready', status: 'True' }];
      await all.updateStatus({ ...made, status: { phase: 'Running', conditions: ready } });
    }
    const selector = { matchLabels: { app: 'x' } };
    const budget = await budgets.create('one', { metadata: { name: 'b' }, spec: { minAvailable: 1, selector } });
    const counts = { currentHealthy: 2, desiredHealthy: 1, disruptionsAllowed: 1, expectedPods: 2 };
    await budgets.updateStatus({ ...budget, status: { ...counts, observedGeneration: 1 } });
    const evict = (name: string) => all.createSubresource('one', name, 'eviction', { metadata: { name } });
    await evict('p');
    expect((await budgets.get('one', 'b')).status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { p: '2026-01-01T00:00:00Z' },
    });
    expect(await status(evict('q'))).toMatchObject({
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ message: 'The disruption budget b needs 1 healthy pods and has 2 currently' }] },
    });
    expect((await all.list('one')).items.map((p) => p.metadata.name)).toEqual(['q']);
  });

  test('a budget with an empty selector guards every pod of its namespace', async () => {
    await using f = coreFixture();
    const all = f.client.resource(pods);
    const budgets = f.client.resource(poddisruptionbudgets);
    for (const namespace of ['one', 'two']) {
      const made = await all.create(namespace, pod('p'));
      await all.updateStatus({
        ...made,
        status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
      });
    }
    const budget = await budgets.create('one', { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: {} } });
    const counts = { currentHealthy: 1, desiredHealthy: 1, disruptionsAllowed: 0, expectedPods: 1 };
    await budgets.updateStatus({ ...budget, status: { ...counts, observedGeneration: 1 } });
    const evict = (namespace: string) => all.createSubresource(namespace, 'p', 'eviction', { metadata: { name: 'p' } });
    expect(await status(evict('one'))).toMatchObject({ code: 429 });
    await evict('two');
    expect((await all.list('')).items.map((p) => p.metadata.namespace)).toEqual(['one']);
  });
});

describe('admission and authorization', () => {
  test('mutation sees every try, validation the final form', async () => {
    const seen: string[] = [];
    const plugin: AdmissionPlugin = {
      name: 'Test',
      handles: (operation, group, resource) => group === '' && resource === 'secrets' && operation !== 'CONNECT',
      admit: (request) => {
        seen.push(`admit ${request.operation}`);
        const object = request.object && mutableOf<KubeObject>(request);
        if (object) object.metadata.labels = { ...object.metadata.labels, by: 'plugin' };
      },
      validate: ({ operation, object, oldObject }) => {
        seen.push(`validate ${operation} ${object?.metadata.labels?.by} ${oldObject?.metadata.name}`);
      },
    };
    await using f = coreFixture({ admission: [plugin] });
    const all = f.client.resource(secrets);
    const made = await all.create('one', { ...named('s'), data: { a: 'YQ==' } });
    expect(made.metadata.labels).toEqual({ by: 'plugin' });
    // As in kube-apiserver, what admission adds is nobody's.
    expect(made.metadata.managedFields?.map((entry) => entry.fieldsV1)).toEqual([{ 'f:data': { '.': {}, 'f:a': {} } }]);
    await all.update({ ...made, data: { a: 'Yg==' } });
    await all.delete('one', 's');
    expect(seen).toEqual([
      'admit CREATE',
      'validate CREATE plugin undefined',
      'admit UPDATE',
      'validate UPDATE plugin s',
      'admit DELETE',
      'validate DELETE undefined s',
    ]);
  });

  test('what a conversation is asked for with may be changed and refused', async () => {
    const plugin: AdmissionPlugin = {
      name: 'Test',
      handles: (operation, group, resource, subresource) =>
        operation === 'CONNECT' && group === '' && resource === 'pods' && subresource === 'exec',
      admit: ({ object }) => void Object.assign(object ?? {}, { container: 'c' }),
      validate: ({ object, target }) => {
        if (object?.kind === 'PodAttachOptions')
          throw errors.forbidden({ group: '', resource: 'pods' }, target.name, 'no');
      },
    };
    await using f = coreFixture({ admission: [plugin] });
    const connect = (kind: string, subresource: string) =>
      f.core.admitConnect(f.context, f.target('pods', 'one', 'p', subresource), { apiVersion: 'v1', kind });
    expect(await connect('PodExecOptions', 'exec')).toEqual({
      apiVersion: 'v1',
      kind: 'PodExecOptions',
      container: 'c',
    });
    expect(await connect('PodAttachOptions', 'attach')).toEqual({ apiVersion: 'v1', kind: 'PodAttachOptions' });
    expect(await message(connect('PodAttachOptions', 'exec'))).toBe('pods "p" is forbidden: no');
  });

  test('an apply that creates takes the right to create', async () => {
    const authorize = ({ verb }: AuthorizerAttributes) => ({ allowed: verb !== 'create', reason: '' });
    await using f = coreFixture({ authorizer: { authorize } });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } };
    const applied = f.client.resource(configmaps).patch('one', 'x', { type: 'apply', body }, { fieldManager: 'a' });
    expect(await message(applied)).toBe(
      'configmaps "x" is forbidden: User "tester" cannot create resource "configmaps" in API group "" in the namespace "one"',
    );
  });

  test('refusals say who, what and where', async () => {
    await using f = coreFixture({ authorizer: { authorize: () => ({ allowed: false, reason: '' }) } });
    expect(await message(f.client.resource(pods).get('one', 'x'))).toBe(
      'pods "x" is forbidden: User "tester" cannot get resource "pods" in API group "" in the namespace "one"',
    );
    expect(await message(f.client.resource(deployments).list(''))).toBe(
      'deployments.apps is forbidden: User "tester" cannot list resource "deployments" in API group "apps" at the cluster scope',
    );
  });
});

describe('kinds served in two versions', () => {
  async function roundTrip<T extends KubeObject>(f: CoreFixture, type: ResourceType<T>, name: string): Promise<T> {
    const { resource } = f.client.resource(type).type;
    expect(resource).toBe(type.resource);
    return f.client.resource(type).get('one', name);
  }

  test('owners of fields are told in the version of each request', async () => {
    await using f = coreFixture();
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3 };
    const made = await f.client.resource(scalersV1).create('one', {
      metadata: { name: 'h' },
      spec: { ...spec, targetCPUUtilizationPercentage: 60 },
    });
    const owners = (metadata: typeof made.metadata) =>
      metadata.managedFields?.map(({ apiVersion, fieldsV1 }) => [
        apiVersion,
        Object.keys((fieldsV1 as { readonly 'f:spec': object })['f:spec']).sort(),
      ]);
    const first = ['autoscaling/v1', ['f:maxReplicas', 'f:scaleTargetRef', 'f:targetCPUUtilizationPercentage']];
    expect(owners(made.metadata)).toEqual([first]);
    const shown = await f.client.resource(scalersV2).get('one', 'h');
    const changed = await f.client.resource(scalersV2).update({ ...shown, spec: { ...shown.spec, maxReplicas: 5 } });
    expect(owners(changed.metadata)).toEqual([
      ['autoscaling/v1', ['f:scaleTargetRef', 'f:targetCPUUtilizationPercentage']],
      ['autoscaling/v2', ['f:maxReplicas']],
    ]);
  });

  test('events', async () => {
    await using f = coreFixture();
    const regarding = { kind: 'Pod', name: 'p', namespace: 'one' };
    await f.client.resource(events).create('one', {
      metadata: { name: 'e' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      regarding,
      note: 'hello',
      reason: 'Said',
      reportingController: 'me',
      type: 'Normal',
    });
    const stored = await roundTrip(f, coreEvents, 'e');
    expect(stored).toMatchObject({ involvedObject: regarding, message: 'hello', reportingComponent: 'me' });
    const shown = await roundTrip(f, events, 'e');
    expect(shown).toMatchObject({ apiVersion: 'events.k8s.io/v1', regarding, note: 'hello', reason: 'Said' });
    expect((await f.client.resource(events).list('one')).items[0]).toBe(shown);
  });

  test('autoscalers', async () => {
    await using f = coreFixture();
    const scaleTargetRef = { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' };
    await f.client.resource(scalersV1).create('one', {
      metadata: { name: 'h' },
      spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
    });
    const stored = await roundTrip(f, scalersV2, 'h');
    expect(stored.spec.metrics).toEqual([
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
    ]);
    expect((await roundTrip(f, scalersV1, 'h')).spec.targetCPUUtilizationPercentage).toBe(60);
  });
});

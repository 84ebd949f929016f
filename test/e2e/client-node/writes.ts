import assert from 'node:assert/strict';
import { type CoreV1Event, PatchStrategy, type V1ConfigMap } from '@kubernetes/client-node';
import { as, type Context, eventually, pod, refusal, type Scenario } from './context.ts';

async function serverSideApply(t: Context): Promise<void> {
  const { namespace } = t;
  const map = (data: Record<string, string>): V1ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shared', namespace },
    data,
  });
  const apply = (manager: string, data: Record<string, string>, force?: boolean) =>
    t.objects.patch(map(data), undefined, undefined, manager, force, PatchStrategy.ServerSideApply);
  await apply('alice', { color: 'red', size: 'small' });
  await apply('bob', { shape: 'round' });
  const conflict = await refusal(apply('bob', { shape: 'round', color: 'blue' }));
  assert.equal(conflict.code, 409);
  assert.equal(conflict.message, 'Apply failed with 1 conflict: conflict with "alice": .data.color');
  assert.deepEqual(conflict.details?.causes, [
    { reason: 'FieldManagerConflict', message: 'conflict with "alice"', field: '.data.color' },
  ]);
  const forced = await apply('bob', { shape: 'round', color: 'blue' }, true);
  assert.deepEqual(forced.data, { color: 'blue', shape: 'round', size: 'small' });
  const fields = (name: string) => forced.metadata?.managedFields?.find((entry) => entry.manager === name)?.fieldsV1;
  assert.deepEqual(fields('alice'), { 'f:data': { 'f:size': {} } });
  assert.deepEqual(fields('bob'), { 'f:data': { 'f:color': {}, 'f:shape': {} } });
  const left = await apply('alice', {});
  assert.deepEqual(left.data, { color: 'blue', shape: 'round' });
  const unnamed = await refusal(
    t.core.patchNamespacedConfigMap({ name: 'shared', namespace, body: map({}) }, as(PatchStrategy.ServerSideApply)),
  );
  assert.match(unnamed.message ?? '', /PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value/);
}

async function conflictsAndDryRun(t: Context): Promise<void> {
  const { namespace } = t;
  const body = { metadata: { name: 'once' }, data: { n: '1' } };
  const made = await t.core.createNamespacedConfigMap({ namespace, body });
  const again = await refusal(t.core.createNamespacedConfigMap({ namespace, body }));
  assert.equal(again.reason, 'AlreadyExists');
  assert.equal(again.message, 'configmaps "once" already exists');
  await t.core.replaceNamespacedConfigMap({ name: 'once', namespace, body: { ...made, data: { n: '2' } } });
  const stale = await refusal(t.core.replaceNamespacedConfigMap({ name: 'once', namespace, body: made }));
  assert.equal(stale.reason, 'Conflict');
  assert.equal(
    stale.message,
    'Operation cannot be fulfilled on configmaps "once": the object has been modified; please apply your changes to the latest version and try again',
  );
  await t.core.deleteNamespacedConfigMap({ name: 'once', namespace, dryRun: 'All' });
  assert.equal((await t.core.readNamespacedConfigMap({ name: 'once', namespace })).data?.n, '2');
  const strict = await refusal(
    t.core.patchNamespacedConfigMap(
      { name: 'once', namespace, body: { dta: {} }, fieldValidation: 'Strict' },
      as(PatchStrategy.MergePatch),
    ),
  );
  assert.match(strict.message ?? '', /strict decoding error: unknown field "dta"/);
}

async function pages(t: Context): Promise<void> {
  const { namespace } = t;
  const names = Array.from({ length: 7 }, (_, i) => `page-${i}`);
  for (const name of names) await t.core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } });
  const found: (string | undefined)[] = [];
  let token: string | undefined;
  let rounds = 0;
  do {
    const list = await t.core.listNamespacedConfigMap({ namespace, limit: 3, _continue: token });
    found.push(...list.items.map((map) => map.metadata?.name));
    token = list.metadata?._continue;
    rounds += 1;
  } while (token);
  assert.equal(rounds, 3);
  assert.deepEqual(
    found.filter((name) => !name?.endsWith('.crt')),
    names,
  );
}

async function table(t: Context): Promise<void> {
  await t.runningPod('shown', {});
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
  const answer = await t.raw(`/api/v1/namespaces/${t.namespace}/pods`, { accept });
  const { kind, columnDefinitions, rows } = JSON.parse(answer.body) as {
    kind: string;
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[]; object: { kind: string; metadata: { name: string } } }[];
  };
  assert.equal(kind, 'Table');
  assert.deepEqual(
    columnDefinitions.map((column) => column.name),
    ['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node', 'Nominated Node', 'Readiness Gates'],
  );
  assert.deepEqual(rows[0]?.cells.slice(0, 4), ['shown', '1/1', 'Running', '0']);
  assert.equal(rows[0]?.object.kind, 'PartialObjectMetadata');
  assert.equal(rows[0]?.object.metadata.name, 'shown');
}

async function metrics(t: Context): Promise<void> {
  const answer = await t.raw('/metrics');
  assert.equal(answer.status, 200);
  assert.match(answer.type, /^text\/plain/);
  assert.match(answer.body, /^# TYPE apiserver_request_total counter$/m);
  assert.match(answer.body, /^apiserver_request_total\{[^}]*verb="[A-Z]+"[^}]*\} \d+$/m);
  assert.equal((await t.raw('/readyz')).body, 'ok');
}

async function events(t: Context): Promise<void> {
  const { namespace } = t;
  await t.runningPod('noted', {});
  const reasons = new Set<string>();
  const wanted = ['Scheduled', 'Pulled', 'Created', 'Started'];
  const query = { fieldSelector: 'involvedObject.name=noted,involvedObject.kind=Pod' };
  await t.watchUntil<CoreV1Event>(`/api/v1/namespaces/${namespace}/events`, query, (event) => {
    reasons.add(event.reason ?? '');
    return wanted.every((reason) => reasons.has(reason));
  });
  const listed = await t.core.listNamespacedEvent({ namespace, ...query });
  const scheduled = listed.items.find((event) => event.reason === 'Scheduled');
  assert.match(scheduled?.message ?? '', new RegExp(`^Successfully assigned ${namespace}/noted to \\S+$`));
}

async function limitRange(t: Context): Promise<void> {
  const { namespace } = t;
  await t.core.createNamespacedLimitRange({
    namespace,
    body: {
      metadata: { name: 'limits' },
      spec: {
        limits: [
          {
            type: 'Container',
            _default: { memory: '64Mi' },
            defaultRequest: { cpu: '10m' },
            max: { memory: '128Mi' },
          },
        ],
      },
    },
  });
  const made = await t.core.createNamespacedPod({ namespace, body: pod('modest', namespace, {}) });
  const { limits, requests } = made.spec?.containers[0]?.resources ?? {};
  assert.deepEqual({ limits, requests }, { limits: { memory: '64Mi' }, requests: { cpu: '10m', memory: '64Mi' } });
  const greedy = pod('greedy', namespace, { resources: { limits: { memory: '1Gi' } } });
  const refused = await refusal(t.core.createNamespacedPod({ namespace, body: greedy }));
  assert.equal(
    refused.message,
    'pods "greedy" is forbidden: maximum memory usage per Container is 128Mi, but limit is 1Gi',
  );
}

async function quota(t: Context): Promise<void> {
  const { namespace } = t;
  const hard = { pods: '2', 'requests.cpu': '15m' };
  await t.core.createNamespacedResourceQuota({ namespace, body: { metadata: { name: 'two' }, spec: { hard } } });
  const uses = (used: Record<string, string>) =>
    eventually(async () => {
      const { status } = await t.core.readNamespacedResourceQuota({ name: 'two', namespace });
      assert.deepEqual({ ...status }, { hard, used });
    });
  await uses({ pods: '0', 'requests.cpu': '0' });
  const resources = { requests: { cpu: '10m' } };
  const create = (name: string, of: Record<string, unknown>) =>
    t.core.createNamespacedPod({ namespace, body: pod(name, namespace, of) });
  await create('first', { resources });
  await uses({ pods: '1', 'requests.cpu': '10m' });
  const over = await refusal(create('second', { resources }));
  assert.equal(over.code, 403);
  assert.equal(
    over.message,
    'pods "second" is forbidden: exceeded quota: two, requested: requests.cpu=10m, used: requests.cpu=10m, limited: requests.cpu=15m',
  );
  const silent = await refusal(create('silent', {}));
  assert.equal(silent.message, 'pods "silent" is forbidden: failed quota: two: must specify requests.cpu for: c');
  await t.core.deleteNamespacedPod({ name: 'first', namespace });
  await uses({ pods: '0', 'requests.cpu': '0' });
}

export const writes: readonly Scenario[] = [
  { name: 'applies on the server: managers, conflicts, force', run: serverSideApply },
  { name: 'is told of conflicts, tries dry runs, is held to the schema', run: conflictsAndDryRun },
  { name: 'lists in pages', run: pages },
  { name: 'asks for a Table', run: table },
  { name: 'reads metrics and health', run: metrics },
  { name: 'reads the events of a pod', run: events },
  { name: 'is held to a limit range', run: limitRange },
  { name: 'is held to a resource quota', run: quota },
];

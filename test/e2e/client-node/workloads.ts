import assert from 'node:assert/strict';
import { get } from 'node:http';
import {
  makeInformer,
  PatchStrategy,
  type V1DaemonSet,
  type V1Deployment,
  type V1Job,
  type V1Pod,
  type V1ReplicaSet,
  type V1Service,
} from '@kubernetes/client-node';
import { as, type Context, eventually, image, type Scenario } from './context.ts';

const labels = { app: 'web' };

function template(env: { name: string; value: string }[] = []) {
  return {
    metadata: { labels },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'web',
          image,
          env,
          command: ['sh', '-c', 'mkdir /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www'],
          ports: [{ name: 'http', containerPort: 8080 }],
          readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
        },
      ],
    },
  };
}

function deployment(namespace: string, name = 'web', replicas = 3): V1Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: template() },
  };
}

const rolledOut = (replicas: number) => (d: V1Deployment) =>
  d.status?.observedGeneration === d.metadata?.generation &&
  d.status?.updatedReplicas === replicas &&
  d.status?.replicas === replicas &&
  d.status?.availableReplicas === replicas;

function rollout(t: Context, replicas: number, name = 'web'): Promise<V1Deployment> {
  const query = { fieldSelector: `metadata.name=${name}` };
  return t.watchUntil(`/apis/apps/v1/namespaces/${t.namespace}/deployments`, query, rolledOut(replicas));
}

function fetchText(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get(url, { timeout: 5_000, agent: false }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    answer.on('end', () => resolve(text.trim()));
  }).on('error', reject);
  return promise;
}

async function deployAndServe(t: Context): Promise<void> {
  const { namespace } = t;
  const service: V1Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 'http' }] },
  };
  const made = await t.objects.create(deployment(namespace));
  assert.equal(made.spec?.strategy?.rollingUpdate?.maxSurge, '25%');
  assert.ok(made.metadata?.creationTimestamp instanceof Date);
  const served = await t.objects.create(service);
  await rollout(t, 3);
  const pods = await t.core.listNamespacedPod({ namespace, labelSelector: 'app=web' });
  assert.equal(pods.items.length, 3);
  const names = pods.items.map((pod) => pod.metadata?.name ?? '').sort();
  const answers = new Set<string>();
  await eventually(async () => {
    answers.add(await fetchText(`http://${served.spec?.clusterIP}/`));
    assert.deepEqual([...answers].sort(), names);
  });
  const listed = await t.objects.list<V1Pod>(
    'v1',
    'Pod',
    namespace,
    undefined,
    undefined,
    undefined,
    undefined,
    'app=web',
  );
  assert.deepEqual(listed.items.map((pod) => pod.metadata?.name).sort(), names);
}

async function scaleUpdateRollBack(t: Context): Promise<void> {
  const { namespace } = t;
  const target = { name: 'web', namespace };
  await t.apps.createNamespacedDeployment({ namespace, body: deployment(namespace, 'web', 1) });
  await rollout(t, 1);
  const json = [{ op: 'replace', path: '/spec/replicas', value: 2 }];
  await t.apps.patchNamespacedDeployment({ ...target, body: json }, as(PatchStrategy.JsonPatch));
  await rollout(t, 2);
  const merge = { spec: { replicas: 1 } };
  await t.apps.patchNamespacedDeploymentScale({ ...target, body: merge }, as(PatchStrategy.MergePatch));
  await rollout(t, 1);
  const scale = await t.apps.readNamespacedDeploymentScale(target);
  assert.equal(scale.status?.selector, 'app=web');
  assert.equal(scale.spec?.replicas, 1);

  const env = [{ name: 'COLOR', value: 'blue' }];
  const strategic = { spec: { template: { spec: { containers: [{ name: 'web', env }] } } } };
  const updated = await t.apps.patchNamespacedDeployment(
    { ...target, body: strategic },
    as(PatchStrategy.StrategicMergePatch),
  );
  assert.equal(updated.spec?.template.spec?.containers[0]?.image, image);
  await rollout(t, 1);
  const sets = await t.apps.listNamespacedReplicaSet({ namespace });
  const revision = (set: V1ReplicaSet) => set.metadata?.annotations?.['deployment.kubernetes.io/revision'];
  assert.deepEqual(sets.items.map(revision).sort(), ['1', '2']);

  const first = sets.items.find((set) => revision(set) === '1')?.spec?.template;
  const { 'pod-template-hash': _, ...kept } = first?.metadata?.labels ?? {};
  const back = [{ op: 'replace', path: '/spec/template', value: { ...first, metadata: { labels: kept } } }];
  await t.apps.patchNamespacedDeployment({ ...target, body: back }, as(PatchStrategy.JsonPatch));
  const rolledBack = await rollout(t, 1);
  assert.equal(rolledBack.spec?.template.spec?.containers[0]?.env, undefined);
  assert.equal(rolledBack.metadata?.annotations?.['deployment.kubernetes.io/revision'], '3');
}

async function deleteWithPropagation(t: Context): Promise<void> {
  const { namespace } = t;
  const gone = (name: string) =>
    t.watchUntil(
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      { fieldSelector: `metadata.name=${name}`, resourceVersion: version },
      (_, type) => type === 'DELETED',
    );
  await t.apps.createNamespacedDeployment({ namespace, body: deployment(namespace, 'web', 1) });
  await rollout(t, 1);

  let version = (await t.apps.listNamespacedDeployment({ namespace })).metadata?.resourceVersion ?? '';
  await t.apps.deleteNamespacedDeployment({ name: 'web', namespace, propagationPolicy: 'Orphan' });
  await gone('web');
  const [orphan] = (await t.apps.listNamespacedReplicaSet({ namespace })).items;
  assert.equal(orphan?.metadata?.ownerReferences, undefined);

  await t.apps.createNamespacedDeployment({ namespace, body: deployment(namespace, 'web', 1) });
  await rollout(t, 1);
  const [adopted] = (await t.apps.listNamespacedReplicaSet({ namespace })).items;
  assert.equal(adopted?.metadata?.uid, orphan?.metadata?.uid);
  assert.equal(adopted?.metadata?.ownerReferences?.[0]?.name, 'web');

  version = (await t.apps.listNamespacedDeployment({ namespace })).metadata?.resourceVersion ?? '';
  await t.objects.delete(deployment(namespace), undefined, undefined, undefined, undefined, 'Foreground');
  await gone('web');
  assert.equal((await t.apps.listNamespacedReplicaSet({ namespace })).items.length, 0);
  assert.equal((await t.core.listNamespacedPod({ namespace })).items.length, 0);
}

async function job(t: Context): Promise<void> {
  const { namespace } = t;
  await t.batch.createNamespacedJob({
    namespace,
    body: {
      metadata: { name: 'sum' },
      spec: {
        completions: 2,
        parallelism: 2,
        template: {
          spec: { restartPolicy: 'Never', containers: [{ name: 'c', image, command: ['sh', '-c', 'echo $((6*7))'] }] },
        },
      },
    },
  });
  const done = await t.watchUntil<V1Job>(`/apis/batch/v1/namespaces/${namespace}/jobs`, {}, (job) =>
    Boolean(job.status?.conditions?.some((c) => c.type === 'Complete' && c.status === 'True')),
  );
  assert.equal(done.status?.succeeded, 2);
  assert.ok(done.status?.completionTime);
  const pods = await t.core.listNamespacedPod({ namespace, labelSelector: 'batch.kubernetes.io/job-name=sum' });
  const logs = await Promise.all(
    pods.items.map((pod) => t.core.readNamespacedPodLog({ name: pod.metadata?.name ?? '', namespace })),
  );
  assert.deepEqual(logs, ['42\n', '42\n']);
}

async function daemonSet(t: Context): Promise<void> {
  const { namespace } = t;
  await t.apps.createNamespacedDaemonSet({
    namespace,
    body: { metadata: { name: 'each' }, spec: { selector: { matchLabels: labels }, template: template() } },
  });
  const set = await t.watchUntil<V1DaemonSet>(
    `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
    {},
    (set) => set.status?.numberReady === 1,
  );
  assert.equal(set.status?.desiredNumberScheduled, 1);
  const [node] = (await t.core.listNode()).items;
  const [pod] = (await t.core.listNamespacedPod({ namespace })).items;
  assert.equal(pod?.spec?.nodeName, node?.metadata?.name);
}

async function informer(t: Context): Promise<void> {
  const { namespace } = t;
  const seen: string[] = [];
  const list = () => t.core.listNamespacedConfigMap({ namespace, labelSelector: 'of=informer' });
  const informer = makeInformer(t.config, `/api/v1/namespaces/${namespace}/configmaps`, list, 'of=informer');
  informer.on('add', (map) => seen.push(`add ${map.metadata?.name}`));
  informer.on('update', (map) => seen.push(`update ${map.metadata?.name} ${map.data?.n}`));
  informer.on('delete', (map) => seen.push(`delete ${map.metadata?.name}`));
  let stopped = false;
  let broken = 0;
  // The library leaves it to its users to start an informer again after an error.
  informer.on('error', () => {
    broken += 1;
    if (!stopped) setTimeout(() => void informer.start(), 200);
  });
  const map = (name: string, n = '0') => ({ metadata: { name, labels: { of: 'informer' } }, data: { n } });
  const create = (name: string) => t.core.createNamespacedConfigMap({ namespace, body: map(name) });
  const sees = (...lines: string[]) => eventually(async () => assert.deepEqual(seen.splice(0, 9), lines));
  try {
    await create('before');
    await informer.start();
    await sees('add before');
    await create('during');
    await sees('add during');
    await t.core.replaceNamespacedConfigMap({ name: 'during', namespace, body: map('during', '1') });
    await sees('update during 1');
    assert.equal(informer.get('during', namespace)?.data?.n, '1');

    process.kill(t.serverPid(), 'SIGKILL');
    await eventually(() => create('after'));
    await t.core.deleteNamespacedConfigMap({ name: 'before', namespace });
    await eventually(async () => {
      assert.ok(seen.includes('add after'), seen.join());
      assert.ok(seen.includes('delete before'), seen.join());
    });
    assert.ok(broken > 0);
    assert.deepEqual(
      informer
        .list(namespace)
        .map((map) => map.metadata?.name)
        .sort(),
      ['after', 'during'],
    );
  } finally {
    stopped = true;
    await informer.stop();
  }
}

export const workloads: readonly Scenario[] = [
  { name: 'runs a Deployment of three behind a Service', run: deployAndServe },
  { name: 'scales by JSON, merge and strategic patch, updates and rolls back', run: scaleUpdateRollBack },
  { name: 'deletes with Orphan and Foreground propagation', run: deleteWithPropagation },
  { name: 'completes a Job', run: job },
  { name: 'runs a DaemonSet', run: daemonSet },
  { name: 'keeps an informer up to date across a kill -9 of the server', run: informer },
];

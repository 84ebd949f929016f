import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LimitRange, Namespace, ServiceAccount } from '../../api/core/v1.gen.ts';
import { ApiError } from '../../api/errors.ts';
import type { IngressClass } from '../../api/networking/v1.gen.ts';
import type { RuntimeClass } from '../../api/node/v1.gen.ts';
import type { PriorityClass } from '../../api/scheduling/v1.gen.ts';
import type { StorageClass } from '../../api/storage/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';
import { readersOf, runPlugins, type TestRequest } from './testing.ts';

const served = { uid: '', resourceVersion: '', creationTimestamp: '' };
const meta = (name: string, more: object = {}) => ({ ...served, name, ...more });
const namespace = (name: string, phase: 'Active' | 'Terminating' = 'Active', labels = {}): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: meta(name, { labels }),
  spec: {},
  status: { phase },
});
const account = (more: Partial<ServiceAccount> = {}): ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: meta('default'),
  ...more,
});
const pod = (spec: object = {}, metadata: object = {}): TestRequest => ({
  resource: 'pods',
  kind: 'Pod',
  object: { metadata: { name: 'p', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } },
});
const refusal = async (run: Promise<unknown>) => {
  const error: unknown = await run.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof ApiError)) throw new Error(`expected a refusal, not ${String(error)}`);
  return error;
};

describe('NamespaceLifecycle', () => {
  const plugins = [
    namespaceLifecycle(
      readersOf({
        namespace: (name) =>
          name === 'ns' ? namespace(name) : name === 'going' ? namespace(name, 'Terminating') : undefined,
      }),
    ),
  ];
  test('lets be what may be', async () => {
    await runPlugins(plugins, pod());
    await runPlugins(plugins, { ...pod(), namespace: '', resource: 'nodes', kind: 'Node' });
    const review = { resource: 'localsubjectaccessreviews.authorization.k8s.io', kind: 'LocalSubjectAccessReview' };
    await runPlugins(plugins, { ...review, namespace: 'none', object: {} });
  });
  test('no such namespace', async () => {
    const error = await refusal(runPlugins(plugins, { ...pod(), namespace: 'none' }));
    expect(error.status).toMatchObject({ code: 404, message: 'namespaces "none" not found' });
  });
  test('a namespace that was made this moment', async () => {
    const fresh = { namespace: async () => namespace('new'), serviceAccount: async () => undefined };
    await runPlugins([namespaceLifecycle(readersOf({ fresh }))], { ...pod(), namespace: 'new' });
  });
  test('a namespace that is going', async () => {
    const error = await refusal(runPlugins(plugins, { ...pod(), namespace: 'going' }));
    expect(error.status).toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: unable to create new content in namespace going because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace going is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
  });
  test('namespaces that stay', async () => {
    const request: TestRequest = { resource: 'namespaces', kind: 'Namespace', operation: 'DELETE', name: 'default' };
    const error = await refusal(runPlugins(plugins, request));
    expect(error.message).toBe('namespaces "default" is forbidden: this namespace may not be deleted');
    await runPlugins(plugins, { ...request, name: 'ns' });
  });
});

describe('ServiceAccount', () => {
  const plugin = (found: ServiceAccount | undefined, projectServiceCa = false) => [
    serviceAccount(readersOf({ serviceAccount: () => found }), { suffix: () => 'abcde', projectServiceCa }),
  ];
  test('mounts the token', async () => {
    const { object } = await runPlugins(plugin(account({ imagePullSecrets: [{ name: 'pull' }] })), pod());
    expect(object).toMatchObject({
      spec: {
        serviceAccountName: 'default',
        serviceAccount: 'default',
        imagePullSecrets: [{ name: 'pull' }],
        volumes: [{ name: 'kube-api-access-abcde', projected: { defaultMode: 420, sources: [{}, {}, {}] } }],
        containers: [{ volumeMounts: [{ name: 'kube-api-access-abcde', readOnly: true }] }],
      },
    });
  });
  test.each([
    ['the pod says no', pod({ automountServiceAccountToken: false }), account()],
    ['the account says no', pod(), account({ automountServiceAccountToken: false })],
    [
      'every container has something there',
      pod({
        containers: [
          { name: 'c', volumeMounts: [{ name: 'v', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] },
        ],
      }),
      account(),
    ],
  ])('does not where %s', async (_why, request, found) => {
    const { object } = await runPlugins(plugin(found), request);
    expect(object).not.toHaveProperty('spec.volumes');
  });
  test('no such account', async () => {
    const error = await refusal(runPlugins(plugin(undefined), pod()));
    expect(error.message).toBe(
      'pods "p" is forbidden: error looking up service account ns/default: serviceaccount "default" not found',
    );
  });
  test('mirror pods have no account and no secrets', async () => {
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
    expect((await runPlugins(plugin(undefined), pod({}, mirror))).object).not.toHaveProperty('spec.serviceAccountName');
    const error = await refusal(
      runPlugins(plugin(undefined), pod({ volumes: [{ name: 'v', secret: { secretName: 's' } }] }, mirror)),
    );
    expect(error.message).toContain('a mirror pod may not reference secrets');
  });
  test('accounts that limit secrets', async () => {
    const strict = account({
      metadata: meta('default', { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }),
    });
    const error = await refusal(
      runPlugins(plugin(strict), pod({ volumes: [{ name: 'v', secret: { secretName: 's' } }] })),
    );
    expect(error.message).toContain('volume with secret.secretName="s" is not allowed because service account default');
  });
});

describe('pods', () => {
  test('DefaultTolerationSeconds adds what is not tolerated yet', async () => {
    const keys = async (tolerations?: object[]) => {
      const { object } = await runPlugins([defaultTolerationSeconds()], pod({ tolerations }));
      return (object as unknown as { spec: { tolerations: { key?: string }[] } }).spec.tolerations.map((t) => t.key);
    };
    expect(await keys()).toEqual(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);
    expect(await keys([{ operator: 'Exists' }])).toEqual([undefined]);
    expect(await keys([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }])).toHaveLength(3);
  });

  const high: PriorityClass = {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: meta('high'),
    value: 1000,
    preemptionPolicy: 'Never',
  };
  const withClasses = (...classes: PriorityClass[]) => [
    priority(
      readersOf({
        priorityClass: (name) => classes.find((c) => c.metadata.name === name),
        priorityClasses: () => classes,
      }),
    ),
  ];
  test('Priority', async () => {
    expect((await runPlugins(withClasses(), pod())).object).toMatchObject({
      spec: { priority: 0, preemptionPolicy: 'PreemptLowerPriority' },
    });
    expect((await runPlugins(withClasses(high), pod({ priorityClassName: 'high' }))).object).toMatchObject({
      spec: { priority: 1000, preemptionPolicy: 'Never' },
    });
    expect((await runPlugins(withClasses({ ...high, globalDefault: true }), pod())).object).toMatchObject({
      spec: { priority: 1000, priorityClassName: 'high' },
    });
    expect((await refusal(runPlugins(withClasses(), pod({ priorityClassName: 'x' })))).message).toBe(
      'pods "p" is forbidden: no PriorityClass with name x was found',
    );
    expect((await refusal(runPlugins(withClasses(), pod({ priority: 5 })))).message).toContain(
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0',
    );
    const second: TestRequest = {
      resource: 'priorityclasses.scheduling.k8s.io',
      kind: 'PriorityClass',
      object: { ...high, metadata: { name: 'other' }, globalDefault: true },
    };
    expect((await refusal(runPlugins(withClasses({ ...high, globalDefault: true }), second))).message).toContain(
      'PriorityClass high is already marked as default. Only one default can exist',
    );
  });

  test('RuntimeClass', async () => {
    const gvisor: RuntimeClass = {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: meta('gvisor'),
      handler: 'runsc',
      overhead: { podFixed: { cpu: '250m' } },
      scheduling: { nodeSelector: { sandbox: 'yes' }, tolerations: [{ key: 's', operator: 'Exists' }] },
    };
    const plugins = [runtimeClass(readersOf({ runtimeClass: (name) => (name === 'gvisor' ? gvisor : undefined) }))];
    expect((await runPlugins(plugins, pod({ runtimeClassName: 'gvisor' }))).object).toMatchObject({
      spec: { overhead: { cpu: '250m' }, nodeSelector: { sandbox: 'yes' }, tolerations: [{ key: 's' }] },
    });
    expect((await refusal(runPlugins(plugins, pod({ runtimeClassName: 'x' })))).message).toContain(
      'RuntimeClass "x" not found',
    );
    expect((await refusal(runPlugins(plugins, pod({ overhead: { cpu: '1' } })))).message).toContain(
      'Pod Overhead set without',
    );
    const conflict = pod({ runtimeClassName: 'gvisor', nodeSelector: { sandbox: 'no' } });
    expect((await refusal(runPlugins(plugins, conflict))).message).toContain('conflict: ');
  });
});

test('TaintNodesByCondition', async () => {
  const node: TestRequest = { resource: 'nodes', kind: 'Node', object: { metadata: { name: 'n' }, spec: {} } };
  expect((await runPlugins([taintNodesByCondition()], node)).object).toMatchObject({
    spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] },
  });
});

describe('storage and ingress', () => {
  const storageClass = (name: string, creationTimestamp: string, isDefault: boolean): StorageClass => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: meta(name, {
      creationTimestamp,
      annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) },
    }),
    provisioner: 'x',
    allowVolumeExpansion: name === 'b',
  });
  const classes = [
    storageClass('a', '2026-01-01T00:00:00Z', true),
    storageClass('b', '2026-01-02T00:00:00Z', true),
    storageClass('c', '2026-01-03T00:00:00Z', false),
  ];
  const claim = (spec: object): TestRequest => ({
    resource: 'persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    object: { metadata: { name: 'v' }, spec },
  });
  test('the newest default class, and the finalizer', async () => {
    const plugins = [defaultStorageClass(readersOf({ storageClasses: () => classes })), storageObjectInUseProtection()];
    expect((await runPlugins(plugins, claim({}))).object).toMatchObject({
      metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { storageClassName: 'b' },
    });
    expect((await runPlugins(plugins, claim({ storageClassName: '' }))).object).toMatchObject({
      spec: { storageClassName: '' },
    });
  });
  test('growing', async () => {
    const plugins = [
      persistentVolumeClaimResize(readersOf({ storageClass: (name) => classes.find((c) => c.metadata.name === name) })),
    ];
    const grow = (storageClassName: string, phase: string) => {
      const of = (storage: string) => ({
        metadata: { name: 'v' },
        spec: { storageClassName, resources: { requests: { storage } } },
        status: { phase },
      });
      return runPlugins(plugins, {
        ...claim({}),
        operation: 'UPDATE',
        name: 'v',
        object: of('2Gi'),
        oldObject: of('1Gi'),
      });
    };
    await grow('b', 'Bound');
    expect((await refusal(grow('a', 'Bound'))).message).toContain('only dynamically provisioned pvc can be resized');
    expect((await refusal(grow('b', 'Pending'))).message).toContain(
      'Only bound persistent volume claims can be expanded',
    );
  });
  test('DefaultIngressClass', async () => {
    const nginx: IngressClass = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: meta('nginx', { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }),
      spec: {},
    };
    const plugins = [defaultIngressClass(readersOf({ ingressClasses: () => [nginx] }))];
    const request = {
      resource: 'ingresses.networking.k8s.io',
      kind: 'Ingress',
      object: { metadata: { name: 'i' }, spec: {} },
    };
    expect((await runPlugins(plugins, request)).object).toMatchObject({ spec: { ingressClassName: 'nginx' } });
  });
});

const parity = new URL('../../../../shared/parity/', import.meta.url);
interface Step {
  readonly method: string;
  readonly path: string;
  readonly body: { kind: string; metadata: { labels?: Record<string, string> }; spec: object };
  readonly expect: {
    status: number;
    body?: { message?: string; metadata: object; spec: { containers: { resources: object }[]; volumes: object[] } };
    warning?: string;
  };
}
function recorded(file: string, id: string): readonly Step[] {
  const corpus: { cases: { id: string; steps: Step[] }[] } = JSON.parse(readFileSync(new URL(file, parity), 'utf8'));
  return corpus.cases.find((c) => c.id === id)?.steps ?? [];
}

describe.skipIf(!existsSync(parity))('recorded answers (need ../shared/parity)', () => {
  test('machinery/limit-range', async () => {
    const [make, ...pods] = recorded('scenarios.json', 'machinery/limit-range');
    const made: Pick<LimitRange, 'spec'> = JSON.parse(JSON.stringify(make?.body));
    // What the API's own defaulting adds to the range.
    const [first, ...others] = made.spec.limits;
    const range: LimitRange = {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: meta('l'),
      spec: {
        limits: [
          { type: 'Container', ...first, defaultRequest: { ...first?.defaultRequest, memory: '100Mi' } },
          ...others,
        ],
      },
    };
    const plugins = [limitRanger(readersOf({ limitRanges: () => [range] }))];
    expect(pods).toHaveLength(4);
    for (const step of pods) {
      const body = JSON.parse(JSON.stringify(step.body));
      // The API's own defaulting: a limit is a request too.
      for (const c of body.spec.containers)
        if (c.resources?.limits) c.resources.requests = { ...c.resources.limits, ...c.resources.requests };
      const run = runPlugins(plugins, { resource: 'pods', kind: 'Pod', object: body });
      if (step.expect.status !== 201) expect((await refusal(run)).message).toBe(step.expect.body?.message);
      else {
        const { object } = await run;
        expect(object?.metadata.annotations).toMatchObject({ 'kubernetes.io/limit-ranger': expect.any(String) });
        expect(step.expect.body?.metadata).toMatchObject({ annotations: object?.metadata.annotations });
        expect(object).toMatchObject({
          spec: { containers: [{ resources: step.expect.body?.spec.containers[0]?.resources }] },
        });
      }
    }
  });

  test('machinery/pod-security', async () => {
    const steps = recorded('scenarios.json', 'machinery/pod-security');
    const labels = steps[0]?.body.metadata.labels ?? {};
    const plugins = [
      podSecurity({
        readers: readersOf({ namespace: () => namespace('ns', 'Active', labels) }),
        clock: new FakeClock(),
      }),
    ];
    expect(steps).toHaveLength(6);
    for (const step of steps.slice(1)) {
      const { kind = 'Namespace' } = step.body;
      const request: TestRequest =
        kind === 'Namespace'
          ? {
              resource: 'namespaces',
              kind,
              operation: 'UPDATE',
              object: { ...step.body, metadata: { ...step.body.metadata, name: '<ns>' } },
              oldObject: { metadata: { name: '<ns>', labels } },
            }
          : { resource: kind === 'Pod' ? 'pods' : 'deployments.apps', kind, object: step.body };
      const run = runPlugins(plugins, request);
      if (step.expect.status === 201) {
        const { warnings } = await run;
        expect(warnings.map((w) => `299 - ${JSON.stringify(w)}`)).toEqual(
          step.expect.warning ? [step.expect.warning] : [],
        );
      } else expect((await refusal(run)).message).toBe(step.expect.body?.message);
    }
  });

  test('the token volume is the recorded one', async () => {
    const step = recorded('scenarios.json', 'machinery/pod-security')[3];
    const plugins = [
      serviceAccount(readersOf({ serviceAccount: () => account() }), {
        suffix: () => '<suffix>',
        projectServiceCa: true,
      }),
    ];
    const { object } = await runPlugins(plugins, { resource: 'pods', kind: 'Pod', object: step?.body });
    expect(object).toMatchObject({ spec: { volumes: step?.expect.body?.spec.volumes } });
  });
});

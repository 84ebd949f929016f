import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTarget, type Target } from './target.ts';

type Attempt = readonly [what: string, method: string, path: string, body: unknown, headers?: Record<string, string>];
/** With one look for attempts of each length. */
const attempts = (...list: readonly Attempt[]) =>
  list.map(([what, method, path, body, headers]) => ({ what, method, path, body, headers }));

let target: Target;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const IN_A = `${RBAC}/namespaces/team-a`;
const apiGroup = 'rbac.authorization.k8s.io';
const mallory = { apiGroup, kind: 'User', name: 'mallory' };
const allOf = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
const secretsRule = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] };

/** mallory may do all that edit allows in her namespace, and write roles and bindings there. */
beforeAll(async () => {
  target = await startTarget();
  await target.done('POST', '/api/v1/namespaces', { metadata: { name: 'team-a' } });
  await target.done('POST', '/api/v1/namespaces/team-a/serviceaccounts', { metadata: { name: 'default' } });
  await target.done('POST', `${RBAC}/clusterroles`, {
    metadata: { name: 'role-writer' },
    rules: [
      { apiGroups: [apiGroup], resources: ['roles', 'rolebindings'], verbs: ['get', 'create', 'update', 'patch'] },
      { apiGroups: [''], resources: ['pods', 'configmaps'], verbs: ['get', 'list', 'create', 'update', 'patch'] },
    ],
  });
  await target.done('POST', `${IN_A}/rolebindings`, {
    metadata: { name: 'mallory' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'role-writer' },
    subjects: [mallory],
  });
  await target.done('POST', `${IN_A}/roles`, { metadata: { name: 'strong' }, rules: [allOf] });
});
afterAll(() => target[Symbol.asyncDispose]());

describe('who may write roles', () => {
  it.each(
    attempts(
      ['a role of more', 'POST', `${IN_A}/roles`, { metadata: { name: 'more' }, rules: [secretsRule] }],
      ['a role of all', 'POST', `${IN_A}/roles`, { metadata: { name: 'all' }, rules: [allOf] }],
      [
        'escalate and bind',
        'POST',
        `${IN_A}/roles`,
        {
          metadata: { name: 'verbs' },
          rules: [{ apiGroups: [apiGroup], resources: ['clusterroles'], verbs: ['escalate', 'bind'] }],
        },
      ],
      [
        'other parts of what she has',
        'POST',
        `${IN_A}/roles`,
        { metadata: { name: 'exec' }, rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create'] }] },
      ],
      [
        'a binding to a strong role',
        'POST',
        `${IN_A}/rolebindings`,
        { metadata: { name: 'b' }, roleRef: { apiGroup, kind: 'Role', name: 'strong' }, subjects: [mallory] },
      ],
      [
        'a binding to cluster-admin',
        'POST',
        `${IN_A}/rolebindings`,
        {
          metadata: { name: 'b' },
          roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [mallory],
        },
      ],
      [
        'a binding of the whole cluster',
        'POST',
        `${RBAC}/clusterrolebindings`,
        {
          metadata: { name: 'b' },
          roleRef: { apiGroup, kind: 'ClusterRole', name: 'role-writer' },
          subjects: [mallory],
        },
      ],
      [
        'a role in another namespace',
        'POST',
        `${RBAC}/namespaces/default/roles`,
        { metadata: { name: 'there' }, rules: [] },
      ],
      [
        'the rules of a strong role, by apply',
        'PATCH',
        `${IN_A}/roles/applied?fieldManager=m`,
        { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata: { name: 'applied' }, rules: [allOf] },
        { 'content-type': 'application/apply-patch+yaml' },
      ],
      [
        'a role of more, as a dry run',
        'POST',
        `${IN_A}/roles?dryRun=All`,
        { metadata: { name: 'dry' }, rules: [allOf] },
      ],
    ),
  )('gives nobody $what', async ({ method, path, body, headers }) => {
    expect((await target.ask('mallory', method, path, body, headers)).status).toBe(403);
  });

  it('may not make a weak role strong, in any way of writing it', async () => {
    const weak = { metadata: { name: 'weak' }, rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] };
    expect((await target.ask('mallory', 'POST', `${IN_A}/roles`, weak)).status).toBe(201);
    const strong = { ...weak, rules: [allOf] };
    const path = `${IN_A}/roles/weak`;
    const statuses = [
      await target.ask('mallory', 'PUT', path, strong),
      await target.ask('mallory', 'PATCH', path, { rules: [allOf] }),
      await target.ask(
        'mallory',
        'PATCH',
        path,
        { rules: [allOf] },
        {
          'content-type': 'application/strategic-merge-patch+json',
        },
      ),
      await target.ask('mallory', 'PATCH', path, [{ op: 'add', path: '/rules/0/verbs/-', value: '*' }], {
        'content-type': 'application/json-patch+json',
      }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([403, 403, 403, 403]);
    expect((await target.ask('mallory', 'GET', '/api/v1/namespaces/team-a/secrets')).status).toBe(403);
  });

  it('may not point a binding of hers at another role', async () => {
    const binding = {
      metadata: { name: 'mine' },
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'role-writer' },
      subjects: [mallory],
    };
    expect((await target.ask('mallory', 'POST', `${IN_A}/rolebindings`, binding)).status).toBe(201);
    const moved = { ...binding, roleRef: { apiGroup, kind: 'ClusterRole', name: 'cluster-admin' } };
    expect([403, 422]).toContain((await target.ask('mallory', 'PUT', `${IN_A}/rolebindings/mine`, moved)).status);
  });

  it('may not feed an aggregated role', async () => {
    const fed = {
      metadata: { name: 'fed', labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
      rules: [allOf],
    };
    expect((await target.ask('mallory', 'POST', `${RBAC}/clusterroles`, fed)).status).toBe(403);
  });
});

describe('a node', () => {
  const pod = (name: string, node: string, secret: string) => ({
    metadata: { name },
    spec: {
      nodeName: node,
      containers: [{ name: 'c', image: 'i' }],
      volumes: [{ name: 's', secret: { secretName: secret } }],
    },
  });
  const PODS = '/api/v1/namespaces/team-a/pods';
  const SECRETS = '/api/v1/namespaces/team-a/secrets';
  beforeAll(async () => {
    for (const name of ['one', 'two']) {
      await target.done('POST', '/api/v1/nodes', { metadata: { name } });
      await target.done('POST', SECRETS, { metadata: { name: `of-${name}` } });
      await target.done('POST', PODS, pod(`on-${name}`, name, `of-${name}`));
    }
  });

  it('reads the secrets of its own pods', async () => {
    await expect.poll(async () => (await target.ask('node', 'GET', `${SECRETS}/of-one`)).status).toBe(200);
  });

  it.each(
    attempts(
      ['secrets of others', 'GET', `${SECRETS}/of-two`, undefined],
      ['all secrets', 'GET', SECRETS, undefined],
      ['all secrets by watching', 'GET', `${SECRETS}?watch=true&timeoutSeconds=1`, undefined],
      ['the status of a pod of others', 'PATCH', `${PODS}/on-two/status`, { status: { phase: 'Failed' } }],
      ['a pod of others', 'DELETE', `${PODS}/on-two`, undefined],
      ['the eviction of a pod of others', 'POST', `${PODS}/on-two/eviction`, { metadata: { name: 'on-two' } }],
      ['pods that are no mirrors', 'POST', PODS, pod('new', 'one', 'of-two')],
      ['the spec of its own pod', 'PATCH', `${PODS}/on-one`, { metadata: { labels: { a: 'b' } } }],
      ['the labels of another node', 'PATCH', '/api/v1/nodes/two', { metadata: { labels: { a: 'b' } } }],
      ['the status of another node', 'PATCH', '/api/v1/nodes/two/status', { status: { phase: 'Running' } }],
      [
        'a label of its own that places pods',
        'PATCH',
        '/api/v1/nodes/one',
        { metadata: { labels: { 'node-restriction.kubernetes.io/team': 'a' } } },
      ],
      ['its own taints', 'PATCH', '/api/v1/nodes/one', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }],
      ['its own end', 'DELETE', '/api/v1/nodes/one', undefined],
      [
        'tokens that are bound to no pod of its own',
        'POST',
        '/api/v1/namespaces/team-a/serviceaccounts/default/token',
        { spec: {} },
      ],
      [
        'the lease of another node',
        'POST',
        '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases',
        { metadata: { name: 'two' } },
      ],
      ['roles', 'GET', `${RBAC}/clusterroles`, undefined],
    ),
  )('has no hand on $what', async ({ method, path, body }) => {
    const { status } = await target.ask('node', method, path, body);
    expect(status).toBe(403);
  });

  it('gets no token for an account of a pod of others', async () => {
    const { metadata } = await target.done('GET', `${PODS}/on-two`);
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'on-two', uid: metadata.uid };
    const path = '/api/v1/namespaces/team-a/serviceaccounts/default/token';
    expect((await target.ask('node', 'POST', path, { spec: { boundObjectRef } })).status).toBe(403);
  });
});

describe('admission', () => {
  const PODS = '/api/v1/namespaces/strict/pods';
  const plain = (name: string) => ({
    metadata: { name },
    spec: {
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'c',
          image: 'i',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  });
  beforeAll(async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await target.done('POST', '/api/v1/namespaces', { metadata: { name: 'strict', labels } });
    await target.done('POST', '/api/v1/namespaces/strict/serviceaccounts', { metadata: { name: 'default' } });
    await target.done('POST', PODS, plain('good'));
  });

  it.each<readonly [string, object]>([
    ['privileged', { containers: [{ name: 'c', image: 'i', securityContext: { privileged: true } }] }],
    ['of the host', { hostNetwork: true, hostPID: true, containers: [{ name: 'c', image: 'i' }] }],
    [
      'with a path of the host',
      { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'h', hostPath: { path: '/' } }] },
    ],
    [
      'that starts so',
      { ...plain('x').spec, initContainers: [{ name: 'i', image: 'i', securityContext: { privileged: true } }] },
    ],
  ])('lets no pod in that is %s', async (_what, spec) => {
    expect((await target.done('GET', PODS)).items).toHaveLength(1);
    const { status } = await target.bare(
      'POST',
      PODS,
      { metadata: { name: 'bad' }, spec },
      { authorization: 'Bearer admin-token' },
    );
    expect(status).toBe(403);
  });

  it('looks at what comes later too: containers for debugging, and applied pods', async () => {
    const debug = {
      spec: { ephemeralContainers: [{ name: 'd', image: 'i', securityContext: { privileged: true } }] },
    };
    const headers = { 'content-type': 'application/strategic-merge-patch+json' };
    expect((await target.ask('admin', 'PATCH', `${PODS}/good/ephemeralcontainers`, debug, headers)).status).toBe(403);
    const applied = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'applied' },
      spec: { hostPID: true, containers: [{ name: 'c', image: 'i' }] },
    };
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    expect((await target.ask('admin', 'PATCH', `${PODS}/applied?fieldManager=m`, applied, apply)).status).toBe(403);
  });
});

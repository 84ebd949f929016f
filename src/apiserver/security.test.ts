import { beforeEach, describe, expect, test } from 'vitest';
import type { TokenRequest, TokenReview } from '../api/authentication/v1.gen.ts';
import type { SelfSubjectAccessReview, SubjectAccessReview } from '../api/authorization/v1.gen.ts';
import { namespaces, nodes, type Pod, pods, secrets, serviceaccounts } from '../api/core/v1.gen.ts';
import { model } from '../api/model.ts';
import { clusterroles, rolebindings, roles } from '../api/rbac/v1.gen.ts';
import type { ResourceType } from '../api/resource.ts';
import { createInProcessClient } from '../client/in-process.ts';
import { MemoryStore } from '../store/memory.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { generateKey, privateKeyPem } from '../utils/x509.ts';
import { ensureBootstrap } from './bootstrap/ensure.ts';
import { buildResourceTable } from './resource-table.ts';
import { createSecurity, type Security } from './security.ts';
import { type Core, createCore } from './server-core.ts';
import type { Strategy } from './strategy.ts';
import { loopbackUser, type UserInfo } from './user.ts';

const virtual = (group: string, resource: string, kind: string): ResourceType => ({
  group,
  version: 'v1',
  resource,
  kind,
  namespaced: false,
});
/** What the pods' own strategy gives nodes to select by. */
const podStrategy: Strategy = {
  selectableFields: (pod) => ({ 'spec.nodeName': (pod as Pod).spec.nodeName ?? '' }),
};
const jane: UserInfo = { name: 'jane', groups: ['system:authenticated'] };

describe('a cluster of one API server', () => {
  let core: Core;
  let security: Security;
  const clock = new FakeClock();
  const as = (user: UserInfo) => createInProcessClient(core, { user, userAgent: 'test' });
  const admin = () => as(loopbackUser);

  beforeEach(async () => {
    security = createSecurity({
      log: silent,
      clock,
      serviceAccountKey: privateKeyPem(generateKey().privateKey),
      random: () => 0.5,
    });
    const resources = buildResourceTable(model, { pods: podStrategy });
    core = createCore({
      store: new MemoryStore({ clock }),
      resources,
      admission: security.admission,
      authorizer: security.authorizer,
      clock,
      log: silent,
      virtual: security.virtual,
    });
    await core.preload(
      security.reads.map(([group, version, resource]) => {
        const found = resources.find(group, version, resource);
        if (!found) throw new Error(`no ${resource}`);
        return found;
      }),
    );
    await Promise.all([security.start(core), ensureBootstrap(admin())]);
    await settle();
    return async () => {
      security.stop();
      await core.close();
    };
  });

  const canI = async (user: UserInfo, verb: string, resource: string, namespace: string) => {
    const type = virtual('authorization.k8s.io', 'selfsubjectaccessreviews', 'SelfSubjectAccessReview');
    const answer = await as(user)
      .resource<SelfSubjectAccessReview>(type as ResourceType<SelfSubjectAccessReview>)
      .create('', {
        spec: { resourceAttributes: { verb, resource, namespace } },
      });
    return answer.status;
  };

  test('has the roles of every cluster, and they work', async () => {
    expect((await admin().resource(clusterroles).list('')).items).toHaveLength(70);
    await expect(as(jane).resource(pods).list('default')).rejects.toThrow(
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    await admin()
      .resource(rolebindings)
      .create('default', {
        metadata: { name: 'rb' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
      });
    await settle();
    expect((await as(jane).resource(pods).list('default')).items).toEqual([]);
    expect(await canI(jane, 'get', 'pods', 'default')).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "rb/default" of ClusterRole "view" to User "jane"',
    });
    expect(await canI(jane, 'delete', 'pods', 'default')).toEqual({ allowed: false });
    await expect(as(jane).resource(secrets).list('default')).rejects.toThrow('secrets is forbidden');
    // The namespace itself is in what the role is bound for.
    expect(await as(jane).resource(namespaces).get('', 'default')).toMatchObject({ metadata: { name: 'default' } });
    await expect(as(jane).resource(namespaces).get('', 'kube-system')).rejects.toThrow(
      'cannot get resource "namespaces" in API group "" in the namespace "kube-system"',
    );
    await admin().resource(rolebindings).delete('default', 'rb');
    await settle();
    await expect(as(jane).resource(pods).list('default')).rejects.toThrow('is forbidden');
  });

  test('nobody grants what they do not have', async () => {
    await admin()
      .resource(rolebindings)
      .create('default', {
        metadata: { name: 'rb' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
        subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
      });
    await settle();
    const rule = (resource: string, ...verbs: string[]) => ({ apiGroups: [''], resources: [resource], verbs });
    await as(jane)
      .resource(roles)
      .create('default', { metadata: { name: 'mine' }, rules: [rule('pods', 'get', 'list')] });
    await expect(
      as(jane)
        .resource(roles)
        .create('default', { metadata: { name: 'esc' }, rules: [rule('nodes', 'get', 'list')] }),
    ).rejects.toThrow(
      'roles.rbac.authorization.k8s.io "esc" is forbidden: user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list"]}',
    );
    const bind = (name: string) =>
      as(jane)
        .resource(rolebindings)
        .create('default', {
          metadata: { name: `to-${name}` },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
          subjects: [{ kind: 'User', name: 'bob', apiGroup: 'rbac.authorization.k8s.io' }],
        });
    await bind('view');
    await expect(bind('cluster-admin')).rejects.toThrow('is attempting to grant RBAC permissions not currently held');
    await expect(bind('none')).rejects.toThrow('rolebindings.rbac.authorization.k8s.io "none" not found');
  });

  test('tokens of service accounts', async () => {
    await admin()
      .resource(serviceaccounts)
      .create('default', { metadata: { name: 'bot' } });
    await settle();
    const accounts = admin().resource(serviceaccounts);
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const made = await accounts.createSubresource<object, TokenRequest>('default', 'bot', 'token', body);
    expect(made.spec).toMatchObject({
      expirationSeconds: 3600,
      audiences: ['https://kubernetes.default.svc.cluster.local'],
    });
    expect(made.status.expirationTimestamp).toBe(new Date(clock.now() + 3_600_000).toISOString().replace('.000', ''));
    const { token } = made.status;
    const user = security.authenticate({ headers: { authorization: `Bearer ${token}` }, verified: false, path: '/' });
    expect(user).toMatchObject({ name: 'system:serviceaccount:default:bot' });
    const type = virtual('authentication.k8s.io', 'tokenreviews', 'TokenReview') as ResourceType<TokenReview>;
    const ask = async (text: string) =>
      (
        await admin()
          .resource(type)
          .create('', { metadata: {}, spec: { token: text } })
      ).status;
    expect(await ask(token)).toMatchObject({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:default:bot',
        groups: expect.arrayContaining(['system:serviceaccounts']),
      },
    });
    expect(await ask('nonsense')).toMatchObject({ error: 'invalid bearer token' });
    await expect(
      accounts.createSubresource('default', 'bot', 'token', { ...body, spec: { expirationSeconds: 5 } }),
    ).rejects.toThrow('may not specify a duration less than 10 minutes');
    await accounts.delete('default', 'bot');
    await settle();
    expect(() =>
      security.authenticate({ headers: { authorization: `Bearer ${token}` }, verified: false, path: '/' }),
    ).toThrow('Unauthorized');
  });

  test('a node sees what its pods need', async () => {
    const n1 = as({ name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] });
    const n2 = as({ name: 'system:node:n2', groups: ['system:nodes', 'system:authenticated'] });
    for (const name of ['mine', 'other']) await admin().resource(secrets).create('default', { metadata: { name } });
    await admin()
      .resource(serviceaccounts)
      .create('default', { metadata: { name: 'default' } });
    await settle();
    await admin()
      .resource(pods)
      .create('default', {
        metadata: { name: 'p' },
        spec: {
          nodeName: 'n1',
          containers: [{ name: 'c', image: 'i' }],
          volumes: [{ name: 'v', secret: { secretName: 'mine' } }],
        },
      });
    await settle();
    expect((await n1.resource(secrets).get('default', 'mine')).metadata.name).toBe('mine');
    await expect(n1.resource(secrets).get('default', 'other')).rejects.toThrow(
      "no relationship found between node 'n1' and this object",
    );
    await expect(n2.resource(secrets).get('default', 'mine')).rejects.toThrow(
      "no relationship found between node 'n2'",
    );
    await expect(n1.resource(secrets).list('default')).rejects.toThrow('No Object name found');
    expect((await n1.resource(pods).list('', { fieldSelector: 'spec.nodeName=n1' })).items).toHaveLength(1);
    expect((await n1.resource(secrets).list('default', { fieldSelector: 'metadata.name=mine' })).items).toHaveLength(1);
    await expect(n1.resource(pods).list('')).rejects.toThrow('spec.nodeName field selector');
    const token = (spec: object) =>
      n1.resource(serviceaccounts).createSubresource<object, TokenRequest>('default', 'default', 'token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec,
      });
    const { uid } = (await admin().resource(pods).get('default', 'p')).metadata;
    const made = await token({
      expirationSeconds: 3607,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid },
    });
    expect(made.spec.expirationSeconds).toBe(3607);
    await expect(token({})).rejects.toThrow('node requested token not bound to a pod');
    await n1.resource(nodes).create('', { metadata: { name: 'n1' } });
    await expect(n2.resource(nodes).get('', 'n1')).rejects.toThrow('only its own Node object');
    await expect(n1.resource(namespaces).create('', { metadata: { name: 'x' } })).rejects.toThrow('is forbidden');
  });

  test('reviews of others', async () => {
    const type = virtual(
      'authorization.k8s.io',
      'subjectaccessreviews',
      'SubjectAccessReview',
    ) as ResourceType<SubjectAccessReview>;
    const ask = (spec: object) => admin().resource(type).create('', { spec });
    expect((await ask({ user: 'x', nonResourceAttributes: { path: '/healthz', verb: 'get' } })).status).toEqual({
      allowed: false,
    });
    expect(
      (await ask({ groups: ['system:masters'], nonResourceAttributes: { path: '/x', verb: 'get' } })).status.allowed,
    ).toBe(true);
    await expect(ask({ user: 'x' })).rejects.toThrow(
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  });
});

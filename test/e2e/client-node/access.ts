import assert from 'node:assert/strict';
import {
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
} from '@kubernetes/client-node';
import { type Context, eventually, refusal, type Scenario } from './context.ts';

/** The same cluster, as the holder of a token. */
function withToken(config: KubeConfig, token: string): KubeConfig {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Error('no current cluster');
  const other = new KubeConfig();
  other.loadFromClusterAndUser(cluster, { name: 'holder', token });
  return other;
}

async function accessReview(t: Context): Promise<void> {
  const review = await t.config.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: 'delete', resource: 'nodes' } } },
  });
  assert.equal(review.status?.allowed, true);
  const self = await t.config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
  assert.ok(self.status?.userInfo?.groups?.includes('system:authenticated'));
}

async function role(t: Context): Promise<void> {
  const { namespace } = t;
  const rbac = t.config.makeApiClient(RbacAuthorizationV1Api);
  await t.core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: 'reader' } } });
  await rbac.createNamespacedRole({
    namespace,
    body: {
      metadata: { name: 'read-config' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }],
    },
  });
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata: { name: 'reader' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'read-config' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
    },
  });
  const token = await t.core.createNamespacedServiceAccountToken({
    name: 'reader',
    namespace,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  });
  const reader = withToken(t.config, token.status?.token ?? '');
  const core = reader.makeApiClient(CoreV1Api);
  await eventually(async () => {
    const maps = await core.listNamespacedConfigMap({ namespace });
    assert.equal(maps.items[0]?.metadata?.name, 'kube-root-ca.crt');
  });
  const user = `User "system:serviceaccount:${namespace}:reader"`;
  const create = await refusal(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'no' } } }));
  assert.equal(create.code, 403);
  assert.equal(
    create.message,
    `configmaps is forbidden: ${user} cannot create resource "configmaps" in API group "" in the namespace "${namespace}"`,
  );
  const get = await refusal(core.readNamespacedSecret({ name: 's', namespace }));
  assert.equal(
    get.message,
    `secrets "s" is forbidden: ${user} cannot get resource "secrets" in API group "" in the namespace "${namespace}"`,
  );
  const everywhere = await refusal(core.listConfigMapForAllNamespaces());
  assert.equal(
    everywhere.message,
    `configmaps is forbidden: ${user} cannot list resource "configmaps" in API group "" at the cluster scope`,
  );
  const review = await reader.makeApiClient(AuthorizationV1Api).createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb: 'list', resource: 'pods', namespace } } },
  });
  assert.equal(review.status?.allowed, false);
}

async function boundToken(t: Context): Promise<void> {
  const { namespace } = t;
  const holder = await t.runningPod('holder', {});
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'holder', uid: holder.metadata?.uid };
  const request = await t.core.createNamespacedServiceAccountToken({
    name: 'default',
    namespace,
    body: { spec: { audiences: [], expirationSeconds: 600, boundObjectRef } },
  });
  const token = request.status?.token ?? '';
  const authentication = withToken(t.config, token).makeApiClient(AuthenticationV1Api);
  const self = await authentication.createSelfSubjectReview({ body: {} });
  assert.equal(self.status?.userInfo?.username, `system:serviceaccount:${namespace}:default`);
  assert.deepEqual(self.status?.userInfo?.extra?.['authentication.kubernetes.io/pod-name'], ['holder']);
  await t.core.deleteNamespacedPod({ name: 'holder', namespace, gracePeriodSeconds: 0 });
  await eventually(async () => {
    const refused = await refusal(authentication.createSelfSubjectReview({ body: {} }));
    assert.equal(refused.code, 401);
  });
  const review = await t.config.makeApiClient(AuthenticationV1Api).createTokenReview({ body: { spec: { token } } });
  assert.notEqual(review.status?.authenticated, true);
}

export const access: readonly Scenario[] = [
  { name: 'asks what it may do', run: accessReview },
  { name: 'may do with a service account what its role says', run: role },
  { name: 'loses a token bound to a pod with the pod', run: boundToken },
];

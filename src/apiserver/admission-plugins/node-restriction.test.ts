import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.gen.ts';
import { nodeRestriction } from './node-restriction.ts';
import { readersOf, runPlugins, type TestRequest } from './testing.ts';

const n1 = { name: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const podOn = (nodeName: string, more: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', uid: 'u', resourceVersion: '', creationTimestamp: '', ...more },
  spec: { nodeName, containers: [] },
  status: {},
});
const itself: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', uid: 'node-uid', resourceVersion: '', creationTimestamp: '' },
  spec: {},
  // Only its identity is asked for.
  status: {} as Node['status'],
};
const withToken = (pod: Pod): Pod => ({
  ...pod,
  spec: { ...pod.spec, volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] },
});
const plugins = (pod = withToken(podOn('n1'))) => [
  nodeRestriction({
    readers: readersOf({ pod: () => pod, node: () => itself }),
    authorizer: { authorize: () => ({ allowed: false, reason: '' }) },
  }),
];
const mirror = {
  annotations: { 'kubernetes.io/config.mirror': 'x' },
  ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'node-uid', controller: true }],
};
const node = (labels: object = {}, spec: object = {}, name = 'n1') => ({ metadata: { name, labels }, spec });
const token = (spec: object): TestRequest => ({
  resource: 'serviceaccounts/token',
  kind: 'ServiceAccount',
  name: 'sa',
  object: { spec },
});
const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'u' };

describe('NodeRestriction', () => {
  test.each<[string, TestRequest]>([
    ['a mirror pod', { resource: 'pods', kind: 'Pod', object: podOn('n1', mirror) }],
    [
      'the status of its pod',
      { resource: 'pods/status', kind: 'Pod', operation: 'UPDATE', object: podOn('n1'), oldObject: podOn('n1') },
    ],
    ['the end of its pod', { resource: 'pods', kind: 'Pod', operation: 'DELETE', name: 'p', oldObject: podOn('n1') }],
    [
      'its node',
      { resource: 'nodes', kind: 'Node', object: node({ 'kubernetes.io/os': 'linux', 'example.com/a': 'b' }) },
    ],
    [
      'its lease',
      {
        resource: 'leases.coordination.k8s.io',
        kind: 'Lease',
        namespace: 'kube-node-lease',
        object: { metadata: { name: 'n1' } },
      },
    ],
    ['a token of its pod', token({ boundObjectRef })],
  ])('lets a node write %s', async (_what, request) => {
    await runPlugins(plugins(), { ...request, user: n1 });
  });

  test.each<[string, TestRequest, string]>([
    ['an ordinary pod', { resource: 'pods', kind: 'Pod', object: podOn('n1') }, 'can only create mirror pods'],
    [
      'a pod elsewhere',
      { resource: 'pods', kind: 'Pod', object: podOn('n2', mirror) },
      'can only create pods with spec.nodeName set to itself',
    ],
    [
      'status of others',
      { resource: 'pods/status', kind: 'Pod', operation: 'UPDATE', object: podOn('n2'), oldObject: podOn('n2') },
      'can only update pod status for pods with spec.nodeName set to itself',
    ],
    [
      'the end of others',
      { resource: 'pods', kind: 'Pod', operation: 'DELETE', name: 'p', oldObject: podOn('n2') },
      'can only delete pods with spec.nodeName set to itself',
    ],
    [
      'other nodes',
      { resource: 'nodes', kind: 'Node', object: node({}, {}, 'n2') },
      'node "n1" is not allowed to modify node "n2"',
    ],
    [
      'labels of trust',
      { resource: 'nodes', kind: 'Node', object: node({ 'node-restriction.kubernetes.io/x': 'y' }) },
      'is not allowed to set the following labels: node-restriction.kubernetes.io/x',
    ],
    [
      'taints',
      {
        resource: 'nodes',
        kind: 'Node',
        operation: 'UPDATE',
        name: 'n1',
        object: node({}, { taints: [] }),
        oldObject: node({}, { taints: [{ key: 'a', effect: 'NoSchedule' }] }),
      },
      'is not allowed to modify taints',
    ],
    [
      'leases of others',
      {
        resource: 'leases.coordination.k8s.io',
        kind: 'Lease',
        namespace: 'kube-node-lease',
        object: { metadata: { name: 'n2' } },
      },
      'same name as the requesting node',
    ],
    ['tokens of nothing', token({}), 'not bound to a pod'],
    [
      'tokens of a pod of old',
      token({ boundObjectRef: { ...boundObjectRef, uid: 'v' } }),
      'does not match the UID in record.',
    ],
  ])('refuses %s', async (_what, request, message) => {
    await expect(runPlugins(plugins(), { ...request, user: n1 })).rejects.toThrow(message);
    // The rest of the world is not its business.
    await runPlugins(plugins(), request);
  });

  test('tokens of pods elsewhere', async () => {
    await expect(runPlugins(plugins(podOn('n2')), { ...token({ boundObjectRef }), user: n1 })).rejects.toThrow(
      'scheduled on a different node',
    );
  });
});

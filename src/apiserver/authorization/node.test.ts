import { expect, test } from 'vitest';
import type { PersistentVolume, Pod } from '../../api/core/v1.gen.ts';
import type { AuthorizerAttributes } from '../admission.ts';
import { NodeAuthorizer } from './node.ts';

const meta = (name: string, namespace = '') => ({
  name,
  ...(namespace && { namespace }),
  uid: `${namespace}/${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
});
const pod = (name: string, nodeName: string, spec: Partial<NonNullable<Pod['spec']>> = {}, more: object = {}): Pod =>
  // Enough of a pod for what is looked at here.
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name, 'ns'),
    spec: { nodeName, containers: [], ...spec },
    ...more,
  }) as Pod;

function ask(node: string, text: string, more: Partial<AuthorizerAttributes> = {}): AuthorizerAttributes {
  const [verb = '', what = '', name = ''] = text.split(' ');
  const [path = '', group = ''] = what.split('@');
  const [resource = '', subresource = ''] = path.split('/');
  return {
    user: { name: `system:node:${node}`, groups: ['system:nodes', 'system:authenticated'] },
    verb,
    group,
    version: 'v1',
    resource,
    subresource,
    namespace: 'ns',
    name,
    path: '',
    ...more,
  };
}

test('a thousand nodes with thirty pods each: each sees its own, and what was theirs is theirs no more', () => {
  const nodes = new NodeAuthorizer();
  const { graph } = nodes;
  for (let n = 0; n < 1000; n++) {
    for (let p = 0; p < 30; p++) {
      graph.setPod(
        pod(`p-${n}-${p}`, `n${n}`, {
          serviceAccountName: 'default',
          volumes: [
            { name: 'a', secret: { secretName: `s-${n}` } },
            { name: 'b', configMap: { name: 'shared' } },
          ],
        }),
      );
    }
  }
  const may = (node: string, text: string) => nodes.authorize(ask(node, text)).allowed;
  expect(may('n7', 'get secrets s-7')).toBe(true);
  expect(may('n7', 'get secrets s-8')).toBe(false);
  expect(may('n999', 'watch configmaps shared')).toBe(true);
  expect(may('n1000', 'watch configmaps shared')).toBe(false);
  expect(may('n7', 'create serviceaccounts/token default')).toBe(true);
  for (let p = 0; p < 30; p++) graph.deletePod(pod(`p-7-${p}`, 'n7'));
  expect(may('n7', 'get secrets s-7')).toBe(false);
  expect(may('n7', 'get pods p-7-0')).toBe(false);
});

test('what leads to a node, and what does not', () => {
  const nodes = new NodeAuthorizer();
  const { graph } = nodes;
  graph.setPod(pod('p', 'n', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'claim' } }] }));
  const volume = (secret: string): PersistentVolume =>
    // Enough of a volume for what is looked at here.
    ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: meta('pv'),
      spec: {
        claimRef: { namespace: 'ns', name: 'claim' },
        csi: {
          driver: 'd',
          volumeHandle: 'h',
          nodeStageSecretRef: { namespace: 'ns', name: secret },
          controllerPublishSecretRef: { namespace: 'ns', name: 'controller' },
        },
      },
    }) as PersistentVolume;
  graph.setVolume(volume('stage'));
  graph.setObject('volumeattachments', 'va', 'n');
  const may = (text: string, more: Partial<AuthorizerAttributes> = {}) => nodes.authorize(ask('n', text, more)).allowed;
  const cluster = { namespace: '' };
  expect(may('get persistentvolumeclaims claim')).toBe(true);
  expect(may('get persistentvolumes pv', cluster)).toBe(true);
  expect(may('get persistentvolumes pv')).toBe(false);
  expect(may('get secrets stage')).toBe(true);
  expect(may('get secrets controller')).toBe(false);
  expect(may('get volumeattachments@storage.k8s.io va', cluster)).toBe(true);
  graph.setVolume(volume('other'));
  expect(may('get secrets stage')).toBe(false);
  expect(may('get secrets other')).toBe(true);

  // Ephemeral containers are all that a placed pod can name anew, besides claims that are made for it.
  const ephemeral = { name: 'd', image: 'i', resources: {}, envFrom: [{ secretRef: { name: 'debug' } }] };
  const claims = [{ name: 'gpu', resourceClaimTemplateName: 't' }];
  graph.setPod(pod('q', 'n', { resourceClaims: claims }));
  expect(may('get secrets debug')).toBe(false);
  graph.setPod(pod('q', 'n', { resourceClaims: claims, ephemeralContainers: [ephemeral] }));
  expect(may('get secrets debug')).toBe(true);
  expect(may('get resourceclaims@resource.k8s.io made')).toBe(false);
  const status = { status: { resourceClaimStatuses: [{ name: 'gpu', resourceClaimName: 'made' }] } };
  graph.setPod(pod('q', 'n', { resourceClaims: claims, ephemeralContainers: [ephemeral] }, status));
  expect(may('get resourceclaims@resource.k8s.io made')).toBe(true);

  // A mirror pod gives its node nothing but itself.
  const mirror = { metadata: { ...meta('m', 'ns'), annotations: { 'kubernetes.io/config.mirror': 'x' } } };
  graph.setPod(pod('m', 'n', { volumes: [{ name: 'v', secret: { secretName: 'stolen' } }] }, mirror));
  expect(may('get secrets stolen')).toBe(false);
  expect(may('get pods m')).toBe(true);
});

test.each<[string, Partial<AuthorizerAttributes>, string]>([
  ['list pods', {}, 'can only list/watch pods with spec.nodeName field selector'],
  ['list pods', { fieldSelector: 'spec.nodeName!=n' }, 'can only list/watch pods with spec.nodeName field selector'],
  ['get nodes other', {}, "node 'n' cannot read 'other', only its own Node object"],
  ['list nodes', {}, "node 'n' cannot read all nodes, only its own Node object"],
  ['update secrets x', {}, 'can only read resources of this type'],
  ['list secrets', {}, 'No Object name found'],
  ['get secrets x', { namespace: '' }, 'can only read namespaced object of this type'],
  ['get persistentvolumeclaims/status x', {}, 'can only get/update/patch this type'],
  ['list leases@coordination.k8s.io n', {}, 'can only get, create, update, patch, or delete a node lease'],
  ['get leases@coordination.k8s.io n', {}, 'can only access leases in the "kube-node-lease" system namespace'],
  ['get csinodes@storage.k8s.io x', {}, 'can only access CSINode with the same name as the requesting node'],
  [
    'list resourceslices@resource.k8s.io',
    {},
    'can only list/watch/deletecollection resourceslices with nodeName field selector',
  ],
  ['list serviceaccounts x', {}, 'can only create tokens for individual service accounts'],
  ['create serviceaccounts x', {}, 'can only create token subresource of serviceaccount'],
])('a node may not %s %j', (text, more, reason) => {
  expect(new NodeAuthorizer().authorize(ask('n', text, more))).toEqual({ allowed: false, reason });
});

import { describe, expect, test } from 'vitest';
import type { Namespace, PersistentVolumeClaim, ResourceQuota, Service } from '../../api/core/v1.gen.ts';
import { validateNamespaceStatusUpdate } from './cluster.ts';
import { validateResourceQuotaStatusUpdate } from './config.ts';
import { goValue } from './go-value.ts';
import { validateClaimStatusUpdate } from './persistent-volume-claim.ts';
import { validateServiceStatusUpdate } from './service.ts';

type Found = readonly { readonly field: string; readonly body: string }[];
const told = (found: Found): readonly string[] => found.map(({ field, body }) => `${field}: ${body}`);

const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2020-01-01T00:00:00Z' };

// What Kubernetes v1.36.1 answered.
describe('statuses', () => {
  test('the phase of a namespace follows from its deletion', () => {
    const namespace: Namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata,
      spec: {},
      status: { phase: 'Terminating' },
    };
    expect(told(validateNamespaceStatusUpdate(namespace))).toEqual([
      'status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty',
    ]);
    expect(validateNamespaceStatusUpdate({ ...namespace, status: { phase: 'Active' } })).toEqual([]);
  });

  test('only load balancers are reached through others', () => {
    const service = (type: Service['spec']['type'], ip: string): Service => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type, sessionAffinity: 'None' },
      status: { loadBalancer: { ingress: [{ ip, ipMode: 'VIP' }] } },
    });
    const old = service('LoadBalancer', '10.0.0.1');
    expect(told(validateServiceStatusUpdate(service('ClusterIP', '10.0.0.1'), old))).toEqual([
      "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ]);
    expect(told(validateServiceStatusUpdate(service('LoadBalancer', 'foo/bar'), old))).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid value: "foo/bar": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    expect(validateServiceStatusUpdate(service('LoadBalancer', '10.0.0.1'), old)).toEqual([]);
  });

  test('quotas name what there are quotas for', () => {
    const quota: ResourceQuota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata,
      spec: {},
      status: { hard: { k: '5' } },
    };
    expect(told(validateResourceQuotaStatusUpdate(quota))).toEqual([
      'status.hard[k]: Invalid value: "k": must be a standard resource type or fully qualified',
      'status.hard[k]: Invalid value: "k": must be a standard resource for quota',
    ]);
  });

  test('claims have got storage, and no less than none', () => {
    const claim: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec: { accessModes: ['ReadWriteOnce'], resources: {} },
      status: { allocatedResources: { cpu: '1' }, capacity: { storage: '-1' } },
    };
    expect(told(validateClaimStatusUpdate(claim))).toEqual([
      'status.capacity[storage]: Invalid value: -1: must be a valid resource quantity',
      'status.allocatedResources: Unsupported value: "cpu": supported values: "storage"',
    ]);
  });
});

test('an immutable spec is shown with the names of its type in Go', () => {
  const spec = {
    devices: { requests: [{ name: 'r' }], config: [{ opaque: { driver: 'a.io', parameters: { x: 1 } } }] },
  };
  expect(goValue('ResourceClaimTemplateSpec', { metadata: { labels: { b: 'c', a: 'b' } }, spec })).toEqual({
    labels: { a: 'b', b: 'c' },
    Spec: {
      Devices: {
        Requests: [{ Name: 'r', Exactly: null, FirstAvailable: null }],
        Constraints: null,
        Config: [{ Requests: null, Opaque: { Driver: 'a.io', Parameters: { x: 1 } } }],
      },
    },
  });
});

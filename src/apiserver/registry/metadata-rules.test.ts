import { expect, test } from 'vitest';
import { model } from '../../api/model.ts';
import { buildResourceTable } from '../resource-table.ts';
import { createdMetadataProblems, updatedMetadataProblems } from './metadata-rules.ts';

const resources = buildResourceTable(model, {});

function served(group: string, version: string, resource: string) {
  const found = resources.find(group, version, resource);
  if (!found) throw new Error(`no ${resource}`);
  return found;
}

const wrong = {
  name: 'a',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: { 'a b': 'c' },
  finalizers: ['foo'],
};

function counts(problems: readonly { readonly field: string }[]) {
  const of = (field: string) => problems.filter((problem) => problem.field === field).length;
  return [of('metadata.labels'), of('metadata.finalizers[0]')];
}

// What a v1.36 answers to an update with a bad label and a finalizer without a domain: how often it tells of each.
test.each([
  ['', 'v1', 'configmaps', true, '', [4, 2]],
  ['', 'v1', 'replicationcontrollers', true, '', [3, 1]],
  ['', 'v1', 'limitranges', true, '', [3, 1]],
  ['', 'v1', 'events', true, '', [2, 0]],
  ['events.k8s.io', 'v1', 'events', true, '', [3, 1]],
  ['', 'v1', 'nodes', false, '', [4, 2]],
  ['', 'v1', 'nodes', false, 'status', [3, 1]],
  ['batch', 'v1', 'cronjobs', true, 'status', [2, 0]],
  ['certificates.k8s.io', 'v1', 'certificatesigningrequests', false, 'status', [4, 2]],
  ['node.k8s.io', 'v1', 'runtimeclasses', false, '', [4, 0]],
  ['policy', 'v1', 'poddisruptionbudgets', true, '', [2, 0]],
  ['coordination.k8s.io', 'v1', 'leases', true, '', [3, 0]],
  ['admissionregistration.k8s.io', 'v1', 'validatingadmissionpolicies', false, '', [3, 0]],
] as const)('%s/%s %s, namespaced %s, %s', (group, version, resource, namespaced, subresource, expected) => {
  const meta = { ...wrong, ...(namespaced && { namespace: 'one' }) };
  const problems = updatedMetadataProblems(served(group, version, resource), subresource, meta, meta);
  expect(counts(problems)).toEqual(expected);
});

test('finalizers of new objects have a domain, unless they are Kubernetes own', () => {
  const configmaps = served('', 'v1', 'configmaps');
  const finalizers = ['kubernetes', 'orphan', 'a.example/b', 'mine'];
  const found = createdMetadataProblems(configmaps, { name: 'a', namespace: 'one', finalizers } as never);
  expect(found).toMatchObject([
    {
      field: 'metadata.finalizers[3]',
      body: 'Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    },
  ]);
  const leases = served('coordination.k8s.io', 'v1', 'leases');
  expect(createdMetadataProblems(leases, { name: 'a', namespace: 'one', finalizers } as never)).toEqual([]);
});

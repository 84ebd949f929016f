import { expect, test } from 'vitest';
import { model } from '../../api/model.ts';
import type { KubeObject } from '../../api/resource.ts';
import { Entry } from '../cache/entry.ts';
import { buildResourceTable } from '../resource-table.ts';
import { wholeBookmark } from './bookmark.ts';

const resources = buildResourceTable(model, {});
const metadata = { resourceVersion: '7', annotations: { 'k8s.io/initial-events-end': 'true' } };

function shown(group: string, version: string, name: string, asConverted = true): unknown {
  const resource = resources.find(group, version, name);
  if (!resource) throw new Error(`${name} is not served`);
  // A bookmark has nothing but a resourceVersion.
  const bare = { kind: 'Stored', apiVersion: 'stored/v1', metadata } as unknown as KubeObject;
  return JSON.parse(wholeBookmark(resource, Entry.unstored('', 7, bare), asConverted).json.toString());
}

test('a bookmark is in the watched version, with the fields that its type always writes', () => {
  expect(shown('', 'v1', 'configmaps')).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata });
  expect(shown('', 'v1', 'pods')).toEqual({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata,
    spec: { containers: null },
    status: {},
  });
  expect(shown('autoscaling', 'v1', 'horizontalpodautoscalers')).toMatchObject({
    apiVersion: 'autoscaling/v1',
    spec: { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 },
    status: { currentReplicas: 0, desiredReplicas: 0 },
  });
});

test('conversions fill in replicas and the generation of a template', () => {
  expect(shown('apps', 'v1', 'deployments')).toMatchObject({ spec: { replicas: 0, selector: null, strategy: {} } });
  expect(shown('apps', 'v1', 'deployments', false)).not.toHaveProperty('spec.replicas');
  expect(shown('apps', 'v1', 'daemonsets')).toMatchObject({
    metadata: { annotations: { 'deprecated.daemonset.template.generation': '0' } },
  });
});

import type { GroupVersionData } from '../../schema/model.ts';

/** policy/v1. */
export const policyV1: GroupVersionData = {
  group: 'policy',
  version: 'v1',
  package: 'k8s.io.api.policy.v1',
  resources: [
    {
      resource: 'poddisruptionbudgets',
      singular: 'poddisruptionbudget',
      kind: 'PodDisruptionBudget',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['pdb'],
      subresources: {
        status: { kind: 'PodDisruptionBudget', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Min Available', 'string', '', 0],
        ['Max Unavailable', 'string', '', 0],
        ['Allowed Disruptions', 'integer', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    Eviction: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        deleteOptions: { tag: 2, type: 'meta/v1.DeleteOptions', pointer: true },
      },
    },
    PodDisruptionBudget: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'PodDisruptionBudgetSpec', always: true },
        status: { tag: 3, type: 'PodDisruptionBudgetStatus', always: true },
      },
    },
    PodDisruptionBudgetList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'PodDisruptionBudget', required: true, always: true },
      },
    },
    PodDisruptionBudgetSpec: {
      fields: {
        minAvailable: { tag: 1, type: 'IntOrString', pointer: true },
        selector: { tag: 2, type: 'meta/v1.LabelSelector', pointer: true, patch: 'replace' },
        maxUnavailable: { tag: 3, type: 'IntOrString', pointer: true },
        unhealthyPodEvictionPolicy: { tag: 4, type: 'string', pointer: true, enum: ['AlwaysAllow', 'IfHealthyBudget'] },
      },
    },
    PodDisruptionBudgetStatus: {
      fields: {
        observedGeneration: { tag: 1, type: 'int64' },
        disruptedPods: { tag: 2, map: 'Time' },
        disruptionsAllowed: { tag: 3, type: 'int32', always: true },
        currentHealthy: { tag: 4, type: 'int32', always: true },
        desiredHealthy: { tag: 5, type: 'int32', always: true },
        expectedPods: { tag: 6, type: 'int32', always: true },
        conditions: { tag: 7, list: 'meta/v1.Condition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
  },
};

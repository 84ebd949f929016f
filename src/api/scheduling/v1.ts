import type { GroupVersionData } from '../../schema/model.ts';

/** scheduling.k8s.io/v1. */
export const schedulingV1: GroupVersionData = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.scheduling.v1',
  resources: [
    {
      resource: 'priorityclasses',
      singular: 'priorityclass',
      kind: 'PriorityClass',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['pc'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Value', 'integer', '', 0],
        ['Global-Default', 'boolean', '', 0],
        ['Age', 'string', '', 0],
        ['PreemptionPolicy', 'string', '', 0],
      ],
    },
  ],
  types: {
    PriorityClass: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        value: { tag: 2, type: 'int32', always: true },
        globalDefault: { tag: 3, type: 'bool' },
        description: { tag: 4, type: 'string' },
        preemptionPolicy: { tag: 5, type: 'string', pointer: true, enum: ['Never', 'PreemptLowerPriority'] },
      },
    },
    PriorityClassList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'PriorityClass', required: true, always: true },
      },
    },
  },
};

import type { GroupVersionData } from '../../schema/model.ts';

/** node.k8s.io/v1. */
export const nodeV1: GroupVersionData = {
  group: 'node.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.node.v1',
  resources: [
    {
      resource: 'runtimeclasses',
      singular: 'runtimeclass',
      kind: 'RuntimeClass',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Handler', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    Overhead: {
      fields: {
        podFixed: { tag: 1, map: 'Quantity' },
      },
    },
    RuntimeClass: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        handler: { tag: 2, type: 'string', required: true, always: true },
        overhead: { tag: 3, type: 'Overhead', pointer: true },
        scheduling: { tag: 4, type: 'Scheduling', pointer: true },
      },
    },
    RuntimeClassList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'RuntimeClass', required: true, always: true },
      },
    },
    Scheduling: {
      fields: {
        nodeSelector: { tag: 1, map: 'string', atomic: true },
        tolerations: { tag: 2, list: 'core/v1.Toleration', listType: 'atomic' },
      },
    },
  },
};

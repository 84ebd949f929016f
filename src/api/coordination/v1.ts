import type { GroupVersionData } from '../../schema/model.ts';

/** coordination.k8s.io/v1. */
export const coordinationV1: GroupVersionData = {
  group: 'coordination.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.coordination.v1',
  resources: [
    {
      resource: 'leases',
      singular: 'lease',
      kind: 'Lease',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Holder', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    Lease: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'LeaseSpec', always: true },
      },
    },
    LeaseList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Lease', required: true, always: true },
      },
    },
    LeaseSpec: {
      fields: {
        holderIdentity: { tag: 1, type: 'string', pointer: true },
        leaseDurationSeconds: { tag: 2, type: 'int32', pointer: true },
        acquireTime: { tag: 3, type: 'MicroTime', pointer: true },
        renewTime: { tag: 4, type: 'MicroTime', pointer: true },
        leaseTransitions: { tag: 5, type: 'int32', pointer: true },
        strategy: { tag: 6, type: 'string', pointer: true },
        preferredHolder: { tag: 7, type: 'string', pointer: true },
      },
    },
  },
};

import type { GroupVersionData } from '../../schema/model.ts';

/** apiregistration.k8s.io/v1. */
export const apiregistrationV1: GroupVersionData = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  package: 'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1',
  resources: [
    {
      resource: 'apiservices',
      singular: 'apiservice',
      kind: 'APIService',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['api-extensions'],
      subresources: {
        status: { kind: 'APIService', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Service', 'string', '', 0],
        ['Available', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    APIService: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'APIServiceSpec', always: true },
        status: { tag: 3, type: 'APIServiceStatus', always: true },
      },
    },
    APIServiceCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    APIServiceList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'APIService', required: true, always: true },
      },
    },
    APIServiceSpec: {
      fields: {
        service: { tag: 1, type: 'ServiceReference', pointer: true },
        group: { tag: 2, type: 'string' },
        version: { tag: 3, type: 'string' },
        insecureSkipTLSVerify: { tag: 4, type: 'bool' },
        caBundle: { tag: 5, type: 'bytes' },
        groupPriorityMinimum: { tag: 7, type: 'int32', required: true, always: true },
        versionPriority: { tag: 8, type: 'int32', required: true, always: true },
      },
    },
    APIServiceStatus: {
      fields: {
        conditions: { tag: 1, list: 'APIServiceCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    ServiceReference: {
      fields: {
        namespace: { tag: 1, type: 'string' },
        name: { tag: 2, type: 'string' },
        port: { tag: 3, type: 'int32', pointer: true },
      },
    },
  },
};

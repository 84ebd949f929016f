import type { GroupVersionData } from '../../schema/model.ts';

/** discovery.k8s.io/v1. */
export const discoveryV1: GroupVersionData = {
  group: 'discovery.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.discovery.v1',
  resources: [
    {
      resource: 'endpointslices',
      singular: 'endpointslice',
      kind: 'EndpointSlice',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['AddressType', 'string', '', 0],
        ['Ports', 'string', '', 0],
        ['Endpoints', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    Endpoint: {
      fields: {
        addresses: { tag: 1, list: 'string', required: true, always: true, listType: 'set' },
        conditions: { tag: 2, type: 'EndpointConditions', always: true },
        hostname: { tag: 3, type: 'string', pointer: true },
        targetRef: { tag: 4, type: 'core/v1.ObjectReference', pointer: true },
        deprecatedTopology: { tag: 5, map: 'string' },
        nodeName: { tag: 6, type: 'string', pointer: true },
        zone: { tag: 7, type: 'string', pointer: true },
        hints: { tag: 8, type: 'EndpointHints', pointer: true },
      },
    },
    EndpointConditions: {
      fields: {
        ready: { tag: 1, type: 'bool', pointer: true },
        serving: { tag: 2, type: 'bool', pointer: true },
        terminating: { tag: 3, type: 'bool', pointer: true },
      },
    },
    EndpointHints: {
      fields: {
        forZones: { tag: 1, list: 'ForZone', listType: 'atomic' },
        forNodes: { tag: 2, list: 'ForNode', listType: 'atomic' },
      },
    },
    EndpointPort: {
      atomic: true,
      fields: {
        name: { tag: 1, type: 'string', pointer: true },
        protocol: { tag: 2, type: 'string', pointer: true, enum: ['SCTP', 'TCP', 'UDP'] },
        port: { tag: 3, type: 'int32', pointer: true },
        appProtocol: { tag: 4, type: 'string', pointer: true },
      },
    },
    EndpointSlice: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        addressType: { tag: 4, type: 'string', required: true, always: true, enum: ['FQDN', 'IPv4', 'IPv6'] },
        endpoints: { tag: 2, list: 'Endpoint', always: true, listType: 'atomic' },
        ports: { tag: 3, list: 'EndpointPort', always: true, listType: 'atomic' },
      },
    },
    EndpointSliceList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'EndpointSlice', required: true, always: true },
      },
    },
    ForNode: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    ForZone: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
      },
    },
  },
};

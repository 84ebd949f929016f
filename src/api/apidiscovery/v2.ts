import type { GroupVersionData } from '../../schema/model.ts';

/** apidiscovery.k8s.io/v2. */
export const apidiscoveryV2: GroupVersionData = {
  group: 'apidiscovery.k8s.io',
  version: 'v2',
  package: 'k8s.io.api.apidiscovery.v2',
  resources: [],
  types: {
    APIGroupDiscovery: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        versions: { tag: 2, list: 'APIVersionDiscovery' },
      },
    },
    APIGroupDiscoveryList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'APIGroupDiscovery', always: true },
      },
    },
    APIResourceDiscovery: {
      fields: {
        resource: { tag: 1, type: 'string', always: true },
        responseKind: { tag: 2, type: 'meta/v1.GroupVersionKind', pointer: true },
        scope: { tag: 3, type: 'string', always: true },
        singularResource: { tag: 4, type: 'string', always: true },
        verbs: { tag: 5, list: 'string', always: true },
        shortNames: { tag: 6, list: 'string' },
        categories: { tag: 7, list: 'string' },
        subresources: { tag: 8, list: 'APISubresourceDiscovery' },
      },
    },
    APISubresourceDiscovery: {
      fields: {
        subresource: { tag: 1, type: 'string', always: true },
        responseKind: { tag: 2, type: 'meta/v1.GroupVersionKind', pointer: true },
        acceptedTypes: { tag: 3, list: 'meta/v1.GroupVersionKind' },
        verbs: { tag: 4, list: 'string', always: true },
      },
    },
    APIVersionDiscovery: {
      fields: {
        version: { tag: 1, type: 'string', always: true },
        resources: { tag: 2, list: 'APIResourceDiscovery' },
        freshness: { tag: 3, type: 'string' },
      },
    },
  },
};

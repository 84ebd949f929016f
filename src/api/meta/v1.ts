import type { GroupVersionData } from '../../schema/model.ts';

/** meta.k8s.io/v1. */
export const metaV1: GroupVersionData = {
  group: 'meta.k8s.io',
  version: 'v1',
  package: 'k8s.io.apimachinery.pkg.apis.meta.v1',
  resources: [],
  types: {
    APIGroup: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        versions: { tag: 2, list: 'GroupVersionForDiscovery', required: true, always: true, listType: 'atomic' },
        preferredVersion: { tag: 3, type: 'GroupVersionForDiscovery', always: true },
        serverAddressByClientCIDRs: { tag: 4, list: 'ServerAddressByClientCIDR', listType: 'atomic' },
      },
    },
    APIGroupList: {
      fields: {
        groups: { tag: 1, list: 'APIGroup', required: true, always: true, listType: 'atomic' },
      },
    },
    APIResource: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        singularName: { tag: 6, type: 'string', required: true, always: true },
        namespaced: { tag: 2, type: 'bool', required: true, always: true },
        group: { tag: 8, type: 'string' },
        version: { tag: 9, type: 'string' },
        kind: { tag: 3, type: 'string', required: true, always: true },
        verbs: { tag: 4, type: 'string[]', required: true, always: true },
        shortNames: { tag: 5, list: 'string', listType: 'atomic' },
        categories: { tag: 7, list: 'string', listType: 'atomic' },
        storageVersionHash: { tag: 10, type: 'string' },
      },
    },
    APIResourceList: {
      fields: {
        groupVersion: { tag: 1, type: 'string', required: true, always: true },
        resources: { tag: 2, list: 'APIResource', required: true, always: true, listType: 'atomic' },
      },
    },
    APIVersions: {
      fields: {
        versions: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        serverAddressByClientCIDRs: { tag: 2, list: 'ServerAddressByClientCIDR', required: true, always: true, listType: 'atomic' },
      },
    },
    ApplyOptions: {
      fields: {
        dryRun: { tag: 1, list: 'string' },
        force: { tag: 2, type: 'bool', always: true },
        fieldManager: { tag: 3, type: 'string', always: true },
      },
    },
    Condition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        observedGeneration: { tag: 3, type: 'int64' },
        lastTransitionTime: { tag: 4, type: 'Time', required: true, always: true },
        reason: { tag: 5, type: 'string', required: true, always: true },
        message: { tag: 6, type: 'string', required: true, always: true },
      },
    },
    CreateOptions: {
      fields: {
        dryRun: { tag: 1, list: 'string' },
        fieldManager: { tag: 3, type: 'string' },
        fieldValidation: { tag: 4, type: 'string' },
      },
    },
    DeleteOptions: {
      fields: {
        gracePeriodSeconds: { tag: 1, type: 'int64', pointer: true },
        preconditions: { tag: 2, type: 'Preconditions', pointer: true },
        orphanDependents: { tag: 3, type: 'bool', pointer: true },
        propagationPolicy: { tag: 4, type: 'string', pointer: true },
        dryRun: { tag: 5, list: 'string', listType: 'atomic' },
        ignoreStoreReadErrorWithClusterBreakingPotential: { tag: 6, type: 'bool', pointer: true },
      },
    },
    FieldSelectorRequirement: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        operator: { tag: 2, type: 'string', required: true, always: true },
        values: { tag: 3, list: 'string', listType: 'atomic' },
      },
    },
    GetOptions: {
      fields: {
        resourceVersion: { tag: 1, type: 'string' },
      },
    },
    GroupKind: {
      fields: {
        group: { tag: 1, type: 'string', always: true },
        kind: { tag: 2, type: 'string', always: true },
      },
    },
    GroupResource: {
      fields: {
        group: { tag: 1, type: 'string', required: true, always: true },
        resource: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    GroupVersion: {
      fields: {
        group: { tag: 1, type: 'string', always: true },
        version: { tag: 2, type: 'string', always: true },
      },
    },
    GroupVersionForDiscovery: {
      fields: {
        groupVersion: { tag: 1, type: 'string', required: true, always: true },
        version: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    GroupVersionKind: {
      fields: {
        group: { tag: 1, type: 'string', always: true },
        version: { tag: 2, type: 'string', always: true },
        kind: { tag: 3, type: 'string', always: true },
      },
    },
    GroupVersionResource: {
      fields: {
        group: { tag: 1, type: 'string', always: true },
        version: { tag: 2, type: 'string', always: true },
        resource: { tag: 3, type: 'string', always: true },
      },
    },
    LabelSelector: {
      atomic: true,
      fields: {
        matchLabels: { tag: 1, map: 'string' },
        matchExpressions: { tag: 2, list: 'LabelSelectorRequirement', listType: 'atomic' },
      },
    },
    LabelSelectorRequirement: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        operator: { tag: 2, type: 'string', required: true, always: true },
        values: { tag: 3, list: 'string', listType: 'atomic' },
      },
    },
    List: {
      fields: {
        metadata: { tag: 1, type: 'ListMeta', always: true },
        items: { tag: 2, list: 'RawExtension', always: true },
      },
    },
    ListMeta: {
      fields: {
        selfLink: { tag: 1, type: 'string' },
        resourceVersion: { tag: 2, type: 'string' },
        continue: { tag: 3, type: 'string' },
        remainingItemCount: { tag: 4, type: 'int64', pointer: true },
        shardInfo: { tag: 5, type: 'ShardInfo', pointer: true },
      },
    },
    ListOptions: {
      fields: {
        labelSelector: { tag: 1, type: 'string' },
        fieldSelector: { tag: 2, type: 'string' },
        watch: { tag: 3, type: 'bool' },
        allowWatchBookmarks: { tag: 9, type: 'bool' },
        resourceVersion: { tag: 4, type: 'string' },
        resourceVersionMatch: { tag: 10, type: 'string' },
        timeoutSeconds: { tag: 5, type: 'int64', pointer: true },
        limit: { tag: 7, type: 'int64' },
        continue: { tag: 8, type: 'string' },
        sendInitialEvents: { tag: 11, type: 'bool', pointer: true },
        shardSelector: { tag: 15, type: 'string' },
      },
    },
    ManagedFieldsEntry: {
      fields: {
        manager: { tag: 1, type: 'string' },
        operation: { tag: 2, type: 'string' },
        apiVersion: { tag: 3, type: 'string' },
        time: { tag: 4, type: 'Time', pointer: true },
        fieldsType: { tag: 6, type: 'string' },
        fieldsV1: { tag: 7, type: 'FieldsV1', pointer: true },
        subresource: { tag: 8, type: 'string' },
      },
    },
    ObjectMeta: {
      fields: {
        name: { tag: 1, type: 'string' },
        generateName: { tag: 2, type: 'string' },
        namespace: { tag: 3, type: 'string' },
        selfLink: { tag: 4, type: 'string' },
        uid: { tag: 5, type: 'string' },
        resourceVersion: { tag: 6, type: 'string' },
        generation: { tag: 7, type: 'int64' },
        creationTimestamp: { tag: 8, type: 'Time' },
        deletionTimestamp: { tag: 9, type: 'Time', pointer: true },
        deletionGracePeriodSeconds: { tag: 10, type: 'int64', pointer: true },
        labels: { tag: 11, map: 'string' },
        annotations: { tag: 12, map: 'string' },
        ownerReferences: { tag: 13, list: 'OwnerReference', listType: 'map', keys: ['uid'], patch: 'merge', mergeKey: 'uid' },
        finalizers: { tag: 14, list: 'string', listType: 'set', patch: 'merge' },
        managedFields: { tag: 17, list: 'ManagedFieldsEntry', listType: 'atomic' },
      },
    },
    OwnerReference: {
      atomic: true,
      fields: {
        apiVersion: { tag: 5, type: 'string', required: true, always: true },
        kind: { tag: 1, type: 'string', required: true, always: true },
        name: { tag: 3, type: 'string', required: true, always: true },
        uid: { tag: 4, type: 'string', required: true, always: true },
        controller: { tag: 6, type: 'bool', pointer: true },
        blockOwnerDeletion: { tag: 7, type: 'bool', pointer: true },
      },
    },
    PartialObjectMetadata: {
      fields: {
        metadata: { tag: 1, type: 'ObjectMeta', always: true },
      },
    },
    PartialObjectMetadataList: {
      fields: {
        metadata: { tag: 1, type: 'ListMeta', always: true },
        items: { tag: 2, list: 'PartialObjectMetadata', always: true },
      },
    },
    Patch: {
      fields: {},
    },
    PatchOptions: {
      fields: {
        dryRun: { tag: 1, list: 'string' },
        force: { tag: 2, type: 'bool', pointer: true },
        fieldManager: { tag: 3, type: 'string' },
        fieldValidation: { tag: 4, type: 'string' },
      },
    },
    Preconditions: {
      fields: {
        uid: { tag: 1, type: 'string', pointer: true },
        resourceVersion: { tag: 2, type: 'string', pointer: true },
      },
    },
    RootPaths: {
      fields: {
        paths: { tag: 1, list: 'string', always: true },
      },
    },
    ServerAddressByClientCIDR: {
      fields: {
        clientCIDR: { tag: 1, type: 'string', required: true, always: true },
        serverAddress: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    ShardInfo: {
      fields: {
        selector: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    Status: {
      fields: {
        metadata: { tag: 1, type: 'ListMeta', always: true },
        status: { tag: 2, type: 'string' },
        message: { tag: 3, type: 'string' },
        reason: { tag: 4, type: 'string' },
        details: { tag: 5, type: 'StatusDetails', pointer: true },
        code: { tag: 6, type: 'int32' },
      },
    },
    StatusCause: {
      fields: {
        reason: { tag: 1, type: 'string' },
        message: { tag: 2, type: 'string' },
        field: { tag: 3, type: 'string' },
      },
    },
    StatusDetails: {
      fields: {
        name: { tag: 1, type: 'string' },
        group: { tag: 2, type: 'string' },
        kind: { tag: 3, type: 'string' },
        uid: { tag: 6, type: 'string' },
        causes: { tag: 4, list: 'StatusCause', listType: 'atomic' },
        retryAfterSeconds: { tag: 5, type: 'int32' },
      },
    },
    TableOptions: {
      fields: {
        includeObject: { tag: 1, type: 'string' },
      },
    },
    TypeMeta: {
      fields: {
        kind: { tag: 1, type: 'string' },
        apiVersion: { tag: 2, type: 'string' },
      },
    },
    UpdateOptions: {
      fields: {
        dryRun: { tag: 1, list: 'string' },
        fieldManager: { tag: 2, type: 'string' },
        fieldValidation: { tag: 3, type: 'string' },
      },
    },
    WatchEvent: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        object: { tag: 2, type: 'RawExtension', required: true, always: true },
      },
    },
  },
};

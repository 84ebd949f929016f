import type { GroupVersionData } from '../../schema/model.ts';

/** storage.k8s.io/v1. */
export const storageV1: GroupVersionData = {
  group: 'storage.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.storage.v1',
  resources: [
    {
      resource: 'csidrivers',
      singular: 'csidriver',
      kind: 'CSIDriver',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['AttachRequired', 'boolean', '', 0],
        ['PodInfoOnMount', 'boolean', '', 0],
        ['StorageCapacity', 'boolean', '', 0],
        ['TokenRequests', 'string', '', 0],
        ['RequiresRepublish', 'boolean', '', 0],
        ['Modes', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'csinodes',
      singular: 'csinode',
      kind: 'CSINode',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Drivers', 'integer', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'csistoragecapacities',
      singular: 'csistoragecapacity',
      kind: 'CSIStorageCapacity',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Created At', 'date', '', 0],
      ],
    },
    {
      resource: 'storageclasses',
      singular: 'storageclass',
      kind: 'StorageClass',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['sc'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Provisioner', 'string', '', 0],
        ['ReclaimPolicy', 'string', '', 0],
        ['VolumeBindingMode', 'string', '', 0],
        ['AllowVolumeExpansion', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'volumeattachments',
      singular: 'volumeattachment',
      kind: 'VolumeAttachment',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      subresources: {
        status: { kind: 'VolumeAttachment', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Attacher', 'string', 'name', 0],
        ['PV', 'string', '', 0],
        ['Node', 'string', '', 0],
        ['Attached', 'boolean', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'volumeattributesclasses',
      singular: 'volumeattributesclass',
      kind: 'VolumeAttributesClass',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['vac'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['DriverName', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    CSIDriver: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'CSIDriverSpec', required: true, always: true },
      },
    },
    CSIDriverList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'CSIDriver', required: true, always: true },
      },
    },
    CSIDriverSpec: {
      fields: {
        attachRequired: { tag: 1, type: 'bool', pointer: true },
        podInfoOnMount: { tag: 2, type: 'bool', pointer: true },
        volumeLifecycleModes: { tag: 3, list: 'string', listType: 'set' },
        storageCapacity: { tag: 4, type: 'bool', pointer: true },
        fsGroupPolicy: { tag: 5, type: 'string', pointer: true },
        tokenRequests: { tag: 6, list: 'TokenRequest', listType: 'atomic' },
        requiresRepublish: { tag: 7, type: 'bool', pointer: true },
        seLinuxMount: { tag: 8, type: 'bool', pointer: true },
        nodeAllocatableUpdatePeriodSeconds: { tag: 9, type: 'int64', pointer: true },
        serviceAccountTokenInSecrets: { tag: 10, type: 'bool', pointer: true },
        preventPodSchedulingIfMissing: { tag: 11, type: 'bool', pointer: true },
      },
    },
    CSINode: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'CSINodeSpec', required: true, always: true },
      },
    },
    CSINodeDriver: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        nodeID: { tag: 2, type: 'string', required: true, always: true },
        topologyKeys: { tag: 3, list: 'string', always: true, listType: 'atomic' },
        allocatable: { tag: 4, type: 'VolumeNodeResources', pointer: true },
      },
    },
    CSINodeList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'CSINode', required: true, always: true },
      },
    },
    CSINodeSpec: {
      fields: {
        drivers: { tag: 1, list: 'CSINodeDriver', required: true, always: true, listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
      },
    },
    CSIStorageCapacity: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        nodeTopology: { tag: 2, type: 'meta/v1.LabelSelector', pointer: true },
        storageClassName: { tag: 3, type: 'string', required: true, always: true },
        capacity: { tag: 4, type: 'Quantity', pointer: true },
        maximumVolumeSize: { tag: 5, type: 'Quantity', pointer: true },
      },
    },
    CSIStorageCapacityList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'CSIStorageCapacity', required: true, always: true },
      },
    },
    StorageClass: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        provisioner: { tag: 2, type: 'string', required: true, always: true },
        parameters: { tag: 3, map: 'string' },
        reclaimPolicy: { tag: 4, type: 'string', pointer: true, enum: ['Delete', 'Recycle', 'Retain'] },
        mountOptions: { tag: 5, list: 'string', listType: 'atomic' },
        allowVolumeExpansion: { tag: 6, type: 'bool', pointer: true },
        volumeBindingMode: { tag: 7, type: 'string', pointer: true, enum: ['Immediate', 'WaitForFirstConsumer'] },
        allowedTopologies: { tag: 8, list: 'core/v1.TopologySelectorTerm', listType: 'atomic' },
      },
    },
    StorageClassList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'StorageClass', required: true, always: true },
      },
    },
    TokenRequest: {
      fields: {
        audience: { tag: 1, type: 'string', required: true, always: true },
        expirationSeconds: { tag: 2, type: 'int64', pointer: true },
      },
    },
    VolumeAttachment: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'VolumeAttachmentSpec', required: true, always: true },
        status: { tag: 3, type: 'VolumeAttachmentStatus', always: true },
      },
    },
    VolumeAttachmentList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'VolumeAttachment', required: true, always: true },
      },
    },
    VolumeAttachmentSource: {
      fields: {
        persistentVolumeName: { tag: 1, type: 'string', pointer: true },
        inlineVolumeSpec: { tag: 2, type: 'core/v1.PersistentVolumeSpec', pointer: true },
      },
    },
    VolumeAttachmentSpec: {
      fields: {
        attacher: { tag: 1, type: 'string', required: true, always: true },
        source: { tag: 2, type: 'VolumeAttachmentSource', required: true, always: true },
        nodeName: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    VolumeAttachmentStatus: {
      fields: {
        attached: { tag: 1, type: 'bool', required: true, always: true },
        attachmentMetadata: { tag: 2, map: 'string' },
        attachError: { tag: 3, type: 'VolumeError', pointer: true },
        detachError: { tag: 4, type: 'VolumeError', pointer: true },
      },
    },
    VolumeAttributesClass: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        driverName: { tag: 2, type: 'string', required: true, always: true },
        parameters: { tag: 3, map: 'string' },
      },
    },
    VolumeAttributesClassList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'VolumeAttributesClass', required: true, always: true },
      },
    },
    VolumeError: {
      fields: {
        time: { tag: 1, type: 'Time', always: true },
        message: { tag: 2, type: 'string' },
        errorCode: { tag: 3, type: 'int32', pointer: true },
      },
    },
    VolumeNodeResources: {
      fields: {
        count: { tag: 1, type: 'int32', pointer: true },
      },
    },
  },
};

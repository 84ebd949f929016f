import type { GroupVersionData } from '../../schema/model.ts';

/** resource.k8s.io/v1. */
export const resourceV1: GroupVersionData = {
  group: 'resource.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.resource.v1',
  resources: [
    {
      resource: 'deviceclasses',
      singular: 'deviceclass',
      kind: 'DeviceClass',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'resourceclaims',
      singular: 'resourceclaim',
      kind: 'ResourceClaim',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      subresources: {
        status: { kind: 'ResourceClaim', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['State', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'resourceclaimtemplates',
      singular: 'resourceclaimtemplate',
      kind: 'ResourceClaimTemplate',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'resourceslices',
      singular: 'resourceslice',
      kind: 'ResourceSlice',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Node', 'string', '', 0],
        ['Driver', 'string', '', 0],
        ['Pool', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    AllocatedDeviceStatus: {
      fields: {
        driver: { tag: 1, type: 'string', required: true, always: true },
        pool: { tag: 2, type: 'string', required: true, always: true },
        device: { tag: 3, type: 'string', required: true, always: true },
        shareID: { tag: 7, type: 'string', pointer: true },
        conditions: { tag: 4, list: 'meta/v1.Condition', always: true, listType: 'map', keys: ['type'] },
        data: { tag: 5, type: 'RawExtension', pointer: true },
        networkData: { tag: 6, type: 'NetworkDeviceData', pointer: true },
      },
    },
    AllocationResult: {
      fields: {
        devices: { tag: 1, type: 'DeviceAllocationResult', always: true },
        nodeSelector: { tag: 3, type: 'core/v1.NodeSelector', pointer: true },
        allocationTimestamp: { tag: 5, type: 'Time', pointer: true },
      },
    },
    CELDeviceSelector: {
      fields: {
        expression: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    CapacityRequestPolicy: {
      fields: {
        default: { tag: 1, type: 'Quantity', pointer: true, always: true },
        validValues: { tag: 3, list: 'Quantity', listType: 'atomic' },
        validRange: { tag: 4, type: 'CapacityRequestPolicyRange', pointer: true },
      },
    },
    CapacityRequestPolicyRange: {
      fields: {
        min: { tag: 1, type: 'Quantity', required: true, pointer: true },
        max: { tag: 2, type: 'Quantity', pointer: true },
        step: { tag: 3, type: 'Quantity', pointer: true },
      },
    },
    CapacityRequirements: {
      fields: {
        requests: { tag: 1, map: 'Quantity' },
      },
    },
    Counter: {
      fields: {
        value: { tag: 1, type: 'Quantity', required: true, always: true },
      },
    },
    CounterSet: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        counters: { tag: 2, map: 'Counter', required: true },
      },
    },
    Device: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        attributes: { tag: 2, map: 'DeviceAttribute' },
        capacity: { tag: 3, map: 'DeviceCapacity' },
        consumesCounters: { tag: 4, list: 'DeviceCounterConsumption', listType: 'atomic' },
        nodeName: { tag: 5, type: 'string', pointer: true },
        nodeSelector: { tag: 6, type: 'core/v1.NodeSelector', pointer: true },
        allNodes: { tag: 7, type: 'bool', pointer: true },
        taints: { tag: 8, list: 'DeviceTaint', listType: 'atomic' },
        bindsToNode: { tag: 9, type: 'bool', pointer: true },
        bindingConditions: { tag: 10, list: 'string', listType: 'atomic' },
        bindingFailureConditions: { tag: 11, list: 'string', listType: 'atomic' },
        allowMultipleAllocations: { tag: 12, type: 'bool', pointer: true },
        nodeAllocatableResourceMappings: { tag: 13, map: 'NodeAllocatableResourceMapping' },
      },
    },
    DeviceAllocationConfiguration: {
      fields: {
        source: { tag: 1, type: 'string', required: true, always: true, enum: ['FromClaim', 'FromClass'] },
        requests: { tag: 2, list: 'string', listType: 'atomic' },
        deviceConfiguration: { tag: 3, type: 'DeviceConfiguration', inline: true },
      },
    },
    DeviceAllocationResult: {
      fields: {
        results: { tag: 1, list: 'DeviceRequestAllocationResult', listType: 'atomic' },
        config: { tag: 2, list: 'DeviceAllocationConfiguration', listType: 'atomic' },
      },
    },
    DeviceAttribute: {
      fields: {
        int: { tag: 2, type: 'int64', pointer: true },
        bool: { tag: 3, type: 'bool', pointer: true },
        string: { tag: 4, type: 'string', pointer: true },
        version: { tag: 5, type: 'string', pointer: true },
        ints: { tag: 6, list: 'int64', listType: 'atomic' },
        bools: { tag: 7, list: 'bool', listType: 'atomic' },
        strings: { tag: 8, list: 'string', listType: 'atomic' },
        versions: { tag: 9, list: 'string', listType: 'atomic' },
      },
    },
    DeviceCapacity: {
      fields: {
        value: { tag: 1, type: 'Quantity', required: true, always: true },
        requestPolicy: { tag: 2, type: 'CapacityRequestPolicy', pointer: true },
      },
    },
    DeviceClaim: {
      fields: {
        requests: { tag: 1, list: 'DeviceRequest', always: true, listType: 'atomic' },
        constraints: { tag: 2, list: 'DeviceConstraint', listType: 'atomic' },
        config: { tag: 3, list: 'DeviceClaimConfiguration', listType: 'atomic' },
      },
    },
    DeviceClaimConfiguration: {
      fields: {
        requests: { tag: 1, list: 'string', listType: 'atomic' },
        deviceConfiguration: { tag: 2, type: 'DeviceConfiguration', inline: true },
      },
    },
    DeviceClass: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'DeviceClassSpec', required: true, always: true },
      },
    },
    DeviceClassConfiguration: {
      fields: {
        deviceConfiguration: { tag: 1, type: 'DeviceConfiguration', inline: true },
      },
    },
    DeviceClassList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'DeviceClass', required: true, always: true },
      },
    },
    DeviceClassSpec: {
      fields: {
        selectors: { tag: 1, list: 'DeviceSelector', listType: 'atomic' },
        config: { tag: 2, list: 'DeviceClassConfiguration', listType: 'atomic' },
        extendedResourceName: { tag: 4, type: 'string', pointer: true },
      },
    },
    DeviceConfiguration: {
      fields: {
        opaque: { tag: 1, type: 'OpaqueDeviceConfiguration', pointer: true },
      },
    },
    DeviceConstraint: {
      fields: {
        requests: { tag: 1, list: 'string', listType: 'atomic' },
        matchAttribute: { tag: 2, type: 'string', pointer: true },
        distinctAttribute: { tag: 3, type: 'string', pointer: true },
      },
    },
    DeviceCounterConsumption: {
      fields: {
        counterSet: { tag: 1, type: 'string', required: true, always: true },
        counters: { tag: 2, map: 'Counter', required: true },
      },
    },
    DeviceRequest: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        exactly: { tag: 2, type: 'ExactDeviceRequest', pointer: true },
        firstAvailable: { tag: 3, list: 'DeviceSubRequest', listType: 'atomic' },
      },
    },
    DeviceRequestAllocationResult: {
      fields: {
        request: { tag: 1, type: 'string', required: true, always: true },
        driver: { tag: 2, type: 'string', required: true, always: true },
        pool: { tag: 3, type: 'string', required: true, always: true },
        device: { tag: 4, type: 'string', required: true, always: true },
        adminAccess: { tag: 5, type: 'bool', pointer: true },
        tolerations: { tag: 6, list: 'DeviceToleration', listType: 'atomic' },
        bindingConditions: { tag: 7, list: 'string', listType: 'atomic' },
        bindingFailureConditions: { tag: 8, list: 'string', listType: 'atomic' },
        shareID: { tag: 9, type: 'string', pointer: true },
        consumedCapacity: { tag: 10, map: 'Quantity' },
      },
    },
    DeviceSelector: {
      fields: {
        cel: { tag: 1, type: 'CELDeviceSelector', pointer: true },
      },
    },
    DeviceSubRequest: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        deviceClassName: { tag: 2, type: 'string', required: true, always: true },
        selectors: { tag: 3, list: 'DeviceSelector', listType: 'atomic' },
        allocationMode: { tag: 4, type: 'string', enum: ['All', 'ExactCount'] },
        count: { tag: 5, type: 'int64' },
        tolerations: { tag: 6, list: 'DeviceToleration', listType: 'atomic' },
        capacity: { tag: 7, type: 'CapacityRequirements', pointer: true },
      },
    },
    DeviceTaint: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        value: { tag: 2, type: 'string' },
        effect: { tag: 3, type: 'string', required: true, always: true, enum: ['NoExecute', 'NoSchedule', 'None'] },
        timeAdded: { tag: 4, type: 'Time', pointer: true },
      },
    },
    DeviceToleration: {
      fields: {
        key: { tag: 1, type: 'string' },
        operator: { tag: 2, type: 'string', default: 'Equal', enum: ['Equal', 'Exists'] },
        value: { tag: 3, type: 'string' },
        effect: { tag: 4, type: 'string', enum: ['NoExecute', 'NoSchedule', 'None'] },
        tolerationSeconds: { tag: 5, type: 'int64', pointer: true },
      },
    },
    ExactDeviceRequest: {
      fields: {
        deviceClassName: { tag: 1, type: 'string', required: true, always: true },
        selectors: { tag: 2, list: 'DeviceSelector', listType: 'atomic' },
        allocationMode: { tag: 3, type: 'string', enum: ['All', 'ExactCount'] },
        count: { tag: 4, type: 'int64' },
        adminAccess: { tag: 5, type: 'bool', pointer: true },
        tolerations: { tag: 6, list: 'DeviceToleration', listType: 'atomic' },
        capacity: { tag: 7, type: 'CapacityRequirements', pointer: true },
      },
    },
    NetworkDeviceData: {
      fields: {
        interfaceName: { tag: 1, type: 'string' },
        ips: { tag: 2, list: 'string', listType: 'atomic' },
        hardwareAddress: { tag: 3, type: 'string' },
      },
    },
    NodeAllocatableResourceMapping: {
      fields: {
        capacityKey: { tag: 1, type: 'string', pointer: true },
        allocationMultiplier: { tag: 2, type: 'Quantity', pointer: true },
      },
    },
    OpaqueDeviceConfiguration: {
      fields: {
        driver: { tag: 1, type: 'string', required: true, always: true },
        parameters: { tag: 2, type: 'RawExtension', required: true, always: true },
      },
    },
    ResourceClaim: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ResourceClaimSpec', required: true, always: true },
        status: { tag: 3, type: 'ResourceClaimStatus', always: true },
      },
    },
    ResourceClaimConsumerReference: {
      fields: {
        apiGroup: { tag: 1, type: 'string' },
        resource: { tag: 3, type: 'string', required: true, always: true },
        name: { tag: 4, type: 'string', required: true, always: true },
        uid: { tag: 5, type: 'string', required: true, always: true },
      },
    },
    ResourceClaimList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ResourceClaim', required: true, always: true },
      },
    },
    ResourceClaimSpec: {
      fields: {
        devices: { tag: 1, type: 'DeviceClaim', always: true },
      },
    },
    ResourceClaimStatus: {
      fields: {
        allocation: { tag: 1, type: 'AllocationResult', pointer: true },
        reservedFor: { tag: 2, list: 'ResourceClaimConsumerReference', listType: 'map', keys: ['uid'], patch: 'merge', mergeKey: 'uid' },
        devices: { tag: 4, list: 'AllocatedDeviceStatus', listType: 'map', keys: ['driver', 'device', 'pool', 'shareID'] },
      },
    },
    ResourceClaimTemplate: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ResourceClaimTemplateSpec', required: true, always: true },
      },
    },
    ResourceClaimTemplateList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ResourceClaimTemplate', required: true, always: true },
      },
    },
    ResourceClaimTemplateSpec: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ResourceClaimSpec', required: true, always: true },
      },
    },
    ResourcePool: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        generation: { tag: 2, type: 'int64', required: true, always: true },
        resourceSliceCount: { tag: 3, type: 'int64', required: true, always: true },
      },
    },
    ResourceSlice: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ResourceSliceSpec', required: true, always: true },
      },
    },
    ResourceSliceList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ResourceSlice', required: true, always: true },
      },
    },
    ResourceSliceSpec: {
      fields: {
        driver: { tag: 1, type: 'string', required: true, always: true },
        pool: { tag: 2, type: 'ResourcePool', required: true, always: true },
        nodeName: { tag: 3, type: 'string', pointer: true },
        nodeSelector: { tag: 4, type: 'core/v1.NodeSelector', pointer: true },
        allNodes: { tag: 5, type: 'bool', pointer: true },
        devices: { tag: 6, list: 'Device', listType: 'atomic' },
        perDeviceNodeSelection: { tag: 7, type: 'bool', pointer: true },
        sharedCounters: { tag: 8, list: 'CounterSet', listType: 'atomic' },
      },
    },
  },
};

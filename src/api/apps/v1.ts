import type { GroupVersionData } from '../../schema/model.ts';

/** apps/v1. */
export const appsV1: GroupVersionData = {
  group: 'apps',
  version: 'v1',
  package: 'k8s.io.api.apps.v1',
  resources: [
    {
      resource: 'controllerrevisions',
      singular: 'controllerrevision',
      kind: 'ControllerRevision',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Controller', 'string', '', 0],
        ['Revision', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'daemonsets',
      singular: 'daemonset',
      kind: 'DaemonSet',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['ds'],
      categories: ['all'],
      subresources: {
        status: { kind: 'DaemonSet', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Desired', 'integer', '', 0],
        ['Current', 'integer', '', 0],
        ['Ready', 'integer', '', 0],
        ['Up-to-date', 'integer', '', 0],
        ['Available', 'integer', '', 0],
        ['Node Selector', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Containers', 'string', '', 1],
        ['Images', 'string', '', 1],
        ['Selector', 'string', '', 1],
      ],
    },
    {
      resource: 'deployments',
      singular: 'deployment',
      kind: 'Deployment',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['deploy'],
      categories: ['all'],
      subresources: {
        scale: { kind: 'Scale', of: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'] },
        status: { kind: 'Deployment', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Ready', 'string', '', 0],
        ['Up-to-date', 'string', '', 0],
        ['Available', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Containers', 'string', '', 1],
        ['Images', 'string', '', 1],
        ['Selector', 'string', '', 1],
      ],
    },
    {
      resource: 'replicasets',
      singular: 'replicaset',
      kind: 'ReplicaSet',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['rs'],
      categories: ['all'],
      subresources: {
        scale: { kind: 'Scale', of: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'] },
        status: { kind: 'ReplicaSet', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Desired', 'integer', '', 0],
        ['Current', 'integer', '', 0],
        ['Ready', 'integer', '', 0],
        ['Age', 'string', '', 0],
        ['Containers', 'string', '', 1],
        ['Images', 'string', '', 1],
        ['Selector', 'string', '', 1],
      ],
    },
    {
      resource: 'statefulsets',
      singular: 'statefulset',
      kind: 'StatefulSet',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['sts'],
      categories: ['all'],
      subresources: {
        scale: { kind: 'Scale', of: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'] },
        status: { kind: 'StatefulSet', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Ready', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Containers', 'string', '', 1],
        ['Images', 'string', '', 1],
      ],
    },
  ],
  types: {
    ControllerRevision: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        data: { tag: 2, type: 'RawExtension', always: true },
        revision: { tag: 3, type: 'int64', required: true, always: true },
      },
    },
    ControllerRevisionList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ControllerRevision', required: true, always: true },
      },
    },
    DaemonSet: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'DaemonSetSpec', always: true },
        status: { tag: 3, type: 'DaemonSetStatus', always: true },
      },
    },
    DaemonSetCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    DaemonSetList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'DaemonSet', required: true, always: true },
      },
    },
    DaemonSetSpec: {
      fields: {
        selector: { tag: 1, type: 'meta/v1.LabelSelector', required: true, pointer: true, always: true },
        template: { tag: 2, type: 'core/v1.PodTemplateSpec', required: true, always: true },
        updateStrategy: { tag: 3, type: 'DaemonSetUpdateStrategy', always: true },
        minReadySeconds: { tag: 4, type: 'int32' },
        revisionHistoryLimit: { tag: 6, type: 'int32', pointer: true },
      },
    },
    DaemonSetStatus: {
      fields: {
        currentNumberScheduled: { tag: 1, type: 'int32', required: true, always: true },
        numberMisscheduled: { tag: 2, type: 'int32', required: true, always: true },
        desiredNumberScheduled: { tag: 3, type: 'int32', required: true, always: true },
        numberReady: { tag: 4, type: 'int32', required: true, always: true },
        observedGeneration: { tag: 5, type: 'int64' },
        updatedNumberScheduled: { tag: 6, type: 'int32' },
        numberAvailable: { tag: 7, type: 'int32' },
        numberUnavailable: { tag: 8, type: 'int32' },
        collisionCount: { tag: 9, type: 'int32', pointer: true },
        conditions: { tag: 10, list: 'DaemonSetCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    DaemonSetUpdateStrategy: {
      fields: {
        type: { tag: 1, type: 'string', enum: ['OnDelete', 'RollingUpdate'] },
        rollingUpdate: { tag: 2, type: 'RollingUpdateDaemonSet', pointer: true },
      },
    },
    Deployment: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'DeploymentSpec', always: true },
        status: { tag: 3, type: 'DeploymentStatus', always: true },
      },
    },
    DeploymentCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastUpdateTime: { tag: 6, type: 'Time', always: true },
        lastTransitionTime: { tag: 7, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    DeploymentList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Deployment', required: true, always: true },
      },
    },
    DeploymentSpec: {
      fields: {
        replicas: { tag: 1, type: 'int32', pointer: true },
        selector: { tag: 2, type: 'meta/v1.LabelSelector', required: true, pointer: true, always: true },
        template: { tag: 3, type: 'core/v1.PodTemplateSpec', required: true, always: true },
        strategy: { tag: 4, type: 'DeploymentStrategy', always: true, patch: 'retainKeys' },
        minReadySeconds: { tag: 5, type: 'int32' },
        revisionHistoryLimit: { tag: 6, type: 'int32', pointer: true },
        paused: { tag: 7, type: 'bool' },
        progressDeadlineSeconds: { tag: 9, type: 'int32', pointer: true },
      },
    },
    DeploymentStatus: {
      fields: {
        observedGeneration: { tag: 1, type: 'int64' },
        replicas: { tag: 2, type: 'int32' },
        updatedReplicas: { tag: 3, type: 'int32' },
        readyReplicas: { tag: 7, type: 'int32' },
        availableReplicas: { tag: 4, type: 'int32' },
        unavailableReplicas: { tag: 5, type: 'int32' },
        terminatingReplicas: { tag: 9, type: 'int32', pointer: true },
        conditions: { tag: 6, list: 'DeploymentCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
        collisionCount: { tag: 8, type: 'int32', pointer: true },
      },
    },
    DeploymentStrategy: {
      fields: {
        type: { tag: 1, type: 'string', enum: ['Recreate', 'RollingUpdate'] },
        rollingUpdate: { tag: 2, type: 'RollingUpdateDeployment', pointer: true },
      },
    },
    ReplicaSet: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ReplicaSetSpec', always: true },
        status: { tag: 3, type: 'ReplicaSetStatus', always: true },
      },
    },
    ReplicaSetCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    ReplicaSetList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ReplicaSet', required: true, always: true },
      },
    },
    ReplicaSetSpec: {
      fields: {
        replicas: { tag: 1, type: 'int32', pointer: true },
        minReadySeconds: { tag: 4, type: 'int32' },
        selector: { tag: 2, type: 'meta/v1.LabelSelector', required: true, pointer: true, always: true },
        template: { tag: 3, type: 'core/v1.PodTemplateSpec', always: true },
      },
    },
    ReplicaSetStatus: {
      fields: {
        replicas: { tag: 1, type: 'int32', required: true, always: true },
        fullyLabeledReplicas: { tag: 2, type: 'int32' },
        readyReplicas: { tag: 4, type: 'int32' },
        availableReplicas: { tag: 5, type: 'int32' },
        terminatingReplicas: { tag: 7, type: 'int32', pointer: true },
        observedGeneration: { tag: 3, type: 'int64' },
        conditions: { tag: 6, list: 'ReplicaSetCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    RollingUpdateDaemonSet: {
      fields: {
        maxUnavailable: { tag: 1, type: 'IntOrString', pointer: true },
        maxSurge: { tag: 2, type: 'IntOrString', pointer: true },
      },
    },
    RollingUpdateDeployment: {
      fields: {
        maxUnavailable: { tag: 1, type: 'IntOrString', pointer: true },
        maxSurge: { tag: 2, type: 'IntOrString', pointer: true },
      },
    },
    RollingUpdateStatefulSetStrategy: {
      fields: {
        partition: { tag: 1, type: 'int32', pointer: true },
        maxUnavailable: { tag: 2, type: 'IntOrString', pointer: true },
      },
    },
    StatefulSet: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'StatefulSetSpec', always: true },
        status: { tag: 3, type: 'StatefulSetStatus', always: true },
      },
    },
    StatefulSetCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    StatefulSetList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'StatefulSet', required: true, always: true },
      },
    },
    StatefulSetOrdinals: {
      fields: {
        start: { tag: 1, type: 'int32', always: true },
      },
    },
    StatefulSetPersistentVolumeClaimRetentionPolicy: {
      fields: {
        whenDeleted: { tag: 1, type: 'string' },
        whenScaled: { tag: 2, type: 'string' },
      },
    },
    StatefulSetSpec: {
      fields: {
        replicas: { tag: 1, type: 'int32', pointer: true },
        selector: { tag: 2, type: 'meta/v1.LabelSelector', required: true, pointer: true, always: true },
        template: { tag: 3, type: 'core/v1.PodTemplateSpec', required: true, always: true },
        volumeClaimTemplates: { tag: 4, list: 'core/v1.PersistentVolumeClaim', listType: 'atomic' },
        serviceName: { tag: 5, type: 'string', always: true },
        podManagementPolicy: { tag: 6, type: 'string', enum: ['OrderedReady', 'Parallel'] },
        updateStrategy: { tag: 7, type: 'StatefulSetUpdateStrategy', always: true },
        revisionHistoryLimit: { tag: 8, type: 'int32', pointer: true },
        minReadySeconds: { tag: 9, type: 'int32' },
        persistentVolumeClaimRetentionPolicy: { tag: 10, type: 'StatefulSetPersistentVolumeClaimRetentionPolicy', pointer: true },
        ordinals: { tag: 11, type: 'StatefulSetOrdinals', pointer: true },
      },
    },
    StatefulSetStatus: {
      fields: {
        observedGeneration: { tag: 1, type: 'int64' },
        replicas: { tag: 2, type: 'int32', required: true, always: true },
        readyReplicas: { tag: 3, type: 'int32' },
        currentReplicas: { tag: 4, type: 'int32' },
        updatedReplicas: { tag: 5, type: 'int32' },
        currentRevision: { tag: 6, type: 'string' },
        updateRevision: { tag: 7, type: 'string' },
        collisionCount: { tag: 9, type: 'int32', pointer: true },
        conditions: { tag: 10, list: 'StatefulSetCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
        availableReplicas: { tag: 11, type: 'int32', always: true },
      },
    },
    StatefulSetUpdateStrategy: {
      fields: {
        type: { tag: 1, type: 'string', enum: ['OnDelete', 'RollingUpdate'] },
        rollingUpdate: { tag: 2, type: 'RollingUpdateStatefulSetStrategy', pointer: true },
      },
    },
  },
};

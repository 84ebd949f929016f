import type { GroupVersionData } from '../../schema/model.ts';

/** core/v1. */
export const coreV1: GroupVersionData = {
  group: '',
  version: 'v1',
  package: 'k8s.io.api.core.v1',
  resources: [
    {
      resource: 'bindings',
      singular: 'binding',
      kind: 'Binding',
      namespaced: true,
      verbs: ['create'],
    },
    {
      resource: 'componentstatuses',
      singular: 'componentstatus',
      kind: 'ComponentStatus',
      namespaced: false,
      verbs: ['get', 'list'],
      shortNames: ['cs'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Status', 'string', '', 0],
        ['Message', 'string', '', 0],
        ['Error', 'string', '', 0],
      ],
    },
    {
      resource: 'configmaps',
      singular: 'configmap',
      kind: 'ConfigMap',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['cm'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Data', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'endpoints',
      singular: 'endpoints',
      kind: 'Endpoints',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['ep'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Endpoints', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'events',
      singular: 'event',
      kind: 'Event',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['ev'],
      columns: [
        ['Last Seen', 'string', '', 0],
        ['Type', 'string', '', 0],
        ['Reason', 'string', '', 0],
        ['Object', 'string', '', 0],
        ['Subobject', 'string', '', 1],
        ['Source', 'string', '', 1],
        ['Message', 'string', '', 0],
        ['First Seen', 'string', '', 1],
        ['Count', 'string', '', 1],
        ['Name', 'string', 'name', 1],
      ],
    },
    {
      resource: 'limitranges',
      singular: 'limitrange',
      kind: 'LimitRange',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['limits'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Created At', 'date', '', 0],
      ],
    },
    {
      resource: 'namespaces',
      singular: 'namespace',
      kind: 'Namespace',
      namespaced: false,
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['ns'],
      subresources: {
        finalize: { kind: 'Namespace', verbs: ['update'] },
        status: { kind: 'Namespace', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Status', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'nodes',
      singular: 'node',
      kind: 'Node',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['no'],
      subresources: {
        proxy: { kind: 'NodeProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
        status: { kind: 'Node', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Status', 'string', '', 0],
        ['Roles', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Version', 'string', '', 0],
        ['Internal-IP', 'string', '', 1],
        ['External-IP', 'string', '', 1],
        ['OS-Image', 'string', '', 1],
        ['Kernel-Version', 'string', '', 1],
        ['Container-Runtime', 'string', '', 1],
      ],
    },
    {
      resource: 'persistentvolumeclaims',
      singular: 'persistentvolumeclaim',
      kind: 'PersistentVolumeClaim',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['pvc'],
      subresources: {
        status: { kind: 'PersistentVolumeClaim', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Status', 'string', '', 0],
        ['Volume', 'string', '', 0],
        ['Capacity', 'string', '', 0],
        ['Access Modes', 'string', '', 0],
        ['StorageClass', 'string', '', 0],
        ['VolumeAttributesClass', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['VolumeMode', 'string', '', 1],
      ],
    },
    {
      resource: 'persistentvolumes',
      singular: 'persistentvolume',
      kind: 'PersistentVolume',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['pv'],
      subresources: {
        status: { kind: 'PersistentVolume', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Capacity', 'string', '', 0],
        ['Access Modes', 'string', '', 0],
        ['Reclaim Policy', 'string', '', 0],
        ['Status', 'string', '', 0],
        ['Claim', 'string', '', 0],
        ['StorageClass', 'string', '', 0],
        ['VolumeAttributesClass', 'string', '', 0],
        ['Reason', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['VolumeMode', 'string', '', 1],
      ],
    },
    {
      resource: 'pods',
      singular: 'pod',
      kind: 'Pod',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
      subresources: {
        attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
        binding: { kind: 'Binding', verbs: ['create'] },
        ephemeralcontainers: { kind: 'Pod', verbs: ['get', 'patch', 'update'] },
        eviction: { kind: 'Eviction', of: ['policy', 'v1'], verbs: ['create'] },
        exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
        log: { kind: 'Pod', verbs: ['get'] },
        portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
        proxy: { kind: 'PodProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
        resize: { kind: 'Pod', verbs: ['get', 'patch', 'update'] },
        status: { kind: 'Pod', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Ready', 'string', '', 0],
        ['Status', 'string', '', 0],
        ['Restarts', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['IP', 'string', '', 1],
        ['Node', 'string', '', 1],
        ['Nominated Node', 'string', '', 1],
        ['Readiness Gates', 'string', '', 1],
      ],
    },
    {
      resource: 'podtemplates',
      singular: 'podtemplate',
      kind: 'PodTemplate',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Containers', 'string', '', 0],
        ['Images', 'string', '', 0],
        ['Pod Labels', 'string', '', 0],
      ],
    },
    {
      resource: 'replicationcontrollers',
      singular: 'replicationcontroller',
      kind: 'ReplicationController',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['rc'],
      categories: ['all'],
      subresources: {
        scale: { kind: 'Scale', of: ['autoscaling', 'v1'], verbs: ['get', 'patch', 'update'] },
        status: { kind: 'ReplicationController', verbs: ['get', 'patch', 'update'] },
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
      resource: 'resourcequotas',
      singular: 'resourcequota',
      kind: 'ResourceQuota',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['quota'],
      subresources: {
        status: { kind: 'ResourceQuota', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Request', 'string', '', 0],
        ['Limit', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'secrets',
      singular: 'secret',
      kind: 'Secret',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Type', 'string', '', 0],
        ['Data', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'serviceaccounts',
      singular: 'serviceaccount',
      kind: 'ServiceAccount',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['sa'],
      subresources: {
        token: { kind: 'TokenRequest', of: ['authentication.k8s.io', 'v1'], verbs: ['create'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'services',
      singular: 'service',
      kind: 'Service',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['svc'],
      categories: ['all'],
      subresources: {
        proxy: { kind: 'ServiceProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
        status: { kind: 'Service', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Type', 'string', '', 0],
        ['Cluster-IP', 'string', '', 0],
        ['External-IP', 'string', '', 0],
        ['Port(s)', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Selector', 'string', '', 1],
      ],
    },
  ],
  types: {
    AWSElasticBlockStoreVolumeSource: {
      fields: {
        volumeID: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        partition: { tag: 3, type: 'int32' },
        readOnly: { tag: 4, type: 'bool' },
      },
    },
    Affinity: {
      fields: {
        nodeAffinity: { tag: 1, type: 'NodeAffinity', pointer: true },
        podAffinity: { tag: 2, type: 'PodAffinity', pointer: true },
        podAntiAffinity: { tag: 3, type: 'PodAntiAffinity', pointer: true },
      },
    },
    AppArmorProfile: {
      unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }],
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true, enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] },
        localhostProfile: { tag: 2, type: 'string', pointer: true },
      },
    },
    AttachedVolume: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        devicePath: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    AvoidPods: {
      fields: {
        preferAvoidPods: { tag: 1, list: 'PreferAvoidPodsEntry' },
      },
    },
    AzureDiskVolumeSource: {
      fields: {
        diskName: { tag: 1, type: 'string', required: true, always: true },
        diskURI: { tag: 2, type: 'string', required: true, always: true },
        cachingMode: { tag: 3, type: 'string', pointer: true, enum: ['None', 'ReadOnly', 'ReadWrite'] },
        fsType: { tag: 4, type: 'string', pointer: true, default: 'ext4' },
        readOnly: { tag: 5, type: 'bool', pointer: true, default: false },
        kind: { tag: 6, type: 'string', pointer: true, enum: ['Dedicated', 'Managed', 'Shared'] },
      },
    },
    AzureFilePersistentVolumeSource: {
      fields: {
        secretName: { tag: 1, type: 'string', required: true, always: true },
        shareName: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
        secretNamespace: { tag: 4, type: 'string', pointer: true, always: true },
      },
    },
    AzureFileVolumeSource: {
      fields: {
        secretName: { tag: 1, type: 'string', required: true, always: true },
        shareName: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
      },
    },
    Binding: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        target: { tag: 2, type: 'ObjectReference', required: true, always: true },
      },
    },
    CSIPersistentVolumeSource: {
      fields: {
        driver: { tag: 1, type: 'string', required: true, always: true },
        volumeHandle: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
        fsType: { tag: 4, type: 'string' },
        volumeAttributes: { tag: 5, map: 'string' },
        controllerPublishSecretRef: { tag: 6, type: 'SecretReference', pointer: true },
        nodeStageSecretRef: { tag: 7, type: 'SecretReference', pointer: true },
        nodePublishSecretRef: { tag: 8, type: 'SecretReference', pointer: true },
        controllerExpandSecretRef: { tag: 9, type: 'SecretReference', pointer: true },
        nodeExpandSecretRef: { tag: 10, type: 'SecretReference', pointer: true },
      },
    },
    CSIVolumeSource: {
      fields: {
        driver: { tag: 1, type: 'string', required: true, always: true },
        readOnly: { tag: 2, type: 'bool', pointer: true },
        fsType: { tag: 3, type: 'string', pointer: true },
        volumeAttributes: { tag: 4, map: 'string' },
        nodePublishSecretRef: { tag: 5, type: 'LocalObjectReference', pointer: true },
      },
    },
    Capabilities: {
      fields: {
        add: { tag: 1, list: 'string', listType: 'atomic' },
        drop: { tag: 2, list: 'string', listType: 'atomic' },
      },
    },
    CephFSPersistentVolumeSource: {
      fields: {
        monitors: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        path: { tag: 2, type: 'string' },
        user: { tag: 3, type: 'string' },
        secretFile: { tag: 4, type: 'string' },
        secretRef: { tag: 5, type: 'SecretReference', pointer: true },
        readOnly: { tag: 6, type: 'bool' },
      },
    },
    CephFSVolumeSource: {
      fields: {
        monitors: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        path: { tag: 2, type: 'string' },
        user: { tag: 3, type: 'string' },
        secretFile: { tag: 4, type: 'string' },
        secretRef: { tag: 5, type: 'LocalObjectReference', pointer: true },
        readOnly: { tag: 6, type: 'bool' },
      },
    },
    CinderPersistentVolumeSource: {
      fields: {
        volumeID: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        readOnly: { tag: 3, type: 'bool' },
        secretRef: { tag: 4, type: 'SecretReference', pointer: true },
      },
    },
    CinderVolumeSource: {
      fields: {
        volumeID: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        readOnly: { tag: 3, type: 'bool' },
        secretRef: { tag: 4, type: 'LocalObjectReference', pointer: true },
      },
    },
    ClientIPConfig: {
      fields: {
        timeoutSeconds: { tag: 1, type: 'int32', pointer: true },
      },
    },
    ClusterTrustBundleProjection: {
      fields: {
        name: { tag: 1, type: 'string', pointer: true },
        signerName: { tag: 2, type: 'string', pointer: true },
        labelSelector: { tag: 3, type: 'meta/v1.LabelSelector', pointer: true },
        optional: { tag: 5, type: 'bool', pointer: true },
        path: { tag: 4, type: 'string', required: true, always: true },
      },
    },
    ComponentCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        message: { tag: 3, type: 'string' },
        error: { tag: 4, type: 'string' },
      },
    },
    ComponentStatus: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        conditions: { tag: 2, list: 'ComponentCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    ComponentStatusList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ComponentStatus', required: true, always: true },
      },
    },
    ConfigMap: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        immutable: { tag: 4, type: 'bool', pointer: true },
        data: { tag: 2, map: 'string' },
        binaryData: { tag: 3, map: 'bytes' },
      },
    },
    ConfigMapEnvSource: {
      fields: {
        localObjectReference: { tag: 1, type: 'LocalObjectReference', inline: true },
        optional: { tag: 2, type: 'bool', pointer: true },
      },
    },
    ConfigMapKeySelector: {
      atomic: true,
      fields: {
        localObjectReference: { tag: 1, type: 'LocalObjectReference', inline: true },
        key: { tag: 2, type: 'string', required: true, always: true },
        optional: { tag: 3, type: 'bool', pointer: true },
      },
    },
    ConfigMapList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ConfigMap', required: true, always: true },
      },
    },
    ConfigMapNodeConfigSource: {
      fields: {
        namespace: { tag: 1, type: 'string', required: true, always: true },
        name: { tag: 2, type: 'string', required: true, always: true },
        uid: { tag: 3, type: 'string' },
        resourceVersion: { tag: 4, type: 'string' },
        kubeletConfigKey: { tag: 5, type: 'string', required: true, always: true },
      },
    },
    ConfigMapProjection: {
      fields: {
        localObjectReference: { tag: 1, type: 'LocalObjectReference', inline: true },
        items: { tag: 2, list: 'KeyToPath', listType: 'atomic' },
        optional: { tag: 4, type: 'bool', pointer: true },
      },
    },
    ConfigMapVolumeSource: {
      fields: {
        localObjectReference: { tag: 1, type: 'LocalObjectReference', inline: true },
        items: { tag: 2, list: 'KeyToPath', listType: 'atomic' },
        defaultMode: { tag: 3, type: 'int32', pointer: true },
        optional: { tag: 4, type: 'bool', pointer: true },
      },
    },
    Container: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        image: { tag: 2, type: 'string' },
        command: { tag: 3, list: 'string', listType: 'atomic' },
        args: { tag: 4, list: 'string', listType: 'atomic' },
        workingDir: { tag: 5, type: 'string' },
        ports: { tag: 6, list: 'ContainerPort', listType: 'map', keys: ['containerPort', 'protocol'], patch: 'merge', mergeKey: 'containerPort' },
        envFrom: { tag: 19, list: 'EnvFromSource', listType: 'atomic' },
        env: { tag: 7, list: 'EnvVar', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        resources: { tag: 8, type: 'ResourceRequirements', always: true },
        resizePolicy: { tag: 23, list: 'ContainerResizePolicy', listType: 'atomic' },
        restartPolicy: { tag: 24, type: 'string', pointer: true },
        restartPolicyRules: { tag: 25, list: 'ContainerRestartRule', listType: 'atomic' },
        volumeMounts: { tag: 9, list: 'VolumeMount', listType: 'map', keys: ['mountPath'], patch: 'merge', mergeKey: 'mountPath' },
        volumeDevices: { tag: 21, list: 'VolumeDevice', listType: 'map', keys: ['devicePath'], patch: 'merge', mergeKey: 'devicePath' },
        livenessProbe: { tag: 10, type: 'Probe', pointer: true },
        readinessProbe: { tag: 11, type: 'Probe', pointer: true },
        startupProbe: { tag: 22, type: 'Probe', pointer: true },
        lifecycle: { tag: 12, type: 'Lifecycle', pointer: true },
        terminationMessagePath: { tag: 13, type: 'string' },
        terminationMessagePolicy: { tag: 20, type: 'string', enum: ['FallbackToLogsOnError', 'File'] },
        imagePullPolicy: { tag: 14, type: 'string', enum: ['Always', 'IfNotPresent', 'Never'] },
        securityContext: { tag: 15, type: 'SecurityContext', pointer: true },
        stdin: { tag: 16, type: 'bool' },
        stdinOnce: { tag: 17, type: 'bool' },
        tty: { tag: 18, type: 'bool' },
      },
    },
    ContainerExtendedResourceRequest: {
      fields: {
        containerName: { tag: 1, type: 'string', required: true, always: true },
        resourceName: { tag: 2, type: 'string', required: true, always: true },
        requestName: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    ContainerImage: {
      fields: {
        names: { tag: 1, list: 'string', always: true, listType: 'atomic' },
        sizeBytes: { tag: 2, type: 'int64' },
      },
    },
    ContainerPort: {
      fields: {
        name: { tag: 1, type: 'string' },
        hostPort: { tag: 2, type: 'int32' },
        containerPort: { tag: 3, type: 'int32', required: true, always: true },
        protocol: { tag: 4, type: 'string', default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
        hostIP: { tag: 5, type: 'string' },
      },
    },
    ContainerResizePolicy: {
      fields: {
        resourceName: { tag: 1, type: 'string', required: true, always: true },
        restartPolicy: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    ContainerRestartRule: {
      fields: {
        action: { tag: 1, type: 'string', required: true },
        exitCodes: { tag: 2, type: 'ContainerRestartRuleOnExitCodes', pointer: true },
      },
    },
    ContainerRestartRuleOnExitCodes: {
      fields: {
        operator: { tag: 1, type: 'string', required: true },
        values: { tag: 2, list: 'int32', listType: 'set' },
      },
    },
    ContainerState: {
      fields: {
        waiting: { tag: 1, type: 'ContainerStateWaiting', pointer: true },
        running: { tag: 2, type: 'ContainerStateRunning', pointer: true },
        terminated: { tag: 3, type: 'ContainerStateTerminated', pointer: true },
      },
    },
    ContainerStateRunning: {
      fields: {
        startedAt: { tag: 1, type: 'Time', always: true },
      },
    },
    ContainerStateTerminated: {
      fields: {
        exitCode: { tag: 1, type: 'int32', required: true, always: true },
        signal: { tag: 2, type: 'int32' },
        reason: { tag: 3, type: 'string' },
        message: { tag: 4, type: 'string' },
        startedAt: { tag: 5, type: 'Time', always: true },
        finishedAt: { tag: 6, type: 'Time', always: true },
        containerID: { tag: 7, type: 'string' },
      },
    },
    ContainerStateWaiting: {
      fields: {
        reason: { tag: 1, type: 'string' },
        message: { tag: 2, type: 'string' },
      },
    },
    ContainerStatus: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        state: { tag: 2, type: 'ContainerState', always: true },
        lastState: { tag: 3, type: 'ContainerState', always: true },
        ready: { tag: 4, type: 'bool', required: true, always: true },
        restartCount: { tag: 5, type: 'int32', required: true, always: true },
        image: { tag: 6, type: 'string', required: true, always: true },
        imageID: { tag: 7, type: 'string', required: true, always: true },
        containerID: { tag: 8, type: 'string' },
        started: { tag: 9, type: 'bool', pointer: true },
        allocatedResources: { tag: 10, map: 'Quantity' },
        resources: { tag: 11, type: 'ResourceRequirements', pointer: true },
        volumeMounts: { tag: 12, list: 'VolumeMountStatus', listType: 'map', keys: ['mountPath'], patch: 'merge', mergeKey: 'mountPath' },
        user: { tag: 13, type: 'ContainerUser', pointer: true },
        allocatedResourcesStatus: { tag: 14, list: 'ResourceStatus', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        stopSignal: {
          tag: 15,
          type: 'string',
          pointer: true,
          enum: [
            'SIGABRT',
            'SIGALRM',
            'SIGBUS',
            'SIGCHLD',
            'SIGCLD',
            'SIGCONT',
            'SIGFPE',
            'SIGHUP',
            'SIGILL',
            'SIGINT',
            'SIGIO',
            'SIGIOT',
            'SIGKILL',
            'SIGPIPE',
            'SIGPOLL',
            'SIGPROF',
            'SIGPWR',
            'SIGQUIT',
            'SIGRTMAX',
            'SIGRTMAX-1',
            'SIGRTMAX-10',
            'SIGRTMAX-11',
            'SIGRTMAX-12',
            'SIGRTMAX-13',
            'SIGRTMAX-14',
            'SIGRTMAX-2',
            'SIGRTMAX-3',
            'SIGRTMAX-4',
            'SIGRTMAX-5',
            'SIGRTMAX-6',
            'SIGRTMAX-7',
            'SIGRTMAX-8',
            'SIGRTMAX-9',
            'SIGRTMIN',
            'SIGRTMIN+1',
            'SIGRTMIN+10',
            'SIGRTMIN+11',
            'SIGRTMIN+12',
            'SIGRTMIN+13',
            'SIGRTMIN+14',
            'SIGRTMIN+15',
            'SIGRTMIN+2',
            'SIGRTMIN+3',
            'SIGRTMIN+4',
            'SIGRTMIN+5',
            'SIGRTMIN+6',
            'SIGRTMIN+7',
            'SIGRTMIN+8',
            'SIGRTMIN+9',
            'SIGSEGV',
            'SIGSTKFLT',
            'SIGSTOP',
            'SIGSYS',
            'SIGTERM',
            'SIGTRAP',
            'SIGTSTP',
            'SIGTTIN',
            'SIGTTOU',
            'SIGURG',
            'SIGUSR1',
            'SIGUSR2',
            'SIGVTALRM',
            'SIGWINCH',
            'SIGXCPU',
            'SIGXFSZ',
          ],
        },
      },
    },
    ContainerUser: {
      fields: {
        linux: { tag: 1, type: 'LinuxContainerUser', pointer: true },
      },
    },
    DaemonEndpoint: {
      fields: {
        Port: { tag: 1, type: 'int32', required: true, always: true },
      },
    },
    DownwardAPIProjection: {
      fields: {
        items: { tag: 1, list: 'DownwardAPIVolumeFile', listType: 'atomic' },
      },
    },
    DownwardAPIVolumeFile: {
      fields: {
        path: { tag: 1, type: 'string', required: true, always: true },
        fieldRef: { tag: 2, type: 'ObjectFieldSelector', pointer: true },
        resourceFieldRef: { tag: 3, type: 'ResourceFieldSelector', pointer: true },
        mode: { tag: 4, type: 'int32', pointer: true },
      },
    },
    DownwardAPIVolumeSource: {
      fields: {
        items: { tag: 1, list: 'DownwardAPIVolumeFile', listType: 'atomic' },
        defaultMode: { tag: 2, type: 'int32', pointer: true },
      },
    },
    EmptyDirVolumeSource: {
      fields: {
        medium: { tag: 1, type: 'string' },
        sizeLimit: { tag: 2, type: 'Quantity', pointer: true },
      },
    },
    EndpointAddress: {
      atomic: true,
      fields: {
        ip: { tag: 1, type: 'string', required: true, always: true },
        hostname: { tag: 3, type: 'string' },
        nodeName: { tag: 4, type: 'string', pointer: true },
        targetRef: { tag: 2, type: 'ObjectReference', pointer: true },
      },
    },
    EndpointPort: {
      atomic: true,
      fields: {
        name: { tag: 1, type: 'string' },
        port: { tag: 2, type: 'int32', required: true, always: true },
        protocol: { tag: 3, type: 'string', enum: ['SCTP', 'TCP', 'UDP'] },
        appProtocol: { tag: 4, type: 'string', pointer: true },
      },
    },
    EndpointSubset: {
      fields: {
        addresses: { tag: 1, list: 'EndpointAddress', listType: 'atomic' },
        notReadyAddresses: { tag: 2, list: 'EndpointAddress', listType: 'atomic' },
        ports: { tag: 3, list: 'EndpointPort', listType: 'atomic' },
      },
    },
    Endpoints: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        subsets: { tag: 2, list: 'EndpointSubset', listType: 'atomic' },
      },
    },
    EndpointsList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Endpoints', required: true, always: true },
      },
    },
    EnvFromSource: {
      fields: {
        prefix: { tag: 1, type: 'string' },
        configMapRef: { tag: 2, type: 'ConfigMapEnvSource', pointer: true },
        secretRef: { tag: 3, type: 'SecretEnvSource', pointer: true },
      },
    },
    EnvVar: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        value: { tag: 2, type: 'string' },
        valueFrom: { tag: 3, type: 'EnvVarSource', pointer: true },
      },
    },
    EnvVarSource: {
      fields: {
        fieldRef: { tag: 1, type: 'ObjectFieldSelector', pointer: true },
        resourceFieldRef: { tag: 2, type: 'ResourceFieldSelector', pointer: true },
        configMapKeyRef: { tag: 3, type: 'ConfigMapKeySelector', pointer: true },
        secretKeyRef: { tag: 4, type: 'SecretKeySelector', pointer: true },
        fileKeyRef: { tag: 5, type: 'FileKeySelector', pointer: true },
      },
    },
    EphemeralContainer: {
      fields: {
        ephemeralContainerCommon: { tag: 1, type: 'EphemeralContainerCommon', inline: true },
        targetContainerName: { tag: 2, type: 'string' },
      },
    },
    EphemeralContainerCommon: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        image: { tag: 2, type: 'string' },
        command: { tag: 3, list: 'string', listType: 'atomic' },
        args: { tag: 4, list: 'string', listType: 'atomic' },
        workingDir: { tag: 5, type: 'string' },
        ports: { tag: 6, list: 'ContainerPort', listType: 'map', keys: ['containerPort', 'protocol'], patch: 'merge', mergeKey: 'containerPort' },
        envFrom: { tag: 19, list: 'EnvFromSource', listType: 'atomic' },
        env: { tag: 7, list: 'EnvVar', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        resources: { tag: 8, type: 'ResourceRequirements', always: true },
        resizePolicy: { tag: 23, list: 'ContainerResizePolicy', listType: 'atomic' },
        restartPolicy: { tag: 24, type: 'string', pointer: true },
        restartPolicyRules: { tag: 25, list: 'ContainerRestartRule', listType: 'atomic' },
        volumeMounts: { tag: 9, list: 'VolumeMount', listType: 'map', keys: ['mountPath'], patch: 'merge', mergeKey: 'mountPath' },
        volumeDevices: { tag: 21, list: 'VolumeDevice', listType: 'map', keys: ['devicePath'], patch: 'merge', mergeKey: 'devicePath' },
        livenessProbe: { tag: 10, type: 'Probe', pointer: true },
        readinessProbe: { tag: 11, type: 'Probe', pointer: true },
        startupProbe: { tag: 22, type: 'Probe', pointer: true },
        lifecycle: { tag: 12, type: 'Lifecycle', pointer: true },
        terminationMessagePath: { tag: 13, type: 'string' },
        terminationMessagePolicy: { tag: 20, type: 'string', enum: ['FallbackToLogsOnError', 'File'] },
        imagePullPolicy: { tag: 14, type: 'string', enum: ['Always', 'IfNotPresent', 'Never'] },
        securityContext: { tag: 15, type: 'SecurityContext', pointer: true },
        stdin: { tag: 16, type: 'bool' },
        stdinOnce: { tag: 17, type: 'bool' },
        tty: { tag: 18, type: 'bool' },
      },
    },
    EphemeralVolumeSource: {
      fields: {
        volumeClaimTemplate: { tag: 1, type: 'PersistentVolumeClaimTemplate', pointer: true },
      },
    },
    Event: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', required: true, always: true },
        involvedObject: { tag: 2, type: 'ObjectReference', required: true, always: true },
        reason: { tag: 3, type: 'string' },
        message: { tag: 4, type: 'string' },
        source: { tag: 5, type: 'EventSource', always: true },
        firstTimestamp: { tag: 6, type: 'Time', always: true },
        lastTimestamp: { tag: 7, type: 'Time', always: true },
        count: { tag: 8, type: 'int32' },
        type: { tag: 9, type: 'string' },
        eventTime: { tag: 10, type: 'MicroTime', always: true },
        series: { tag: 11, type: 'EventSeries', pointer: true },
        action: { tag: 12, type: 'string' },
        related: { tag: 13, type: 'ObjectReference', pointer: true },
        reportingComponent: { tag: 14, type: 'string', always: true },
        reportingInstance: { tag: 15, type: 'string', always: true },
      },
    },
    EventList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Event', required: true, always: true },
      },
    },
    EventSeries: {
      fields: {
        count: { tag: 1, type: 'int32' },
        lastObservedTime: { tag: 2, type: 'MicroTime', always: true },
      },
    },
    EventSource: {
      fields: {
        component: { tag: 1, type: 'string' },
        host: { tag: 2, type: 'string' },
      },
    },
    ExecAction: {
      fields: {
        command: { tag: 1, list: 'string', listType: 'atomic' },
      },
    },
    FCVolumeSource: {
      fields: {
        targetWWNs: { tag: 1, list: 'string', listType: 'atomic' },
        lun: { tag: 2, type: 'int32', pointer: true },
        fsType: { tag: 3, type: 'string' },
        readOnly: { tag: 4, type: 'bool' },
        wwids: { tag: 5, list: 'string', listType: 'atomic' },
      },
    },
    FileKeySelector: {
      atomic: true,
      fields: {
        volumeName: { tag: 1, type: 'string', required: true, always: true },
        path: { tag: 2, type: 'string', required: true, always: true },
        key: { tag: 3, type: 'string', required: true, always: true },
        optional: { tag: 4, type: 'bool', pointer: true, default: false },
      },
    },
    FlexPersistentVolumeSource: {
      fields: {
        driver: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        secretRef: { tag: 3, type: 'SecretReference', pointer: true },
        readOnly: { tag: 4, type: 'bool' },
        options: { tag: 5, map: 'string' },
      },
    },
    FlexVolumeSource: {
      fields: {
        driver: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        secretRef: { tag: 3, type: 'LocalObjectReference', pointer: true },
        readOnly: { tag: 4, type: 'bool' },
        options: { tag: 5, map: 'string' },
      },
    },
    FlockerVolumeSource: {
      fields: {
        datasetName: { tag: 1, type: 'string' },
        datasetUUID: { tag: 2, type: 'string' },
      },
    },
    GCEPersistentDiskVolumeSource: {
      fields: {
        pdName: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        partition: { tag: 3, type: 'int32' },
        readOnly: { tag: 4, type: 'bool' },
      },
    },
    GRPCAction: {
      fields: {
        port: { tag: 1, type: 'int32', required: true, always: true },
        service: { tag: 2, type: 'string', pointer: true, always: true, default: '' },
      },
    },
    GitRepoVolumeSource: {
      fields: {
        repository: { tag: 1, type: 'string', required: true, always: true },
        revision: { tag: 2, type: 'string' },
        directory: { tag: 3, type: 'string' },
      },
    },
    GlusterfsPersistentVolumeSource: {
      fields: {
        endpoints: { tag: 1, type: 'string', required: true, always: true },
        path: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
        endpointsNamespace: { tag: 4, type: 'string', pointer: true },
      },
    },
    GlusterfsVolumeSource: {
      fields: {
        endpoints: { tag: 1, type: 'string', required: true, always: true },
        path: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
      },
    },
    HTTPGetAction: {
      fields: {
        path: { tag: 1, type: 'string' },
        port: { tag: 2, type: 'IntOrString', required: true, always: true },
        host: { tag: 3, type: 'string' },
        scheme: { tag: 4, type: 'string', enum: ['HTTP', 'HTTPS'] },
        httpHeaders: { tag: 5, list: 'HTTPHeader', listType: 'atomic' },
      },
    },
    HTTPHeader: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        value: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    HostAlias: {
      fields: {
        ip: { tag: 1, type: 'string', required: true, always: true },
        hostnames: { tag: 2, list: 'string', listType: 'atomic' },
      },
    },
    HostIP: {
      fields: {
        ip: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    HostPathVolumeSource: {
      fields: {
        path: { tag: 1, type: 'string', required: true, always: true },
        type: { tag: 2, type: 'string', pointer: true, enum: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'] },
      },
    },
    ISCSIPersistentVolumeSource: {
      fields: {
        targetPortal: { tag: 1, type: 'string', required: true, always: true },
        iqn: { tag: 2, type: 'string', required: true, always: true },
        lun: { tag: 3, type: 'int32', required: true, always: true },
        iscsiInterface: { tag: 4, type: 'string', default: 'default' },
        fsType: { tag: 5, type: 'string' },
        readOnly: { tag: 6, type: 'bool' },
        portals: { tag: 7, list: 'string', listType: 'atomic' },
        chapAuthDiscovery: { tag: 8, type: 'bool' },
        chapAuthSession: { tag: 11, type: 'bool' },
        secretRef: { tag: 10, type: 'SecretReference', pointer: true },
        initiatorName: { tag: 12, type: 'string', pointer: true },
      },
    },
    ISCSIVolumeSource: {
      fields: {
        targetPortal: { tag: 1, type: 'string', required: true, always: true },
        iqn: { tag: 2, type: 'string', required: true, always: true },
        lun: { tag: 3, type: 'int32', required: true, always: true },
        iscsiInterface: { tag: 4, type: 'string', default: 'default' },
        fsType: { tag: 5, type: 'string' },
        readOnly: { tag: 6, type: 'bool' },
        portals: { tag: 7, list: 'string', listType: 'atomic' },
        chapAuthDiscovery: { tag: 8, type: 'bool' },
        chapAuthSession: { tag: 11, type: 'bool' },
        secretRef: { tag: 10, type: 'LocalObjectReference', pointer: true },
        initiatorName: { tag: 12, type: 'string', pointer: true },
      },
    },
    ImageVolumeSource: {
      fields: {
        reference: { tag: 1, type: 'string' },
        pullPolicy: { tag: 2, type: 'string', enum: ['Always', 'IfNotPresent', 'Never'] },
      },
    },
    ImageVolumeStatus: {
      fields: {
        imageRef: { tag: 1, type: 'string', required: true },
      },
    },
    KeyToPath: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        path: { tag: 2, type: 'string', required: true, always: true },
        mode: { tag: 3, type: 'int32', pointer: true },
      },
    },
    Lifecycle: {
      fields: {
        postStart: { tag: 1, type: 'LifecycleHandler', pointer: true },
        preStop: { tag: 2, type: 'LifecycleHandler', pointer: true },
        stopSignal: {
          tag: 3,
          type: 'string',
          pointer: true,
          enum: [
            'SIGABRT',
            'SIGALRM',
            'SIGBUS',
            'SIGCHLD',
            'SIGCLD',
            'SIGCONT',
            'SIGFPE',
            'SIGHUP',
            'SIGILL',
            'SIGINT',
            'SIGIO',
            'SIGIOT',
            'SIGKILL',
            'SIGPIPE',
            'SIGPOLL',
            'SIGPROF',
            'SIGPWR',
            'SIGQUIT',
            'SIGRTMAX',
            'SIGRTMAX-1',
            'SIGRTMAX-10',
            'SIGRTMAX-11',
            'SIGRTMAX-12',
            'SIGRTMAX-13',
            'SIGRTMAX-14',
            'SIGRTMAX-2',
            'SIGRTMAX-3',
            'SIGRTMAX-4',
            'SIGRTMAX-5',
            'SIGRTMAX-6',
            'SIGRTMAX-7',
            'SIGRTMAX-8',
            'SIGRTMAX-9',
            'SIGRTMIN',
            'SIGRTMIN+1',
            'SIGRTMIN+10',
            'SIGRTMIN+11',
            'SIGRTMIN+12',
            'SIGRTMIN+13',
            'SIGRTMIN+14',
            'SIGRTMIN+15',
            'SIGRTMIN+2',
            'SIGRTMIN+3',
            'SIGRTMIN+4',
            'SIGRTMIN+5',
            'SIGRTMIN+6',
            'SIGRTMIN+7',
            'SIGRTMIN+8',
            'SIGRTMIN+9',
            'SIGSEGV',
            'SIGSTKFLT',
            'SIGSTOP',
            'SIGSYS',
            'SIGTERM',
            'SIGTRAP',
            'SIGTSTP',
            'SIGTTIN',
            'SIGTTOU',
            'SIGURG',
            'SIGUSR1',
            'SIGUSR2',
            'SIGVTALRM',
            'SIGWINCH',
            'SIGXCPU',
            'SIGXFSZ',
          ],
        },
      },
    },
    LifecycleHandler: {
      fields: {
        exec: { tag: 1, type: 'ExecAction', pointer: true },
        httpGet: { tag: 2, type: 'HTTPGetAction', pointer: true },
        tcpSocket: { tag: 3, type: 'TCPSocketAction', pointer: true },
        sleep: { tag: 4, type: 'SleepAction', pointer: true },
      },
    },
    LimitRange: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'LimitRangeSpec', always: true },
      },
    },
    LimitRangeItem: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        max: { tag: 2, map: 'Quantity' },
        min: { tag: 3, map: 'Quantity' },
        default: { tag: 4, map: 'Quantity' },
        defaultRequest: { tag: 5, map: 'Quantity' },
        maxLimitRequestRatio: { tag: 6, map: 'Quantity' },
      },
    },
    LimitRangeList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'LimitRange', required: true, always: true },
      },
    },
    LimitRangeSpec: {
      fields: {
        limits: { tag: 1, list: 'LimitRangeItem', required: true, always: true, listType: 'atomic' },
      },
    },
    LinuxContainerUser: {
      fields: {
        uid: { tag: 1, type: 'int64', required: true, always: true },
        gid: { tag: 2, type: 'int64', required: true, always: true },
        supplementalGroups: { tag: 3, list: 'int64', listType: 'atomic' },
      },
    },
    List: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta' },
        items: { tag: 2, list: 'RawExtension' },
      },
    },
    LoadBalancerIngress: {
      fields: {
        ip: { tag: 1, type: 'string' },
        hostname: { tag: 2, type: 'string' },
        ipMode: { tag: 3, type: 'string', pointer: true },
        ports: { tag: 4, list: 'PortStatus', listType: 'atomic' },
      },
    },
    LoadBalancerStatus: {
      fields: {
        ingress: { tag: 1, list: 'LoadBalancerIngress', listType: 'atomic' },
      },
    },
    LocalObjectReference: {
      atomic: true,
      fields: {
        name: { tag: 1, type: 'string', default: '' },
      },
    },
    LocalVolumeSource: {
      fields: {
        path: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string', pointer: true },
      },
    },
    ModifyVolumeStatus: {
      fields: {
        targetVolumeAttributesClassName: { tag: 1, type: 'string' },
        status: { tag: 2, type: 'string', required: true, always: true, enum: ['InProgress', 'Infeasible', 'Pending'] },
      },
    },
    NFSVolumeSource: {
      fields: {
        server: { tag: 1, type: 'string', required: true, always: true },
        path: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
      },
    },
    Namespace: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'NamespaceSpec', always: true },
        status: { tag: 3, type: 'NamespaceStatus', always: true },
      },
    },
    NamespaceCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 4, type: 'Time', always: true },
        reason: { tag: 5, type: 'string' },
        message: { tag: 6, type: 'string' },
      },
    },
    NamespaceList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Namespace', required: true, always: true },
      },
    },
    NamespaceSpec: {
      fields: {
        finalizers: { tag: 1, list: 'string', listType: 'atomic' },
      },
    },
    NamespaceStatus: {
      fields: {
        phase: { tag: 1, type: 'string', enum: ['Active', 'Terminating'] },
        conditions: { tag: 2, list: 'NamespaceCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    Node: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'NodeSpec', always: true },
        status: { tag: 3, type: 'NodeStatus', always: true },
      },
    },
    NodeAddress: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        address: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    NodeAffinity: {
      fields: {
        requiredDuringSchedulingIgnoredDuringExecution: { tag: 1, type: 'NodeSelector', pointer: true },
        preferredDuringSchedulingIgnoredDuringExecution: { tag: 2, list: 'PreferredSchedulingTerm', listType: 'atomic' },
      },
    },
    NodeAllocatableResourceClaimStatus: {
      fields: {
        resourceClaimName: { tag: 1, type: 'string', required: true, always: true },
        containers: { tag: 2, list: 'string', listType: 'set' },
        resources: { tag: 3, map: 'Quantity', required: true },
      },
    },
    NodeCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastHeartbeatTime: { tag: 3, type: 'Time', always: true },
        lastTransitionTime: { tag: 4, type: 'Time', always: true },
        reason: { tag: 5, type: 'string' },
        message: { tag: 6, type: 'string' },
      },
    },
    NodeConfigSource: {
      fields: {
        configMap: { tag: 2, type: 'ConfigMapNodeConfigSource', pointer: true },
      },
    },
    NodeConfigStatus: {
      fields: {
        assigned: { tag: 1, type: 'NodeConfigSource', pointer: true },
        active: { tag: 2, type: 'NodeConfigSource', pointer: true },
        lastKnownGood: { tag: 3, type: 'NodeConfigSource', pointer: true },
        error: { tag: 4, type: 'string' },
      },
    },
    NodeDaemonEndpoints: {
      fields: {
        kubeletEndpoint: { tag: 1, type: 'DaemonEndpoint', always: true },
      },
    },
    NodeFeatures: {
      fields: {
        supplementalGroupsPolicy: { tag: 1, type: 'bool', pointer: true },
      },
    },
    NodeList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Node', required: true, always: true },
      },
    },
    NodeProxyOptions: {
      fields: {
        path: { tag: 1, type: 'string' },
      },
    },
    NodeRuntimeHandler: {
      fields: {
        name: { tag: 1, type: 'string', always: true },
        features: { tag: 2, type: 'NodeRuntimeHandlerFeatures', pointer: true },
      },
    },
    NodeRuntimeHandlerFeatures: {
      fields: {
        recursiveReadOnlyMounts: { tag: 1, type: 'bool', pointer: true },
        userNamespaces: { tag: 2, type: 'bool', pointer: true },
      },
    },
    NodeSelector: {
      atomic: true,
      fields: {
        nodeSelectorTerms: { tag: 1, list: 'NodeSelectorTerm', required: true, always: true, listType: 'atomic' },
      },
    },
    NodeSelectorRequirement: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        operator: { tag: 2, type: 'string', required: true, always: true, enum: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] },
        values: { tag: 3, list: 'string', listType: 'atomic' },
      },
    },
    NodeSelectorTerm: {
      atomic: true,
      fields: {
        matchExpressions: { tag: 1, list: 'NodeSelectorRequirement', listType: 'atomic' },
        matchFields: { tag: 2, list: 'NodeSelectorRequirement', listType: 'atomic' },
      },
    },
    NodeSpec: {
      fields: {
        podCIDR: { tag: 1, type: 'string' },
        podCIDRs: { tag: 7, list: 'string', listType: 'set', patch: 'merge' },
        providerID: { tag: 3, type: 'string' },
        unschedulable: { tag: 4, type: 'bool' },
        taints: { tag: 5, list: 'Taint', listType: 'atomic' },
        configSource: { tag: 6, type: 'NodeConfigSource', pointer: true },
        externalID: { tag: 2, type: 'string' },
      },
    },
    NodeStatus: {
      fields: {
        capacity: { tag: 1, map: 'Quantity' },
        allocatable: { tag: 2, map: 'Quantity' },
        phase: { tag: 3, type: 'string', enum: ['Pending', 'Running', 'Terminated'] },
        conditions: { tag: 4, list: 'NodeCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
        addresses: { tag: 5, list: 'NodeAddress', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
        daemonEndpoints: { tag: 6, type: 'NodeDaemonEndpoints', always: true },
        nodeInfo: { tag: 7, type: 'NodeSystemInfo', always: true },
        images: { tag: 8, list: 'ContainerImage', listType: 'atomic' },
        volumesInUse: { tag: 9, list: 'string', listType: 'atomic' },
        volumesAttached: { tag: 10, list: 'AttachedVolume', listType: 'atomic' },
        config: { tag: 11, type: 'NodeConfigStatus', pointer: true },
        runtimeHandlers: { tag: 12, list: 'NodeRuntimeHandler', listType: 'atomic' },
        features: { tag: 13, type: 'NodeFeatures', pointer: true },
        declaredFeatures: { tag: 14, list: 'string', listType: 'atomic' },
      },
    },
    NodeSwapStatus: {
      fields: {
        capacity: { tag: 1, type: 'int64', pointer: true },
      },
    },
    NodeSystemInfo: {
      fields: {
        machineID: { tag: 1, type: 'string', required: true, always: true },
        systemUUID: { tag: 2, type: 'string', required: true, always: true },
        bootID: { tag: 3, type: 'string', required: true, always: true },
        kernelVersion: { tag: 4, type: 'string', required: true, always: true },
        osImage: { tag: 5, type: 'string', required: true, always: true },
        containerRuntimeVersion: { tag: 6, type: 'string', required: true, always: true },
        kubeletVersion: { tag: 7, type: 'string', required: true, always: true },
        kubeProxyVersion: { tag: 8, type: 'string', required: true, always: true },
        operatingSystem: { tag: 9, type: 'string', required: true, always: true },
        architecture: { tag: 10, type: 'string', required: true, always: true },
        swap: { tag: 11, type: 'NodeSwapStatus', pointer: true },
      },
    },
    ObjectFieldSelector: {
      atomic: true,
      fields: {
        apiVersion: { tag: 1, type: 'string' },
        fieldPath: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    ObjectReference: {
      atomic: true,
      fields: {
        kind: { tag: 1, type: 'string' },
        namespace: { tag: 2, type: 'string' },
        name: { tag: 3, type: 'string' },
        uid: { tag: 4, type: 'string' },
        apiVersion: { tag: 5, type: 'string' },
        resourceVersion: { tag: 6, type: 'string' },
        fieldPath: { tag: 7, type: 'string' },
      },
    },
    PersistentVolume: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'PersistentVolumeSpec', always: true },
        status: { tag: 3, type: 'PersistentVolumeStatus', always: true },
      },
    },
    PersistentVolumeClaim: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'PersistentVolumeClaimSpec', always: true },
        status: { tag: 3, type: 'PersistentVolumeClaimStatus', always: true },
      },
    },
    PersistentVolumeClaimCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastProbeTime: { tag: 3, type: 'Time', always: true },
        lastTransitionTime: { tag: 4, type: 'Time', always: true },
        reason: { tag: 5, type: 'string' },
        message: { tag: 6, type: 'string' },
      },
    },
    PersistentVolumeClaimList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'PersistentVolumeClaim', required: true, always: true },
      },
    },
    PersistentVolumeClaimSpec: {
      fields: {
        accessModes: { tag: 1, list: 'string', enum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'], listType: 'atomic' },
        selector: { tag: 4, type: 'meta/v1.LabelSelector', pointer: true },
        resources: { tag: 2, type: 'VolumeResourceRequirements', always: true },
        volumeName: { tag: 3, type: 'string' },
        storageClassName: { tag: 5, type: 'string', pointer: true },
        volumeMode: { tag: 6, type: 'string', pointer: true, enum: ['Block', 'Filesystem'] },
        dataSource: { tag: 7, type: 'TypedLocalObjectReference', pointer: true },
        dataSourceRef: { tag: 8, type: 'TypedObjectReference', pointer: true },
        volumeAttributesClassName: { tag: 9, type: 'string', pointer: true },
      },
    },
    PersistentVolumeClaimStatus: {
      fields: {
        phase: { tag: 1, type: 'string', enum: ['Bound', 'Lost', 'Pending'] },
        accessModes: { tag: 2, list: 'string', enum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'], listType: 'atomic' },
        capacity: { tag: 3, map: 'Quantity' },
        conditions: { tag: 4, list: 'PersistentVolumeClaimCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
        allocatedResources: { tag: 5, map: 'Quantity' },
        allocatedResourceStatuses: { tag: 7, map: 'string', enum: ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'], granular: true },
        currentVolumeAttributesClassName: { tag: 8, type: 'string', pointer: true },
        modifyVolumeStatus: { tag: 9, type: 'ModifyVolumeStatus', pointer: true },
      },
    },
    PersistentVolumeClaimTemplate: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'PersistentVolumeClaimSpec', required: true, always: true },
      },
    },
    PersistentVolumeClaimVolumeSource: {
      fields: {
        claimName: { tag: 1, type: 'string', required: true, always: true },
        readOnly: { tag: 2, type: 'bool' },
      },
    },
    PersistentVolumeList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'PersistentVolume', required: true, always: true },
      },
    },
    PersistentVolumeSource: {
      fields: {
        gcePersistentDisk: { tag: 1, type: 'GCEPersistentDiskVolumeSource', pointer: true },
        awsElasticBlockStore: { tag: 2, type: 'AWSElasticBlockStoreVolumeSource', pointer: true },
        hostPath: { tag: 3, type: 'HostPathVolumeSource', pointer: true },
        glusterfs: { tag: 4, type: 'GlusterfsPersistentVolumeSource', pointer: true },
        nfs: { tag: 5, type: 'NFSVolumeSource', pointer: true },
        rbd: { tag: 6, type: 'RBDPersistentVolumeSource', pointer: true },
        iscsi: { tag: 7, type: 'ISCSIPersistentVolumeSource', pointer: true },
        cinder: { tag: 8, type: 'CinderPersistentVolumeSource', pointer: true },
        cephfs: { tag: 9, type: 'CephFSPersistentVolumeSource', pointer: true },
        fc: { tag: 10, type: 'FCVolumeSource', pointer: true },
        flocker: { tag: 11, type: 'FlockerVolumeSource', pointer: true },
        flexVolume: { tag: 12, type: 'FlexPersistentVolumeSource', pointer: true },
        azureFile: { tag: 13, type: 'AzureFilePersistentVolumeSource', pointer: true },
        vsphereVolume: { tag: 14, type: 'VsphereVirtualDiskVolumeSource', pointer: true },
        quobyte: { tag: 15, type: 'QuobyteVolumeSource', pointer: true },
        azureDisk: { tag: 16, type: 'AzureDiskVolumeSource', pointer: true },
        photonPersistentDisk: { tag: 17, type: 'PhotonPersistentDiskVolumeSource', pointer: true },
        portworxVolume: { tag: 18, type: 'PortworxVolumeSource', pointer: true },
        scaleIO: { tag: 19, type: 'ScaleIOPersistentVolumeSource', pointer: true },
        local: { tag: 20, type: 'LocalVolumeSource', pointer: true },
        storageos: { tag: 21, type: 'StorageOSPersistentVolumeSource', pointer: true },
        csi: { tag: 22, type: 'CSIPersistentVolumeSource', pointer: true },
      },
    },
    PersistentVolumeSpec: {
      fields: {
        capacity: { tag: 1, map: 'Quantity' },
        persistentVolumeSource: { tag: 2, type: 'PersistentVolumeSource', inline: true },
        accessModes: { tag: 3, list: 'string', enum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'], listType: 'atomic' },
        claimRef: { tag: 4, type: 'ObjectReference', pointer: true, granular: true },
        persistentVolumeReclaimPolicy: { tag: 5, type: 'string', enum: ['Delete', 'Recycle', 'Retain'] },
        storageClassName: { tag: 6, type: 'string' },
        mountOptions: { tag: 7, list: 'string', listType: 'atomic' },
        volumeMode: { tag: 8, type: 'string', pointer: true, enum: ['Block', 'Filesystem'] },
        nodeAffinity: { tag: 9, type: 'VolumeNodeAffinity', pointer: true },
        volumeAttributesClassName: { tag: 10, type: 'string', pointer: true },
      },
    },
    PersistentVolumeStatus: {
      fields: {
        phase: { tag: 1, type: 'string', enum: ['Available', 'Bound', 'Failed', 'Pending', 'Released'] },
        message: { tag: 2, type: 'string' },
        reason: { tag: 3, type: 'string' },
        lastPhaseTransitionTime: { tag: 4, type: 'Time', pointer: true },
      },
    },
    PhotonPersistentDiskVolumeSource: {
      fields: {
        pdID: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
      },
    },
    Pod: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'PodSpec', always: true },
        status: { tag: 3, type: 'PodStatus', always: true },
      },
    },
    PodAffinity: {
      fields: {
        requiredDuringSchedulingIgnoredDuringExecution: { tag: 1, list: 'PodAffinityTerm', listType: 'atomic' },
        preferredDuringSchedulingIgnoredDuringExecution: { tag: 2, list: 'WeightedPodAffinityTerm', listType: 'atomic' },
      },
    },
    PodAffinityTerm: {
      fields: {
        labelSelector: { tag: 1, type: 'meta/v1.LabelSelector', pointer: true },
        namespaces: { tag: 2, list: 'string', listType: 'atomic' },
        topologyKey: { tag: 3, type: 'string', required: true, always: true },
        namespaceSelector: { tag: 4, type: 'meta/v1.LabelSelector', pointer: true },
        matchLabelKeys: { tag: 5, list: 'string', listType: 'atomic' },
        mismatchLabelKeys: { tag: 6, list: 'string', listType: 'atomic' },
      },
    },
    PodAntiAffinity: {
      fields: {
        requiredDuringSchedulingIgnoredDuringExecution: { tag: 1, list: 'PodAffinityTerm', listType: 'atomic' },
        preferredDuringSchedulingIgnoredDuringExecution: { tag: 2, list: 'WeightedPodAffinityTerm', listType: 'atomic' },
      },
    },
    PodAttachOptions: {
      fields: {
        stdin: { tag: 1, type: 'bool' },
        stdout: { tag: 2, type: 'bool' },
        stderr: { tag: 3, type: 'bool' },
        tty: { tag: 4, type: 'bool' },
        container: { tag: 5, type: 'string' },
      },
    },
    PodCertificateProjection: {
      fields: {
        signerName: { tag: 1, type: 'string', required: true },
        keyType: { tag: 2, type: 'string', required: true },
        maxExpirationSeconds: { tag: 3, type: 'int32', pointer: true },
        credentialBundlePath: { tag: 4, type: 'string' },
        keyPath: { tag: 5, type: 'string' },
        certificateChainPath: { tag: 6, type: 'string' },
        userAnnotations: { tag: 7, map: 'string' },
      },
    },
    PodCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        observedGeneration: { tag: 7, type: 'int64' },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastProbeTime: { tag: 3, type: 'Time', always: true },
        lastTransitionTime: { tag: 4, type: 'Time', always: true },
        reason: { tag: 5, type: 'string' },
        message: { tag: 6, type: 'string' },
      },
    },
    PodDNSConfig: {
      fields: {
        nameservers: { tag: 1, list: 'string', listType: 'atomic' },
        searches: { tag: 2, list: 'string', listType: 'atomic' },
        options: { tag: 3, list: 'PodDNSConfigOption', listType: 'atomic' },
      },
    },
    PodDNSConfigOption: {
      fields: {
        name: { tag: 1, type: 'string' },
        value: { tag: 2, type: 'string', pointer: true },
      },
    },
    PodExecOptions: {
      fields: {
        stdin: { tag: 1, type: 'bool' },
        stdout: { tag: 2, type: 'bool' },
        stderr: { tag: 3, type: 'bool' },
        tty: { tag: 4, type: 'bool' },
        container: { tag: 5, type: 'string' },
        command: { tag: 6, list: 'string', always: true },
      },
    },
    PodExtendedResourceClaimStatus: {
      fields: {
        requestMappings: { tag: 1, list: 'ContainerExtendedResourceRequest', required: true, always: true, listType: 'atomic' },
        resourceClaimName: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    PodIP: {
      fields: {
        ip: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    PodList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Pod', required: true, always: true },
      },
    },
    PodLogOptions: {
      fields: {
        container: { tag: 1, type: 'string' },
        follow: { tag: 2, type: 'bool' },
        previous: { tag: 3, type: 'bool' },
        sinceSeconds: { tag: 4, type: 'int64', pointer: true },
        sinceTime: { tag: 5, type: 'Time', pointer: true },
        timestamps: { tag: 6, type: 'bool' },
        tailLines: { tag: 7, type: 'int64', pointer: true },
        limitBytes: { tag: 8, type: 'int64', pointer: true },
        insecureSkipTLSVerifyBackend: { tag: 9, type: 'bool' },
        stream: { tag: 10, type: 'string', pointer: true },
      },
    },
    PodOS: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    PodPortForwardOptions: {
      fields: {
        ports: { tag: 1, list: 'int32' },
      },
    },
    PodProxyOptions: {
      fields: {
        path: { tag: 1, type: 'string' },
      },
    },
    PodReadinessGate: {
      fields: {
        conditionType: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    PodResourceClaim: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        resourceClaimName: { tag: 3, type: 'string', pointer: true },
        resourceClaimTemplateName: { tag: 4, type: 'string', pointer: true },
      },
    },
    PodResourceClaimStatus: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        resourceClaimName: { tag: 2, type: 'string', pointer: true },
      },
    },
    PodSchedulingGate: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    PodSchedulingGroup: {
      unions: [{ fields: { podGroupName: 'PodGroupName' } }],
      fields: {
        podGroupName: { tag: 1, type: 'string', pointer: true },
      },
    },
    PodSecurityContext: {
      fields: {
        seLinuxOptions: { tag: 1, type: 'SELinuxOptions', pointer: true },
        windowsOptions: { tag: 8, type: 'WindowsSecurityContextOptions', pointer: true },
        runAsUser: { tag: 2, type: 'int64', pointer: true },
        runAsGroup: { tag: 6, type: 'int64', pointer: true },
        runAsNonRoot: { tag: 3, type: 'bool', pointer: true },
        supplementalGroups: { tag: 4, list: 'int64', listType: 'atomic' },
        supplementalGroupsPolicy: { tag: 12, type: 'string', pointer: true, enum: ['Merge', 'Strict'] },
        fsGroup: { tag: 5, type: 'int64', pointer: true },
        sysctls: { tag: 7, list: 'Sysctl', listType: 'atomic' },
        fsGroupChangePolicy: { tag: 9, type: 'string', pointer: true, enum: ['Always', 'OnRootMismatch'] },
        seccompProfile: { tag: 10, type: 'SeccompProfile', pointer: true },
        appArmorProfile: { tag: 11, type: 'AppArmorProfile', pointer: true },
        seLinuxChangePolicy: { tag: 13, type: 'string', pointer: true },
      },
    },
    PodSignature: {
      fields: {
        podController: { tag: 1, type: 'meta/v1.OwnerReference', pointer: true },
      },
    },
    PodSpec: {
      fields: {
        volumes: { tag: 1, list: 'Volume', listType: 'map', keys: ['name'], patch: 'merge,retainKeys', mergeKey: 'name' },
        initContainers: { tag: 20, list: 'Container', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        containers: { tag: 2, list: 'Container', required: true, always: true, listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        ephemeralContainers: { tag: 34, list: 'EphemeralContainer', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        restartPolicy: { tag: 3, type: 'string', enum: ['Always', 'Never', 'OnFailure'] },
        terminationGracePeriodSeconds: { tag: 4, type: 'int64', pointer: true },
        activeDeadlineSeconds: { tag: 5, type: 'int64', pointer: true },
        dnsPolicy: { tag: 6, type: 'string', enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] },
        nodeSelector: { tag: 7, map: 'string', atomic: true },
        serviceAccountName: { tag: 8, type: 'string' },
        serviceAccount: { tag: 9, type: 'string' },
        automountServiceAccountToken: { tag: 21, type: 'bool', pointer: true },
        nodeName: { tag: 10, type: 'string' },
        hostNetwork: { tag: 11, type: 'bool' },
        hostPID: { tag: 12, type: 'bool' },
        hostIPC: { tag: 13, type: 'bool' },
        shareProcessNamespace: { tag: 27, type: 'bool', pointer: true },
        securityContext: { tag: 14, type: 'PodSecurityContext', pointer: true },
        imagePullSecrets: { tag: 15, list: 'LocalObjectReference', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        hostname: { tag: 16, type: 'string' },
        subdomain: { tag: 17, type: 'string' },
        affinity: { tag: 18, type: 'Affinity', pointer: true },
        schedulerName: { tag: 19, type: 'string' },
        tolerations: { tag: 22, list: 'Toleration', listType: 'atomic' },
        hostAliases: { tag: 23, list: 'HostAlias', listType: 'map', keys: ['ip'], patch: 'merge', mergeKey: 'ip' },
        priorityClassName: { tag: 24, type: 'string' },
        priority: { tag: 25, type: 'int32', pointer: true },
        dnsConfig: { tag: 26, type: 'PodDNSConfig', pointer: true },
        readinessGates: { tag: 28, list: 'PodReadinessGate', listType: 'atomic' },
        runtimeClassName: { tag: 29, type: 'string', pointer: true },
        enableServiceLinks: { tag: 30, type: 'bool', pointer: true },
        preemptionPolicy: { tag: 31, type: 'string', pointer: true, enum: ['Never', 'PreemptLowerPriority'] },
        overhead: { tag: 32, map: 'Quantity' },
        topologySpreadConstraints: { tag: 33, list: 'TopologySpreadConstraint', listType: 'map', keys: ['topologyKey', 'whenUnsatisfiable'], patch: 'merge', mergeKey: 'topologyKey' },
        setHostnameAsFQDN: { tag: 35, type: 'bool', pointer: true },
        os: { tag: 36, type: 'PodOS', pointer: true },
        hostUsers: { tag: 37, type: 'bool', pointer: true },
        schedulingGates: { tag: 38, list: 'PodSchedulingGate', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        resourceClaims: { tag: 39, list: 'PodResourceClaim', listType: 'map', keys: ['name'], patch: 'merge,retainKeys', mergeKey: 'name' },
        resources: { tag: 40, type: 'ResourceRequirements', pointer: true },
        hostnameOverride: { tag: 41, type: 'string', pointer: true },
        schedulingGroup: { tag: 43, type: 'PodSchedulingGroup', pointer: true },
      },
    },
    PodStatus: {
      fields: {
        observedGeneration: { tag: 17, type: 'int64' },
        phase: { tag: 1, type: 'string', enum: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'] },
        conditions: { tag: 2, list: 'PodCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
        message: { tag: 3, type: 'string' },
        reason: { tag: 4, type: 'string' },
        nominatedNodeName: { tag: 11, type: 'string' },
        hostIP: { tag: 5, type: 'string' },
        hostIPs: { tag: 16, list: 'HostIP', listType: 'atomic', patch: 'merge', mergeKey: 'ip' },
        podIP: { tag: 6, type: 'string' },
        podIPs: { tag: 12, list: 'PodIP', listType: 'map', keys: ['ip'], patch: 'merge', mergeKey: 'ip' },
        startTime: { tag: 7, type: 'Time', pointer: true },
        initContainerStatuses: { tag: 10, list: 'ContainerStatus', listType: 'atomic' },
        containerStatuses: { tag: 8, list: 'ContainerStatus', listType: 'atomic' },
        qosClass: { tag: 9, type: 'string', enum: ['BestEffort', 'Burstable', 'Guaranteed'] },
        ephemeralContainerStatuses: { tag: 13, list: 'ContainerStatus', listType: 'atomic' },
        resize: { tag: 14, type: 'string' },
        resourceClaimStatuses: { tag: 15, list: 'PodResourceClaimStatus', listType: 'map', keys: ['name'], patch: 'merge,retainKeys', mergeKey: 'name' },
        extendedResourceClaimStatus: { tag: 18, type: 'PodExtendedResourceClaimStatus', pointer: true },
        allocatedResources: { tag: 19, map: 'Quantity' },
        resources: { tag: 20, type: 'ResourceRequirements', pointer: true },
        nodeAllocatableResourceClaimStatuses: { tag: 21, list: 'NodeAllocatableResourceClaimStatus', listType: 'atomic' },
      },
    },
    PodStatusResult: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta' },
        status: { tag: 2, type: 'PodStatus' },
      },
    },
    PodTemplate: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        template: { tag: 2, type: 'PodTemplateSpec', always: true },
      },
    },
    PodTemplateList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'PodTemplate', required: true, always: true },
      },
    },
    PodTemplateSpec: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'PodSpec', always: true },
      },
    },
    PortStatus: {
      fields: {
        port: { tag: 1, type: 'int32', required: true, always: true },
        protocol: { tag: 2, type: 'string', required: true, always: true, enum: ['SCTP', 'TCP', 'UDP'] },
        error: { tag: 3, type: 'string', pointer: true },
      },
    },
    PortworxVolumeSource: {
      fields: {
        volumeID: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        readOnly: { tag: 3, type: 'bool' },
      },
    },
    Preconditions: {
      fields: {
        uid: { tag: 1, type: 'string', pointer: true },
      },
    },
    PreferAvoidPodsEntry: {
      fields: {
        podSignature: { tag: 1, type: 'PodSignature', always: true },
        evictionTime: { tag: 2, type: 'Time', always: true },
        reason: { tag: 3, type: 'string' },
        message: { tag: 4, type: 'string' },
      },
    },
    PreferredSchedulingTerm: {
      fields: {
        weight: { tag: 1, type: 'int32', required: true, always: true },
        preference: { tag: 2, type: 'NodeSelectorTerm', required: true, always: true },
      },
    },
    Probe: {
      fields: {
        handler: { tag: 1, type: 'ProbeHandler', inline: true },
        initialDelaySeconds: { tag: 2, type: 'int32' },
        timeoutSeconds: { tag: 3, type: 'int32' },
        periodSeconds: { tag: 4, type: 'int32' },
        successThreshold: { tag: 5, type: 'int32' },
        failureThreshold: { tag: 6, type: 'int32' },
        terminationGracePeriodSeconds: { tag: 7, type: 'int64', pointer: true },
      },
    },
    ProbeHandler: {
      fields: {
        exec: { tag: 1, type: 'ExecAction', pointer: true },
        httpGet: { tag: 2, type: 'HTTPGetAction', pointer: true },
        tcpSocket: { tag: 3, type: 'TCPSocketAction', pointer: true },
        grpc: { tag: 4, type: 'GRPCAction', pointer: true },
      },
    },
    ProjectedVolumeSource: {
      fields: {
        sources: { tag: 1, list: 'VolumeProjection', always: true, listType: 'atomic' },
        defaultMode: { tag: 2, type: 'int32', pointer: true },
      },
    },
    QuobyteVolumeSource: {
      fields: {
        registry: { tag: 1, type: 'string', required: true, always: true },
        volume: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
        user: { tag: 4, type: 'string' },
        group: { tag: 5, type: 'string' },
        tenant: { tag: 6, type: 'string' },
      },
    },
    RBDPersistentVolumeSource: {
      fields: {
        monitors: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        image: { tag: 2, type: 'string', required: true, always: true },
        fsType: { tag: 3, type: 'string' },
        pool: { tag: 4, type: 'string', default: 'rbd' },
        user: { tag: 5, type: 'string', default: 'admin' },
        keyring: { tag: 6, type: 'string', default: '/etc/ceph/keyring' },
        secretRef: { tag: 7, type: 'SecretReference', pointer: true },
        readOnly: { tag: 8, type: 'bool' },
      },
    },
    RBDVolumeSource: {
      fields: {
        monitors: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        image: { tag: 2, type: 'string', required: true, always: true },
        fsType: { tag: 3, type: 'string' },
        pool: { tag: 4, type: 'string', default: 'rbd' },
        user: { tag: 5, type: 'string', default: 'admin' },
        keyring: { tag: 6, type: 'string', default: '/etc/ceph/keyring' },
        secretRef: { tag: 7, type: 'LocalObjectReference', pointer: true },
        readOnly: { tag: 8, type: 'bool' },
      },
    },
    RangeAllocation: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        range: { tag: 2, type: 'string', always: true },
        data: { tag: 3, type: 'bytes', always: true },
      },
    },
    ReplicationController: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ReplicationControllerSpec', always: true },
        status: { tag: 3, type: 'ReplicationControllerStatus', always: true },
      },
    },
    ReplicationControllerCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    ReplicationControllerList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ReplicationController', required: true, always: true },
      },
    },
    ReplicationControllerSpec: {
      fields: {
        replicas: { tag: 1, type: 'int32', pointer: true, default: 1 },
        minReadySeconds: { tag: 4, type: 'int32', default: 0 },
        selector: { tag: 2, map: 'string', atomic: true },
        template: { tag: 3, type: 'PodTemplateSpec', pointer: true },
      },
    },
    ReplicationControllerStatus: {
      fields: {
        replicas: { tag: 1, type: 'int32', required: true, always: true },
        fullyLabeledReplicas: { tag: 2, type: 'int32' },
        readyReplicas: { tag: 4, type: 'int32' },
        availableReplicas: { tag: 5, type: 'int32' },
        observedGeneration: { tag: 3, type: 'int64' },
        conditions: { tag: 6, list: 'ReplicationControllerCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    ResourceClaim: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        request: { tag: 2, type: 'string' },
      },
    },
    ResourceFieldSelector: {
      atomic: true,
      fields: {
        containerName: { tag: 1, type: 'string' },
        resource: { tag: 2, type: 'string', required: true, always: true },
        divisor: { tag: 3, type: 'Quantity', always: true },
      },
    },
    ResourceHealth: {
      fields: {
        resourceID: { tag: 1, type: 'string', required: true, always: true },
        health: { tag: 2, type: 'string' },
        message: { tag: 6, type: 'string', pointer: true },
      },
    },
    ResourceQuota: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ResourceQuotaSpec', always: true },
        status: { tag: 3, type: 'ResourceQuotaStatus', always: true },
      },
    },
    ResourceQuotaList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ResourceQuota', required: true, always: true },
      },
    },
    ResourceQuotaSpec: {
      fields: {
        hard: { tag: 1, map: 'Quantity' },
        scopes: { tag: 2, list: 'string', enum: ['BestEffort', 'CrossNamespacePodAffinity', 'NotBestEffort', 'NotTerminating', 'PriorityClass', 'Terminating', 'VolumeAttributesClass'], listType: 'atomic' },
        scopeSelector: { tag: 3, type: 'ScopeSelector', pointer: true },
      },
    },
    ResourceQuotaStatus: {
      fields: {
        hard: { tag: 1, map: 'Quantity' },
        used: { tag: 2, map: 'Quantity' },
      },
    },
    ResourceRequirements: {
      fields: {
        limits: { tag: 1, map: 'Quantity' },
        requests: { tag: 2, map: 'Quantity' },
        claims: { tag: 3, list: 'ResourceClaim', listType: 'map', keys: ['name'] },
      },
    },
    ResourceStatus: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        resources: { tag: 2, list: 'ResourceHealth', listType: 'map', keys: ['resourceID'] },
      },
    },
    SELinuxOptions: {
      fields: {
        user: { tag: 1, type: 'string' },
        role: { tag: 2, type: 'string' },
        type: { tag: 3, type: 'string' },
        level: { tag: 4, type: 'string' },
      },
    },
    ScaleIOPersistentVolumeSource: {
      fields: {
        gateway: { tag: 1, type: 'string', required: true, always: true },
        system: { tag: 2, type: 'string', required: true, always: true },
        secretRef: { tag: 3, type: 'SecretReference', required: true, pointer: true, always: true },
        sslEnabled: { tag: 4, type: 'bool' },
        protectionDomain: { tag: 5, type: 'string' },
        storagePool: { tag: 6, type: 'string' },
        storageMode: { tag: 7, type: 'string', default: 'ThinProvisioned' },
        volumeName: { tag: 8, type: 'string' },
        fsType: { tag: 9, type: 'string', default: 'xfs' },
        readOnly: { tag: 10, type: 'bool' },
      },
    },
    ScaleIOVolumeSource: {
      fields: {
        gateway: { tag: 1, type: 'string', required: true, always: true },
        system: { tag: 2, type: 'string', required: true, always: true },
        secretRef: { tag: 3, type: 'LocalObjectReference', required: true, pointer: true, always: true },
        sslEnabled: { tag: 4, type: 'bool' },
        protectionDomain: { tag: 5, type: 'string' },
        storagePool: { tag: 6, type: 'string' },
        storageMode: { tag: 7, type: 'string', default: 'ThinProvisioned' },
        volumeName: { tag: 8, type: 'string' },
        fsType: { tag: 9, type: 'string', default: 'xfs' },
        readOnly: { tag: 10, type: 'bool' },
      },
    },
    ScopeSelector: {
      atomic: true,
      fields: {
        matchExpressions: { tag: 1, list: 'ScopedResourceSelectorRequirement', listType: 'atomic' },
      },
    },
    ScopedResourceSelectorRequirement: {
      fields: {
        scopeName: { tag: 1, type: 'string', required: true, always: true, enum: ['BestEffort', 'CrossNamespacePodAffinity', 'NotBestEffort', 'NotTerminating', 'PriorityClass', 'Terminating', 'VolumeAttributesClass'] },
        operator: { tag: 2, type: 'string', required: true, always: true, enum: ['DoesNotExist', 'Exists', 'In', 'NotIn'] },
        values: { tag: 3, list: 'string', listType: 'atomic' },
      },
    },
    SeccompProfile: {
      unions: [{ discriminator: 'type', fields: { localhostProfile: 'LocalhostProfile' } }],
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true, enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] },
        localhostProfile: { tag: 2, type: 'string', pointer: true },
      },
    },
    Secret: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        immutable: { tag: 5, type: 'bool', pointer: true },
        data: { tag: 2, map: 'bytes' },
        stringData: { tag: 4, map: 'string' },
        type: { tag: 3, type: 'string' },
      },
    },
    SecretEnvSource: {
      fields: {
        localObjectReference: { tag: 1, type: 'LocalObjectReference', inline: true },
        optional: { tag: 2, type: 'bool', pointer: true },
      },
    },
    SecretKeySelector: {
      atomic: true,
      fields: {
        localObjectReference: { tag: 1, type: 'LocalObjectReference', inline: true },
        key: { tag: 2, type: 'string', required: true, always: true },
        optional: { tag: 3, type: 'bool', pointer: true },
      },
    },
    SecretList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Secret', required: true, always: true },
      },
    },
    SecretProjection: {
      fields: {
        localObjectReference: { tag: 1, type: 'LocalObjectReference', inline: true },
        items: { tag: 2, list: 'KeyToPath', listType: 'atomic' },
        optional: { tag: 4, type: 'bool', pointer: true },
      },
    },
    SecretReference: {
      atomic: true,
      fields: {
        name: { tag: 1, type: 'string' },
        namespace: { tag: 2, type: 'string' },
      },
    },
    SecretVolumeSource: {
      fields: {
        secretName: { tag: 1, type: 'string' },
        items: { tag: 2, list: 'KeyToPath', listType: 'atomic' },
        defaultMode: { tag: 3, type: 'int32', pointer: true },
        optional: { tag: 4, type: 'bool', pointer: true },
      },
    },
    SecurityContext: {
      fields: {
        capabilities: { tag: 1, type: 'Capabilities', pointer: true },
        privileged: { tag: 2, type: 'bool', pointer: true },
        seLinuxOptions: { tag: 3, type: 'SELinuxOptions', pointer: true },
        windowsOptions: { tag: 10, type: 'WindowsSecurityContextOptions', pointer: true },
        runAsUser: { tag: 4, type: 'int64', pointer: true },
        runAsGroup: { tag: 8, type: 'int64', pointer: true },
        runAsNonRoot: { tag: 5, type: 'bool', pointer: true },
        readOnlyRootFilesystem: { tag: 6, type: 'bool', pointer: true },
        allowPrivilegeEscalation: { tag: 7, type: 'bool', pointer: true },
        procMount: { tag: 9, type: 'string', pointer: true, enum: ['Default', 'Unmasked'] },
        seccompProfile: { tag: 11, type: 'SeccompProfile', pointer: true },
        appArmorProfile: { tag: 12, type: 'AppArmorProfile', pointer: true },
      },
    },
    SerializedReference: {
      fields: {
        reference: { tag: 1, type: 'ObjectReference', always: true },
      },
    },
    Service: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ServiceSpec', always: true },
        status: { tag: 3, type: 'ServiceStatus', always: true },
      },
    },
    ServiceAccount: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        secrets: { tag: 2, list: 'ObjectReference', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        imagePullSecrets: { tag: 3, list: 'LocalObjectReference', listType: 'atomic' },
        automountServiceAccountToken: { tag: 4, type: 'bool', pointer: true },
      },
    },
    ServiceAccountList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ServiceAccount', required: true, always: true },
      },
    },
    ServiceAccountTokenProjection: {
      fields: {
        audience: { tag: 1, type: 'string' },
        expirationSeconds: { tag: 2, type: 'int64', pointer: true },
        path: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    ServiceList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Service', required: true, always: true },
      },
    },
    ServicePort: {
      fields: {
        name: { tag: 1, type: 'string' },
        protocol: { tag: 2, type: 'string', default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] },
        appProtocol: { tag: 6, type: 'string', pointer: true },
        port: { tag: 3, type: 'int32', required: true, always: true },
        targetPort: { tag: 4, type: 'IntOrString', always: true },
        nodePort: { tag: 5, type: 'int32' },
      },
    },
    ServiceProxyOptions: {
      fields: {
        path: { tag: 1, type: 'string' },
      },
    },
    ServiceSpec: {
      fields: {
        ports: { tag: 1, list: 'ServicePort', listType: 'map', keys: ['port', 'protocol'], patch: 'merge', mergeKey: 'port' },
        selector: { tag: 2, map: 'string', atomic: true },
        clusterIP: { tag: 3, type: 'string' },
        clusterIPs: { tag: 18, list: 'string', listType: 'atomic' },
        type: { tag: 4, type: 'string', enum: ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] },
        externalIPs: { tag: 5, list: 'string', listType: 'atomic' },
        sessionAffinity: { tag: 7, type: 'string', enum: ['ClientIP', 'None'] },
        loadBalancerIP: { tag: 8, type: 'string' },
        loadBalancerSourceRanges: { tag: 9, list: 'string', listType: 'atomic' },
        externalName: { tag: 10, type: 'string' },
        externalTrafficPolicy: { tag: 11, type: 'string', enum: ['Cluster', 'Local'] },
        healthCheckNodePort: { tag: 12, type: 'int32' },
        publishNotReadyAddresses: { tag: 13, type: 'bool' },
        sessionAffinityConfig: { tag: 14, type: 'SessionAffinityConfig', pointer: true },
        ipFamilies: { tag: 19, list: 'string', enum: ['', 'IPv4', 'IPv6'], listType: 'atomic' },
        ipFamilyPolicy: { tag: 17, type: 'string', pointer: true, enum: ['PreferDualStack', 'RequireDualStack', 'SingleStack'] },
        allocateLoadBalancerNodePorts: { tag: 20, type: 'bool', pointer: true },
        loadBalancerClass: { tag: 21, type: 'string', pointer: true },
        internalTrafficPolicy: { tag: 22, type: 'string', pointer: true, enum: ['Cluster', 'Local'] },
        trafficDistribution: { tag: 23, type: 'string', pointer: true },
      },
    },
    ServiceStatus: {
      fields: {
        loadBalancer: { tag: 1, type: 'LoadBalancerStatus', always: true },
        conditions: { tag: 2, list: 'meta/v1.Condition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    SessionAffinityConfig: {
      fields: {
        clientIP: { tag: 1, type: 'ClientIPConfig', pointer: true },
      },
    },
    SleepAction: {
      fields: {
        seconds: { tag: 1, type: 'int64', required: true, always: true },
      },
    },
    StorageOSPersistentVolumeSource: {
      fields: {
        volumeName: { tag: 1, type: 'string' },
        volumeNamespace: { tag: 2, type: 'string' },
        fsType: { tag: 3, type: 'string' },
        readOnly: { tag: 4, type: 'bool' },
        secretRef: { tag: 5, type: 'ObjectReference', pointer: true },
      },
    },
    StorageOSVolumeSource: {
      fields: {
        volumeName: { tag: 1, type: 'string' },
        volumeNamespace: { tag: 2, type: 'string' },
        fsType: { tag: 3, type: 'string' },
        readOnly: { tag: 4, type: 'bool' },
        secretRef: { tag: 5, type: 'LocalObjectReference', pointer: true },
      },
    },
    Sysctl: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        value: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    TCPSocketAction: {
      fields: {
        port: { tag: 1, type: 'IntOrString', required: true, always: true },
        host: { tag: 2, type: 'string' },
      },
    },
    Taint: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        value: { tag: 2, type: 'string' },
        effect: { tag: 3, type: 'string', required: true, always: true, enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] },
        timeAdded: { tag: 4, type: 'Time', pointer: true },
      },
    },
    Toleration: {
      fields: {
        key: { tag: 1, type: 'string' },
        operator: { tag: 2, type: 'string', enum: ['Equal', 'Exists', 'Gt', 'Lt'] },
        value: { tag: 3, type: 'string' },
        effect: { tag: 4, type: 'string', enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] },
        tolerationSeconds: { tag: 5, type: 'int64', pointer: true },
      },
    },
    TopologySelectorLabelRequirement: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        values: { tag: 2, list: 'string', required: true, always: true, listType: 'atomic' },
      },
    },
    TopologySelectorTerm: {
      atomic: true,
      fields: {
        matchLabelExpressions: { tag: 1, list: 'TopologySelectorLabelRequirement', listType: 'atomic' },
      },
    },
    TopologySpreadConstraint: {
      fields: {
        maxSkew: { tag: 1, type: 'int32', required: true, always: true },
        topologyKey: { tag: 2, type: 'string', required: true, always: true },
        whenUnsatisfiable: { tag: 3, type: 'string', required: true, always: true, enum: ['DoNotSchedule', 'ScheduleAnyway'] },
        labelSelector: { tag: 4, type: 'meta/v1.LabelSelector', pointer: true },
        minDomains: { tag: 5, type: 'int32', pointer: true },
        nodeAffinityPolicy: { tag: 6, type: 'string', pointer: true, enum: ['Honor', 'Ignore'] },
        nodeTaintsPolicy: { tag: 7, type: 'string', pointer: true, enum: ['Honor', 'Ignore'] },
        matchLabelKeys: { tag: 8, list: 'string', listType: 'atomic' },
      },
    },
    TypedLocalObjectReference: {
      atomic: true,
      fields: {
        apiGroup: { tag: 1, type: 'string', pointer: true, always: true },
        kind: { tag: 2, type: 'string', required: true, always: true },
        name: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    TypedObjectReference: {
      fields: {
        apiGroup: { tag: 1, type: 'string', pointer: true, always: true },
        kind: { tag: 2, type: 'string', required: true, always: true },
        name: { tag: 3, type: 'string', required: true, always: true },
        namespace: { tag: 4, type: 'string', pointer: true },
      },
    },
    Volume: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        volumeSource: { tag: 2, type: 'VolumeSource', inline: true },
      },
    },
    VolumeDevice: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        devicePath: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    VolumeMount: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        readOnly: { tag: 2, type: 'bool' },
        recursiveReadOnly: { tag: 7, type: 'string', pointer: true },
        mountPath: { tag: 3, type: 'string', required: true, always: true },
        subPath: { tag: 4, type: 'string' },
        mountPropagation: { tag: 5, type: 'string', pointer: true, enum: ['Bidirectional', 'HostToContainer', 'None'] },
        subPathExpr: { tag: 6, type: 'string' },
      },
    },
    VolumeMountStatus: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        mountPath: { tag: 2, type: 'string', required: true, always: true },
        readOnly: { tag: 3, type: 'bool' },
        recursiveReadOnly: { tag: 4, type: 'string', pointer: true },
        volumeStatus: { tag: 5, type: 'VolumeStatus', pointer: true },
      },
    },
    VolumeNodeAffinity: {
      fields: {
        required: { tag: 1, type: 'NodeSelector', pointer: true },
      },
    },
    VolumeProjection: {
      fields: {
        secret: { tag: 1, type: 'SecretProjection', pointer: true },
        downwardAPI: { tag: 2, type: 'DownwardAPIProjection', pointer: true },
        configMap: { tag: 3, type: 'ConfigMapProjection', pointer: true },
        serviceAccountToken: { tag: 4, type: 'ServiceAccountTokenProjection', pointer: true },
        clusterTrustBundle: { tag: 5, type: 'ClusterTrustBundleProjection', pointer: true },
        podCertificate: { tag: 6, type: 'PodCertificateProjection', pointer: true },
      },
    },
    VolumeResourceRequirements: {
      fields: {
        limits: { tag: 1, map: 'Quantity' },
        requests: { tag: 2, map: 'Quantity' },
      },
    },
    VolumeSource: {
      fields: {
        hostPath: { tag: 1, type: 'HostPathVolumeSource', pointer: true },
        emptyDir: { tag: 2, type: 'EmptyDirVolumeSource', pointer: true },
        gcePersistentDisk: { tag: 3, type: 'GCEPersistentDiskVolumeSource', pointer: true },
        awsElasticBlockStore: { tag: 4, type: 'AWSElasticBlockStoreVolumeSource', pointer: true },
        gitRepo: { tag: 5, type: 'GitRepoVolumeSource', pointer: true },
        secret: { tag: 6, type: 'SecretVolumeSource', pointer: true },
        nfs: { tag: 7, type: 'NFSVolumeSource', pointer: true },
        iscsi: { tag: 8, type: 'ISCSIVolumeSource', pointer: true },
        glusterfs: { tag: 9, type: 'GlusterfsVolumeSource', pointer: true },
        persistentVolumeClaim: { tag: 10, type: 'PersistentVolumeClaimVolumeSource', pointer: true },
        rbd: { tag: 11, type: 'RBDVolumeSource', pointer: true },
        flexVolume: { tag: 12, type: 'FlexVolumeSource', pointer: true },
        cinder: { tag: 13, type: 'CinderVolumeSource', pointer: true },
        cephfs: { tag: 14, type: 'CephFSVolumeSource', pointer: true },
        flocker: { tag: 15, type: 'FlockerVolumeSource', pointer: true },
        downwardAPI: { tag: 16, type: 'DownwardAPIVolumeSource', pointer: true },
        fc: { tag: 17, type: 'FCVolumeSource', pointer: true },
        azureFile: { tag: 18, type: 'AzureFileVolumeSource', pointer: true },
        configMap: { tag: 19, type: 'ConfigMapVolumeSource', pointer: true },
        vsphereVolume: { tag: 20, type: 'VsphereVirtualDiskVolumeSource', pointer: true },
        quobyte: { tag: 21, type: 'QuobyteVolumeSource', pointer: true },
        azureDisk: { tag: 22, type: 'AzureDiskVolumeSource', pointer: true },
        photonPersistentDisk: { tag: 23, type: 'PhotonPersistentDiskVolumeSource', pointer: true },
        projected: { tag: 26, type: 'ProjectedVolumeSource', pointer: true },
        portworxVolume: { tag: 24, type: 'PortworxVolumeSource', pointer: true },
        scaleIO: { tag: 25, type: 'ScaleIOVolumeSource', pointer: true },
        storageos: { tag: 27, type: 'StorageOSVolumeSource', pointer: true },
        csi: { tag: 28, type: 'CSIVolumeSource', pointer: true },
        ephemeral: { tag: 29, type: 'EphemeralVolumeSource', pointer: true },
        image: { tag: 30, type: 'ImageVolumeSource', pointer: true },
      },
    },
    VolumeStatus: {
      fields: {
        image: { tag: 1, type: 'ImageVolumeStatus', pointer: true },
      },
    },
    VsphereVirtualDiskVolumeSource: {
      fields: {
        volumePath: { tag: 1, type: 'string', required: true, always: true },
        fsType: { tag: 2, type: 'string' },
        storagePolicyName: { tag: 3, type: 'string' },
        storagePolicyID: { tag: 4, type: 'string' },
      },
    },
    WeightedPodAffinityTerm: {
      fields: {
        weight: { tag: 1, type: 'int32', required: true, always: true },
        podAffinityTerm: { tag: 2, type: 'PodAffinityTerm', required: true, always: true },
      },
    },
    WindowsSecurityContextOptions: {
      fields: {
        gmsaCredentialSpecName: { tag: 1, type: 'string', pointer: true },
        gmsaCredentialSpec: { tag: 2, type: 'string', pointer: true },
        runAsUserName: { tag: 3, type: 'string', pointer: true },
        hostProcess: { tag: 4, type: 'bool', pointer: true },
      },
    },
  },
};

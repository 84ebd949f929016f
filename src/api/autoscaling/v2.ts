import type { GroupVersionData } from '../../schema/model.ts';

/** autoscaling/v2. */
export const autoscalingV2: GroupVersionData = {
  group: 'autoscaling',
  version: 'v2',
  package: 'k8s.io.api.autoscaling.v2',
  resources: [
    {
      resource: 'horizontalpodautoscalers',
      singular: 'horizontalpodautoscaler',
      kind: 'HorizontalPodAutoscaler',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['hpa'],
      categories: ['all'],
      subresources: {
        status: { kind: 'HorizontalPodAutoscaler', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Reference', 'string', '', 0],
        ['Targets', 'string', '', 0],
        ['MinPods', 'string', '', 0],
        ['MaxPods', 'string', '', 0],
        ['Replicas', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    ContainerResourceMetricSource: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        target: { tag: 2, type: 'MetricTarget', required: true, always: true },
        container: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    ContainerResourceMetricStatus: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        current: { tag: 2, type: 'MetricValueStatus', required: true, always: true },
        container: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    CrossVersionObjectReference: {
      fields: {
        kind: { tag: 1, type: 'string', required: true, always: true },
        name: { tag: 2, type: 'string', required: true, always: true },
        apiVersion: { tag: 3, type: 'string' },
      },
    },
    ExternalMetricSource: {
      fields: {
        metric: { tag: 1, type: 'MetricIdentifier', required: true, always: true },
        target: { tag: 2, type: 'MetricTarget', required: true, always: true },
      },
    },
    ExternalMetricStatus: {
      fields: {
        metric: { tag: 1, type: 'MetricIdentifier', required: true, always: true },
        current: { tag: 2, type: 'MetricValueStatus', required: true, always: true },
      },
    },
    HPAScalingPolicy: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        value: { tag: 2, type: 'int32', required: true, always: true },
        periodSeconds: { tag: 3, type: 'int32', required: true, always: true },
      },
    },
    HPAScalingRules: {
      fields: {
        stabilizationWindowSeconds: { tag: 3, type: 'int32', pointer: true },
        selectPolicy: { tag: 1, type: 'string', pointer: true },
        policies: { tag: 2, list: 'HPAScalingPolicy', listType: 'atomic' },
        tolerance: { tag: 4, type: 'Quantity', pointer: true },
      },
    },
    HorizontalPodAutoscaler: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'HorizontalPodAutoscalerSpec', required: true, always: true },
        status: { tag: 3, type: 'HorizontalPodAutoscalerStatus', always: true },
      },
    },
    HorizontalPodAutoscalerBehavior: {
      fields: {
        scaleUp: { tag: 1, type: 'HPAScalingRules', pointer: true },
        scaleDown: { tag: 2, type: 'HPAScalingRules', pointer: true },
      },
    },
    HorizontalPodAutoscalerCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 2, type: 'string', required: true, always: true },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    HorizontalPodAutoscalerList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'HorizontalPodAutoscaler', required: true, always: true },
      },
    },
    HorizontalPodAutoscalerSpec: {
      fields: {
        scaleTargetRef: { tag: 1, type: 'CrossVersionObjectReference', required: true, always: true },
        minReplicas: { tag: 2, type: 'int32', pointer: true },
        maxReplicas: { tag: 3, type: 'int32', required: true, always: true },
        metrics: { tag: 4, list: 'MetricSpec', listType: 'atomic' },
        behavior: { tag: 5, type: 'HorizontalPodAutoscalerBehavior', pointer: true },
      },
    },
    HorizontalPodAutoscalerStatus: {
      fields: {
        observedGeneration: { tag: 1, type: 'int64', pointer: true },
        lastScaleTime: { tag: 2, type: 'Time', pointer: true },
        currentReplicas: { tag: 3, type: 'int32' },
        desiredReplicas: { tag: 4, type: 'int32', required: true, always: true },
        currentMetrics: { tag: 5, list: 'MetricStatus', always: true, listType: 'atomic' },
        conditions: { tag: 6, list: 'HorizontalPodAutoscalerCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    MetricIdentifier: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        selector: { tag: 2, type: 'meta/v1.LabelSelector', pointer: true },
      },
    },
    MetricSpec: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        object: { tag: 2, type: 'ObjectMetricSource', pointer: true },
        pods: { tag: 3, type: 'PodsMetricSource', pointer: true },
        resource: { tag: 4, type: 'ResourceMetricSource', pointer: true },
        containerResource: { tag: 7, type: 'ContainerResourceMetricSource', pointer: true },
        external: { tag: 5, type: 'ExternalMetricSource', pointer: true },
      },
    },
    MetricStatus: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        object: { tag: 2, type: 'ObjectMetricStatus', pointer: true },
        pods: { tag: 3, type: 'PodsMetricStatus', pointer: true },
        resource: { tag: 4, type: 'ResourceMetricStatus', pointer: true },
        containerResource: { tag: 7, type: 'ContainerResourceMetricStatus', pointer: true },
        external: { tag: 5, type: 'ExternalMetricStatus', pointer: true },
      },
    },
    MetricTarget: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        value: { tag: 2, type: 'Quantity', pointer: true },
        averageValue: { tag: 3, type: 'Quantity', pointer: true },
        averageUtilization: { tag: 4, type: 'int32', pointer: true },
      },
    },
    MetricValueStatus: {
      fields: {
        value: { tag: 1, type: 'Quantity', pointer: true },
        averageValue: { tag: 2, type: 'Quantity', pointer: true },
        averageUtilization: { tag: 3, type: 'int32', pointer: true },
      },
    },
    ObjectMetricSource: {
      fields: {
        describedObject: { tag: 1, type: 'CrossVersionObjectReference', required: true, always: true },
        target: { tag: 2, type: 'MetricTarget', required: true, always: true },
        metric: { tag: 3, type: 'MetricIdentifier', required: true, always: true },
      },
    },
    ObjectMetricStatus: {
      fields: {
        metric: { tag: 1, type: 'MetricIdentifier', required: true, always: true },
        current: { tag: 2, type: 'MetricValueStatus', required: true, always: true },
        describedObject: { tag: 3, type: 'CrossVersionObjectReference', required: true, always: true },
      },
    },
    PodsMetricSource: {
      fields: {
        metric: { tag: 1, type: 'MetricIdentifier', required: true, always: true },
        target: { tag: 2, type: 'MetricTarget', required: true, always: true },
      },
    },
    PodsMetricStatus: {
      fields: {
        metric: { tag: 1, type: 'MetricIdentifier', required: true, always: true },
        current: { tag: 2, type: 'MetricValueStatus', required: true, always: true },
      },
    },
    ResourceMetricSource: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        target: { tag: 2, type: 'MetricTarget', required: true, always: true },
      },
    },
    ResourceMetricStatus: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        current: { tag: 2, type: 'MetricValueStatus', required: true, always: true },
      },
    },
  },
};

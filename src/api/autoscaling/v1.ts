import type { GroupVersionData } from '../../schema/model.ts';

/** autoscaling/v1. */
export const autoscalingV1: GroupVersionData = {
  group: 'autoscaling',
  version: 'v1',
  package: 'k8s.io.api.autoscaling.v1',
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
        name: { tag: 1, type: 'string', always: true },
        targetAverageUtilization: { tag: 2, type: 'int32', pointer: true },
        targetAverageValue: { tag: 3, type: 'Quantity', pointer: true },
        container: { tag: 5, type: 'string', always: true },
      },
    },
    ContainerResourceMetricStatus: {
      fields: {
        name: { tag: 1, type: 'string', always: true },
        currentAverageUtilization: { tag: 2, type: 'int32', pointer: true },
        currentAverageValue: { tag: 3, type: 'Quantity', always: true },
        container: { tag: 4, type: 'string', always: true },
      },
    },
    CrossVersionObjectReference: {
      atomic: true,
      fields: {
        kind: { tag: 1, type: 'string', required: true, always: true },
        name: { tag: 2, type: 'string', required: true, always: true },
        apiVersion: { tag: 3, type: 'string' },
      },
    },
    ExternalMetricSource: {
      fields: {
        metricName: { tag: 1, type: 'string', always: true },
        metricSelector: { tag: 2, type: 'meta/v1.LabelSelector', pointer: true },
        targetValue: { tag: 3, type: 'Quantity', pointer: true },
        targetAverageValue: { tag: 4, type: 'Quantity', pointer: true },
      },
    },
    ExternalMetricStatus: {
      fields: {
        metricName: { tag: 1, type: 'string', always: true },
        metricSelector: { tag: 2, type: 'meta/v1.LabelSelector', pointer: true },
        currentValue: { tag: 3, type: 'Quantity', always: true },
        currentAverageValue: { tag: 4, type: 'Quantity', pointer: true },
      },
    },
    HorizontalPodAutoscaler: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'HorizontalPodAutoscalerSpec', required: true, always: true },
        status: { tag: 3, type: 'HorizontalPodAutoscalerStatus', always: true },
      },
    },
    HorizontalPodAutoscalerCondition: {
      fields: {
        type: { tag: 1, type: 'string', always: true },
        status: { tag: 2, type: 'string', always: true },
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
        targetCPUUtilizationPercentage: { tag: 4, type: 'int32', pointer: true },
      },
    },
    HorizontalPodAutoscalerStatus: {
      fields: {
        observedGeneration: { tag: 1, type: 'int64', pointer: true },
        lastScaleTime: { tag: 2, type: 'Time', pointer: true },
        currentReplicas: { tag: 3, type: 'int32', required: true, always: true },
        desiredReplicas: { tag: 4, type: 'int32', required: true, always: true },
        currentCPUUtilizationPercentage: { tag: 5, type: 'int32', pointer: true },
      },
    },
    MetricSpec: {
      fields: {
        type: { tag: 1, type: 'string', always: true },
        object: { tag: 2, type: 'ObjectMetricSource', pointer: true },
        pods: { tag: 3, type: 'PodsMetricSource', pointer: true },
        resource: { tag: 4, type: 'ResourceMetricSource', pointer: true },
        containerResource: { tag: 7, type: 'ContainerResourceMetricSource', pointer: true },
        external: { tag: 5, type: 'ExternalMetricSource', pointer: true },
      },
    },
    MetricStatus: {
      fields: {
        type: { tag: 1, type: 'string', always: true },
        object: { tag: 2, type: 'ObjectMetricStatus', pointer: true },
        pods: { tag: 3, type: 'PodsMetricStatus', pointer: true },
        resource: { tag: 4, type: 'ResourceMetricStatus', pointer: true },
        containerResource: { tag: 7, type: 'ContainerResourceMetricStatus', pointer: true },
        external: { tag: 5, type: 'ExternalMetricStatus', pointer: true },
      },
    },
    ObjectMetricSource: {
      fields: {
        target: { tag: 1, type: 'CrossVersionObjectReference', always: true },
        metricName: { tag: 2, type: 'string', always: true },
        targetValue: { tag: 3, type: 'Quantity', always: true },
        selector: { tag: 4, type: 'meta/v1.LabelSelector', pointer: true },
        averageValue: { tag: 5, type: 'Quantity', pointer: true },
      },
    },
    ObjectMetricStatus: {
      fields: {
        target: { tag: 1, type: 'CrossVersionObjectReference', always: true },
        metricName: { tag: 2, type: 'string', always: true },
        currentValue: { tag: 3, type: 'Quantity', always: true },
        selector: { tag: 4, type: 'meta/v1.LabelSelector', pointer: true },
        averageValue: { tag: 5, type: 'Quantity', pointer: true },
      },
    },
    PodsMetricSource: {
      fields: {
        metricName: { tag: 1, type: 'string', always: true },
        targetAverageValue: { tag: 2, type: 'Quantity', always: true },
        selector: { tag: 3, type: 'meta/v1.LabelSelector', pointer: true },
      },
    },
    PodsMetricStatus: {
      fields: {
        metricName: { tag: 1, type: 'string', always: true },
        currentAverageValue: { tag: 2, type: 'Quantity', always: true },
        selector: { tag: 3, type: 'meta/v1.LabelSelector', pointer: true },
      },
    },
    ResourceMetricSource: {
      fields: {
        name: { tag: 1, type: 'string', always: true },
        targetAverageUtilization: { tag: 2, type: 'int32', pointer: true },
        targetAverageValue: { tag: 3, type: 'Quantity', pointer: true },
      },
    },
    ResourceMetricStatus: {
      fields: {
        name: { tag: 1, type: 'string', always: true },
        currentAverageUtilization: { tag: 2, type: 'int32', pointer: true },
        currentAverageValue: { tag: 3, type: 'Quantity', always: true },
      },
    },
    Scale: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ScaleSpec', always: true },
        status: { tag: 3, type: 'ScaleStatus', always: true },
      },
    },
    ScaleSpec: {
      fields: {
        replicas: { tag: 1, type: 'int32', default: 0 },
      },
    },
    ScaleStatus: {
      fields: {
        replicas: { tag: 1, type: 'int32', required: true, always: true },
        selector: { tag: 2, type: 'string' },
      },
    },
  },
};

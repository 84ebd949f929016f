import type { GroupVersionData } from '../../schema/model.ts';

/** metrics.k8s.io/v1beta1. */
export const metricsV1beta1: GroupVersionData = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  package: 'k8s.io.metrics.pkg.apis.metrics.v1beta1',
  resources: [],
  types: {
    ContainerMetrics: {
      fields: {
        name: { tag: 1, type: 'string' },
        usage: { tag: 2, map: 'Quantity' },
      },
    },
    NodeMetrics: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta' },
        timestamp: { tag: 2, type: 'Time' },
        window: { tag: 3, type: 'Duration' },
        usage: { tag: 4, map: 'Quantity' },
      },
    },
    NodeMetricsList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta' },
        items: { tag: 2, list: 'NodeMetrics' },
      },
    },
    PodMetrics: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta' },
        timestamp: { tag: 2, type: 'Time' },
        window: { tag: 3, type: 'Duration' },
        containers: { tag: 4, list: 'ContainerMetrics' },
      },
    },
    PodMetricsList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta' },
        items: { tag: 2, list: 'PodMetrics' },
      },
    },
  },
};

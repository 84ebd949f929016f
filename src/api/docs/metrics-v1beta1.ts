/** What metrics/v1beta1's types and fields are for. */
export const metricsV1beta1Docs = `
ContainerMetrics: What a container uses.
  name: The container.
  usage: How much of each resource.
NodeMetrics: What a node uses.
  timestamp: When it was measured.
  window: Over how long.
  usage: How much of each resource.
PodMetrics: What a pod uses.
  timestamp: When it was measured.
  window: Over how long.
  containers: By container.
`;

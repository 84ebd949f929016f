/** What node/v1's types and fields are for. */
export const nodeV1Docs = `
Overhead: What running pods takes beyond their containers.
  podFixed: For each pod.
RuntimeClass: A way of running pods.
  handler: What the nodes' runtimes call it.
  overhead: What it takes.
  scheduling: Which nodes have it.
Scheduling: Nodes that have a RuntimeClass.
  nodeSelector: Their labels.
  tolerations: Taints of theirs that pods get along with.
`;

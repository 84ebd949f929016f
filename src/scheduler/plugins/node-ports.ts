import type { AnyPlugin, Status } from '../framework/types.ts';

const refusal: Status = {
  code: 'Unschedulable',
  plugin: 'NodePorts',
  reasons: ["node(s) didn't have free ports for the requested pod ports"],
};

export const nodePorts = {
  name: 'NodePorts',
  events: ['Node/Add', 'AssignedPod/Delete'],
  preFilter: (_state, pod) => (pod.hostPorts.length === 0 ? 'Skip' : undefined),
  filter: (_state, pod, node) => (pod.hostPorts.some((port) => node.portTaken(port)) ? refusal : undefined),
} satisfies AnyPlugin;

import type { AnyPlugin, Status } from '../framework/types.ts';

const refusal: Status = {
  code: 'UnschedulableAndUnresolvable',
  plugin: 'NodeName',
  reasons: ["node(s) didn't match the requested node name"],
};

export const nodeName = {
  name: 'NodeName',
  events: ['Node/Add'],
  preFilter: (_state, { pod }) => (pod.spec.nodeName ? undefined : 'Skip'),
  filter(_state, { pod }, node) {
    return pod.spec.nodeName !== node.name ? refusal : undefined;
  },
} satisfies AnyPlugin;

import type { Node } from '../../api/core/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { mutableOf } from './readers.ts';

const key = 'node.kubernetes.io/not-ready';
const effect = 'NoSchedule';

/**
 * A new node takes no pods until it is known to be ready.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition
 */
export function taintNodesByCondition(): AdmissionPlugin {
  return {
    name: 'TaintNodesByCondition',
    handles: (operation, group, resource, subresource) =>
      operation === 'CREATE' && group === '' && resource === 'nodes' && subresource === '',
    admit(request) {
      const node = mutableOf<Node>(request);
      const taints = node.spec.taints ?? [];
      if (taints.some((taint) => taint.key === key && taint.effect === effect)) return;
      node.spec.taints = [...taints, { key, effect }];
    },
  };
}

import type { Pod, Toleration } from '../../api/core/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { mutableOf } from './readers.ts';

const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const;

/**
 * Pods stay for five minutes on a node that is not ready or not reachable, unless they say otherwise.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaulttolerationseconds
 * Seconds: on a node that is not ready, and on one that is not reachable.
 */
export function defaultTolerationSeconds(notReady = 300, unreachable = 300): AdmissionPlugin {
  const seconds = { 'node.kubernetes.io/not-ready': notReady, 'node.kubernetes.io/unreachable': unreachable } as const;
  const tolerates = (list: readonly Toleration[], key: string) =>
    list.some((t) => (t.key === key || !t.key) && (t.effect === 'NoExecute' || !t.effect));
  return {
    name: 'DefaultTolerationSeconds',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && group === '' && resource === 'pods' && subresource === '',
    admit(request) {
      const { spec } = mutableOf<Pod>(request);
      const given = spec.tolerations ?? [];
      const added = keys
        .filter((key) => !tolerates(given, key))
        .map((key) => ({
          key,
          operator: 'Exists' as const,
          effect: 'NoExecute' as const,
          tolerationSeconds: seconds[key],
        }));
      if (added.length) spec.tolerations = [...given, ...added];
    },
  };
}

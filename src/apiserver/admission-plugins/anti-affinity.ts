import type { Pod } from '../../api/core/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { objectOf, refusal } from './readers.ts';

const hostname = 'kubernetes.io/hostname';

/**
 * No pod keeps others off more than its node: a whole zone, for one.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#limitpodhardantiaffinitytopology
 */
export function limitPodHardAntiAffinityTopology(): AdmissionPlugin {
  return {
    name: 'LimitPodHardAntiAffinityTopology',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') && group === '' && resource === 'pods' && subresource === '',
    validate(request) {
      const { affinity } = objectOf<Pod>(request).spec;
      const terms = affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
      const wrong = terms?.find(({ topologyKey }) => topologyKey !== hostname);
      if (wrong)
        throw refusal(
          request,
          `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${wrong.topologyKey} but only key ${hostname} is allowed`,
        );
    },
  };
}

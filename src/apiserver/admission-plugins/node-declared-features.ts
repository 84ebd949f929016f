import { isDeepStrictEqual } from 'node:util';
import type { Node, Pod } from '../../api/core/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { objectOf, oldObjectOf, refusal } from './readers.ts';

/** The features that updates of pods may need of their node, and which do. */
const features: readonly { readonly name: string; needs(pod: Pod, old: Pod): boolean }[] = [
  {
    name: 'InPlacePodLevelResourcesVerticalScaling',
    needs: ({ spec }, { spec: old }) => !isDeepStrictEqual(spec.resources, old.resources),
  },
  {
    name: 'InPlacePodVerticalScalingInitContainers',
    needs: ({ spec }, { spec: old }) =>
      (old.initContainers ?? []).some(
        (container, i) =>
          container.restartPolicy !== 'Always' &&
          !isDeepStrictEqual(container.resources ?? {}, spec.initContainers?.[i]?.resources ?? {}),
      ),
  },
];

/**
 * A pod that runs is not changed in ways that its node knows nothing of (KEP-5328).
 */
export function nodeDeclaredFeatureValidator(readers: { node(name: string): Node | undefined }): AdmissionPlugin {
  return {
    name: 'NodeDeclaredFeatureValidator',
    handles: (operation, group, resource, subresource) =>
      operation === 'UPDATE' && group === '' && resource === 'pods' && (subresource === '' || subresource === 'resize'),
    validate(request) {
      const [pod, old] = [objectOf<Pod>(request), oldObjectOf<Pod>(request)];
      const { nodeName } = pod.spec;
      if (!nodeName || pod.metadata.generation === old.metadata.generation) return;
      const needed = features.filter(({ needs }) => needs(pod, old)).map(({ name }) => name);
      if (needed.length === 0) return;
      const node = readers.node(nodeName);
      if (!node) throw refusal(request, `node ${quote(nodeName)} not found`);
      const missing = needed.filter((name) => !node.status?.declaredFeatures?.includes(name)).sort();
      if (missing.length > 0)
        throw refusal(
          request,
          `pod update requires features ${missing.join(', ')} which are not available on node ${quote(nodeName)}`,
        );
    },
  };
}

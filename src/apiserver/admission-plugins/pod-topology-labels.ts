import type { Binding, Node, Pod } from '../../api/core/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { mutableOf } from './readers.ts';

const labels = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'];

/**
 * Pods carry the zone and the region of their node, which they can read through the downward API.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#podtopologylabels (KEP-4742)
 */
export function podTopologyLabels(readers: { node(name: string): Node | undefined }): AdmissionPlugin {
  return {
    name: 'PodTopologyLabels',
    handles: (operation, group, resource, subresource) =>
      operation === 'CREATE' &&
      group === '' &&
      resource === 'pods' &&
      (subresource === '' || subresource === 'binding'),
    admit(request) {
      const { metadata } = mutableOf(request);
      let node: string | undefined;
      if (request.target.subresource === 'binding') {
        const { target } = mutableOf<Binding>(request);
        if (target.kind !== 'Node') return;
        node = target.name;
      } else {
        node = mutableOf<Pod>(request).spec.nodeName;
      }
      if (!node) return;
      const own = readers.node(node)?.metadata.labels;
      for (const label of labels) {
        const value = own?.[label];
        if (value !== undefined) metadata.labels = { ...metadata.labels, [label]: value };
      }
    },
  };
}

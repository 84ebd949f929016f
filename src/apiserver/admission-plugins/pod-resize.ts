import type { Node, Pod } from '../../api/core/v1.gen.ts';
import { ApiError } from '../../api/errors.ts';
import { podTotals, quantityOf, type ResourceList } from '../../api/pod-resources.ts';
import { compareQuantities, quantityMilliValue, quantityValue } from '../../schema/quantity.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { objectOf, oldObjectOf, refusal } from './readers.ts';

/**
 * A pod is not resized beyond what its node has.
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
 */
export function podResizeValidator(readers: { node(name: string): Node | undefined }): AdmissionPlugin {
  return {
    name: 'PodResizeValidator',
    handles: (operation, group, resource, subresource) =>
      operation === 'UPDATE' && group === '' && resource === 'pods' && subresource === 'resize',
    validate(request) {
      const pod = objectOf<Pod>(request);
      const { nodeName } = pod.spec;
      if (!nodeName || pod.metadata.generation === oldObjectOf<Pod>(request).metadata.generation) return;
      const node = readers.node(nodeName);
      if (!node) throw refusal(request, `node ${quote(nodeName)} not found`);
      const os = node.metadata.labels?.['kubernetes.io/os'];
      if (os !== undefined && os !== 'linux')
        throw because(
          request,
          'UnsupportedPlatform',
          `pod resize is only supported on linux nodes, node ${quote(nodeName)} is ${quote(os)}`,
        );
      const short = missing(podTotals(pod.spec, 'requests'), node.status?.allocatable ?? {});
      if (short.length > 0)
        throw because(request, 'NodeCapacity', `node didn't have enough allocatable resources: ${short.join('; ')}`);
    },
  };
}

function missing(requests: ResourceList, allocatable: ResourceList): string[] {
  const short: string[] = [];
  const compare = (name: string, amount: (quantity: string) => bigint) => {
    const [asked, there] = [quantityOf(requests, name) ?? '0', quantityOf(allocatable, name) ?? '0'];
    if (compareQuantities(asked, there) > 0)
      short.push(`${name}, requested: ${amount(asked)}, allocatable: ${amount(there)}`);
  };
  compare('cpu', quantityMilliValue);
  compare('memory', quantityValue);
  return short;
}

function because(request: AdmissionRequest, reason: string, why: string): ApiError {
  const { status } = refusal(request, why);
  return new ApiError({
    ...status,
    details: { ...status.details, causes: [...(status.details?.causes ?? []), { reason }] },
  });
}

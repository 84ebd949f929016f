import type { Pod, ResourceFieldSelector } from '../../api/core/v1.gen.ts';
import { quantityMilliValue, quantityValue } from '../../schema/quantity.ts';
import { quote } from '../../schema/quote.ts';
import { type AnyContainer, containerSpec } from '../pods/pod.ts';

/** What pods may use of a node, as quantities: the value of a limit that a container does not have. */
export interface NodeAllocatable {
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: string;
}

const subscript = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/s;

/**
 * The text of a field of a pod's metadata, as files and variables show it; undefined for any other field.
 * https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */
export function metadataField(pod: Pod, fieldPath: string): string | undefined {
  const { name, namespace = '', uid = '', labels = {}, annotations = {} } = pod.metadata;
  const [, map, key = ''] = subscript.exec(fieldPath) ?? [];
  if (map) return (map === 'metadata.labels' ? labels : annotations)[key] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return name;
    case 'metadata.namespace':
      return namespace;
    case 'metadata.uid':
      return uid;
    case 'metadata.labels':
      return formatMap(labels);
    case 'metadata.annotations':
      return formatMap(annotations);
    default:
      return undefined;
  }
}

/** A line `key="value"` for each entry, in the order of the keys. */
function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${quote(map[key] ?? '')}`)
    .join('\n');
}

/**
 * A container's request or limit in units of the divisor, rounded up. A limit that is not set is the pod's, or else
 * what the node has. Throws an Error in Kubernetes' words.
 */
export function resourceField(
  pod: Pod,
  container: AnyContainer | undefined,
  selector: ResourceFieldSelector,
  allocatable: NodeAllocatable,
): string {
  const { containerName, resource } = selector;
  const of = containerName ? containerSpec(pod, containerName) : container;
  if (!of) throw new Error(`container ${containerName ?? ''} not found`);
  const [kind, name] =
    /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(resource)?.slice(1) ?? [];
  if (!kind || !name) throw new Error(`unsupported container resource : ${resource}`);
  const own = of.resources?.[kind as 'limits' | 'requests']?.[name];
  const fallback = kind === 'limits' ? (pod.spec.resources?.limits?.[name] ?? ofNode(allocatable, name)) : undefined;
  const isSet = own !== undefined && (kind === 'requests' || quantityMilliValue(own) !== 0n);
  const value = isSet ? own : (fallback ?? '0');
  const units = name === 'cpu' ? quantityMilliValue : quantityValue;
  const divisor = selector.divisor && quantityMilliValue(selector.divisor) !== 0n ? selector.divisor : '1';
  const [amount, by] = [units(value), units(divisor)];
  return String((amount + by - 1n) / by);
}

function ofNode(allocatable: NodeAllocatable, name: string): string | undefined {
  if (name === 'cpu') return allocatable.cpu;
  if (name === 'memory') return allocatable.memory;
  return name === 'ephemeral-storage' ? allocatable.ephemeralStorage : undefined;
}

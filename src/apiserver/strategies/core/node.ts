import type { Node } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { Path } from '../../../schema/field-error.ts';
import { validateNode, validateNodeStatusUpdate, validateNodeUpdate } from '../../validation/cluster.ts';
import { age, NONE, UNKNOWN } from '../cells.ts';
import { define } from '../define.ts';
import { warnOfCidr } from './ip-warnings.ts';

const ROLE_PREFIX = 'node-role.kubernetes.io/';
const ROLE = 'kubernetes.io/role';

function rolesCell({ metadata }: Node): string {
  const roles = new Set<string>();
  for (const [label, value] of Object.entries(metadata.labels ?? {})) {
    if (label.startsWith(ROLE_PREFIX) && label.length > ROLE_PREFIX.length) roles.add(label.slice(ROLE_PREFIX.length));
    else if (label === ROLE && value) roles.add(value);
  }
  return [...roles].sort().join(',') || NONE;
}

function statusCell({ spec, status }: Node): string {
  const ready = status.conditions?.findLast(({ type }) => type === 'Ready');
  const words = [ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'];
  if (spec.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

const addressCell = ({ status }: Node, type: string): string =>
  status.addresses?.find((address) => address.type === type)?.address ?? NONE;

export const node = define<Node>({
  validateCreate: validateNode,
  validateUpdate: validateNodeUpdate,
  // podCIDR is the older field, and has its way.
  setDefaults: ({ spec, status }) => {
    const { podCIDR, podCIDRs } = spec;
    if (podCIDR && podCIDRs?.[0] !== podCIDR) spec.podCIDRs = [podCIDR];
    else if (!podCIDR && podCIDRs?.[0]) spec.podCIDR = podCIDRs[0];
    if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
  },
  warnings: ({ spec }) => {
    const found: string[] = [];
    if (spec.configSource) found.push('spec.configSource: the feature is removed');
    if (spec.externalID) found.push('spec.externalID: this field is deprecated, and is unused by Kubernetes');
    for (const [i, cidr] of (spec.podCIDRs ?? []).entries())
      warnOfCidr(cidr, Path.of('spec', 'podCIDRs').index(i), found);
    return found;
  },
  // A kubelet registers with its status.
  prepareForCreate: ({ spec }) => {
    delete spec.configSource;
  },
  prepareForUpdate: (node, old) => {
    node.status = old.status as Mutable<Node>['status'];
    if (!old.spec.configSource) delete node.spec.configSource;
  },
  subresources: {
    status: {
      prepareForUpdate: (node, old) => {
        node.spec = old.spec as Mutable<Node>['spec'];
      },
      validateUpdate: validateNodeStatusUpdate,
    },
  },
  selectableFields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
  tableCells: (node, now) => {
    const info = node.status.nodeInfo;
    return [
      node.metadata.name,
      statusCell(node),
      rolesCell(node),
      age(node, now),
      info?.kubeletVersion ?? '',
      addressCell(node, 'InternalIP'),
      addressCell(node, 'ExternalIP'),
      info?.osImage || UNKNOWN,
      info?.kernelVersion || UNKNOWN,
      info?.containerRuntimeVersion || UNKNOWN,
    ];
  },
});

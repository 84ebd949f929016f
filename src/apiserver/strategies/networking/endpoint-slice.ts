import type { EndpointSlice } from '../../../api/discovery/v1.gen.ts';
import { dns1123SubdomainProblems } from '../../../api/names.ts';
import type { Mutable } from '../../../api/resource.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { Path } from '../../../schema/field-error.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../../validation/endpoints.ts';
import { age, UNSET } from '../cells.ts';
import { warnOfIp } from '../core/ip-warnings.ts';
import { define } from '../define.ts';
import { raiseGeneration } from '../spec-and-status.ts';

/** Ports and addresses that fit into a cell. */
const SHOWN = 3;

function list(all: readonly string[]): string {
  if (all.length === 0) return UNSET;
  const shown = all.slice(0, SHOWN).join(',');
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown;
}

const HOST_LABEL = 'kubernetes.io/hostname';

/** The labels that told of an endpoint's node before fields did are not written any more; a node's name moves on. */
function dropTopology(slice: Mutable<EndpointSlice>, old: EndpointSlice | undefined): void {
  if (old && deepEqual(slice.endpoints, old.endpoints)) return;
  const known = new Set((old?.endpoints ?? []).map(({ deprecatedTopology }) => deprecatedTopology?.[HOST_LABEL]));
  for (const endpoint of slice.endpoints ?? []) {
    const node = endpoint.deprecatedTopology?.[HOST_LABEL];
    if (endpoint.nodeName === undefined && node !== undefined && known.has(node)) {
      if (dns1123SubdomainProblems(node).length === 0) endpoint.nodeName = node;
    }
    delete endpoint.deprecatedTopology;
  }
}

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const controllers = ['endpointslice-controller.k8s.io', 'endpointslicemirroring-controller.k8s.io'];

function warnings(slice: EndpointSlice, old: EndpointSlice | undefined): readonly string[] {
  const found: string[] = [];
  const manager = slice.metadata.labels?.[MANAGED_BY] ?? '';
  if (!old && slice.addressType === 'FQDN') found.push('spec.addressType: FQDN endpoints are deprecated');
  if (slice.addressType === 'FQDN' || controllers.includes(manager)) return found;
  for (const [i, { addresses }] of (slice.endpoints ?? []).entries()) {
    const at = Path.of('endpoints').index(i).child('addresses');
    for (const [j, address] of (addresses ?? []).entries()) warnOfIp(address, at.index(j), found);
  }
  return found;
}

/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
export const endpointSlice = define<EndpointSlice>({
  validateCreate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  prepareForCreate: (slice) => {
    slice.metadata.generation = 1;
    dropTopology(slice, undefined);
  },
  prepareForUpdate: (slice, old) => {
    const { metadata, ...content } = slice;
    const { metadata: then, ...before } = old;
    const same = deepEqual(content, before) && deepEqual(metadata.labels ?? {}, then.labels ?? {});
    if (!same) raiseGeneration<EndpointSlice>(slice, old);
    dropTopology(slice, old);
  },
  warnings,
  setDefaults: ({ ports }) => {
    for (const port of ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  tableCells: (slice, now) => [
    slice.metadata.name,
    slice.addressType,
    list((slice.ports ?? []).map(({ name, port }) => (port === undefined ? (name ?? '') : String(port)))),
    list((slice.endpoints ?? []).flatMap(({ addresses }) => addresses ?? [])),
    age(slice, now),
  ],
});

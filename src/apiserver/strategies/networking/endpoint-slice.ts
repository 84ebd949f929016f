import type { EndpointSlice } from '../../../api/discovery/v1.gen.ts';
import { validateEndpointSlice, validateEndpointSliceUpdate } from '../../validation/networking.ts';
import { age, UNSET } from '../cells.ts';
import { define } from '../define.ts';
import { countsChanges } from '../spec-and-status.ts';

/** Ports and addresses that fit into a cell. */
const SHOWN = 3;

function list(all: readonly string[]): string {
  if (all.length === 0) return UNSET;
  const shown = all.slice(0, SHOWN).join(',');
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown;
}

/** https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/ */
export const endpointSlice = define<EndpointSlice>({
  validateCreate: validateEndpointSlice,
  validateUpdate: validateEndpointSliceUpdate,
  ...countsChanges,
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

import type { Endpoints } from '../../../api/core/v1.gen.ts';
import { Path } from '../../../schema/field-error.ts';
import { validateEndpoints } from '../../validation/endpoints.ts';
import { age, NONE } from '../cells.ts';
import { define } from '../define.ts';
import { warnOfIp } from './ip-warnings.ts';

/** Addresses that fit into the cell; of the others only the number is told. */
const SHOWN = 3;

function endpointsCell({ subsets }: Endpoints): string {
  if (!subsets || subsets.length === 0) return NONE;
  const all: string[] = [];
  for (const { addresses, ports } of subsets) {
    if (!ports?.length) for (const { ip } of addresses ?? []) all.push(ip);
    for (const { port } of ports ?? []) {
      for (const { ip } of addresses ?? []) all.push(ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);
    }
  }
  const shown = all.slice(0, SHOWN).join(',');
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown;
}

export const endpoints = define<Endpoints>({
  validateCreate: validateEndpoints,
  validateUpdate: validateEndpoints,
  setDefaults: ({ subsets }) => {
    for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ??= 'TCP';
  },
  prepareForCreate: () => {},
  prepareForUpdate: () => {},
  allowCreateOnUpdate: true,
  warnings: ({ metadata, subsets }) => {
    // Those of the controller are as they should be.
    if (metadata.labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller') return [];
    const found: string[] = [];
    for (const [i, subset] of (subsets ?? []).entries()) {
      for (const list of ['addresses', 'notReadyAddresses'] as const) {
        for (const [j, { ip }] of (subset[list] ?? []).entries()) {
          warnOfIp(ip, Path.of('subsets').index(i).child(list).index(j).child('ip'), found);
        }
      }
    }
    return found;
  },
  tableCells: (endpoints, now) => [endpoints.metadata.name, endpointsCell(endpoints), age(endpoints, now)],
});

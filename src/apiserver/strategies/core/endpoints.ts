import type { Endpoints } from '../../../api/core/v1.gen.ts';
import { validateEndpoints } from '../../validation/endpoints.ts';
import { age, NONE } from '../cells.ts';
import { define } from '../define.ts';

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
  tableCells: (endpoints, now) => [endpoints.metadata.name, endpointsCell(endpoints), age(endpoints, now)],
});

import type { IPAddress, ServiceCIDR } from '../../../api/networking/v1.gen.ts';
import {
  validateIpAddress,
  validateIpAddressUpdate,
  validateServiceCidr,
  validateServiceCidrUpdate,
} from '../../validation/addresses.ts';
import { age, NONE } from '../cells.ts';
import { define } from '../define.ts';
import { keepStatus, updateOnlyStatus } from '../spec-and-status.ts';

export const ipAddress = define<IPAddress>({
  validateCreate: validateIpAddress,
  validateUpdate: validateIpAddressUpdate,
  tableCells: (address, now) => {
    const { metadata, spec } = address;
    const { parentRef } = spec;
    if (!parentRef) return [metadata.name, NONE, age(address, now)];
    const { group, resource, namespace, name } = parentRef;
    const kind = (group ? `${resource}.${group}` : resource).toLowerCase();
    const parent = namespace ? `${kind}/${namespace}/${name}` : `${kind}/${name}`;
    // Kubernetes' rows have an age that its columns do not.
    return [metadata.name, parent, age(address, now)];
  },
});

export const serviceCidr = define<ServiceCIDR>({
  validateCreate: validateServiceCidr,
  validateUpdate: validateServiceCidrUpdate,
  prepareForCreate: (cidr) => {
    cidr.status = {};
  },
  prepareForUpdate: keepStatus<ServiceCIDR>,
  subresources: { status: { prepareForUpdate: updateOnlyStatus<ServiceCIDR> } },
  tableCells: (cidr, now) => [cidr.metadata.name, (cidr.spec.cidrs ?? []).join(','), age(cidr, now)],
});

import type {
  DeviceClass,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
} from '../../../api/resource/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { quote } from '../../../schema/quote.ts';
import { formatTime } from '../../../schema/time.ts';
import { checkAdminRequests, checkAdminResults } from '../../validation/device-admin-access.ts';
import {
  validateDeviceClass,
  validateResourceClaim,
  validateResourceClaimStatus,
  validateResourceClaimTemplate,
  validateResourceClaimTemplateUpdate,
  validateResourceClaimUpdate,
} from '../../validation/resource-claims.ts';
import { validateResourceSlice } from '../../validation/resource-slices.ts';
import { age, nameAndAge } from '../cells.ts';
import { define } from '../define.ts';
import { countsChanges, keepStatus, updateOnlyStatus } from '../spec-and-status.ts';

function setRequestDefaults(request: Mutable<ExactDeviceRequest> | Mutable<DeviceSubRequest>): void {
  request.allocationMode ??= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ??= 1;
}

function setClaimDefaults({ devices }: Mutable<ResourceClaimSpec>): void {
  for (const { exactly, firstAvailable } of devices?.requests ?? []) {
    if (exactly) setRequestDefaults(exactly);
    for (const request of firstAvailable ?? []) setRequestDefaults(request);
  }
}

function stateCell({ metadata, status }: ResourceClaim): string {
  const states: string[] = [];
  if (metadata.deletionTimestamp) states.push('deleted');
  if (!status.allocation) {
    if (!metadata.deletionTimestamp) states.push('pending');
  } else states.push('allocated', ...(status.reservedFor?.length ? ['reserved'] : []));
  return states.join(',');
}

/** https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
export const resourceClaim = define<ResourceClaim>({
  setDefaults: ({ spec }) => setClaimDefaults(spec),
  prepareForCreate: (claim) => {
    claim.status = {};
  },
  prepareForUpdate: keepStatus<ResourceClaim>,
  validateCreate: (claim, { namespaceLabels }) => [
    ...checkAdminRequests(claim.spec.devices?.requests, () => namespaceLabels(claim.metadata.namespace ?? '')),
    ...validateResourceClaim(claim),
  ],
  validateUpdate: validateResourceClaimUpdate,
  subresources: {
    status: {
      prepareForUpdate: updateOnlyStatus<ResourceClaim>,
      validateUpdate: (claim, old, { namespaceLabels }) => [
        ...checkAdminResults(claim.status.allocation?.devices?.results, old.status.allocation?.devices?.results, () =>
          namespaceLabels(claim.metadata.namespace ?? ''),
        ),
        ...validateResourceClaimStatus(claim, old),
      ],
    },
  },
  tableCells: (claim, now) => [claim.metadata.name, stateCell(claim), age(claim, now)],
});

export const resourceClaimTemplate = define<ResourceClaimTemplate>({
  setDefaults: ({ spec }) => setClaimDefaults(spec.spec),
  validateCreate: (template, { namespaceLabels }) => [
    ...checkAdminRequests(template.spec.spec.devices?.requests, () =>
      namespaceLabels(template.metadata.namespace ?? ''),
    ),
    ...validateResourceClaimTemplate(template),
  ],
  validateUpdate: validateResourceClaimTemplateUpdate,
  tableCells: nameAndAge,
});

export const deviceClass = define<DeviceClass>({
  ...countsChanges,
  validateCreate: validateDeviceClass,
  validateUpdate: validateDeviceClass,
  tableCells: nameAndAge,
});

/** Fields whose features v1.36 has switched off are forgotten. */
function dropDisabled({ spec }: Mutable<ResourceSlice>): void {
  for (const device of spec.devices ?? []) {
    delete device.nodeAllocatableResourceMappings;
    for (const attribute of Object.values(device.attributes ?? {})) {
      delete attribute.ints;
      delete attribute.bools;
      delete attribute.strings;
      delete attribute.versions;
    }
  }
}

function setTaintTimes({ spec }: Mutable<ResourceSlice>, now: number): void {
  for (const device of spec.devices ?? []) {
    for (const taint of device.taints ?? []) taint.timeAdded ??= formatTime(now);
  }
}

export const resourceSlice = define<ResourceSlice>({
  prepareForCreate: (slice, { now }) => {
    countsChanges.prepareForCreate(slice);
    dropDisabled(slice);
    setTaintTimes(slice, now);
  },
  prepareForUpdate: (slice, old, { now }) => {
    dropDisabled(slice);
    setTaintTimes(slice, now);
    countsChanges.prepareForUpdate(slice, old);
  },
  validateCreate: (slice) => validateResourceSlice(slice),
  validateUpdate: validateResourceSlice,
  warnings: ({ spec: { driver } }) =>
    driver === driver.toLowerCase()
      ? []
      : [`spec.driver: driver names should be lowercase; ${quote(driver)} contains uppercase characters`],
  selectableFields: ({ spec }) => ({ 'spec.driver': spec?.driver ?? '', 'spec.nodeName': spec?.nodeName ?? '' }),
  tableCells: (slice, now) => [
    slice.metadata.name,
    slice.spec.nodeName ?? '',
    slice.spec.driver,
    slice.spec.pool.name,
    age(slice, now),
  ],
});

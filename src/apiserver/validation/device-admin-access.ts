/**
 * Who may have devices that others use (adminAccess): only claims in namespaces that an administrator has labelled
 * for it. https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#admin-access
 */
import type { DeviceRequest, DeviceRequestAllocationResult } from '../../api/resource/v1.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import type { Found } from './values.ts';

const LABEL = 'resource.kubernetes.io/admin-access';
const REQUESTS = Path.of('spec').child('devices', 'requests');
const RESULTS = Path.of('status').child('allocation', 'devices', 'results');

type Labels = Readonly<Record<string, string>>;

/** `labels` are the namespace's. Specs are immutable, so this is asked of creates alone. */
export function checkAdminRequests(requests: readonly DeviceRequest[] | undefined, labels: () => Labels): Found {
  const index = (requests ?? []).findIndex((request) => request.exactly?.adminAccess);
  return index < 0 ? [] : granted(REQUESTS.index(index), labels());
}

/** Allocations are immutable too: one that had admin access keeps it. */
export function checkAdminResults(
  results: readonly DeviceRequestAllocationResult[] | undefined,
  old: readonly DeviceRequestAllocationResult[] | undefined,
  labels: () => Labels,
): Found {
  if (old?.some((result) => result.adminAccess)) return [];
  const index = (results ?? []).findIndex((result) => result.adminAccess);
  return index < 0 ? [] : granted(RESULTS.index(index), labels());
}

function granted(path: Path, labels: Labels): Found {
  if (labels[LABEL] === 'true') return [];
  const why = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`;
  return [fieldErrors.forbidden(path.child('adminAccess'), why)];
}

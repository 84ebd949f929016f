import type { EndpointSlice } from '../api/discovery/v1.gen.ts';

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/** Name of the informer index under which a service's slices are found, by "namespace/name". */
export const SERVICE_INDEX = 'service';

/** The index's function: the service a slice belongs to, or nothing for a slice of nobody. */
export function serviceOfSlice(slice: EndpointSlice): readonly string[] {
  const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined || name === '' ? [] : [`${slice.metadata.namespace}/${name}`];
}

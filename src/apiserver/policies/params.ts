import type { ParamKind, ParamRef } from '../../api/admissionregistration/v1.gen.ts';
import { type KubeObject, parseApiVersion } from '../../api/resource.ts';
import type { ServedResource } from '../core.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Resources } from '../resource-table.ts';
import { versionsOf } from '../versions.ts';
import { selectorOf } from './matching.ts';

/** A policy or binding that cannot be followed; the policy's failurePolicy says what comes of it. */
export class ConfigurationError extends Error {}

/** The resource of a parameter kind; throws ConfigurationError where the API does not have it. */
export function paramResource(resources: Resources, { apiVersion = '', kind = '' }: ParamKind): ServedResource {
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: '' };
  for (const served of resources.all()) {
    if (served.group === group && served.version === version && served.data.kind === kind) return served;
  }
  throw new ConfigurationError(`failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind}'`);
}

/**
 * The objects that a binding hands to its policy, one evaluation each; `undefined` in the list evaluates without one.
 * Throws ConfigurationError. https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#parameter-resources
 */
export async function collectParams(
  resource: ServedResource | undefined,
  ref: ParamRef | undefined,
  requestNamespace: string,
  objects: ObjectReader,
  resources: Resources,
): Promise<readonly (KubeObject | undefined)[]> {
  if (!resource || !ref) return [undefined];
  const { namespaced } = resource.data;
  const namespace = namespaced ? ref.namespace || requestNamespace : '';
  if (namespaced && namespace === '') {
    throw new ConfigurationError(
      'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  }
  if (!namespaced && ref.namespace) {
    throw new ConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  if (!ref.name && !ref.selector) throw new ConfigurationError('one of name or selector must be provided');
  const storage = resources.storageOf(resource);
  const read = objects.stored(storage);
  const all = read instanceof Promise ? await read : read;
  const selector = ref.name ? undefined : ref.selector && selectorOf(ref.selector);
  const found = all.filter(({ object: { metadata } }) => {
    if (namespaced && metadata.namespace !== namespace) return false;
    return selector ? selector.matches(metadata.labels) : metadata.name === ref.name;
  });
  if (found.length === 0 && ref.parameterNotFoundAction === 'Deny') {
    throw new ConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  }
  const shown = storage === resource ? found : found.map((stored) => versionsOf(resource, storage).view(stored));
  return shown.map(({ object }) => object);
}

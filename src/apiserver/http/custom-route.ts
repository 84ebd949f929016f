import { type ApiError, errors } from '../../api/errors.ts';
import type { ServedResource } from '../core.ts';
import { groupResourceOf } from '../registry/registry.ts';
import type { RequestInfo } from './request-info.ts';
import type { Route } from './resources.ts';

/** Verbs of requests for all namespaces at once. */
const across: ReadonlySet<string> = new Set(['list', 'watch']);
const verbs: ReadonlySet<string> = new Set<Route>([
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
]);
const isVerb = (verb: string): verb is Route => verbs.has(verb);

/**
 * What a request for a custom resource means. Kubernetes serves them by the verb alone, without a route for each path;
 * what cannot be is told in other words than for built-in resources.
 */
export function customRoute(resource: ServedResource, info: RequestInfo): Route | ApiError {
  const { data } = resource;
  const { verb, subresource } = info;
  if (data.namespaced ? info.namespace === '' && !across.has(verb) : info.namespace !== '') return 'not-found';
  const gr = groupResourceOf(resource);
  if (subresource !== '') {
    const own = data.subresources;
    const sub = own && Object.hasOwn(own, subresource) ? own[subresource] : undefined;
    if (!sub) return errors.notFound(gr, info.name);
    return isVerb(verb) && sub.verbs.some((one) => one === verb) ? verb : errors.methodNotSupported(gr, verb);
  }
  if (!isVerb(verb)) return errors.methodNotSupported(gr, verb);
  if (!info.named && (verb === 'update' || verb === 'patch')) return errors.badRequest('name must be provided');
  return verb;
}

import { errors } from '../api/errors.ts';
import type { KubeObject } from '../api/resource.ts';
import type { SubresourceData } from '../schema/model.ts';
import type { Model } from '../schema/resolve.ts';
import type { AuthorizerAttributes } from './admission.ts';
import { Entry } from './cache/entry.ts';
import type { RequestContext, Stored, Target } from './core.ts';
import { type ExpectedKind, kindOf } from './registry/body.ts';
import { scaleKind } from './registry/scale.ts';

/** Of a collection, as the client wrote them. */
export interface Selectors {
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** What the authorizer is asked about a request. */
export function attributesOf(
  context: RequestContext,
  target: Target,
  verb: string,
  { fieldSelector, labelSelector }: Selectors,
): AuthorizerAttributes {
  const { resource, subresource, namespace, name } = target;
  return {
    user: context.user,
    verb,
    group: resource.group,
    version: resource.version,
    resource: resource.data.resource,
    subresource,
    // A namespace is an object of its own: who may do all in it, by its roles, may read it too.
    namespace: resource.group === '' && resource.data.resource === 'namespaces' ? name : namespace,
    // A collection narrowed down to one name is that object, for rules with resourceNames and for nodes.
    name: name || (fieldSelector && /(?:^|,)metadata\.name==?([^,=]+)(?:,|$)/.exec(fieldSelector)?.[1]) || '',
    ...(fieldSelector && { fieldSelector }),
    ...(labelSelector && { labelSelector }),
    path: '',
  };
}

/** Refuses verbs and subresources that discovery does not have. */
export function mustServe(target: Target, verb: string): void {
  const { data } = target.resource;
  if (target.subresource === '') {
    if (!(data.verbs as readonly string[]).includes(verb)) throw errors.methodNotAllowed();
    return;
  }
  const sub = subresourceOf(target);
  if (!(sub.verbs as readonly string[]).includes(verb)) throw errors.methodNotAllowed();
}

function subresourceOf(target: Target): SubresourceData {
  const sub = target.resource.data.subresources?.[target.subresource];
  if (!sub) throw errors.notFoundPath();
  return sub;
}

/** The kind that bodies for the target have. */
export function expectedKind(model: Model, target: Target): ExpectedKind {
  if (target.subresource === '') return kindOf(target.resource);
  const { kind, of } = subresourceOf(target);
  if (!of && kind === target.resource.data.kind) return kindOf(target.resource);
  if (kind === 'Scale') return scaleKind();
  const [group, version] = of ?? [target.resource.group, target.resource.version];
  const schema = model.kind(group, version, kind);
  if (!schema) throw errors.notFoundPath();
  return { group, version, kind, schema };
}

/** An answer that was never stored; with the revision of what it tells about. */
export const answer = (object: object, about?: Stored): Stored =>
  // Handlers answer with objects of API kinds.
  Entry.unstored(about?.key ?? '', about?.revision ?? 0, object as KubeObject);

/** The name that a user agent goes by in managedFields: "kubectl" of "kubectl/v1.36.0 (linux/amd64)". */
export function managerOf(userAgent: string): string {
  const slash = userAgent.indexOf('/');
  const name = slash < 0 ? userAgent : userAgent.slice(0, slash);
  return name.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '').slice(0, 128);
}

/** The legacy collection that pods are bound through. */
export const isBindings = ({ resource }: Target): boolean =>
  resource.group === '' && resource.data.resource === 'bindings';

/** PUT and PATCH: the object must be the one that the path names. */
export function checkIdentity(object: KubeObject, { name, namespace }: Target): void {
  const meta = object.metadata;
  if (namespace && meta.namespace && meta.namespace !== namespace) {
    throw errors.badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (!meta.name) {
    throw errors.badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (meta.name !== name) {
    throw errors.badRequest(`the name of the object (${meta.name}) does not match the name on the URL (${name})`);
  }
}

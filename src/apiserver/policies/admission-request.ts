import type { JsonObject } from '../../schema/json.ts';
import type { AdmissionOperation } from '../admission.ts';
import type { ServedResource } from '../core.ts';
import type { Attributes, Matched } from './attributes.ts';

const optionsKinds: Readonly<Partial<Record<AdmissionOperation, string>>> = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
};

const optionsFields = {
  CREATE: ['dryRun', 'fieldManager', 'fieldValidation'],
  UPDATE: ['dryRun', 'fieldManager', 'fieldValidation'],
  DELETE: ['gracePeriodSeconds', 'preconditions', 'orphanDependents', 'propagationPolicy', 'dryRun'],
  CONNECT: [],
} as const;

/** What the request asked for beside its object, as an object of meta.k8s.io; null of a conversation. */
export function operationOptions({ request }: Attributes): JsonObject | null {
  const kind = optionsKinds[request.operation];
  if (!kind) return null;
  const given: Readonly<Record<string, unknown>> = { ...request.options };
  const out: JsonObject = { kind, apiVersion: 'meta.k8s.io/v1' };
  for (const field of optionsFields[request.operation]) {
    const value = given[field];
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) continue;
    out[field] = value;
  }
  return out;
}

/**
 * The variable `request`: admission.k8s.io/v1's AdmissionRequest without the objects.
 * https://kubernetes.io/docs/reference/config-api/apiserver-admission.v1/#admission-k8s-io-v1-AdmissionRequest
 */
export function admissionRequest(attributes: Attributes, { resource, kind }: Matched): object {
  const { request, name, namespace, own } = attributes;
  const { user } = request.context;
  const { subresource } = request.target;
  return {
    uid: '',
    kind: { ...kind },
    resource: resourceName(resource),
    subResource: subresource || undefined,
    requestKind: { ...own.kind },
    requestResource: resourceName(own.resource),
    requestSubResource: subresource || undefined,
    name: name || undefined,
    namespace: namespace || undefined,
    operation: request.operation,
    userInfo: {
      username: user.name || undefined,
      uid: user.uid || undefined,
      groups: user.groups.length > 0 ? user.groups : undefined,
      extra: user.extra && Object.keys(user.extra).length > 0 ? user.extra : undefined,
    },
    dryRun: request.dryRun,
    options: operationOptions(attributes),
  };
}

const resourceName = ({ group, version, data }: ServedResource) => ({ group, version, resource: data.resource });

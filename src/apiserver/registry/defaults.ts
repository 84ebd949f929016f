import { qualifiedNameProblems } from '../../api/names.ts';
import { groupResourceName, type KubeObject, type Mutable } from '../../api/resource.ts';
import { decode } from '../../schema/decode.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { isJsonObject, type JsonObject } from '../../schema/json.ts';
import type { ServedResource } from '../core.ts';
import type { SubresourceStrategy } from '../strategy.ts';

/** Kinds whose metadata.generation counts the changes that their controllers are to follow. */
const generational: ReadonlySet<string> = new Set([
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'daemonsets.apps',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'cronjobs.batch',
  'jobs.batch',
  'endpointslices.discovery.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'ingresses.networking.k8s.io',
  'ingressclasses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'deviceclasses.resource.k8s.io',
  'resourceslices.resource.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
]);

/** What kinds do that bring no strategy of their own: status belongs to its subresource, and some count generations. */
export function defaultPrepareForCreate(resource: ServedResource, object: Mutable<KubeObject>): void {
  if (countsGenerations(resource)) object.metadata.generation = 1;
  if (!hasStatus(resource)) return;
  const fields = fieldsOf(object);
  const field = resource.schema.fields.get('status');
  if (field?.always && field.schema.node === 'object') {
    fields.status = decode(field.schema, {}, { defaults: true }).object;
  } else delete fields.status;
}

export function defaultPrepareForUpdate(resource: ServedResource, object: Mutable<KubeObject>, old: KubeObject): void {
  const fields = fieldsOf(object);
  const before = fieldsOf(old);
  if (hasStatus(resource)) copy(fields, before, 'status');
  if (!countsGenerations(resource)) return;
  const { metadata: _new, ...now } = fields;
  const { metadata: _old, ...then } = before;
  if (!deepEqual(now, then)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
}

const countsGenerations = (resource: ServedResource): boolean =>
  generational.has(groupResourceName({ group: resource.group, resource: resource.data.resource }));

const hasStatus = (resource: ServedResource): boolean => resource.data.subresources?.status !== undefined;

/** Objects as maps of fields; every object is one. */
function fieldsOf(object: object): JsonObject {
  if (!isJsonObject(object)) throw new Error('not an object');
  return object;
}

function copy(to: JsonObject, from: JsonObject, field: string): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

/** The status of kinds whose strategy says nothing about it: metadata and status are the client's, the rest stays. */
const statusOnly: SubresourceStrategy<KubeObject> = {
  prepareForUpdate: (object, old) => {
    const fields = fieldsOf(object);
    const before = fieldsOf(old);
    for (const field of new Set([...Object.keys(fields), ...Object.keys(before)])) {
      if (field !== 'metadata' && field !== 'status') copy(fields, before, field);
    }
  },
};

/** Namespaces' finalize: only spec.finalizers is the client's. */
const finalizersOnly: SubresourceStrategy<KubeObject> = {
  prepareForUpdate: (object, old) => {
    const fields = fieldsOf(object);
    const before = fieldsOf(old);
    const spec = isJsonObject(fields.spec) ? fields.spec : {};
    const { finalizers: _, ...rest } = isJsonObject(before.spec) ? before.spec : {};
    copy(fields, before, 'status');
    fields.spec = spec.finalizers === undefined ? rest : { ...rest, finalizers: spec.finalizers };
  },
  validateUpdate: (object) => {
    const { spec } = fieldsOf(object);
    const finalizers = isJsonObject(spec) && Array.isArray(spec.finalizers) ? spec.finalizers : [];
    return finalizers.flatMap((finalizer, i) => finalizerProblems(String(finalizer), i));
  },
};

function finalizerProblems(finalizer: string, i: number): FieldError[] {
  const path = Path.of('spec', 'finalizers').index(i);
  const problems = [...qualifiedNameProblems(finalizer)];
  if (!finalizer.includes('/') && finalizer !== 'kubernetes')
    problems.push('name is neither a standard finalizer name nor is it fully qualified');
  return problems.map((why) => fieldErrors.invalid(path, finalizer, why));
}

export function subresourceStrategy(resource: ServedResource, name: string): SubresourceStrategy<KubeObject> {
  const own = resource.strategy.subresources?.[name];
  if (own) return own;
  return name === 'finalize' ? finalizersOnly : statusOnly;
}

import type { Binding, Pod, PodCondition } from '../../api/core/v1.gen.ts';
import { ApiError, errors } from '../../api/errors.ts';
import type { Status } from '../../api/meta/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { formatTime } from '../../schema/time.ts';
import { groupResourceOf, MODIFIED, type Registry, type Write } from './registry.ts';

const MAX_RACES = 100;

export const success: Status & KubeObject = {
  kind: 'Status',
  apiVersion: 'v1',
  // A Status has list metadata, which has no name.
  metadata: {} as KubeObject['metadata'],
  status: 'Success',
  code: 201,
};

/** POST pods/NAME/binding: the scheduler's word that a pod is to run on a node. */
export async function bindPod(registry: Registry, write: Write, binding: Binding): Promise<Status & KubeObject> {
  const { target, storage } = write;
  const found = complaints(binding);
  if (found.length > 0) throw unclassified(found);
  let old = await registry.reader.get(storage, target.namespace, target.name);
  for (let race = 0; race < MAX_RACES; race++) {
    if (!old) throw errors.notFound(groupResourceOf(target.resource), target.name);
    // The store's pods prefix holds pods.
    const pod = old.object as Pod;
    const conflict = (why: string): ApiError =>
      errors.conflict({ group: '', resource: 'pods/binding' }, target.name, why);
    const { uid, resourceVersion } = binding.metadata;
    if (uid && uid !== pod.metadata.uid) {
      const key = old.key;
      throw errors.conflict(
        groupResourceOf(target.resource),
        target.name,
        `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid}`,
      );
    }
    if (resourceVersion && resourceVersion !== pod.metadata.resourceVersion) throw conflict(MODIFIED);
    if (pod.metadata.deletionTimestamp) {
      throw conflict(`pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`);
    }
    if (pod.spec?.nodeName) {
      throw conflict(`pod ${pod.metadata.name} is already assigned to node ${quote(pod.spec.nodeName)}`);
    }
    if (pod.spec?.schedulingGates?.length) {
      throw conflict(`pod ${pod.metadata.name} has non-empty .spec.schedulingGates`);
    }
    const bound = boundPod(pod, binding, registry.clock.now());
    const stored = await registry.overwrite(write, old, bound);
    if (!('conflict' in stored)) return success;
    old = stored.conflict;
  }
  throw errors.conflict({ group: '', resource: 'pods/binding' }, target.name, MODIFIED);
}

/** Kubernetes lets these complaints through without saying what they are about. */
function unclassified(found: readonly FieldError[]): ApiError {
  const each = found.map((error) => `${error.field}: ${error.body}`);
  const message = each.length === 1 ? (each[0] ?? '') : `[${each.join(', ')}]`;
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

function complaints(binding: Binding): FieldError[] {
  const { kind, name } = binding.target;
  const found: FieldError[] = [];
  if (kind && kind !== 'Node') {
    found.push(fieldErrors.notSupported(Path.of('target', 'kind'), kind, ['Node', '<empty>']));
  }
  if (!name) found.push(fieldErrors.required(Path.of('target', 'name')));
  return found;
}

function boundPod(pod: Pod, binding: Binding, now: number): Mutable<KubeObject> {
  const { annotations, labels } = binding.metadata;
  const scheduled: PodCondition = {
    type: 'PodScheduled',
    status: 'True',
    lastProbeTime: null as unknown as undefined, // Shown even where there is none.
    lastTransitionTime: formatTime(now),
  };
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  const others = (status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
  const bound = {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(annotations && { annotations: { ...pod.metadata.annotations, ...annotations } }),
      ...(labels && { labels: { ...pod.metadata.labels, ...labels } }),
    },
    spec: { ...pod.spec, nodeName: binding.target.name },
    status: { ...status, conditions: [...others, scheduled] },
  };
  // Shares what it does not change with the frozen original; nobody writes into it.
  return bound as unknown as Mutable<KubeObject>;
}

import type { Job, JobSpec } from '../../api/batch/v1.gen.ts';
import { type Container, type Pod, pods } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { Draft } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { podFromTemplate } from '../shared/pod-control.ts';
import { podsToDelete } from '../shared/ranking.ts';

export const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
/** Annotation and label. */
export const COMPLETION_INDEX = 'batch.kubernetes.io/job-completion-index';
const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
const INDEX_IGNORED_FAILURES = 'batch.kubernetes.io/job-index-ignored-failure-count';
const INDEX_VARIABLE = 'JOB_COMPLETION_INDEX';
/** Names are 63 characters at most, five of which the server adds. */
const LONGEST_PREFIX = 58;

export const isIndexed = (spec: JobSpec): boolean => spec.completionMode === 'Indexed';
export const isSuspended = (spec: JobSpec): boolean => spec.suspend === true;
export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(TRACKING_FINALIZER) ?? false;

/** Whether a pod is replaced only when it has ended, and not as soon as it is being deleted. */
export function replacesOnlyFailed(spec: JobSpec): boolean {
  return spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;
}

/** Pods that are being deleted may never get to say how they ended; they count as failed. */
export function isPodFailed(pod: Pod, spec: JobSpec): boolean {
  const { phase } = pod.status;
  if (phase === 'Failed') return true;
  return !replacesOnlyFailed(spec) && pod.metadata.deletionTimestamp !== undefined && phase !== 'Succeeded';
}

/** A pod's index; undefined where it has none that can be read. */
export function completionIndex(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[COMPLETION_INDEX];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export interface IndexFailures {
  readonly counted: number;
  readonly ignored: number;
}

/** How often the pod's index had failed when the pod was made. */
export function indexFailures(pod: Pod): IndexFailures {
  const read = (name: string) => {
    const text = pod.metadata.annotations?.[name] ?? '';
    return /^\d+$/.test(text) ? Number(text) : 0;
  };
  return { counted: read(INDEX_FAILURES), ignored: read(INDEX_IGNORED_FAILURES) };
}

export interface IndexedPod {
  readonly index: number;
  /** For Jobs with backoffLimitPerIndex. */
  readonly failures?: IndexFailures;
}

/** The pod to create, for an index where the Job has them. */
export function newJobPod(job: Job, indexed?: IndexedPod): Draft<Pod> {
  const pod = podFromTemplate(job.spec.template, job);
  const finalizers = [...new Set([...(job.spec.template.metadata.finalizers ?? []), TRACKING_FINALIZER])];
  if (!indexed) return { ...pod, metadata: { ...pod.metadata, finalizers } };
  const { index, failures } = indexed;
  const { spec } = job.spec.template;
  const suffix = `-${index}-`;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      finalizers,
      generateName: `${job.metadata.name.slice(0, LONGEST_PREFIX - suffix.length)}${suffix}`,
      labels: { ...pod.metadata?.labels, [COMPLETION_INDEX]: String(index) },
      annotations: {
        ...pod.metadata?.annotations,
        [COMPLETION_INDEX]: String(index),
        ...(failures && { [INDEX_FAILURES]: String(failures.counted) }),
        ...(failures && failures.ignored > 0 && { [INDEX_IGNORED_FAILURES]: String(failures.ignored) }),
      },
    },
    spec: {
      ...spec,
      hostname: `${job.metadata.name}-${index}`,
      containers: spec.containers.map(withIndexVariable),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withIndexVariable) }),
    },
  };
}

function withIndexVariable(container: Container): Container {
  if (container.env?.some((variable) => variable.name === INDEX_VARIABLE)) return container;
  const fieldPath = `metadata.labels['${COMPLETION_INDEX}']`;
  const variable = { name: INDEX_VARIABLE, valueFrom: { fieldRef: { fieldPath } } };
  return { ...container, env: [...(container.env ?? []), variable] };
}

/**
 * Active pods to delete: those that do the work of another (the same index twice) or of none, and as many more as
 * make up `atLeast`, those that have got least far first.
 */
export function surplusPods(spec: JobSpec, active: readonly Pod[], atLeast: number, now: number): Pod[] {
  const surplus: Pod[] = [];
  let left: readonly Pod[] = active;
  if (isIndexed(spec)) {
    const byIndex = new Map<number, Pod[]>();
    for (const pod of active) {
      const index = completionIndex(pod);
      if (index === undefined || index >= (spec.completions ?? 0)) surplus.push(pod);
      else byIndex.set(index, [...(byIndex.get(index) ?? []), pod]);
    }
    const kept: Pod[] = [];
    for (const pods of byIndex.values()) {
      const doubles = pods.length > 1 ? podsToDelete(pods, [], pods.length - 1, now) : [];
      surplus.push(...doubles);
      kept.push(...pods.filter((pod) => !doubles.includes(pod)));
    }
    left = kept;
  }
  const more = Math.min(atLeast - surplus.length, left.length);
  return more > 0 ? [...surplus, ...podsToDelete(left, [], more, now)] : surplus;
}

/** Resolves also when the pod is gone. */
export async function removeTrackingFinalizer(client: Client, pod: Pod): Promise<void> {
  const { namespace = '', name, uid } = pod.metadata;
  const body = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [TRACKING_FINALIZER] } };
  try {
    await client.resource(pods).patch(namespace, name, { type: 'strategic', body });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

import type { Deployment, ReplicaSet } from '../../api/apps/v1.gen.ts';
import type { PodTemplateSpec } from '../../api/core/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { byCreation } from '../shared/order.ts';

export const HASH_LABEL = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** The list of revisions a ReplicaSet once had is cut to so many characters. */
const LONGEST_HISTORY = 2000;

/** Annotations that are about one object and are not handed down from Deployment to ReplicaSet. */
const own = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

export interface Generations {
  /** The ReplicaSet with the Deployment's template, where there is one. */
  readonly current: ReplicaSet | undefined;
  /** All others, oldest first. */
  readonly old: readonly ReplicaSet[];
}

/** Which of its ReplicaSets a Deployment means now. Of several with its template the oldest is taken. */
export function sortGenerations(deployment: Deployment, sets: readonly ReplicaSet[]): Generations {
  const sorted = [...sets].sort(byCreation);
  const current = sorted.find((set) => sameTemplate(set.spec.template, deployment.spec.template));
  return { current, old: sorted.filter((set) => set !== current) };
}

/** Equal but for the hash label, which the controller adds itself. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return deepEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { labels } = template.metadata;
  if (labels?.[HASH_LABEL] === undefined) return template;
  const { [HASH_LABEL]: _, ...others } = labels;
  return { ...template, metadata: { ...template.metadata, labels: others } };
}

/** A ReplicaSet's revision; 0 where it has none. */
function revisionOf(set: ReplicaSet): number {
  const text = set.metadata.annotations?.[REVISION] ?? '';
  return /^[0-9]+$/.test(text) ? Number(text) : 0;
}

export const nextRevision = (old: readonly ReplicaSet[]): number =>
  old.reduce((highest, set) => Math.max(highest, revisionOf(set)), 0) + 1;

/**
 * The annotations that the current ReplicaSet is to have: the Deployment's own, and the revision, which moves up when
 * a Deployment goes back to an earlier template; the revision it had is remembered in the history.
 */
export function annotationsFor(
  deployment: Deployment,
  present: Readonly<Record<string, string>>,
  revision: number,
): Record<string, string> {
  const annotations = { ...present };
  let changed = false;
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (own.has(name) || annotations[name] === value) continue;
    annotations[name] = value;
    changed = true;
  }
  const before = present[REVISION];
  if (before === undefined || Number(before) < revision) {
    annotations[REVISION] = String(revision);
    changed = true;
  }
  if (before !== undefined && changed && Number(before) < revision) {
    const history = [...(present[REVISION_HISTORY]?.split(',').filter(Boolean) ?? []), before];
    while (history.join(',').length > LONGEST_HISTORY) history.shift();
    annotations[REVISION_HISTORY] = history.join(',');
  }
  return annotations;
}

/** Old ReplicaSets beyond the history limit, oldest revision first, that have no pods left and are settled. */
export function expendable(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined) return [];
  const alive = old.filter((set) => set.metadata.deletionTimestamp === undefined);
  const excess = alive.length - limit;
  if (excess <= 0) return [];
  return alive
    .sort((a, b) => revisionOf(a) - revisionOf(b) || byCreation(a, b))
    .slice(0, excess)
    .filter(
      (set) =>
        set.status.replicas === 0 &&
        set.spec.replicas === 0 &&
        (set.metadata.generation ?? 0) <= (set.status.observedGeneration ?? 0),
    );
}

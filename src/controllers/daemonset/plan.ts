import type { DaemonSet } from '../../api/apps/v1.gen.ts';
import type { Node, Pod } from '../../api/core/v1.gen.ts';
import { scaledValue } from '../../schema/int-or-string.ts';
import { byCreation } from '../shared/order.ts';
import { isPodAvailable, isPodReady } from '../shared/pods.ts';
import { REVISION_LABEL } from '../shared/revisions.ts';
import { placement, targetNode } from './placement.ts';

/** What is there, as one pass sees it. */
export interface View {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** The DaemonSet's pods by the node they are on or meant for. */
  readonly pods: ReadonlyMap<string, readonly Pod[]>;
  /** Of the current template. */
  readonly hash: string;
  readonly now: number;
}

/** Nodes to start a pod on, and pods to delete. */
export interface Plan {
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = targetNode(pod);
    if (node === undefined) continue;
    const there = byNode.get(node);
    if (there) there.push(pod);
    else byNode.set(node, [pod]);
  }
  return byNode;
}

const isCurrent = (pod: Pod, hash: string): boolean => pod.metadata.labels?.[REVISION_LABEL] === hash;
const isGoing = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Scheduled before unscheduled, then the oldest first. */
export function byAge(a: Pod, b: Pod): number {
  return Number(!a.spec.nodeName) - Number(!b.spec.nodeName) || byCreation(a, b);
}

/** How many pods an update may have too many of or be short of. */
function updateLimits(set: DaemonSet, wanted: number): { surge: number; unavailable: number } {
  const { type, rollingUpdate } = set.spec.updateStrategy;
  if (type !== 'RollingUpdate' || !rollingUpdate) return { surge: 0, unavailable: 0 };
  const surge = scaledValue(rollingUpdate.maxSurge ?? 0, wanted, true);
  const unavailable = scaledValue(rollingUpdate.maxUnavailable ?? 0, wanted, true);
  return { surge, unavailable: wanted > 0 && surge === 0 && unavailable === 0 ? 1 : unavailable };
}

const surges = (set: DaemonSet): boolean => updateLimits(set, 1).surge > 0;

/**
 * Brings one pod to every node that is to have one, and takes away what is too much. `failed` is asked for each pod
 * that has failed, and says whether it is to be deleted now.
 */
export function planPlacement(view: View, failed: (pod: Pod, node: string) => boolean): Plan {
  const create: string[] = [];
  const remove: Pod[] = [];
  for (const node of view.nodes) {
    const { name } = node.metadata;
    const { shouldRun, mayStay } = placement(view.set, node);
    const present = view.pods.get(name) ?? [];
    if (!mayStay) {
      remove.push(...present.filter((pod) => !isGoing(pod)));
    } else if (present.length === 0) {
      if (shouldRun) create.push(name);
    } else {
      const running: Pod[] = [];
      for (const pod of present) {
        if (isGoing(pod)) continue;
        if (pod.status.phase === 'Succeeded') remove.push(pod);
        else if (pod.status.phase !== 'Failed') running.push(pod);
        else if (failed(pod, name)) remove.push(pod);
      }
      running.sort(byAge);
      if (!surges(view.set)) remove.push(...running.slice(1));
      else if (running.length === 0) {
        if (shouldRun) create.push(name);
      } else remove.push(...surplusOfSurge(view, running));
    }
  }
  // Nobody else deletes pods that wait for a node which does not exist.
  const known = new Set(view.nodes.map((node) => node.metadata.name));
  for (const [name, pods] of view.pods) {
    if (!known.has(name)) remove.push(...pods.filter((pod) => !pod.spec.nodeName && !isGoing(pod)));
  }
  return { create, remove };
}

/** While a node is being updated it may have an old and a new pod: until the new one is available or the old one fails. */
function surplusOfSurge({ set, hash, now }: View, running: readonly Pod[]): Pod[] {
  const [current, ...moreCurrent] = running.filter((pod) => isCurrent(pod, hash));
  const [old, ...moreOld] = running.filter((pod) => !isCurrent(pod, hash));
  const surplus = [...moreCurrent, ...moreOld];
  if (current && old && (!isPodReady(old) || isPodAvailable(current, set.spec.minReadySeconds ?? 0, now))) {
    surplus.push(old);
  }
  return surplus;
}

interface Pair {
  readonly node: string;
  readonly current: Pod | undefined;
  readonly old: Pod | undefined;
  /** More pods than an update accounts for; `planPlacement` sorts that out first. */
  readonly crowded: boolean;
}

function pairs(view: View, wanted: readonly string[]): Pair[] {
  return [...new Set([...view.pods.keys(), ...wanted])].map((node) => {
    const staying = (view.pods.get(node) ?? []).filter((pod) => !isGoing(pod));
    const current = staying.filter((pod) => isCurrent(pod, view.hash));
    const old = staying.filter((pod) => !isCurrent(pod, view.hash));
    return { node, current: current[0], old: old[0], crowded: current.length > 1 || old.length > 1 };
  });
}

/** The next steps of a rolling update, within its limits. */
export function planUpdate(view: View): Plan {
  const wanted = view.nodes.filter((node) => placement(view.set, node).shouldRun).map((node) => node.metadata.name);
  const { surge, unavailable } = updateLimits(view.set, wanted.length);
  const nodes = pairs(view, wanted);
  return surge === 0
    ? { create: [], remove: replaceInPlace(view, nodes, unavailable) }
    : replaceBySurge(view, nodes, wanted, surge);
}

/** Old pods to delete now; `planPlacement` starts their successors. */
function replaceInPlace({ set, now }: View, nodes: readonly Pair[], limit: number): Pod[] {
  const available = (pod: Pod) => isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);
  let missing = 0;
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  for (const { current, old, crowded } of nodes) {
    if (crowded || (current === undefined) === (old === undefined)) missing++;
    else if (current) missing += available(current) ? 0 : 1;
    else if (old && available(old)) candidates.push(old);
    else if (old) {
      broken.push(old); // Nothing is lost with it.
      missing++;
    }
  }
  return [...broken, ...candidates.slice(0, Math.max(0, limit - missing))];
}

function replaceBySurge(view: View, nodes: readonly Pair[], wanted: readonly string[], limit: number): Plan {
  const { set, now } = view;
  const available = (pod: Pod) => isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);
  const runs = new Set(wanted);
  const remove: Pod[] = [];
  const misplaced: Pod[] = [];
  const urgent: string[] = [];
  const candidates: string[] = [];
  let surging = 0;
  let serving = 0;
  for (const { node, current, old, crowded } of nodes) {
    if (crowded) {
      surging++;
      continue;
    }
    const counts = old ?? current;
    if (counts && available(counts)) serving++;
    if (!old) continue;
    if (current) {
      if (available(current)) remove.push(old);
      else surging++;
    } else if (!runs.has(node)) {
      if (available(old)) misplaced.push(old);
      else remove.push(old);
    } else if (available(old)) {
      candidates.push(node);
    } else {
      urgent.push(node);
    }
  }
  // A pod on a node that is no longer wanted goes when another one serves in its place.
  remove.push(...misplaced.slice(0, Math.max(0, serving - wanted.length)));
  return { create: [...urgent, ...candidates.slice(0, Math.max(0, limit - surging))], remove };
}

import type { Pod } from '../../api/core/v1.gen.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from './pod-info.ts';

/** https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/ */

export type Code =
  | 'Unschedulable'
  /** Unschedulable, and evicting other pods would not help. */
  | 'UnschedulableAndUnresolvable'
  | 'Error'
  | 'Wait';

/** Why not. Success is the absence of a status, so that the many successes cost nothing. */
export interface Status {
  readonly code: Code;
  readonly plugin: string;
  readonly reasons: readonly string[];
}

/** What a plugin's PreFilter or PreScore keeps for the rest of one pod's cycle, by plugin name. */
export class CycleState {
  readonly #data = new Map<string, unknown>();

  write(key: string, value: unknown): void {
    this.#data.set(key, value);
  }

  /** The caller wrote it, so the caller knows its type. */
  read<T>(key: string): T | undefined {
    return this.#data.get(key) as T | undefined;
  }
}

/** Something that happened in the cluster and may make a pod schedulable. */
export type ClusterEvent =
  | 'Node/Add'
  | 'Node/UpdateAllocatable'
  | 'Node/UpdateLabel'
  | 'Node/UpdateTaint'
  | 'Node/UpdateCondition'
  | 'AssignedPod/Add'
  | 'AssignedPod/Update'
  | 'AssignedPod/Delete'
  | 'Pod/Update';

interface Plugin {
  readonly name: string;
  /** Events after which a pod that this plugin refused is worth another look. */
  readonly events?: readonly ClusterEvent[];
}

export interface PreEnqueuePlugin extends Plugin {
  /** A status keeps the pod out of the queue until it changes. */
  preEnqueue(pod: Pod): Status | undefined;
}

export interface QueueSortPlugin extends Plugin {
  /** Whether a is to be scheduled before b. */
  less(a: QueuedPodInfo, b: QueuedPodInfo): boolean;
}

export interface QueuedPodInfo {
  readonly pod: Pod;
  readonly info: PodInfo;
  /** When it first could be scheduled, ms. */
  readonly added: number;
  /** When it was last added to the queue, ms. */
  timestamp: number;
  attempts: number;
  /** Plugins that refused it the last time. */
  unschedulablePlugins: ReadonlySet<string>;
}

/** Skip: this plugin has nothing to say about this pod, its Filter is left out. */
export type PreFilterResult = Status | 'Skip' | undefined;

export interface PreFilterPlugin extends Plugin {
  preFilter(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): PreFilterResult;
}

export interface FilterPlugin extends Plugin {
  filter(state: CycleState, pod: PodInfo, node: NodeInfo): Status | undefined;
}

export interface PreScorePlugin extends Plugin {
  preScore(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): 'Skip' | undefined;
}

export const maxNodeScore = 100;

export interface ScorePlugin extends Plugin {
  /**
   * Writes every node's score: higher is better; after `normalize` between 0 and maxNodeScore. All nodes in one call,
   * since hundreds are scored for every pod.
   */
  score(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], scores: Float64Array): void;
  /** Brings the scores of all nodes, in place, into 0..maxNodeScore. */
  normalize?(scores: Float64Array): void;
}

export type AnyPlugin = Plugin &
  Partial<PreEnqueuePlugin & QueueSortPlugin & PreFilterPlugin & FilterPlugin & PreScorePlugin & ScorePlugin>;

/** The plugins of one scheduler name, and how much each one's score counts. */
export interface Profile {
  readonly schedulerName: string;
  readonly plugins: readonly AnyPlugin[];
  readonly weights: Readonly<Record<string, number>>;
}

/** Scales scores so that the best gets `maxNodeScore`; reversed, so that the worst does. */
export function normalizeByMaximum(scores: Float64Array, reverse: boolean): void {
  let most = 0;
  for (const score of scores) if (score > most) most = score;
  for (let i = 0; i < scores.length; i++) {
    const scaled = most === 0 ? 0 : Math.trunc((maxNodeScore * (scores[i] ?? 0)) / most);
    scores[i] = reverse ? maxNodeScore - scaled : scaled;
  }
}

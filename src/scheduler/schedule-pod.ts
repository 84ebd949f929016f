import type { NodeInfo } from './cache/node-info.ts';
import type { PodInfo } from './framework/pod-info.ts';
import {
  CycleState,
  type FilterPlugin,
  type PreFilterPlugin,
  type PreScorePlugin,
  type Profile,
  type ScorePlugin,
  type Status,
} from './framework/types.ts';
import type { SchedulerMetrics } from './metrics.ts';

/** Clusters up to this size are searched whole. */
const minFeasibleNodes = 100;
const minPercentage = 5;

/** How many feasible nodes are enough: all of small clusters, 50 % less one per 125 nodes of larger ones. */
export function numFeasibleNodesToFind(nodes: number): number {
  if (nodes < minFeasibleNodes) return nodes;
  const percentage = Math.max(50 - Math.floor(nodes / 125), minPercentage);
  return Math.max(Math.floor((nodes * percentage) / 100), minFeasibleNodes);
}

export type Decision =
  | { readonly node: NodeInfo; readonly evaluated: number; readonly feasible: number }
  | { readonly node: undefined; readonly failure: Failure };

/** Why no node would do. */
export interface Failure {
  readonly nodes: number;
  /** How many nodes each reason kept out. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly plugins: ReadonlySet<string>;
}

/** Where the search for nodes begins, so that none is asked first every time. */
export interface Rotation {
  next: number;
}

/**
 * One pod's scheduling cycle, without I/O: which nodes would take it (PreFilter, Filter), which of them is best
 * (PreScore, Score, normalise, weights), and by chance which of the equally good ones.
 */
export function schedulePod(
  profile: CompiledProfile,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  rotation: Rotation,
  random: () => number,
  point?: SchedulerMetrics['point'],
): Decision {
  const began = point ? performance.now() : 0;
  const state = new CycleState();
  const skipped = new Set<string>();
  for (const plugin of profile.preFilter) {
    const result = plugin.preFilter(state, pod, nodes);
    if (result === 'Skip') skipped.add(plugin.name);
    else if (result) {
      point?.('PreFilter', performance.now() - began, 'Unschedulable');
      return failed(nodes.length, [result], nodes.length);
    }
  }
  const filtering = point ? performance.now() : 0;
  point?.('PreFilter', filtering - began, 'Success');
  const filters = profile.filter.filter((plugin) => !skipped.has(plugin.name));
  const wanted = numFeasibleNodesToFind(nodes.length);
  const feasible: NodeInfo[] = [];
  const refusals: Status[] = [];
  let evaluated = 0;
  let at = nodes.length ? rotation.next % nodes.length : 0;
  for (; evaluated < nodes.length && feasible.length < wanted; evaluated++) {
    const node = nodes[at] as NodeInfo;
    if (++at === nodes.length) at = 0;
    const status = firstRefusal(filters, state, pod, node);
    if (status) refusals.push(status);
    else feasible.push(node);
  }
  rotation.next = at;
  const [only] = feasible;
  const scoring = point ? performance.now() : 0;
  point?.('Filter', scoring - filtering, only ? 'Success' : 'Unschedulable');
  if (!only) return failed(nodes.length, refusals, 1);
  if (feasible.length === 1) return { node: only, evaluated, feasible: 1 };
  const totals = scoreNodes(profile, state, pod, feasible);
  point?.('Score', performance.now() - scoring, 'Success');
  return { node: best(feasible, totals, random), evaluated, feasible: feasible.length };
}

function firstRefusal(
  filters: readonly FilterPlugin[],
  state: CycleState,
  pod: PodInfo,
  node: NodeInfo,
): Status | undefined {
  for (let i = 0; i < filters.length; i++) {
    const status = filters[i]?.filter(state, pod, node);
    if (status) return status;
  }
  return undefined;
}

/** The weighted sum of all plugins' scores, by position in `nodes`. */
export function scoreNodes(
  profile: CompiledProfile,
  state: CycleState,
  pod: PodInfo,
  nodes: readonly NodeInfo[],
): Float64Array {
  const skipped = new Set<string>();
  for (const plugin of profile.preScore) if (plugin.preScore(state, pod, nodes) === 'Skip') skipped.add(plugin.name);
  const totals = new Float64Array(nodes.length);
  const scores = new Float64Array(nodes.length);
  for (const { plugin, weight } of profile.score) {
    if (skipped.has(plugin.name)) continue;
    plugin.score(state, pod, nodes, scores);
    plugin.normalize?.(scores);
    for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] ?? 0) + weight * (scores[i] ?? 0);
  }
  return totals;
}

/** The node with the highest total; each of several has the same chance. */
function best(nodes: readonly NodeInfo[], totals: Float64Array, random: () => number): NodeInfo {
  let chosen = 0;
  let equals = 1;
  for (let i = 1; i < nodes.length; i++) {
    const difference = (totals[i] ?? 0) - (totals[chosen] ?? 0);
    if (difference > 0) {
      chosen = i;
      equals = 1;
    } else if (difference === 0 && random() * ++equals < 1) chosen = i;
  }
  const node = nodes[chosen];
  if (!node) throw new RangeError('no node to choose from');
  return node;
}

function failed(nodes: number, refusals: readonly Status[], each: number): Decision {
  const reasons = new Map<string, number>();
  const plugins = new Set<string>();
  for (const { reasons: list, plugin } of refusals) {
    plugins.add(plugin);
    for (const reason of list) reasons.set(reason, (reasons.get(reason) ?? 0) + each);
  }
  return { node: undefined, failure: { nodes, reasons, plugins } };
}

/** `0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s).` */
export function failureMessage({ nodes, reasons }: Failure): string {
  if (nodes === 0) return 'no nodes available to schedule pods';
  // Sorted as text, as Kubernetes sorts them: "10 ..." before "2 ...".
  const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${parts.join(', ')}.`;
}

/** A profile's plugins by extension point. */
export interface CompiledProfile {
  readonly preFilter: readonly PreFilterPlugin[];
  readonly filter: readonly FilterPlugin[];
  readonly preScore: readonly PreScorePlugin[];
  readonly score: readonly { readonly plugin: ScorePlugin; readonly weight: number }[];
}

export function compileProfile({ plugins, weights }: Profile): CompiledProfile {
  return {
    preFilter: plugins.filter((p): p is PreFilterPlugin => p.preFilter !== undefined),
    filter: plugins.filter((p): p is FilterPlugin => p.filter !== undefined),
    preScore: plugins.filter((p): p is PreScorePlugin => p.preScore !== undefined),
    score: plugins
      .filter((p): p is ScorePlugin => p.score !== undefined)
      .map((plugin) => ({ plugin, weight: weights[plugin.name] ?? 1 })),
  };
}

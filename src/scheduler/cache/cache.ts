import type { Node, Pod } from '../../api/core/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type PodInfo, podInfo } from '../framework/pod-info.ts';
import { NodeInfo } from './node-info.ts';

/**
 * What the scheduler knows of nodes and their pods. A pod it has just placed counts at once (assumed), before the API
 * server has said so; should binding fail it is forgotten again. One pod is placed in one turn of the event loop, so
 * the cache itself is the snapshot that kube-scheduler has to copy.
 */
export class Cache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** Node of every counted pod, by uid. */
  readonly #placed = new Map<string, string>();
  readonly #assumed = new Set<string>();
  #list: NodeInfo[] | undefined;

  /** The nodes that are there, zone by zone in turn so that neighbours in the list are far apart. */
  get nodes(): readonly NodeInfo[] {
    this.#list ??= interleaveZones([...this.#nodes.values()].filter((n) => n.node !== undefined));
    return this.#list;
  }

  node(name: string): NodeInfo | undefined {
    return this.#nodes.get(name);
  }

  isAssumed(uid: string): boolean {
    return this.#assumed.has(uid);
  }

  setNode(node: Node): void {
    const info = this.#infoOf(node.metadata.name);
    if (!info.node || zoneOf(info.node) !== zoneOf(node)) this.#list = undefined;
    info.setNode(node);
  }

  removeNode(name: string): void {
    const info = this.#nodes.get(name);
    if (!info) return;
    this.#list = undefined;
    info.node = undefined;
    if (info.pods.size === 0) this.#nodes.delete(name);
  }

  assume(info: PodInfo, nodeName: string): void {
    this.#assumed.add(info.pod.metadata.uid);
    this.#place(info, nodeName);
  }

  /** Binding failed. */
  forget(pod: Pod): void {
    if (this.#assumed.delete(pod.metadata.uid)) this.#remove(pod.metadata.uid);
  }

  /** The API server shows a pod on its node. */
  setPod(pod: Pod): void {
    const { uid } = pod.metadata;
    const nodeName = pod.spec.nodeName ?? '';
    const before = this.#placed.get(uid);
    const known = before === nodeName ? this.#nodes.get(nodeName)?.pods.get(uid) : undefined;
    this.#assumed.delete(uid);
    // Most updates are of the status and change nothing that is counted here.
    if (known && sameNeeds(known.pod, pod)) return;
    this.#remove(uid);
    this.#place(podInfo(pod), nodeName);
  }

  removePod(pod: Pod): void {
    this.#assumed.delete(pod.metadata.uid);
    this.#remove(pod.metadata.uid);
  }

  #place(info: PodInfo, nodeName: string): void {
    this.#infoOf(nodeName).addPod(info);
    this.#placed.set(info.pod.metadata.uid, nodeName);
  }

  #remove(uid: string): void {
    const nodeName = this.#placed.get(uid);
    if (nodeName === undefined) return;
    this.#placed.delete(uid);
    const info = this.#nodes.get(nodeName);
    info?.removePod(uid);
    if (info && !info.node && info.pods.size === 0) this.#nodes.delete(nodeName);
  }

  #infoOf(name: string): NodeInfo {
    let info = this.#nodes.get(name);
    if (!info) {
      info = new NodeInfo(name);
      this.#nodes.set(name, info);
    }
    return info;
  }
}

/** What is counted changes when the spec does (a resize) or the labels. */
function sameNeeds(a: Pod, b: Pod): boolean {
  return a.metadata.generation === b.metadata.generation && deepEqual(a.metadata.labels, b.metadata.labels);
}

const zoneOf = (node: Node): string =>
  `${node.metadata.labels?.['topology.kubernetes.io/region'] ?? ''}:${node.metadata.labels?.['topology.kubernetes.io/zone'] ?? ''}`;

function interleaveZones(nodes: readonly NodeInfo[]): NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const info of nodes) {
    const zone = info.node ? zoneOf(info.node) : '';
    const list = zones.get(zone);
    if (list) list.push(info);
    else zones.set(zone, [info]);
  }
  if (zones.size <= 1) return [...nodes];
  const out: NodeInfo[] = [];
  const lists = [...zones.values()];
  for (let i = 0; out.length < nodes.length; i++) {
    for (const list of lists) {
      const info = list[i];
      if (info) out.push(info);
    }
  }
  return out;
}

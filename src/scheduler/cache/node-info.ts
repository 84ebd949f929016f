import type { Node, Taint } from '../../api/core/v1.gen.ts';
import type { HostPort, PodInfo } from '../framework/pod-info.ts';
import { addTo, noResources, type Resources, readResources } from '../framework/resources.ts';

/** A node and the sums over its pods. */
export class NodeInfo {
  readonly name: string;
  /** Undefined for a node that pods name and that is not there (any more). */
  node: Node | undefined;
  allocatable: Resources = noResources();
  allowedPods = 0;
  /** Taints that keep pods off, and those that only prefer so. */
  taints: readonly Taint[] = [];
  softTaints: readonly Taint[] = [];
  unschedulable = false;
  /** Sizes in bytes by every name that an image has; undefined where the node has none. */
  images: ReadonlyMap<string, number> | undefined;
  readonly requested: Resources = noResources();
  /** With defaults for containers without requests. */
  readonly nonZero: Resources = noResources();
  readonly pods = new Map<string, PodInfo>();
  /** "TCP:8080" to the addresses in use. */
  readonly #ports = new Map<string, string[]>();

  constructor(name: string) {
    this.name = name;
  }

  setNode(node: Node): void {
    this.node = node;
    this.allocatable = readResources(node.status.allocatable);
    this.allowedPods = Number(node.status.allocatable?.pods ?? 0);
    this.taints = node.spec.taints?.filter((taint) => taint.effect !== 'PreferNoSchedule') ?? [];
    this.softTaints = node.spec.taints?.filter((taint) => taint.effect === 'PreferNoSchedule') ?? [];
    this.unschedulable = node.spec.unschedulable ?? false;
    this.images = sizesByName(node);
  }

  addPod(info: PodInfo): void {
    this.pods.set(info.pod.metadata.uid, info);
    addTo(this.requested, info.requests);
    addTo(this.nonZero, info.nonZero);
    for (const p of info.hostPorts) {
      const key = `${p.protocol}:${p.port}`;
      const list = this.#ports.get(key);
      if (list) list.push(p.ip);
      else this.#ports.set(key, [p.ip]);
    }
  }

  removePod(uid: string): boolean {
    const info = this.pods.get(uid);
    if (!info) return false;
    this.pods.delete(uid);
    addTo(this.requested, info.requests, -1);
    addTo(this.nonZero, info.nonZero, -1);
    for (const p of info.hostPorts) {
      const key = `${p.protocol}:${p.port}`;
      const list = this.#ports.get(key) ?? [];
      list.splice(list.indexOf(p.ip), 1);
      if (list.length === 0) this.#ports.delete(key);
    }
    return true;
  }

  /** Whether a port is taken: on the same address, or on all where either side means all. */
  portTaken(p: HostPort): boolean {
    const list = this.#ports.get(`${p.protocol}:${p.port}`);
    if (!list) return false;
    return everyAddress(p.ip) || list.some((ip) => everyAddress(ip) || ip === p.ip);
  }
}

function sizesByName({ status }: Node): Map<string, number> | undefined {
  if (!status.images?.length) return undefined;
  const sizes = new Map<string, number>();
  for (const { names, sizeBytes } of status.images) {
    for (const name of names ?? []) if (!sizes.has(name)) sizes.set(name, sizeBytes ?? 0);
  }
  return sizes;
}

const everyAddress = (ip: string) => ip === '' || ip === '0.0.0.0';

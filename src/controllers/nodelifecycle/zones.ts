import type { Node } from '../../api/core/v1.gen.ts';
import { isReady } from './conditions.ts';

/** A second, as --node-eviction-rate. */
const RATE = 0.1;
/** As --secondary-node-eviction-rate. */
const SECONDARY_RATE = 0.01;
/** As --large-cluster-size-threshold: smaller zones stop evictions when most of their nodes fail. */
const LARGE_ZONE = 50;
/** As --unhealthy-zone-threshold. */
const UNHEALTHY = 0.55;

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

interface Zone {
  ready: number;
  notReady: number;
  /** Before this time no further node may be emptied. */
  nextEviction: number;
}

/**
 * How fast nodes that fail may lose their pods. The more of a zone fails, the likelier it is the zone's connection
 * and not its nodes; when nothing answers at all, it is this side that is cut off, and nothing is evicted.
 * https://kubernetes.io/docs/concepts/architecture/nodes/#rate-limits-on-eviction
 */
export class Zones {
  readonly #zones = new Map<string, Zone>();
  readonly #nodes = new Map<string, { readonly zone: string; readonly ready: boolean }>();

  /** Returns whether a state changed by it: that of the node's zone or of all of them together. */
  set(node: Node): boolean {
    const key = zoneOf(node);
    const before = this.#states(key);
    this.#remove(node.metadata.name);
    if (node.metadata.labels?.['node.kubernetes.io/exclude-disruption'] === undefined) {
      const ready = isReady(node);
      const zone = this.#zones.get(key) ?? { ready: 0, notReady: 0, nextEviction: 0 };
      this.#zones.set(key, zone);
      zone[ready ? 'ready' : 'notReady']++;
      this.#nodes.set(node.metadata.name, { zone: key, ready });
    }
    return before !== this.#states(key);
  }

  delete(node: Node): boolean {
    const key = zoneOf(node);
    const before = this.#states(key);
    this.#remove(node.metadata.name);
    return before !== this.#states(key);
  }

  /** Whether no node of any zone is ready. */
  get allDisrupted(): boolean {
    for (const zone of this.#zones.values()) if (zone.ready > 0) return false;
    return this.#nodes.size > 0;
  }

  /**
   * Milliseconds until a node of the zone may be emptied of pods: 0 for now, which is counted as done; undefined for
   * not while the zone is in the state it is in.
   */
  reserve(node: Node, now: number): number | undefined {
    const zone = this.#zones.get(zoneOf(node)) ?? { ready: 0, notReady: 0, nextEviction: 0 };
    const rate = this.allDisrupted ? 0 : rateOf(zone);
    if (rate === 0) return undefined;
    if (zone.nextEviction > now) return zone.nextEviction - now;
    zone.nextEviction = now + 1000 / rate;
    return 0;
  }

  #states(key: string): string {
    const zone = this.#zones.get(key);
    return `${zone && stateOf(zone)} ${this.allDisrupted}`;
  }

  #remove(name: string): void {
    const old = this.#nodes.get(name);
    if (!old) return;
    this.#nodes.delete(name);
    const zone = this.#zones.get(old.zone);
    if (!zone) return;
    zone[old.ready ? 'ready' : 'notReady']--;
    if (zone.ready + zone.notReady === 0) this.#zones.delete(old.zone);
  }
}

export function stateOf({ ready, notReady }: Pick<Zone, 'ready' | 'notReady'>): ZoneState {
  if (ready === 0 && notReady > 0) return 'FullDisruption';
  if (notReady > 2 && notReady / (notReady + ready) >= UNHEALTHY) return 'PartialDisruption';
  return 'Normal';
}

/** Nodes a second. */
function rateOf(zone: Zone): number {
  if (stateOf(zone) !== 'PartialDisruption') return RATE;
  return zone.ready + zone.notReady > LARGE_ZONE ? SECONDARY_RATE : 0;
}

function zoneOf({ metadata: { labels = {} } }: Node): string {
  return `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;
}

import { type Node, nodes } from '../api/core/v1.gen.ts';
import type { Informer, InformerFactory } from '../client/informer.ts';
import { ROUTE_PROTOCOL } from '../proxy/route.ts';
import { CommandError, type Run, run } from '../proxy/run.ts';
import type { Clock, Timer } from '../utils/clock.ts';
import { familyOf, familyOfRange, rangeContains } from '../utils/ip.ts';
import type { Logger } from '../utils/log.ts';

export interface NodeRoutesOptions {
  readonly informers: InformerFactory;
  readonly nodeName: string;
  readonly clusterCIDRs: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly run?: Run;
}

export interface NodeRoutes {
  /** Stops following nodes; the routes stay. */
  stop(): Promise<void>;
  /** Stops, and removes the routes. */
  cleanup(): Promise<void>;
}

const RETRY_MS = 30_000;

/** The routes to other nodes' pods: range of addresses to node. A range of two nodes goes to the first by name. */
export function wantedRoutes(all: readonly Node[], nodeName: string): Map<string, string> {
  const routes = new Map<string, string>();
  for (const { metadata, spec, status } of all.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    if (metadata.name === nodeName) continue;
    const ranges = spec?.podCIDRs?.length ? spec.podCIDRs : [spec?.podCIDR];
    for (const range of ranges) {
      const family = range === undefined ? undefined : familyOfRange(range);
      const address = status?.addresses?.find(
        ({ type, address }) => type === 'InternalIP' && familyOf(address) === family,
      );
      if (range && family && address && !routes.has(range)) routes.set(range, address.address);
    }
  }
  return routes;
}

/**
 * Keeps a route to every other node's pods, through that node. That works for nodes on one link, where no packet has
 * to be wrapped; a node that is not on the link is reported and tried again.
 */
export function startNodeRoutes(options: NodeRoutesOptions): NodeRoutes {
  return new Routes(options);
}

class Routes implements NodeRoutes {
  readonly #options: NodeRoutesOptions;
  readonly #run: Run;
  readonly #nodes: Informer<Node>;
  readonly #unsubscribe: () => void;
  /** What the kernel has; undefined: not known. */
  #present: Map<string, string> | undefined;
  #dirty = false;
  #running: Promise<void> | undefined;
  #stopped = false;
  #retry: Timer | undefined;

  constructor(options: NodeRoutesOptions) {
    this.#options = options;
    this.#run = options.run ?? run;
    this.#nodes = options.informers.informer(nodes);
    const changed = () => this.#mark();
    this.#unsubscribe = this.#nodes.addHandler({ onAdd: changed, onUpdate: changed, onDelete: changed });
    this.#nodes.hasSynced.then(changed, () => options.log.debug('stopped before nodes were listed'));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#retry?.stop();
    await this.#running;
  }

  async cleanup(): Promise<void> {
    await this.stop();
    for (const [range] of await this.#list()) await this.#remove(range);
  }

  #mark(): void {
    this.#dirty = true;
    if (this.#running || this.#stopped || !this.#nodes.synced) return;
    this.#running = this.#follow().finally(() => {
      this.#running = undefined;
    });
  }

  async #follow(): Promise<void> {
    // Nodes come by the hundred at the start, heartbeats later: one look for all that happens in a turn.
    await Promise.resolve();
    while (this.#dirty && !this.#stopped) {
      this.#dirty = false;
      if (await this.#sync()) continue;
      this.#retry?.stop();
      this.#retry = this.#options.clock.after(RETRY_MS, () => this.#mark());
    }
  }

  /** Whether everything is as it should be. */
  async #sync(): Promise<boolean> {
    const { log } = this.#options;
    let complete = true;
    try {
      const wanted = wantedRoutes(this.#nodes.store.list(), this.#options.nodeName);
      this.#present ??= await this.#list();
      for (const range of [...this.#present.keys()]) {
        if (wanted.has(range)) continue;
        await this.#remove(range);
        this.#present.delete(range);
      }
      for (const [range, node] of wanted) {
        if (this.#present.get(range) === node) continue;
        try {
          await this.#run('ip', [version(range), 'route', 'replace', range, 'via', node, 'proto', ROUTE_PROTOCOL]);
          this.#present.set(range, node);
        } catch (error) {
          complete = false;
          log.warn({ err: error, range, node }, 'no route to the pods of a node; is it on the same link?');
        }
      }
    } catch (error) {
      complete = false;
      this.#present = undefined;
      log.warn({ err: error }, 'could not bring the routes to other nodes up to date');
    }
    return complete;
  }

  async #remove(range: string): Promise<void> {
    try {
      await this.#run('ip', [version(range), 'route', 'del', range, 'proto', ROUTE_PROTOCOL]);
    } catch (error) {
      if (!(error instanceof CommandError && error.message.includes('No such process'))) throw error;
    }
  }

  /** Our routes through nodes that are in the kernel: range to node. */
  async #list(): Promise<Map<string, string>> {
    const { clusterCIDRs } = this.#options;
    const found = new Map<string, string>();
    for (const family of ['-4', '-6']) {
      if (!clusterCIDRs.some((range) => version(range) === family)) continue;
      const listing = await this.#run('ip', [family, 'route', 'show', 'proto', ROUTE_PROTOCOL]);
      for (const [, range, node] of listing.matchAll(/^([0-9a-f.:]+\/\d+) via (\S+)/gm)) {
        const base = range?.split('/')[0] ?? '';
        if (range && node && clusterCIDRs.some((cidr) => rangeContains(cidr, base))) found.set(range, node);
      }
    }
    return found;
  }
}

function version(range: string): '-4' | '-6' {
  return familyOfRange(range) === 'IPv6' ? '-6' : '-4';
}

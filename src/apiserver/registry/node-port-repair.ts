import type { Service } from '../../api/core/v1.gen.ts';
import { isJsonObject } from '../../schema/json.ts';
import { prefixEnd, type Store } from '../../store/store.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { labelText, type Registry, type Values } from '../../utils/metrics.ts';
import { NODE_PORTS_PREFIX, takePort } from './service-allocator.ts';

/** kube-apiserver's: how often, and in which round a port goes that nobody has. */
const INTERVAL_MS = 3 * 60_000;
const ROUNDS_BEFORE_CLEANUP = 3;

export interface NodePortRepairOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** First and last node port. */
  readonly nodePorts: readonly [first: number, last: number];
  /** Every Service there is, in order of namespace and name. */
  readonly services: () => Promise<readonly Service[]>;
  /** Tells people, as a Warning about the Service. */
  readonly warn: (service: Service, reason: string, message: string) => void;
  readonly metrics?: Registry;
}

type Problem = 'repair' | 'duplicate' | 'outOfRange' | 'leak';

/**
 * Keeps node ports and Services in agreement, whoever damaged either: at the start and every three minutes. A port that
 * a Service has is held, one that nobody has in three rounds is let go, and where two Services have one, or a
 * port is out of the range, people are told. Kubernetes' API server does the same.
 */
export class NodePortRepair {
  readonly #options: NodePortRepairOptions;
  readonly #problems: Values | undefined;
  readonly #failures: Values | undefined;
  /** Rounds that are left to ports that are held for nobody. */
  readonly #leaks = new Map<number, number>();
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: NodePortRepairOptions) {
    this.#options = options;
    const { metrics } = options;
    this.#problems = metrics?.counter(
      'apiserver_nodeport_repair_port_errors_total',
      '[ALPHA] Node ports that were found to be wrong, by what was wrong.',
    );
    this.#failures = metrics?.counter(
      'apiserver_nodeport_repair_reconcile_errors_total',
      '[ALPHA] Rounds of the repair of node ports that failed.',
    );
    this.#failures?.set('', 0);
  }

  /** Looks at all ports at once, and every three minutes from then on. */
  start(): void {
    if (this.#stopped) return;
    this.#running = this.round()
      .catch((error: unknown) => {
        this.#failures?.add('');
        this.#options.log.error({ err: error }, 'the repair of node ports failed');
      })
      .then(() => {
        if (!this.#stopped) this.#timer = this.#options.clock.after(INTERVAL_MS, () => this.start());
      });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.stop();
    await this.#running;
  }

  /** One look at everything. */
  async round(): Promise<void> {
    const { store, services, nodePorts } = this.#options;
    const [first, last] = nodePorts;
    // Before the Services: a port that is taken meanwhile comes with its Service.
    const { items } = await store.range(NODE_PORTS_PREFIX, prefixEnd(NODE_PORTS_PREFIX));
    const held = new Map(items.map((item) => [Number(item.key.slice(NODE_PORTS_PREFIX.length)), item]));
    const owners = new Map<number, Service>();
    for (const service of await services()) {
      for (const port of portsOf(service)) {
        if (port < first || port > last) {
          const range = `${first}-${last}`;
          this.#tell(service, 'outOfRange', 'PortOutOfRange', `Port ${port} is not within the port range ${range}`);
        } else if (owners.has(port)) {
          this.#tell(service, 'duplicate', 'PortAlreadyAllocated', `Port ${port} was assigned to multiple services`);
        } else owners.set(port, service);
      }
    }
    for (const [port, service] of owners) {
      this.#leaks.delete(port);
      const holder = held.get(port);
      if (holder && holds(holder.value, service)) continue;
      const expect = holder?.modRevision ?? 0;
      const { ok } = await store.txn([{ ...takePort(port, service), expect }]);
      // Where it has been taken since, or its Service has gone, the next round sees it.
      if (!ok || holder) continue;
      this.#count('repair');
      this.#options.warn(service, 'PortNotAllocated', `Port ${port} is not allocated; repairing`);
    }
    for (const port of [...this.#leaks.keys()]) if (!held.has(port)) this.#leaks.delete(port);
    for (const [port, { key, modRevision }] of held) {
      if (owners.has(port)) continue;
      const left = this.#leaks.get(port) ?? ROUNDS_BEFORE_CLEANUP - 1;
      if (left > 0) {
        this.#leaks.set(port, left - 1);
        continue;
      }
      const { ok } = await store.txn([{ type: 'delete', key, expect: modRevision }]);
      if (!ok) continue;
      this.#leaks.delete(port);
      this.#count('leak');
      this.#options.log.warn({ port }, 'a node port was held for nobody');
    }
  }

  #tell(service: Service, problem: Problem, reason: string, what: string): void {
    this.#count(problem);
    this.#options.warn(service, reason, `${what}; please recreate service`);
  }

  #count(type: Problem): void {
    this.#problems?.add(labelText({ type }));
  }
}

/** Whether a port's key says that it is this Service's. */
function holds(value: Buffer, { metadata }: Service): boolean {
  const holder: unknown = JSON.parse(value.toString());
  if (!isJsonObject(holder) || !isJsonObject(holder.service)) return false;
  return holder.service.namespace === metadata.namespace && holder.service.name === metadata.name;
}

/** The ports of a Service; one that it has twice for the same protocol twice. */
function portsOf({ spec }: Service): readonly number[] {
  const ports: number[] = [];
  const seen = new Set<string>();
  const protocols = new Map<number, number>();
  for (const { nodePort, protocol = 'TCP' } of spec?.ports ?? []) {
    if (!nodePort) continue;
    const key = `${nodePort} ${protocol}`;
    if (!protocols.has(nodePort) || seen.has(key)) ports.push(nodePort);
    seen.add(key);
    protocols.set(nodePort, (protocols.get(nodePort) ?? 0) + 1);
  }
  const health = spec?.healthCheckNodePort;
  if (health && (!protocols.has(health) || seen.has(`${health} TCP`))) ports.push(health);
  return ports;
}

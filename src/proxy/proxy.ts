import type { Service } from '../api/core/v1.gen.ts';
import { services } from '../api/core/v1.gen.ts';
import type { EndpointSlice } from '../api/discovery/v1.gen.ts';
import { endpointslices } from '../api/discovery/v1.gen.ts';
import type { Informer, InformerFactory } from '../client/informer.ts';
import type { Clock, Timer } from '../utils/clock.ts';
import { familyOfRange, type IPFamily } from '../utils/ip.ts';
import type { Logger } from '../utils/log.ts';
import { ConntrackCleaner, type StaleFlow, staleFlows } from './conntrack.ts';
import { HealthCheckServers, healthCheckOf } from './health-check.ts';
import { type KernelNames, kernelNames } from './names.ts';
import { createNft, type Nft } from './nft.ts';
import { setUpRoutes, takeDownRoutes } from './route.ts';
import { baseFragment, type Fragment, type NodeInfo, serviceFragment, tableFamily } from './ruleset.ts';
import { type Run, run } from './run.ts';
import { type ServicePortInfo, servicePorts } from './service-ports.ts';
import { SERVICE_INDEX, serviceOfSlice } from './service-slices.ts';
import { TableModel } from './table.ts';

export interface ProxyOptions extends NodeInfo {
  readonly informers: InformerFactory;
  readonly names?: KernelNames;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nft?: Nft;
  readonly run?: Run;
}

export interface RunningProxy {
  /** Resolves when the rules for everything the informers knew at their first list are in the kernel. */
  readonly synced: Promise<void>;
  /** Stops following changes. Rules and routes stay, so that connections survive a restart of the agent. */
  stop(): Promise<void>;
  /** Stops, and removes the rules and routes. */
  cleanup(): Promise<void>;
}

/** Owner of what does not depend on services; sorts before every "namespace/name". */
const BASE = '';
/** Changes that come within this time go into one transaction. */
const MIN_SYNC_MS = 10;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 30_000;
/** kube-proxy looks after its rules every 30 s; somebody who flushes the ruleset is found out this late at most. */
const CHECK_MS = 60_000;
const GARBAGE_MS = 1000;

interface FamilyState {
  readonly family: IPFamily;
  readonly table: string;
  readonly model: TableModel;
}

/**
 * Makes services reachable from this node: cluster IPs, node ports, external and balancer addresses, as kube-proxy's
 * nftables mode does (https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables). Sets up the
 * routes before it returns; rules follow when the informers have their first lists.
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const names = options.names ?? kernelNames();
  const routes = { ...options, device: names.device, run: options.run ?? run };
  await setUpRoutes(routes);
  return new ServiceProxy(options, names, () => takeDownRoutes(routes));
}

class ServiceProxy implements RunningProxy {
  readonly synced: Promise<void>;
  readonly #options: ProxyOptions;
  readonly #nft: Nft;
  readonly #conntrack: ConntrackCleaner;
  readonly #healthChecks: HealthCheckServers;
  readonly #removeRoutes: () => Promise<void>;
  readonly #families: FamilyState[];
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #unsubscribe: (() => void)[];
  /** By family and service: what the kernel's rules were made from. */
  readonly #ports = new Map<string, readonly ServicePortInfo[]>();
  #dirty = new Set<string>();
  #replace = true;
  #listed = false;
  #stopped = false;
  #timer: Timer | undefined;
  /** When the timer fires. */
  #due = 0;
  #notBefore = 0;
  #check: Timer | undefined;
  #running: Promise<void> | undefined;
  #retryMs = FIRST_RETRY_MS;
  #resolveSynced: () => void = () => {};

  constructor(options: ProxyOptions, names: KernelNames, removeRoutes: () => Promise<void>) {
    this.#options = options;
    this.#nft = options.nft ?? createNft(options.run);
    this.#conntrack = new ConntrackCleaner(options.log, options.run);
    this.#healthChecks = new HealthCheckServers(options.nodeIPs, options.log);
    this.#removeRoutes = removeRoutes;
    const families = new Set(options.serviceCIDRs.map(familyOfRange).filter((family) => family !== undefined));
    this.#families = [...families].map((family) => {
      const table = `${tableFamily(family)} ${names.table}`;
      return { family, table, model: new TableModel(table) };
    });
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
    this.#services = options.informers.informer(services);
    this.#slices = options.informers.informer(endpointslices).addIndex(SERVICE_INDEX, serviceOfSlice);
    const service = (object: Service) => this.#mark(`${object.metadata.namespace}/${object.metadata.name}`);
    const slice = (object: EndpointSlice) => {
      for (const key of serviceOfSlice(object)) this.#mark(key);
    };
    this.#unsubscribe = [
      this.#services.addHandler({ onAdd: service, onUpdate: (_, object) => service(object), onDelete: service }),
      this.#slices.addHandler({
        onAdd: slice,
        onUpdate: (before, object) => {
          slice(before);
          slice(object);
        },
        onDelete: slice,
      }),
    ];
    // Half the truth must not replace the rules that a former run left.
    Promise.all([this.#services.hasSynced, this.#slices.hasSynced]).then(
      () => {
        this.#listed = true;
        this.#schedule(0);
      },
      () => options.log.debug('stopped before services were listed'),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#timer?.stop();
    this.#check?.stop();
    await this.#running;
    this.#healthChecks.close();
  }

  async cleanup(): Promise<void> {
    await this.stop();
    // "add" first, so that "delete" finds it even where it is gone.
    await this.#nft.apply(this.#families.map(({ table }) => `add table ${table}\ndelete table ${table}\n`).join(''));
    await this.#removeRoutes();
  }

  #mark(service: string): void {
    this.#dirty.add(service);
    this.#schedule(MIN_SYNC_MS);
  }

  /** Syncs in `ms` milliseconds at the latest, but not before the time to wait after a failure is over. */
  #schedule(ms: number): void {
    if (this.#stopped || !this.#listed || this.#running) return;
    const { clock } = this.#options;
    const due = Math.max(clock.now() + ms, this.#notBefore);
    if (this.#timer && this.#due <= due) return;
    this.#timer?.stop();
    this.#due = due;
    this.#timer = clock.after(due - clock.now(), () => {
      this.#timer = undefined;
      this.#running = this.#sync().then((next) => {
        this.#running = undefined;
        if (next !== undefined) this.#schedule(next);
        // What came while the transaction ran found it running and left it at that.
        if (this.#dirty.size > 0) this.#schedule(MIN_SYNC_MS);
      });
    });
  }

  /** One transaction for all that changed. Returns after how many milliseconds to go on, if there is more to do. */
  async #sync(): Promise<number | undefined> {
    const { log } = this.#options;
    const dirty = this.#dirty;
    this.#dirty = new Set();
    try {
      const flows = this.#replace ? await this.#replaceAll(dirty) : await this.#applyChanges(dirty);
      this.#replace = false;
      this.#retryMs = FIRST_RETRY_MS;
      this.#resolveSynced();
      for (const key of dirty) this.#tellBalancers(key);
      this.#watchOver();
      if (flows.length > 0) await this.#conntrack.forget(flows);
      return this.#families.some(({ model }) => model.hasGarbage) ? GARBAGE_MS : undefined;
    } catch (error) {
      const delay = this.#retryMs;
      this.#retryMs = Math.min(2 * delay, LAST_RETRY_MS);
      log.error({ err: error, delay }, 'could not bring the service rules up to date, trying again with all of them');
      for (const key of dirty) this.#dirty.add(key);
      this.#replace = true;
      this.#notBefore = this.#options.clock.now() + delay;
      return delay;
    }
  }

  #tellBalancers(key: string): void {
    const service = this.#service(key);
    const slices = this.#slices.store.byIndex(SERVICE_INDEX, key);
    this.#healthChecks.set(key, service && healthCheckOf(service, slices, this.#options.nodeName));
  }

  #service(key: string): Service | undefined {
    const slash = key.indexOf('/');
    return this.#services.store.get(key.slice(0, slash), key.slice(slash + 1));
  }

  async #applyChanges(dirty: ReadonlySet<string>): Promise<StaleFlow[]> {
    const changes = this.#families.map((state) => this.#changes(state, dirty));
    const plans = this.#families.map(({ model }, i) => model.plan(changes[i]?.fragments ?? new Map()));
    const script = plans.map((plan) => plan.text).join('');
    if (script !== '') await this.#nft.apply(script);
    for (const plan of plans) plan.commit();
    return changes.flatMap((change) => change.commit());
  }

  /** Brings the table to what it should be, whatever it holds now. */
  async #replaceAll(dirty: ReadonlySet<string>): Promise<StaleFlow[]> {
    const all = new Set(dirty);
    for (const { metadata } of this.#services.store.list()) all.add(`${metadata.namespace}/${metadata.name}`);
    const changes = this.#families.map((state) => this.#changes(state, all));
    const attempt = async (keepTable: boolean) => {
      const plans = [];
      let script = '';
      for (const [i, state] of this.#families.entries()) {
        const existing = keepTable ? await this.#nft.list(state.table) : undefined;
        if (!keepTable) script += `add table ${state.table}\ndelete table ${state.table}\n`;
        const fragments = new Map(changes[i]?.fragments);
        fragments.set(BASE, baseFragment(state.family, this.#options));
        const plan = state.model.replace(fragments, existing);
        script += plan.text;
        plans.push(plan);
      }
      await this.#nft.apply(script);
      for (const plan of plans) plan.commit();
    };
    try {
      await attempt(true);
    } catch (error) {
      // A table of another version may have chains of the same names on other hooks.
      this.#options.log.info({ err: error }, 'the existing table cannot be changed into the wanted one, starting anew');
      await attempt(false);
    }
    return changes.flatMap((change) => change.commit());
  }

  #changes(state: FamilyState, keys: ReadonlySet<string>) {
    const fragments = new Map<string, Fragment | undefined>();
    const ports = new Map<string, readonly ServicePortInfo[]>();
    for (const key of keys) {
      const service = this.#service(key);
      const found = service
        ? servicePorts(service, this.#slices.store.byIndex(SERVICE_INDEX, key), state.family, this.#options.nodeName)
        : [];
      ports.set(`${state.family} ${key}`, found);
      fragments.set(key, found.length > 0 ? serviceFragment(state.family, found, this.#options) : undefined);
    }
    const commit = () => {
      const flows: StaleFlow[] = [];
      for (const [key, found] of ports) {
        flows.push(...staleFlows(this.#ports.get(key) ?? [], found));
        if (found.length > 0) this.#ports.set(key, found);
        else this.#ports.delete(key);
      }
      return flows;
    };
    return { fragments, commit };
  }

  /** Looks now and then whether somebody else removed the rules. */
  #watchOver(): void {
    if (this.#check || this.#stopped) return;
    this.#check = this.#options.clock.after(CHECK_MS, () => {
      this.#check = undefined;
      void this.#verify();
    });
  }

  async #verify(): Promise<void> {
    try {
      for (const { table } of this.#families) {
        if (this.#stopped || this.#running) break;
        if (await this.#nft.hasRules(table, 'services')) continue;
        this.#options.log.warn({ table }, 'the service rules are gone, putting them back');
        this.#replace = true;
        this.#schedule(0);
        break;
      }
    } catch (error) {
      this.#options.log.warn({ err: error }, 'could not look after the service rules');
    }
    this.#watchOver();
  }
}

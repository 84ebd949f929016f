import { ApiError } from '../api/errors.ts';
import type { KubeObject, Mutable } from '../api/resource.ts';
import type { AdmissionOperation, AdmissionPlugin, AdmissionRequest, Reinvocation } from './admission.ts';
import type { ServedResource, Target } from './core.ts';
import type { AdmissionMetrics, AdmissionType, PluginTimes } from './metrics/admission.ts';
import { refusedBy } from './refusals.ts';

interface Wanted {
  readonly mutating: readonly AdmissionPlugin[];
  readonly validating: readonly AdmissionPlugin[];
  readonly times: Readonly<Record<AdmissionType, Times>> | undefined;
  /** Those that may have nothing to do; undefined where one always has. */
  readonly maybeIdle: readonly AdmissionPlugin[] | undefined;
}

interface Times {
  readonly step: PluginTimes;
  /** In the order of the plugins. */
  readonly plugins: readonly PluginTimes[];
}

/** The plugins in their order, with those that want a kind of request found once. */
export class AdmissionChain {
  readonly #plugins: readonly AdmissionPlugin[];
  /** By resource, then operation and subresource. */
  readonly #wanted = new WeakMap<ServedResource, Map<string, Wanted>>();
  /** What was found last. */
  #last:
    | {
        readonly resource: ServedResource;
        readonly operation: string;
        readonly subresource: string;
        readonly wanted: Wanted;
      }
    | undefined;

  readonly #metrics: AdmissionMetrics | undefined;

  constructor(plugins: readonly AdmissionPlugin[], metrics?: AdmissionMetrics) {
    this.#plugins = plugins;
    this.#metrics = metrics;
  }

  /** Lets the plugins change the object, or refuse; a second time where one changed what others had seen. */
  async mutate(request: AdmissionRequest & { readonly object: Mutable<KubeObject> | undefined }): Promise<void> {
    const { mutating, times } = this.#find(request.operation, request.target);
    if (mutating.length === 0) return;
    const rounds = new Rounds();
    const watch = times && new StopWatch(times.admit);
    let plugin: AdmissionPlugin | undefined;
    try {
      do {
        rounds.begin();
        for (let i = 0; i < mutating.length; i++) {
          plugin = mutating[i];
          if (!plugin || plugin.idle?.()) continue;
          watch?.start(i);
          const pending = plugin.admit?.(request, rounds);
          if (pending) await pending;
        }
      } while (rounds.anotherIsDue());
      watch?.finish(false);
    } catch (error) {
      watch?.finish(true);
      noteRefusal(error, plugin);
      throw error;
    }
  }

  /** Asks the plugins whether the object, now in its final form, may be. */
  async validate(request: AdmissionRequest): Promise<void> {
    const { validating, times } = this.#find(request.operation, request.target);
    const watch = times && new StopWatch(times.validate);
    let plugin: AdmissionPlugin | undefined;
    try {
      for (let i = 0; i < validating.length; i++) {
        plugin = validating[i];
        if (!plugin || plugin.idle?.()) continue;
        watch?.start(i);
        const pending = plugin.validate?.(request);
        if (pending) await pending;
      }
      watch?.finish(false);
    } catch (error) {
      watch?.finish(true);
      noteRefusal(error, plugin);
      throw error;
    }
  }

  /** Whether no plugin looks at such requests, so that they need not be put together. */
  idle(operation: AdmissionOperation, target: Target): boolean {
    const { maybeIdle } = this.#find(operation, target);
    if (!maybeIdle) return false;
    for (const plugin of maybeIdle) if (!plugin.idle?.()) return false;
    return true;
  }

  #find(operation: AdmissionOperation, { resource, subresource }: Target): Wanted {
    const last = this.#last;
    // A request asks several times.
    if (last?.resource === resource && last.operation === operation && last.subresource === subresource) {
      return last.wanted;
    }
    const wanted = this.#lookUp(operation, resource, subresource);
    this.#last = { resource, operation, subresource, wanted };
    return wanted;
  }

  #lookUp(operation: AdmissionOperation, resource: ServedResource, subresource: string): Wanted {
    let ofResource = this.#wanted.get(resource);
    if (!ofResource) {
      ofResource = new Map();
      this.#wanted.set(resource, ofResource);
    }
    const key = subresource === '' ? operation : `${operation} ${subresource}`;
    let wanted = ofResource.get(key);
    if (!wanted) {
      const { group, data } = resource;
      const plugins = this.#plugins.filter((plugin) => plugin.handles(operation, group, data.resource, subresource));
      const mutating = plugins.filter((p) => p.admit);
      const validating = plugins.filter((p) => p.validate);
      const metrics = this.#metrics;
      const timesOf = (type: AdmissionType, of: readonly AdmissionPlugin[], by: AdmissionMetrics): Times => ({
        step: by.step(type, operation),
        plugins: of.map(({ name }) => by.plugin(name, type, operation)),
      });
      wanted = {
        mutating,
        validating,
        times: metrics && {
          admit: timesOf('admit', mutating, metrics),
          validate: timesOf('validate', validating, metrics),
        },
        maybeIdle: plugins.every((p) => p.idle) ? plugins : undefined,
      };
      ofResource.set(key, wanted);
    }
    return wanted;
  }
}

function noteRefusal(error: unknown, plugin: AdmissionPlugin | undefined): void {
  if (plugin && error instanceof ApiError) refusedBy(error, { by: 'admission plugin', plugin: plugin.name });
}

/** Times plugins one after the other: where one starts, the one before has ended. */
class StopWatch {
  readonly #times: Times;
  readonly #began = performance.now();
  #current: PluginTimes | undefined;
  #since = this.#began;

  constructor(times: Times) {
    this.#times = times;
  }

  start(plugin: number): void {
    const now = this.#current ? performance.now() : this.#began;
    this.#current?.observe(now - this.#since, false);
    this.#current = this.#times.plugins[plugin];
    this.#since = now;
  }

  finish(rejected: boolean): void {
    const now = performance.now();
    this.#current?.observe(now - this.#since, rejected);
    this.#times.step.observe(now - this.#began, rejected);
  }
}

/** The rounds of mutation: one, and one more where it is asked for. */
class Rounds implements Reinvocation {
  readonly state = new Map<string, unknown>();
  #round = 0;
  #requested = false;

  get again(): boolean {
    return this.#round > 1;
  }

  request(): void {
    this.#requested = true;
  }

  begin(): void {
    this.#round++;
  }

  anotherIsDue(): boolean {
    return this.#requested && this.#round === 1;
  }
}

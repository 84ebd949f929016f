import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { ApiCore, CoreWatch, RequestContext, ServedResource } from '../core.ts';
import { loopbackUser } from '../user.ts';

export interface DefinitionSink {
  /** For every definition there is, and every change, in the turn of its write. */
  set(definition: CustomResourceDefinition, revision: number): void;
  delete(name: string): void;
}

const context: RequestContext = { user: loopbackUser, userAgent: 'kube-apiserver', warn: () => {} };
const INITIAL_END = 'k8s.io/initial-events-end';
const RETRY_MS = 100;

/** Follows the definitions, and keeps nothing of them but their names. */
export class DefinitionFeed {
  readonly ready: Promise<void>;
  readonly #core: ApiCore;
  readonly #resource: ServedResource;
  readonly #clock: Clock;
  readonly #sink: DefinitionSink;
  readonly #synced: () => void;
  #known = new Set<string>();
  #watch: CoreWatch | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(core: ApiCore, resource: ServedResource, clock: Clock, sink: DefinitionSink) {
    this.#core = core;
    this.#resource = resource;
    this.#clock = clock;
    this.#sink = sink;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#synced = resolve;
    void this.#begin();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.stop();
    this.#watch?.stop();
  }

  async #begin(): Promise<void> {
    const seen = new Set<string>();
    let synced = false;
    let ended = false;
    const again = () => {
      if (!ended && !this.#stopped) this.#timer = this.#clock.after(RETRY_MS, () => void this.#begin());
      ended = true;
    };
    try {
      const started = await this.#core.watch(
        context,
        { resource: this.#resource, namespace: '', name: '', subresource: '' },
        { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true },
        {
          event: (type, stored) => {
            const { name } = stored.object.metadata;
            if (type === 'BOOKMARK') {
              if (synced || stored.object.metadata.annotations?.[INITIAL_END] !== 'true') return;
              synced = true;
              // What went while nobody watched sent no event.
              for (const one of this.#known) if (!seen.has(one)) this.#sink.delete(one);
              this.#known = seen;
              this.#synced();
            } else if (type === 'DELETED') {
              seen.delete(name);
              this.#sink.delete(name);
            } else {
              seen.add(name);
              // The resource's own schema has decoded it.
              this.#sink.set(stored.object as CustomResourceDefinition, stored.revision);
            }
          },
          end: again,
        },
      );
      if (this.#stopped) started.stop();
      else this.#watch = started;
    } catch {
      again();
    }
  }
}

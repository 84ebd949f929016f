import { model } from '../api/model.ts';
import type { KubeObject } from '../api/resource.ts';
import type {
  CoreWatch,
  CoreWatchSink,
  RequestContext,
  Stored,
  Target,
  WatchEventType,
  WatchParameters,
} from '../apiserver/core.ts';
import { buildResourceTable, type Strategies } from '../apiserver/resource-table.ts';
import { type Core, type CoreOptions, createCore } from '../apiserver/server-core.ts';
import type { Client } from '../client/client.ts';
import { createInProcessClient } from '../client/in-process.ts';
import { MemoryStore } from '../store/memory.ts';
import { FakeClock, settle } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';

/** An API server over a store in memory, with a clock that tests turn and nobody to refuse anything. */
export interface CoreFixture extends AsyncDisposable {
  readonly core: Core;
  readonly store: MemoryStore;
  readonly clock: FakeClock;
  readonly client: Client;
  readonly context: RequestContext;
  readonly warnings: string[];
  target(resource: string, namespace: string, name?: string, subresource?: string): Target;
  watch(resource: string, namespace: string, options?: WatchParameters): Promise<Recorder>;
}

export function coreFixture(options: Partial<CoreOptions> & { readonly strategies?: Strategies } = {}): CoreFixture {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  let seed = 1;
  const core = createCore({
    store,
    resources: buildResourceTable(model, options.strategies ?? {}),
    admission: [],
    authorizer: { authorize: () => ({ allowed: true, reason: '' }) },
    clock,
    log: silent,
    random: () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    },
    ...options,
  });
  const warnings: string[] = [];
  const user = { name: 'tester', groups: ['system:masters'] };
  const context: RequestContext = { user, userAgent: 'test', warn: (message) => void warnings.push(message) };
  const target = (resource: string, namespace: string, name = '', subresource = ''): Target => {
    for (const served of core.resources.all()) {
      if (served.data.resource === resource) return { resource: served, namespace, name, subresource };
    }
    throw new Error(`no ${resource}`);
  };
  return {
    core,
    store,
    clock,
    client: createInProcessClient(core, { user, userAgent: 'test', warn: context.warn }),
    context,
    warnings,
    target,
    async watch(resource, namespace, parameters = {}) {
      const recorder = new Recorder();
      recorder.session = await core.watch(context, target(resource, namespace), parameters, recorder);
      return recorder;
    },
    async [Symbol.asyncDispose]() {
      await core.close();
      await store.close();
    },
  };
}

/** Takes a watch's events down as lines: "ADDED a 2". */
class Recorder implements CoreWatchSink {
  lines: string[] = [];
  readonly stored: Stored[] = [];
  ended = false;
  error: Error | undefined;
  session: CoreWatch | undefined;

  event(type: WatchEventType, stored: Stored): void {
    const { name = '', resourceVersion } = stored.object.metadata as Partial<KubeObject['metadata']>;
    this.lines.push(`${type} ${name} ${resourceVersion}`);
    this.stored.push(stored);
  }

  end(error?: Error): void {
    this.ended = true;
    this.error = error;
  }

  /** What came since the last call. */
  async take(): Promise<string[]> {
    await settle();
    const { lines } = this;
    this.lines = [];
    return lines;
  }
}

import type { KubeObject, ResourceType } from '../api/resource.ts';
import type { Clock } from '../utils/clock.ts';
import type { ApiCore, CoreWatch, RequestContext } from './core.ts';
import { loopbackUser } from './user.ts';

/** Who keeps an index of one resource. */
export interface ObjectSink<T extends KubeObject> {
  /** For every object there is, and every change. */
  set(object: T): void;
  delete(object: T): void;
}

const context: RequestContext = { user: loopbackUser, userAgent: 'kube-apiserver', warn: () => {} };
const initialEnd = 'k8s.io/initial-events-end';
/** Ended watches begin anew after this long. */
const retryMs = 100;

/**
 * Keeps an index inside the API server up to date with a resource: a watch that begins anew whenever it ends. `ready`
 * resolves when the sink has seen all that there was.
 */
export function feedObjects<T extends KubeObject>(
  core: ApiCore,
  type: ResourceType<T>,
  sink: ObjectSink<T>,
  clock: Clock,
): { readonly ready: Promise<void>; stop(): void } {
  const resource = core.resources.find(type.group, type.version, type.resource);
  if (!resource) throw new Error(`the API server does not have ${type.resource}`);
  const target = { resource, namespace: '', name: '', subresource: '' };
  let known = new Map<string, T>();
  let watch: CoreWatch | undefined;
  let stopped = false;
  let timer: { stop(): void } | undefined;
  const { promise: ready, resolve } = Promise.withResolvers<void>();

  const begin = async () => {
    const seen = new Map<string, T>();
    let synced = false;
    const retry = () => {
      if (!stopped) timer = clock.after(retryMs, () => void begin());
    };
    let ended = false;
    const end = () => {
      if (!ended) retry();
      ended = true;
    };
    try {
      const started = await core.watch(
        context,
        target,
        { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true },
        {
          event: (eventType, { key, object }) => {
            if (eventType === 'BOOKMARK') {
              if (synced || object.metadata.annotations?.[initialEnd] !== 'true') return;
              synced = true;
              // What is gone since the last watch sent no event.
              for (const [k, old] of known) if (!seen.has(k)) sink.delete(old);
              known = seen;
              resolve();
              return;
            }
            // The resource's own schema has decoded it.
            const own = object as T;
            if (eventType === 'DELETED') {
              seen.delete(key);
              sink.delete(own);
            } else {
              seen.set(key, own);
              sink.set(own);
            }
          },
          end,
        },
      );
      if (stopped) started.stop();
      else watch = started;
    } catch {
      end();
    }
  };
  void begin();
  return {
    ready,
    stop() {
      stopped = true;
      timer?.stop();
      watch?.stop();
    },
  };
}

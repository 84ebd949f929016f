import { errors } from '../../api/errors.ts';
import { groupVersions } from '../../api/groups.ts';
import { model } from '../../api/model.ts';
import type { KubeObject } from '../../api/resource.ts';
import { fileOf } from '../../schema/resolve.ts';
import type {
  ApiCore,
  ConnectOptions,
  CoreWatch,
  CoreWatchSink,
  RequestContext,
  ResourceTable,
  ServedResource,
  Stored,
  Target,
  WatchEventType,
} from '../core.ts';

/** The built-in resources, for tests of what is in front of the core. */
export function builtInResources(): ResourceTable {
  const table = new Map<string, ServedResource>();
  for (const gv of groupVersions) {
    if (gv.group === 'metrics.k8s.io') continue;
    for (const data of gv.resources) {
      table.set(`${gv.group}/${gv.version}/${data.resource}`, {
        group: gv.group,
        version: gv.version,
        data,
        schema: model.type(`${fileOf(gv)}.${data.kind}`),
        strategy: {},
        prefix: `/registry/${data.resource}/`,
      });
    }
  }
  return {
    find: (group, version, resource) => table.get(`${group}/${version}/${resource}`),
    all: () => table.values(),
    generation: 1,
  };
}

type Unstored = Pick<KubeObject, 'apiVersion' | 'kind'> & { readonly metadata: Partial<KubeObject['metadata']> };

function stored(object: KubeObject): Stored {
  const { kind, apiVersion, metadata, ...rest } = object;
  return {
    key: `${metadata.namespace ?? ''}/${metadata.name}`,
    revision: Number(metadata.resourceVersion),
    json: Buffer.from(JSON.stringify({ kind, apiVersion, metadata, ...rest })),
    object,
  };
}

/** A core over a map: just enough to see what the front does with requests and answers. */
export class FakeCore implements ApiCore {
  readonly resources: ResourceTable = builtInResources();
  readonly objects = new Map<string, Stored>();
  readonly watchers = new Set<FakeWatch>();
  readonly calls: { method: string; target: Target; options?: unknown; body?: unknown }[] = [];
  revision = 1;

  /** Stores an object under a revision of its own. */
  put(resource: string, object: Unstored): Stored {
    const set = { creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: String(++this.revision) };
    const metadata = { name: '', uid: '', ...object.metadata, ...set };
    const entry = stored({ ...object, metadata });
    this.objects.set(`${resource}/${entry.key}`, entry);
    return entry;
  }

  /** Sends an event to every watcher that reads. */
  emit(type: WatchEventType, entry: Stored): void {
    for (const watcher of [...this.watchers]) watcher.event(type, entry);
  }

  #find(target: Target): Stored {
    const { resource, namespace, name } = target;
    const found = this.objects.get(`${resource.data.resource}/${namespace}/${name}`);
    if (!found) throw errors.notFound({ group: resource.group, resource: resource.data.resource }, name);
    return found;
  }

  get: ApiCore['get'] = async (_context, target, options) => {
    this.calls.push({ method: 'get', target, options });
    if (target.name === 'panic') throw new TypeError('a bug');
    return this.#find(target);
  };

  list: ApiCore['list'] = async (_context, target, options) => {
    this.calls.push({ method: 'list', target, options });
    const prefix = `${target.resource.data.resource}/${target.namespace ? `${target.namespace}/` : ''}`;
    const items = [...this.objects].filter(([key]) => key.startsWith(prefix)).map(([, entry]) => entry);
    return { resource: target.resource, items, resourceVersion: String(this.revision) };
  };

  watch: ApiCore['watch'] = async (_context, target, options, sink) => {
    this.calls.push({ method: 'watch', target, options });
    const watcher = new FakeWatch(sink, () => this.watchers.delete(watcher));
    this.watchers.add(watcher);
    return watcher;
  };

  create: ApiCore['create'] = async (context, target, body, options) => {
    this.calls.push({ method: 'create', target, body, options });
    context.warn('unknown field "spec.x"');
    if (!('bytes' in body)) throw new Error('the front sends bytes');
    const object: KubeObject = JSON.parse(body.bytes.toString());
    return this.put(target.resource.data.resource, {
      ...object,
      metadata: { ...object.metadata, namespace: target.namespace },
    });
  };

  update: ApiCore['update'] = async (_context, target, body, options) => {
    this.calls.push({ method: 'update', target, body, options });
    return { stored: this.#find(target), created: false };
  };

  patch: ApiCore['patch'] = async (_context, target, patch, options) => {
    if (patch.refusal) throw patch.refusal;
    this.calls.push({ method: 'patch', target, body: patch, options });
    return { stored: this.#find(target), created: false };
  };

  delete: ApiCore['delete'] = async (_context, target, options) => {
    this.calls.push({ method: 'delete', target, options });
    return { gone: true, stored: this.#find(target) };
  };

  deleteCollection: ApiCore['deleteCollection'] = async (context, target, options, list) => {
    this.calls.push({ method: 'deletecollection', target, options });
    return this.list(context, target, list);
  };

  /** Refuses what carries the word "forbidden". */
  async admitConnect<T extends ConnectOptions>(_context: RequestContext, target: Target, options: T): Promise<T> {
    this.calls.push({ method: 'connect', target, options });
    if (JSON.stringify(options).includes('forbidden'))
      throw errors.forbidden({ group: '', resource: target.resource.data.resource }, target.name, 'no');
    return options;
  }

  async close(): Promise<void> {}
}

class FakeWatch implements CoreWatch {
  readonly sink: CoreWatchSink;
  readonly #stop: () => void;
  paused = false;
  pauses = 0;
  readonly #waiting: [WatchEventType, Stored][] = [];

  constructor(sink: CoreWatchSink, stop: () => void) {
    this.sink = sink;
    this.#stop = stop;
  }

  event(type: WatchEventType, entry: Stored): void {
    if (this.paused) this.#waiting.push([type, entry]);
    else this.sink.event(type, entry);
  }

  stop(): void {
    this.#stop();
  }

  pause(): void {
    this.paused = true;
    this.pauses++;
  }

  resume(): void {
    this.paused = false;
    for (let next = this.#waiting.shift(); next; next = this.paused ? undefined : this.#waiting.shift())
      this.sink.event(...next);
  }
}

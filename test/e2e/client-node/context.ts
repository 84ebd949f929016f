import { request } from 'node:https';
import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  type PatchStrategy,
  setHeaderOptions,
  type V1Pod,
  type V1Status,
  Watch,
} from '@kubernetes/client-node';

export interface Scenario {
  readonly name: string;
  readonly run: (t: Context) => Promise<void>;
}

export interface RawAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What a scenario works with: the clients of @kubernetes/client-node, and a namespace of its own. */
export class Context {
  readonly config: KubeConfig;
  readonly namespace: string;
  /** Process number of the API server. */
  readonly serverPid: () => number;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  readonly objects: KubernetesObjectApi;

  constructor(config: KubeConfig, namespace: string, serverPid: () => number) {
    this.config = config;
    this.namespace = namespace;
    this.serverPid = serverPid;
    this.core = config.makeApiClient(CoreV1Api);
    this.apps = config.makeApiClient(AppsV1Api);
    this.batch = config.makeApiClient(BatchV1Api);
    this.objects = KubernetesObjectApi.makeApiClient(config);
  }

  /**
   * Follows a resource with Watch, from what is there now, until one of its objects satisfies. Says what it saw last
   * where that does not come true.
   */
  async watchUntil<T extends KubernetesObject>(
    path: string,
    query: Record<string, string>,
    satisfies: (object: T, type: string) => boolean,
    withinMs = 60_000,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let last: unknown;
    const timer = setTimeout(() => {
      reject(new Error(`${path} ${JSON.stringify(query)}: not within ${withinMs} ms; last: ${JSON.stringify(last)}`));
    }, withinMs);
    const controller = await new Watch(this.config).watch(
      path,
      query,
      (type: string, object: T) => {
        last = { type, object };
        if (satisfies(object, type)) resolve(object);
      },
      (error: unknown) => reject(error ?? new Error(`the watch of ${path} ended`)),
    );
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }

  /** Waits for one pod by its name. */
  watchPod(name: string, satisfies: (pod: V1Pod) => boolean, withinMs?: number): Promise<V1Pod> {
    const query = { fieldSelector: `metadata.name=${name}` };
    return this.watchUntil<V1Pod>(`/api/v1/namespaces/${this.namespace}/pods`, query, satisfies, withinMs);
  }

  /** Makes a pod of one container and waits until it runs. */
  async runningPod(name: string, container: Record<string, unknown>): Promise<V1Pod> {
    await this.objects.create(pod(name, this.namespace, container));
    return this.watchPod(name, ready);
  }

  /** One request that no typed method makes. */
  raw(path: string, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
    const url = new URL(`${this.config.getCurrentCluster()?.server}${path}`);
    const options = { headers, timeout: 10_000 };
    this.config
      .applyToHTTPSOptions(options)
      .then(() => {
        const call = request(url, options, (answer) => {
          let body = '';
          answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body }),
          );
        });
        call.on('error', reject).end();
      })
      .catch(reject);
    return promise;
  }
}

/** How a patch says which kind it is. */
export const as = (strategy: PatchStrategy) => setHeaderOptions('Content-Type', strategy);

export const image = 'docker.io/library/busybox:1.36';

export function pod(name: string, namespace: string, container: Record<string, unknown>): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'c', image, command: ['sleep', '3600'], ...container }],
    },
  };
}

export function ready(pod: V1Pod): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
}

/**
 * The refusal a call ends with; throws where it succeeds or ends in another way. The library keeps no more than the
 * code of a 401.
 */
export async function refusal(call: Promise<unknown>): Promise<V1Status> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const { body, code } = error;
    return (typeof body === 'string' ? JSON.parse(body) : (body ?? { code })) as V1Status;
  }
  throw new Error('the call was not refused');
}

/** Asks again until it no longer throws, for what no watch tells. */
export async function eventually<T>(attempt: () => Promise<T>, withinMs = 30_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

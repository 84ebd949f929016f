import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { clusterPaths } from '../../src/cluster/paths.ts';
import type { SkiffCluster } from './skiff-cluster.ts';
import type { LoadEvent } from './steady-load.ts';

const program = fileURLToPath(new URL('./steady-load.ts', import.meta.url));

/** Writers and a visitor at work on a cluster while a test does harm to it. See steady-load.ts. */
export class Load {
  readonly #child: ChildProcess;
  readonly #prefix: string;
  readonly #cluster: SkiffCluster;
  readonly events: LoadEvent[] = [];

  private constructor(cluster: SkiffCluster, prefix: string, child: ChildProcess) {
    this.#cluster = cluster;
    this.#prefix = prefix;
    this.#child = child;
    if (!child.stdout) throw new Error('the load has no output');
    createInterface(child.stdout).on('line', (line) => this.events.push(JSON.parse(line) as LoadEvent));
    child.stderr?.pipe(process.stderr);
  }

  /** `prefix` tells its config maps from those of other loads; `url` is where a Service answers. */
  static start(cluster: SkiffCluster, prefix: string, url?: string): Load {
    const { adminKubeconfig } = clusterPaths(cluster.dataDir);
    const args = [program, adminKubeconfig, prefix, ...(url ? [url] : [])];
    return new Load(cluster, prefix, cluster.namespace.spawn(process.execPath, args));
  }

  async stop(): Promise<void> {
    const closed = once(this.#child, 'close');
    this.#child.stdin?.end();
    await closed;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  since<T extends LoadEvent['type']>(type: T, at: number): Extract<LoadEvent, { type: T }>[] {
    return this.events.filter((e): e is Extract<LoadEvent, { type: T }> => e.type === type && e.at > at);
  }

  /** How long after `at` it was until things went well for good: the last thing that went wrong, in milliseconds. */
  troubleAfter(at: number, wrong: 'unserved' | 'unknown'): number {
    return Math.max(0, ...this.since(wrong, at).map((e) => e.at - at));
  }

  /** Names of config maps that were acknowledged and are not there: none, or the store lost writes. */
  async lost(): Promise<string[]> {
    const list = await this.#cluster.kubectl([
      ...['get', 'configmaps', '-l', `load=${this.#prefix}`],
      ...['-o', 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}'],
    ]);
    const there = new Set(list.split('\n'));
    return this.since('acknowledged', 0)
      .map((e) => e.name)
      .filter((name) => !there.has(name));
  }
}

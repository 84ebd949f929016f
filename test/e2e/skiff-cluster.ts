import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { clusterPaths } from '../../src/cluster/paths.ts';
import { busyboxImage } from './busybox-image.ts';
import { type CommandResult, NetworkNamespace } from './network-namespace.ts';
import { kubectlProgram } from './requirements.ts';

const root = new URL('../..', import.meta.url).pathname;

/** A whole Skiff cluster, made by `skiff up` in a network namespace of its own, as a user would make it. */
export class SkiffCluster {
  readonly namespace: NetworkNamespace;
  readonly dataDir: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;

  private constructor(namespace: NetworkNamespace, home: string) {
    this.namespace = namespace;
    this.home = home;
    this.dataDir = join(home, 'data');
    this.env = { ...process.env, HOME: home, KUBECONFIG: join(home, '.kube', 'config') };
  }

  /** `name` makes the namespace's name; at most nine characters. */
  static async create(name: string): Promise<SkiffCluster> {
    const home = mkdtempSync(join(tmpdir(), `skiff-e2e-${name}-`));
    return new SkiffCluster(await NetworkNamespace.create(`skiff-${name}`), home);
  }

  skiff(...args: string[]): Promise<CommandResult> {
    return this.namespace.run(join(root, 'skiff'), [...args, '--data-dir', this.dataDir], { env: this.env });
  }

  /** Starts the cluster and loads the busybox image. Throws with the command's own words where it fails. */
  async up(...flags: string[]): Promise<void> {
    const started = await this.skiff('up', '--node-name', 'node-a', ...flags);
    if (started.code !== 0) throw new Error(`skiff up: ${started.stdout}${started.stderr}`);
    const image = await busyboxImage();
    const loaded = await this.skiff('image', 'load', image);
    rmSync(dirname(image), { recursive: true });
    if (loaded.code !== 0) throw new Error(`skiff image load: ${loaded.stdout}${loaded.stderr}`);
  }

  /** Runs kubectl and returns what it printed; throws where it fails. */
  async kubectl(args: readonly string[], input?: string): Promise<string> {
    const result = await this.tryKubectl(args, input);
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  tryKubectl(args: readonly string[], input?: string): Promise<CommandResult> {
    return this.namespace.run(kubectlProgram, args, { env: this.env, input });
  }

  apply(manifest: unknown): Promise<string> {
    return this.kubectl(['apply', '-f', '-'], JSON.stringify(manifest));
  }

  /** GETs a URL from the namespace, as a program on the host would. Throws for any answer but 2xx. */
  async fetch(url: string): Promise<string> {
    const program = `
      const response = await fetch(process.argv[1], { signal: AbortSignal.timeout(5000) });
      if (!response.ok) throw new Error(String(response.status));
      process.stdout.write(await response.text());`;
    const result = await this.namespace.run(process.execPath, ['--input-type=module', '--eval', program, url]);
    if (result.code !== 0) throw new Error(`GET ${url}: ${/Error: .*/.exec(result.stderr)?.[0] ?? result.stderr}`);
    return result.stdout;
  }

  /** What of the cluster is still on the machine; empty after `skiff down`. */
  async leftovers(): Promise<string[]> {
    const found: string[] = [];
    const list = (command: string, args: string[], match: RegExp) => {
      const { stdout } = spawnSync(command, args, { encoding: 'utf8' });
      found.push(...(stdout ?? '').split('\n').filter((line) => match.test(line)));
    };
    list('ps', ['-eo', 'pid,args'], new RegExp(`${this.home}(?!.*ps -eo)`));
    list('cat', ['/proc/self/mountinfo'], new RegExp(this.home));
    for (const args of [
      ['-brief', 'link'],
      ['route', 'show', 'table', 'all'],
    ]) {
      const { stdout } = await this.namespace.run('ip', args);
      found.push(...stdout.split('\n').filter((line) => /skiff|veth|cni|10\.96\.|10\.244\./.test(line)));
    }
    const { stdout } = await this.namespace.run('nft', ['list', 'tables']);
    found.push(...stdout.split('\n').filter((line) => line.includes('skiff')));
    list('find', ['/sys/fs/cgroup', '-maxdepth', '4', '-name', clusterPaths(this.dataDir).instance], /./);
    return found;
  }

  async remove(): Promise<void> {
    await this.skiff('reset', '--yes');
    await this.namespace.remove();
    if (existsSync(this.home)) rmSync(this.home, { recursive: true, force: true });
  }
}

/** Asks again until the answer satisfies, for things that come true by themselves; the last failure says why not. */
export async function eventually<T>(
  attempt: () => Promise<T>,
  options: { readonly withinMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + (options.withinMs ?? 60_000);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

import { spawn } from 'node:child_process';
import { type Run, run } from './run.ts';

/**
 * Network namespaces for tests: made here, removed by `close`, so that nothing a test does touches the machine's own
 * network. `Run`s for a namespace run the real `nft` and `ip` in it.
 */
export class TestNetwork {
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #children: { kill(): void; closed: Promise<void> }[] = [];

  constructor() {
    this.#prefix = `skt${process.pid.toString(36)}${Math.floor(Math.random() * 1296).toString(36)}`;
  }

  async namespace(name: string): Promise<Run> {
    const full = this.#full(name);
    await run('ip', ['netns', 'add', full]);
    this.#namespaces.push(full);
    const inside: Run = (command, args, input) => run('ip', ['netns', 'exec', full, command, ...args], input);
    await inside('ip', ['link', 'set', 'lo', 'up']);
    return inside;
  }

  /** A cable between two namespaces: interface `a` in namespace `inA`, `b` in `inB`, both up. */
  async cable(inA: string, a: string, inB: string, b: string): Promise<void> {
    const [left, right] = [this.#full(inA), this.#full(inB)];
    await run('ip', ['link', 'add', a, 'netns', left, 'type', 'veth', 'peer', 'name', b, 'netns', right]);
    await run('ip', ['-n', left, 'link', 'set', a, 'up']);
    await run('ip', ['-n', right, 'link', 'set', b, 'up']);
  }

  /** Runs a program of JavaScript in a namespace until `close`; resolves when it printed its first line. */
  serve(name: string, program: string): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', this.#full(name), process.execPath, '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
    this.#children.push({ kill: () => child.kill('SIGKILL'), closed });
    return new Promise((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.on('close', (code) => reject(new Error(`server in ${name} ended with ${code}`)));
    });
  }

  /** The file that stands for a namespace. */
  path(name: string): string {
    return `/run/netns/${this.#full(name)}`;
  }

  async close(): Promise<void> {
    for (const child of this.#children) child.kill();
    await Promise.all(this.#children.map((child) => child.closed));
    for (const name of this.#namespaces) await run('ip', ['netns', 'del', name]);
  }

  #full(name: string): string {
    return `${this.#prefix}-${name}`;
  }
}

/** Why tests in network namespaces cannot run here; undefined when they can. */
export async function whyNoNamespaces(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    const probe = new TestNetwork();
    await probe.namespace('probe').finally(() => probe.close());
    await run('nft', ['--version']);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A network namespace with no way out: loopback, and a bridge called `uplink` with an address and a default route, so
 * that a packet that should not leave would be counted there. Mounts stay the host's (nsenter --net), so that what
 * one command mounts the next one sees.
 */
export class NetworkNamespace {
  readonly name: string;
  readonly address = '192.168.77.2';

  private constructor(name: string) {
    this.name = name;
  }

  static async create(name: string): Promise<NetworkNamespace> {
    const ns = new NetworkNamespace(name);
    await run('ip', ['netns', 'delete', name]).catch(() => {});
    await run('ip', ['netns', 'add', name]);
    for (const args of [
      ['link', 'set', 'lo', 'up'],
      ['link', 'add', 'uplink', 'type', 'bridge'],
      ['address', 'add', `${ns.address}/24`, 'dev', 'uplink'],
      ['link', 'set', 'uplink', 'up'],
      ['route', 'add', 'default', 'via', '192.168.77.1'],
    ]) {
      await run('ip', ['-n', name, ...args]);
    }
    return ns;
  }

  #arguments(command: string, args: readonly string[]): string[] {
    return [`--net=/run/netns/${this.name}`, '--', command, ...args];
  }

  spawn(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
    return spawn('nsenter', this.#arguments(command, args), { env, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Runs a command to its end; never rejects for its exit code. */
  async run(
    command: string,
    args: readonly string[],
    options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string | Buffer; readonly timeoutMs?: number } = {},
  ): Promise<CommandResult> {
    const child = this.spawn(command, args, options.env);
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? -1));
    });
    clearTimeout(timer);
    return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
  }

  async remove(): Promise<void> {
    await run('ip', ['netns', 'delete', this.name]);
  }
}

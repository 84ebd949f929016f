import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** `skiff server` in a process of its own, on 127.0.0.1. */
export class ServerProcess {
  readonly port: number;
  readonly token = 'fuzz';
  /** Lines of its log that tell of errors nobody foresaw, one for each place in the sources; the first hundred. */
  readonly complaints: string[] = [];
  readonly #places = new Set<string>();
  readonly #home: string;
  #child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    this.#home = mkdtempSync(join(tmpdir(), 'skiff-fuzz-'));
    mkdirSync(join(this.#home, 'data'), { mode: 0o700 });
    writeFileSync(join(this.#home, 'tokens'), `${this.token},admin,1,"system:masters"\n`, { mode: 0o600 });
  }

  static async create(): Promise<ServerProcess> {
    return new ServerProcess(await freePort());
  }

  async start(): Promise<void> {
    const flags = {
      'data-dir': join(this.#home, 'data'),
      'secure-port': String(this.port),
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'token-auth-file': join(this.#home, 'tokens'),
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    // Memory has a bound, so that a leak ends a run instead of the machine.
    const node = ['--max-semi-space-size=8', '--max-old-space-size=1024', join(root, 'src/cli/main.ts')];
    const child = spawn(process.execPath, [...node, 'server', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const ready = Promise.withResolvers<void>();
    let last = '';
    const read = (chunk: Buffer) => {
      last = chunk.toString().slice(-1000);
      for (const line of chunk.toString().split('\n')) {
        if (line.includes('"msg":"ready"')) ready.resolve();
        if (!/"level":[56]0/.test(line) && !/^\s+at |Error/.test(line)) continue;
        // The same place in the sources is told once.
        const place = /"stack":"[^"]*?(\([^"]*?\))/.exec(line)?.[1] ?? line;
        if (this.#places.has(place) || this.complaints.length >= 100) continue;
        this.#places.add(place);
        this.complaints.push(line.slice(0, 2000));
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code, signal) => ready.reject(new Error(`the server ended: ${code ?? signal}: ${last}`)));
    await ready.promise;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Memory in use, in megabytes. */
  get megabytes(): number {
    const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
  }

  /** The exit code; null where it was killed since it did not stop within 20 s. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (!child || !this.running) return child?.exitCode ?? null;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await once(child, 'exit');
    clearTimeout(timer);
    return child.exitCode;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }
}

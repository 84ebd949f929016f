import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { nodeFlags } from '../src/cluster/process.ts';

export const TOKEN = 'bench-token';
const PROGRAM = resolve(import.meta.dirname, '../dist/skiff.mjs');
const READY_WITHIN_MS = 60_000;

/** A control plane of its own on a free port, with its data in a directory that goes with it. */
export class Server {
  readonly url: string;
  /** From the start of the process to the first 200 of /readyz. */
  readonly readyAfterMs: number;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(url: string, readyAfterMs: number, child: ChildProcess, directory: string) {
    this.url = url;
    this.readyAfterMs = readyAfterMs;
    this.#process = child;
    this.#directory = directory;
  }

  /** `users`: further lines of the token file. */
  static async start(users = ''): Promise<Server> {
    if (!existsSync(PROGRAM)) throw new Error('dist/skiff.mjs is not built; run: npm run build');
    const directory = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'skiff-bench-'));
    const tokens = join(directory, 'tokens.csv');
    writeFileSync(tokens, `${TOKEN},bench,bench,"system:masters"\n${users}`, { mode: 0o600 });
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    const logFile = join(directory, 'log');
    const log = openSync(logFile, 'w');
    const started = performance.now();
    const child = spawn(
      process.execPath,
      [
        ...nodeFlags,
        PROGRAM,
        'server',
        ...['--data-dir', join(directory, 'data')],
        ...['--bind-address', '127.0.0.1'],
        ...['--secure-port', String(port)],
        ...['--token-auth-file', tokens],
        ...['--log-level', 'warn'],
      ],
      { stdio: ['ignore', log, log] },
    );
    process.once('exit', () => child.kill('SIGKILL'));
    while (!(await isReady(url))) {
      if (child.exitCode !== null || performance.now() - started > READY_WITHIN_MS) {
        child.kill('SIGKILL');
        throw new Error(`the server did not become ready:\n${readFileSync(logFile, 'utf8').slice(-4000)}`);
      }
      await new Promise((done) => setTimeout(done, 5));
    }
    return new Server(url, performance.now() - started, child, directory);
  }

  /** Resident memory of the server and what it has started, in bytes. */
  memory(): number {
    const pids = [this.#process.pid ?? 0];
    for (const pid of pids) pids.push(...childrenOf(pid));
    return pids.map(residentBytes).reduce((a, b) => a + b, 0);
  }

  async stop(): Promise<void> {
    const exited = new Promise((done) => this.#process.once('exit', done));
    if (this.#process.exitCode === null && this.#process.kill('SIGTERM')) {
      const impatience = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
      await exited;
      clearTimeout(impatience);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function isReady(url: string): Promise<boolean> {
  return new Promise((done) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    request(`${url}/readyz`, { rejectUnauthorized: false, headers, agent: false }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    })
      .once('error', () => done(false))
      .end();
  });
}

function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return [];
  return readdirSync(tasks).flatMap((task) =>
    readFileSync(join(tasks, task, 'children'), 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}

const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../utils/clock.ts';
import { findProgram, searchPath } from '../../utils/find-program.ts';
import type { Logger } from '../../utils/log.ts';
import { pauseImage } from '../pause/image.ts';
import { containerdConfig } from './config.ts';

export interface ContainerdOptions {
  /** For images, snapshots, configuration and log: DATA_DIR/containerd. */
  readonly dataDir: string;
  /** For the socket and what a reboot may lose; short, since a socket's path has 107 bytes at most. */
  readonly runDir: string;
  readonly cniBinDir: string;
  readonly cniConfDir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A containerd of the cluster's own. */
export interface Containerd {
  readonly socket: string;
  /** Lets it run on but watches it no longer (the agent stops, containers go on). */
  detach(): void;
  /** Ends containerd; the containers' shims, and so the containers, go on. */
  stop(): Promise<void>;
}

/** The path of an installed program, or an Error that says how to get it. */
export function requireProgram(name: string, debianPackage: string): string {
  const path = findProgram(name);
  if (path !== undefined) return path;
  throw new Error(
    `${name} is not installed, and Skiff runs containers with it; install it (Debian, Ubuntu: apt-get install ${debianPackage}) and start again`,
  );
}

const START_TIMEOUT = 30_000;
const FIRST_BACKOFF = 500;
const LONGEST_BACKOFF = 30_000;
/** One that has lived this long starts again at the first backoff. */
const STABLE = 60_000;
const LOOK_EVERY = 1_000;

/**
 * Starts the installed containerd with directories of its own, or adopts the one that an earlier agent left running
 * there; starts it again with backoff when it dies. Rejects when containerd or runc is not installed, or when it does
 * not come up.
 */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const supervisor = new Supervisor(options);
  await supervisor.start();
  return supervisor;
}

class Supervisor implements Containerd {
  readonly socket: string;
  readonly #options: ContainerdOptions;
  readonly #program: string;
  readonly #config: string;
  readonly #pidFile: string;
  #pid = 0;
  #watched = true;
  #startedAt = 0;
  #backoff = FIRST_BACKOFF;

  constructor(options: ContainerdOptions) {
    this.#options = options;
    this.socket = join(options.runDir, 'containerd.sock');
    if (Buffer.byteLength(this.socket) > 100) throw new Error(`the path of the socket is too long: ${this.socket}`);
    this.#program = requireProgram('containerd', 'containerd');
    this.#pidFile = join(options.runDir, 'containerd.pid');
    this.#config = join(options.dataDir, 'config.toml');
  }

  async start(): Promise<void> {
    const { dataDir, runDir, cniBinDir, cniConfDir } = this.#options;
    const runc = requireProgram('runc', 'runc');
    for (const dir of [dataDir, runDir]) await mkdir(dir, { recursive: true, mode: 0o711 });
    await mkdir(cniConfDir, { recursive: true, mode: 0o755 });
    const config = containerdConfig({
      root: join(dataDir, 'root'),
      state: join(runDir, 'state'),
      socket: this.socket,
      runc,
      cniBinDir,
      cniConfDir,
      sandboxImage: pauseImage,
    });
    await writeFile(`${this.#config}.new`, config, { mode: 0o600 });
    await rename(`${this.#config}.new`, this.#config);
    const pid = this.#running();
    if (pid && (await answers(this.socket))) {
      this.#options.log.info({ pid, socket: this.socket }, 'found containerd running');
      this.#pid = pid;
      this.#look();
      return;
    }
    await this.#launch();
  }

  detach(): void {
    this.#watched = false;
  }

  async stop(): Promise<void> {
    this.#watched = false;
    const pid = this.#running();
    if (!pid) return;
    process.kill(pid, 'SIGTERM');
    for (let waited = 0; this.#running() === pid; waited += 20) {
      if (waited === 10_000) process.kill(pid, 'SIGKILL');
      if (waited > 15_000) throw new Error(`containerd (process ${pid}) does not end`);
      await sleep(20);
    }
    await rm(this.#pidFile, { force: true });
  }

  /** The process that the pid file names, when that is a containerd with our configuration. */
  #running(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#pidFile, 'utf8'));
      if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
      const ours = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(this.#config);
      return ours && basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('containerd') ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  async #launch(): Promise<void> {
    const { clock, dataDir, log } = this.#options;
    const logFile = join(dataDir, 'containerd.log');
    const out = openSync(logFile, 'a', 0o600);
    let child: ChildProcess;
    try {
      child = spawn(this.#program, ['--config', this.#config, '--log-level', 'warn'], {
        detached: true, // a session of its own: it outlives the agent, and a ^C for the agent does not reach it
        stdio: ['ignore', out, out],
        env: { ...process.env, PATH: searchPath() },
      });
    } finally {
      closeSync(out);
    }
    let ended: string | undefined;
    child.once('error', (error) => {
      ended = error.message;
    });
    child.once('exit', (code, signal) => {
      ended = signal ? `it was killed by ${signal}` : `it ended with code ${code}`;
      if (this.#pid && this.#pid === child.pid) this.#died(ended);
    });
    child.unref();
    // A process that starts is waited for in real time, whatever the clock says.
    let waited = 0;
    while (!(await answers(this.socket))) {
      if (ended !== undefined) throw new Error(`containerd did not start: ${ended}; see ${logFile}`);
      waited += 20;
      if (waited > START_TIMEOUT) {
        child.kill('SIGKILL');
        throw new Error(`containerd did not start within ${START_TIMEOUT / 1000} s; see ${logFile}`);
      }
      await sleep(20);
    }
    await chmod(this.socket, 0o600);
    this.#pid = child.pid as number; // it runs, so it has a pid
    this.#startedAt = clock.now();
    await writeFile(this.#pidFile, String(this.#pid), { mode: 0o600 });
    log.info({ pid: this.#pid, socket: this.socket }, 'started containerd');
  }

  /** An adopted process is no child of ours: nothing tells us that it has died. */
  #look(): void {
    this.#options.clock.after(LOOK_EVERY, () => {
      if (!this.#watched) return;
      if (this.#running()) this.#look();
      else this.#died('it is gone');
    });
  }

  #died(how: string): void {
    this.#pid = 0;
    if (!this.#watched) return;
    const { clock, log } = this.#options;
    if (clock.now() - this.#startedAt > STABLE) this.#backoff = FIRST_BACKOFF;
    const wait = this.#backoff;
    this.#backoff = Math.min(2 * wait, LONGEST_BACKOFF);
    log.error({ how, retryInMs: wait }, 'containerd died; containers go on, starting it again');
    clock.after(wait, () => {
      if (!this.#watched) return;
      this.#launch().catch((error: unknown) => this.#died(String(error)));
    });
  }
}

/** Whether something accepts connections on a UNIX socket. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const finish = (yes: boolean) => {
      connection.destroy();
      resolve(yes);
    };
    connection.once('connect', () => finish(true));
    connection.once('error', () => finish(false));
  });
}

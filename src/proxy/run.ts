import { spawn } from 'node:child_process';

/** A program of the system said no, or is not there. `message` has the program and its first lines of complaint. */
export class CommandError extends Error {
  /** Exit code; undefined when the program could not be started or was killed. */
  readonly code: number | undefined;
  readonly missing: boolean;

  constructor(message: string, code: number | undefined, missing = false) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
    this.missing = missing;
  }
}

/** Runs a system program; resolves with its standard output (up to 64 MiB), rejects with CommandError. */
export type Run = (command: string, args: readonly string[], input?: string) => Promise<string>;

const OUTPUT_LIMIT = 64 << 20;
const COMPLAINT_LIMIT = 4096;
const TIME_LIMIT_MS = 60_000;

export const run: Run = (command, args, input) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIME_LIMIT_MS,
      // A user's own path often lacks the folders of system programs.
      env: { PATH: `${process.env.PATH ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`, LC_ALL: 'C' },
    });
    const output: Buffer[] = [];
    let size = 0;
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > OUTPUT_LIMIT) child.kill('SIGKILL');
      else output.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (complaint.length < COMPLAINT_LIMIT) complaint += chunk.toString().slice(0, COMPLAINT_LIMIT);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      reject(
        new CommandError(missing ? `${command} is not installed` : `${command}: ${error.message}`, undefined, missing),
      );
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output).toString());
      else
        reject(new CommandError(`${command}: ${complaint.trim() || signal || `exit code ${code}`}`, code ?? undefined));
    });
    // A program that ends before it read everything says why on its own.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from './replace-file.ts';

/**
 * Keeps a command running: starts it again a second after it died, until told to stop (SIGTERM) or until the command
 * itself ends with 0 (asked to stop) or 78 (EX_CONFIG: starting again would not help). A shell, because two of them
 * cost one megabyte; the text is fixed and the command arrives as arguments. The first of them is a file for the record
 * of the command's process (a ProcessRecord), by which it is found when the supervisor was killed; the second is "none"
 * where a crash may leave no core dump.
 */
const supervisor = `
record=$1; cores=$2; shift 2
[ "$cores" = none ] && ulimit -c 0
child=
note() { read -r stat <"/proc/$1/stat" && set -- "$1" \${stat##*)} && echo "$1 \${21}" >"$record"; }
stop() { trap '' TERM INT; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null; wait "$child"; exit 0; }
trap stop TERM INT
while :; do
  "$@" &
  child=$!
  note "$child" 2>/dev/null
  wait "$child"; code=$?
  [ "$code" -eq 0 ] && exit 0
  [ "$code" -eq 78 ] && exit 78
  sleep 1 & child=$!
  wait "$child"
done
`;

/**
 * For Node processes that run for long: V8 lets the space for young objects grow to 96 MB when there is much to do and
 * never takes it back. Half of that is as quick. With a quarter, what a hundred requests under way hold is copied twice
 * as often, which costs a busy API server a tenth of its time and saves no memory: what is copied twice is kept.
 */
export const nodeFlags: readonly string[] = ['--max-semi-space-size=16'];

/** A process, told from a later one with the same number by the time it started (field 22 of /proc/PID/stat). */
export interface ProcessRecord {
  readonly pid: number;
  readonly startTime: string;
}

/** Undefined too for a process that has ended and waits to be looked at by its parent. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function recordOf(pid: number): ProcessRecord | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isRunning(record: ProcessRecord): boolean {
  return startTimeOf(record.pid) === record.startTime;
}

/** The process a file names, when it still runs. */
export function readRecord(file: string): ProcessRecord | undefined {
  try {
    const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ');
    const record = { pid: Number(pid), startTime: startTime ?? '' };
    return isRunning(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

const commandRecord = (pidFile: string) => `${pidFile}.command`;

/** Whether a command still runs whose supervisor was killed. */
export function isOrphaned(pidFile: string): boolean {
  return !readRecord(pidFile) && readRecord(commandRecord(pidFile)) !== undefined;
}

/** Starts a command in the background, kept running, its output appended to `logFile`, its supervisor named in `pidFile`. */
export function startSupervised(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly pidFile: string;
  /** Its memory holds secrets that belong on no disk; what it starts leaves no core dumps either. */
  readonly secretMemory?: boolean;
}): ProcessRecord {
  for (const file of [options.logFile, options.pidFile]) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const cores = options.secretMemory ? 'none' : 'some';
    const command = [commandRecord(options.pidFile), cores, options.command, ...options.args];
    const child = spawn('/bin/sh', ['-c', supervisor, 'skiff-supervisor', ...command], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => {});
    child.unref();
    const record = child.pid === undefined ? undefined : recordOf(child.pid);
    if (!record) throw new Error(`could not start ${options.command}`);
    replaceFile(options.pidFile, `${record.pid} ${record.startTime}\n`);
    return record;
  } finally {
    closeSync(log);
  }
}

/** Asks a supervised command to end, insists after `graceMs`, and takes its records away. Ends one that lost its supervisor too. */
export async function stopSupervised(pidFile: string, graceMs: number): Promise<void> {
  const deadline = Date.now() + graceMs;
  for (const file of [pidFile, commandRecord(pidFile)]) {
    const record = readRecord(file);
    if (record) await stop(record, deadline);
    rmSync(file, { force: true });
  }
}

async function stop(record: ProcessRecord, deadline: number): Promise<void> {
  signal(record, 'SIGTERM');
  while (isRunning(record) && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
  signal(record, 'SIGKILL');
  while (isRunning(record)) await new Promise((r) => setTimeout(r, 20));
}

function signal(record: ProcessRecord, name: NodeJS.Signals): void {
  try {
    if (isRunning(record)) process.kill(record.pid, name);
  } catch {
    // It ended by itself.
  }
}

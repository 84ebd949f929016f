import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Keeps a command running: starts it again a second after it died, until told to stop (SIGTERM) or until the command
 * itself ends with 0 (asked to stop) or 78 (EX_CONFIG: starting again would not help). A shell, because two of them
 * cost one megabyte; the text is fixed and the command arrives as arguments.
 */
const supervisor = `
child=
stop() { trap '' TERM INT; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null; wait "$child"; exit 0; }
trap stop TERM INT
while :; do
  "$@" &
  child=$!
  wait "$child"; code=$?
  [ "$code" -eq 0 ] && exit 0
  [ "$code" -eq 78 ] && exit 78
  sleep 1 & child=$!
  wait "$child"
done
`;

/** A process, told from a later one with the same number by the time it started (field 22 of /proc/PID/stat). */
export interface ProcessRecord {
  readonly pid: number;
  readonly startTime: string;
}

function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function recordOf(pid: number): ProcessRecord | undefined {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? undefined : { pid, startTime };
}

export function isRunning(record: ProcessRecord): boolean {
  return startTimeOf(record.pid) === record.startTime;
}

export function writeRecord(file: string, record: ProcessRecord): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${record.pid} ${record.startTime}\n`, { mode: 0o600 });
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

/** Starts a command in the background, kept running, its output appended to `logFile`, its supervisor named in `pidFile`. */
export function startSupervised(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly pidFile: string;
}): ProcessRecord {
  mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 });
  const log = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', supervisor, 'skiff-supervisor', options.command, ...options.args], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.on('error', () => {});
    child.unref();
    const record = child.pid === undefined ? undefined : recordOf(child.pid);
    if (!record) throw new Error(`could not start ${options.command}`);
    writeRecord(options.pidFile, record);
    return record;
  } finally {
    closeSync(log);
  }
}

/** Asks a recorded process to end, insists after `graceMs`, and takes the record away. */
export async function stopRecorded(file: string, graceMs: number): Promise<boolean> {
  const record = readRecord(file);
  if (record) {
    signal(record, 'SIGTERM');
    const deadline = Date.now() + graceMs;
    while (isRunning(record) && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
    if (isRunning(record)) signal(record, 'SIGKILL');
    while (isRunning(record)) await new Promise((r) => setTimeout(r, 20));
  }
  rmSync(file, { force: true });
  return record !== undefined;
}

function signal(record: ProcessRecord, name: NodeJS.Signals): void {
  try {
    if (isRunning(record)) process.kill(record.pid, name);
  } catch {
    // It ended by itself.
  }
}

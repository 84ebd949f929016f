import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { Attach, Cp, Exec, Log, PortForward, type V1Status } from '@kubernetes/client-node';
import { type Context, eventually, type Scenario } from './context.ts';

/** A stream that keeps what was written to it. */
class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  /** Resolves when the text satisfies. */
  shows(pattern: RegExp): Promise<void> {
    return eventually(async () => assert.match(this.text, pattern));
  }
}

/** A Sink that says how large its terminal is. */
class Terminal extends Sink {
  rows = 33;
  columns = 111;
}

interface Ran {
  readonly status: V1Status;
  readonly stdout: string;
  readonly stderr: string;
}

async function exec(t: Context, name: string, command: string[], input?: string): Promise<Ran> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const stdin = input === undefined ? null : new PassThrough().end(input);
  const { promise, resolve } = Promise.withResolvers<V1Status>();
  const socket = await new Exec(t.config).exec(t.namespace, name, 'c', command, stdout, stderr, stdin, false, resolve);
  const closed = once(socket, 'close');
  const status = await promise;
  await closed;
  return { status, stdout: stdout.text, stderr: stderr.text };
}

async function logs(t: Context): Promise<void> {
  const { namespace } = t;
  const script = 'for i in 1 2 3; do echo line $i; sleep 0.2; done; echo oops >&2; read wait';
  await t.runningPod('talks', { command: ['sh', '-c', script], stdin: true });
  const followed = new Sink();
  await new Log(t.config).log(namespace, 'talks', 'c', followed, { follow: true });
  await followed.shows(/^line 1\nline 2\nline 3\noops\n$/);
  const target = { name: 'talks', namespace };
  assert.equal(await t.core.readNamespacedPodLog({ ...target, tailLines: 2 }), 'line 3\noops\n');
  assert.equal(await t.core.readNamespacedPodLog({ ...target, limitBytes: 6 }), 'line 1');
  const stamped = await t.core.readNamespacedPodLog({ ...target, timestamps: true, tailLines: 1 });
  assert.match(stamped, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z oops\n$/);
  await assert.rejects(
    t.core.readNamespacedPodLog({ ...target, container: 'no' }),
    /container no is not valid for pod talks/,
  );
  const finished = once(followed, 'finish');
  await t.core.deleteNamespacedPod(target);
  await finished;
}

async function execs(t: Context): Promise<void> {
  await t.runningPod('box', {});
  const upper = await exec(t, 'box', ['sh', '-c', 'echo hidden >&2; head -c 5 | tr a-z A-Z'], 'hello');
  assert.deepEqual(
    { ...upper, status: upper.status.status },
    { status: 'Success', stdout: 'HELLO', stderr: 'hidden\n' },
  );
  const failed = await exec(t, 'box', ['sh', '-c', 'exit 7']);
  assert.equal(failed.status.reason, 'NonZeroExitCode');
  assert.equal(
    failed.status.message,
    'command terminated with non-zero exit code: error executing command [sh -c exit 7], exit code 7',
  );
  assert.deepEqual(failed.status.details?.causes, [{ reason: 'ExitCode', message: '7' }]);
  const large = await exec(t, 'box', ['sh', '-c', 'yes 0123456789abcde | head -c 4000000']);
  assert.equal(large.stdout.length, 4_000_000);
  const absent = await exec(t, 'box', ['/no/such/program']);
  assert.equal(absent.status.status, 'Failure');
}

async function terminal(t: Context): Promise<void> {
  await t.runningPod('box', {});
  const screen = new Terminal();
  const keys = new PassThrough();
  const { promise, resolve } = Promise.withResolvers<V1Status>();
  await new Exec(t.config).exec(t.namespace, 'box', 'c', ['sh'], screen, null, keys, true, resolve);
  await screen.shows(/# /);
  await eventually(async () => {
    screen.text = '';
    keys.write('stty size\n');
    await screen.shows(/33 111\r\n/);
  });
  screen.columns = 77;
  screen.emit('resize');
  await eventually(async () => {
    screen.text = '';
    keys.write('stty size\n');
    await screen.shows(/33 77\r\n/);
  });
  keys.write('exit 3\n');
  const status = await promise;
  assert.deepEqual(status.details?.causes, [{ reason: 'ExitCode', message: '3' }]);
}

async function attach(t: Context): Promise<void> {
  const script = 'while read line; do echo "got $line"; done';
  await t.runningPod('echo', { command: ['sh', '-c', script], stdin: true });
  const out = new Sink();
  const keys = new PassThrough();
  const socket = await new Attach(t.config).attach(t.namespace, 'echo', 'c', out, null, keys, false);
  await eventually(async () => {
    keys.write('one\n');
    await out.shows(/got one\n/);
  });
  keys.write('two\n');
  await out.shows(/got two\n$/);
  socket.close();
}

async function portForward(t: Context): Promise<void> {
  const command = ['sh', '-c', 'mkdir /www && echo forwarded > /www/index.html && exec httpd -f -p 8080 -h /www'];
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
  await t.runningPod('web', { command, readinessProbe });
  const [out, err, input] = [new Sink(), new Sink(), new PassThrough()];
  const forward = new PortForward(t.config, false);
  await forward.portForward(t.namespace, 'web', [8080], out, err, input);
  input.write('GET /index.html HTTP/1.0\r\n\r\n');
  await out.shows(/^HTTP\/1\.[01] 200 OK\r\n[\s\S]*\r\n\r\nforwarded\n$/);
  assert.equal(err.text, '');

  const [nothing, refused] = [new Sink(), new Sink()];
  await forward.portForward(t.namespace, 'web', [81], nothing, refused, new PassThrough());
  await refused.shows(/connection refused/i);
}

async function copy(t: Context): Promise<void> {
  await t.runningPod('box', {});
  const from = mkdtempSync(join(tmpdir(), 'skiff-cp-'));
  const to = mkdtempSync(join(tmpdir(), 'skiff-cp-'));
  try {
    const content = 'x'.repeat(300_000);
    writeFileSync(join(from, 'file'), content);
    chmodSync(join(from, 'file'), 0o640);
    chownSync(join(from, 'file'), 1234, 1234);
    const cp = new Cp(t.config);
    await cp.cpToPod(t.namespace, 'box', 'c', from, '/tmp');
    const size = ['stat', '-c', '%s', '/tmp/file'];
    await eventually(async () => assert.equal((await exec(t, 'box', size)).stdout, '300000\n'));
    await cp.cpFromPod(t.namespace, 'box', 'c', 'file', to, '/tmp');
    // The library does not tell when it is done; owner and mode are what it sets last, in either order.
    await eventually(async () => {
      const { uid, mode } = statSync(join(to, 'file'));
      assert.deepEqual([uid, mode & 0o777], [1234, 0o640]);
    });
    assert.equal(readFileSync(join(to, 'file'), 'utf8'), content);
  } finally {
    rmSync(from, { recursive: true });
    rmSync(to, { recursive: true });
  }
}

export const streams: readonly Scenario[] = [
  { name: 'reads and follows logs', run: logs },
  { name: 'runs commands in a container: input, output, exit codes, four megabytes', run: execs },
  { name: 'drives a shell on a terminal, and resizes it', run: terminal },
  { name: 'attaches to a container', run: attach },
  { name: 'forwards a port', run: portForward },
  { name: 'copies files in and out', run: copy },
];

/**
 * Whether those who come first stay first when the server is asked for more than it can do: a node renews its lease
 * while many ordinary users read, list and write without a pause. Prints the node's latencies with the server idle and
 * overloaded, what became of the users' requests, and the server's memory. SECONDS: how long each part takes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, TOKEN } from './server.ts';

const SECONDS = Number(process.argv[2] ?? 10);
/** Of each sort of load; together several times what one event loop can answer. */
const CLIENTS = Number(process.argv[3] ?? 10);
const IN_FLIGHT = 25;
/** Between two renewals (milliseconds). */
const PAUSE_MS = 10;

const users = ['low-1', 'low-2', 'low-3', 'low-4'];
const lines = users.map((name, i) => `${name},${name},${i + 10},"team"\n`).join('');
const server = await Server.start(`node,system:node:bench,2,"system:nodes"\n${lines}`);
const directory = mkdtempSync(join(tmpdir(), 'skiff-bench-'));
const children: ChildProcess[] = [];
try {
  await prepare();
  const idle = await renewals();
  const before = server.memory();
  const load = overload();
  await new Promise((done) => setTimeout(done, 2000));
  const loaded = await renewals();
  const after = server.memory();
  const answers = await load;
  const afterwards = await renewals(2);
  for (const [what, part] of [
    ['a lease read', 'reads'],
    ['a lease renewed', 'writes'],
  ] as const) {
    for (const [when, { [part]: times }] of [
      ['idle', idle],
      ['overloaded', loaded],
      ['afterwards', afterwards],
    ] as const) {
      console.log(`${what}, ${when}: p50 ${ms(times, 0.5)}  p99 ${ms(times, 0.99)}  (${times.length})`);
    }
  }
  for (const line of answers) console.log(line);
  console.log(`resident: ${mb(before)} before, ${mb(after)} under load`);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  await server.stop();
}

async function prepare(): Promise<void> {
  await send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
    metadata: { name: 'team' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }],
  });
  await send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'team' },
    subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'team' }],
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'team' },
  });
  for (let i = 0; i < 200; i++)
    await send('POST', '/api/v1/namespaces/default/configmaps', {
      metadata: { name: `c${i}` },
      data: { text: 'x'.repeat(500) },
    });
  await send('POST', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', {
    metadata: { name: 'bench' },
    spec: { holderIdentity: 'bench' },
  });
}

function session() {
  return connect(server.url, { rejectUnauthorized: false });
}

function ask(
  client: ReturnType<typeof session>,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const stream = client.request({
      ':method': method,
      ':path': path,
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    });
    let status = 0;
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      status = Number(headers[':status']);
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('end', () => resolve({ status, body: text }));
    stream.end(body && JSON.stringify(body));
  });
}

async function send(method: string, path: string, body: object): Promise<void> {
  const client = session();
  const { status, body: text } = await ask(client, TOKEN, method, path, body);
  client.close();
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
}

/** Reads and renews the lease for a while; the latencies in milliseconds, the least first. */
async function renewals(seconds = SECONDS): Promise<{ readonly reads: number[]; readonly writes: number[] }> {
  const path = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/bench';
  const client = session();
  const reads: number[] = [];
  const writes: number[] = [];
  const { body } = await ask(client, 'node', 'GET', path);
  let lease = JSON.parse(body);
  for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
    lease.spec.renewTime = new Date().toISOString().replace('Z', '000Z');
    let began = performance.now();
    await ask(client, 'node', 'GET', path);
    reads.push(performance.now() - began);
    began = performance.now();
    const answer = await ask(client, 'node', 'PUT', path, lease);
    writes.push(performance.now() - began);
    if (answer.status !== 200) throw new Error(`the lease: ${answer.status} ${answer.body}`);
    lease = JSON.parse(answer.body);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  client.close();
  return { reads: reads.sort((a, b) => a - b), writes: writes.sort((a, b) => a - b) };
}

/** Users who read one object, list, and write, until they are stopped; a line about each sort. */
async function overload(): Promise<string[]> {
  const body = join(directory, 'body.json');
  writeFileSync(body, JSON.stringify({ metadata: { generateName: 'n-' }, data: { text: 'x'.repeat(500) } }));
  const path = `${server.url}/api/v1/namespaces/default/configmaps`;
  const sorts = [
    ['get', 'low-1', `${path}/c0`],
    ['get', 'low-2', `${path}/c1`],
    ['list', 'low-3', `${path}?limit=100`],
    ['create', 'low-4', path, '-d', body, '-H', 'content-type: application/json'],
  ] as const;
  return Promise.all(
    sorts.map(async ([name, user, url, ...more]) => {
      const output = await h2load(['-H', `authorization: Bearer ${user}`, ...more, url]);
      const codes = /status codes: .*/.exec(output)?.[0] ?? output.slice(-300);
      return `${name} by ${user}: ${/finished in .*/.exec(output)?.[0]}; ${codes}`;
    }),
  );
}

function h2load(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const size = ['-D', String(SECONDS + 4), '-c', String(CLIENTS), '-m', String(IN_FLIGHT)];
    // Behind the one that is measured: clients that wait for the processor say nothing about the server.
    const child = spawn('chrt', ['--other', '0', 'nice', '-n', '15', 'h2load', ...size, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    child.on('close', () => resolve(output));
  });
}

function ms(times: readonly number[], part: number): string {
  return `${(times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0).toFixed(2)} ms`;
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

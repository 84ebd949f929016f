/**
 * Measures what docs/design.md promises and prints one table: node bench/run.ts [rows...]; of another API server with
 * --server URL --token-file FILE. See README.md.
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { custom, customPath, installDefinitions } from './custom-resources.ts';
import { Client, createAll, load, loadEach, useToken } from './load.ts';
import { configMap, node, pod, smallPod, variantOf } from './objects.ts';
import { Server } from './server.ts';

interface Row {
  readonly id: string;
  readonly work: string;
  readonly kubernetes: string;
  readonly mark: string;
}

/** Kubernetes v1.36 with etcd 3.5 on a machine with 2 cores, measured with the same clients; and Skiff's marks. */
const rows: readonly Row[] = [
  { id: 'ready', work: 'API server ready from start', kubernetes: '2.3 s', mark: '0.4 s' },
  { id: 'idle', work: 'control plane idle, resident memory', kubernetes: '484 MB', mark: '120 MB' },
  { id: 'memory', work: 'the same with 5,000 pods and 8,500 config maps', kubernetes: '1,262 MB', mark: '300 MB' },
  { id: 'configmaps', work: 'create config maps, 128 in flight', kubernetes: '2,600/s', mark: '8,000/s' },
  { id: 'pods', work: 'create pods, 128 in flight', kubernetes: '1,060/s', mark: '5,000/s' },
  {
    id: 'configmaps-same',
    work: 'create config maps of one body, 128 in flight',
    kubernetes: 'not measured',
    mark: 'none',
  },
  { id: 'pods-same', work: 'create pods of one body, 128 in flight', kubernetes: 'not measured', mark: 'none' },
  {
    id: 'pods-unlike',
    work: 'create pods, no two bodies alike, 128 in flight, Node client',
    kubernetes: 'not measured',
    mark: 'none',
  },
  { id: 'get', work: 'get a pod, 128 in flight', kubernetes: '4,300/s', mark: '25,000/s' },
  { id: 'list', work: 'list 5,000 pods (38 MB)', kubernetes: '7.9/s', mark: '40/s' },
  { id: 'watch', work: 'watch events delivered, 100 watchers', kubernetes: '80,000/s', mark: '160,000/s' },
  { id: 'schedule', work: '10,000 pods created and bound on 5,000 nodes', kubernetes: '294/s', mark: '3,000/s' },
  {
    id: 'custom',
    work: 'create custom resources with 200 fields and 20 CEL rules, 128 in flight',
    kubernetes: 'not measured',
    mark: '2,000/s',
  },
  { id: 'definitions', work: '1,000 definitions installed and served', kubernetes: 'not measured', mark: '20 s' },
];

const IN_FLIGHT = 128;
const PODS = 5_000;
const CONFIG_MAPS = 8_500;
const WATCHERS = 100;
const WATCHED_WRITES = 3_000;
const NODES = 5_000;
const SCHEDULED_PODS = 10_000;
const CUSTOM_RESOURCES = 5_000;
const DEFINITIONS = 1_000;
/** Definitions are posted as an installer would, few at a time. */
const DEFINITIONS_IN_FLIGHT = 16;
/** Memory is read when the server has had so long to come to rest. */
const REST_MS = 10_000;
const STARTS = 3;
/** Bodies of creates, each again and again, as those of pods from a template. */
const variants: readonly number[] = Array.from({ length: 16 }, (_, i) => i);

const rate = (n: number): string => `${n < 100 ? n.toFixed(1) : Math.round(n).toLocaleString('en')}/s`;
const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024).toLocaleString('en')} MB`;
const rest = () => new Promise((resolve) => setTimeout(resolve, REST_MS));

async function namespace(client: Client, name: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const { status } = await client.request('POST', '/api/v1/namespaces', body);
  if (status !== 201) throw new Error(`the namespace was not created: ${status}`);
  // A pod needs the account that a controller makes for its namespace.
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  for (let i = 0; (await client.request('GET', account)).status !== 200; i++) {
    if (i === 1000) throw new Error('the default service account was not created');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

type Found = (id: string, value: string) => void;

/** The rows about one server that fills up. */
async function measureServer(wanted: ReadonlySet<string>, found: Found): Promise<void> {
  const server = await Server.start();
  const client = new Client(server.url);
  try {
    if (wanted.has('idle')) {
      await rest();
      found('idle', megabytes(server.memory()));
    }
    await namespace(client, 'bench');
    const collection = `${server.url}/api/v1/namespaces/bench`;
    await creates(collection, wanted, found);
    if (wanted.has('memory')) {
      await rest();
      found('memory', megabytes(server.memory()));
    }
    await reads(client, collection, wanted, found);
    if (wanted.has('watch')) {
      await namespace(client, 'watched');
      found('watch', rate(await watch(server.url, 'watched')));
    }
    await moreCreates(server.url, 'bench', wanted, found);
  } finally {
    client.close();
    await server.stop();
  }
}

/** The same rows of a server that runs already, in namespaces of their own; it needs no controllers. */
async function measureOther(url: string, wanted: ReadonlySet<string>, found: Found): Promise<void> {
  const client = new Client(url);
  const names = ['bench', 'watched'].map((name) => `${name}-${Date.now().toString(36)}`);
  const [bench = '', watched = ''] = names;
  try {
    for (const name of names) {
      await client.request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
      const { status } = await client.request('POST', `/api/v1/namespaces/${name}/serviceaccounts`, account);
      // There already where controllers run.
      if (status !== 201 && status !== 409) throw new Error(`the service account was not created: ${status}`);
    }
    const collection = `${url}/api/v1/namespaces/${bench}`;
    await creates(collection, wanted, found);
    await reads(client, collection, wanted, found);
    if (wanted.has('watch')) found('watch', rate(await watch(url, watched)));
    await moreCreates(url, bench, wanted, found);
  } finally {
    for (const name of names) await client.request('DELETE', `/api/v1/namespaces/${name}`);
    client.close();
  }
}

async function creates(collection: string, wanted: ReadonlySet<string>, found: Found): Promise<void> {
  if (wanted.has('configmaps') || wanted.has('memory')) {
    const bodies = variants.map((i) => variantOf(configMap, i));
    await loadEach(`${collection}/configmaps?dryRun=All`, 1_000, IN_FLIGHT, bodies);
    found('configmaps', rate(await loadEach(`${collection}/configmaps`, CONFIG_MAPS, IN_FLIGHT, bodies)));
  }
  if (['pods', 'memory', 'get', 'list'].some((id) => wanted.has(id))) {
    const bodies = variants.map((i) => variantOf(pod, i));
    await loadEach(`${collection}/pods?dryRun=All`, 1_000, IN_FLIGHT, bodies);
    found('pods', rate(await loadEach(`${collection}/pods`, PODS, IN_FLIGHT, bodies)));
  }
}

/** After all else has been measured: they would make the lists longer. */
async function moreCreates(url: string, namespace: string, wanted: ReadonlySet<string>, found: Found): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  for (const [id, plural, count, body] of [
    ['configmaps-same', 'configmaps', CONFIG_MAPS, configMap],
    ['pods-same', 'pods', PODS, pod],
  ] as const) {
    if (!wanted.has(id)) continue;
    await load(`${url}${path}/${plural}?dryRun=All`, 1_000, IN_FLIGHT, body);
    found(id, rate(await load(`${url}${path}/${plural}`, count, IN_FLIGHT, body)));
  }
  if (wanted.has('pods-unlike')) found('pods-unlike', rate(await createUnlike(url, `${path}/pods`)));
}

/** Over four connections; the client is Node's, which takes longer for a request than h2load. */
async function createUnlike(url: string, path: string): Promise<number> {
  const clients = Array.from({ length: 4 }, () => new Client(url));
  const share = PODS / clients.length;
  const start = performance.now();
  await Promise.all(
    clients.map((client, c) =>
      createAll(client, path, share, IN_FLIGHT / clients.length, (i) => variantOf(pod, c * share + i)),
    ),
  );
  const seconds = (performance.now() - start) / 1000;
  for (const client of clients) client.close();
  return PODS / seconds;
}

async function reads(client: Client, collection: string, wanted: ReadonlySet<string>, found: Found): Promise<void> {
  const { pathname } = new URL(collection);
  if (wanted.has('get')) {
    const { body } = await client.request('GET', `${pathname}/pods?limit=1`);
    const name = /"name":"(bench-[a-z0-9]+)"/.exec(body.toString())?.[1];
    if (!name) throw new Error('there is no pod to get');
    await load(`${collection}/pods/${name}`, 5_000, IN_FLIGHT);
    found('get', rate(await load(`${collection}/pods/${name}`, 100_000, IN_FLIGHT)));
  }
  if (wanted.has('list')) {
    const { body } = await client.request('GET', `${pathname}/pods`);
    await load(`${collection}/pods`, 4, 2);
    const lists = await load(`${collection}/pods`, 100, 2);
    found('list', `${rate(lists)} (${Math.round(body.length / 1e6)} MB)`);
  }
}

/** From the first of many writes to the last event that the last watcher had. */
async function watch(url: string, namespace: string): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  // A new namespace has one config map, with the cluster's certificate.
  const { body } = await new Client(url).request('GET', path);
  const present = (body.toString().match(/"uid"/g) ?? []).length;
  const events = WATCHERS * (WATCHED_WRITES + present);
  const child = fork(join(import.meta.dirname, 'watchers.ts'), [url, path, String(WATCHERS), String(events)]);
  try {
    const message = (name: string) =>
      new Promise<number>((resolve, reject) => {
        child.on('message', (m: Record<string, number>) => name in m && resolve(Number(m[name])));
        child.once('exit', () => reject(new Error('the watchers ended by themselves')));
      });
    const done = message('done');
    await message('ready');
    const start = Date.now();
    await load(`${url}${path}`, WATCHED_WRITES, IN_FLIGHT, configMap);
    return (WATCHERS * WATCHED_WRITES * 1000) / ((await done) - start);
  } finally {
    child.removeAllListeners('exit');
    child.kill();
  }
}

async function schedule(): Promise<number> {
  const server = await Server.start();
  const client = new Client(server.url);
  const watcher = new Client(server.url);
  try {
    await createAll(client, '/api/v1/nodes', NODES, IN_FLIGHT, node);
    await namespace(client, 'bench');
    const bound = new Set<string>();
    let finished = (_: number): void => {};
    const end = new Promise<number>((resolve) => {
      finished = resolve;
    });
    let text = '';
    const decoder = new TextDecoder();
    await watcher.follow('/api/v1/namespaces/bench/pods?watch=true', (chunk) => {
      const lines = (text + decoder.decode(chunk, { stream: true })).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) {
        const event: { object: { metadata: { name: string }; spec?: { nodeName?: string } } } = JSON.parse(line);
        if (event.object.spec?.nodeName) bound.add(event.object.metadata.name);
      }
      if (bound.size === SCHEDULED_PODS) finished(performance.now());
    });
    const start = performance.now();
    await createAll(client, '/api/v1/namespaces/bench/pods', SCHEDULED_PODS, IN_FLIGHT, () => smallPod);
    return (SCHEDULED_PODS * 1000) / ((await end) - start);
  } finally {
    client.close();
    watcher.close();
    await server.stop();
  }
}

async function customResources(): Promise<number> {
  const server = await Server.start();
  const client = new Client(server.url);
  try {
    await namespace(client, 'bench');
    await installDefinitions(client, 1, 1);
    const url = `${server.url}${customPath('bench')}`;
    const bodies = variants.map(custom);
    await loadEach(`${url}?dryRun=All`, 1_000, IN_FLIGHT, bodies);
    return await loadEach(url, CUSTOM_RESOURCES, IN_FLIGHT, bodies);
  } finally {
    client.close();
    await server.stop();
  }
}

async function definitions(): Promise<number> {
  const server = await Server.start();
  const client = new Client(server.url);
  try {
    const start = performance.now();
    await installDefinitions(client, DEFINITIONS, DEFINITIONS_IN_FLIGHT);
    return (performance.now() - start) / 1000;
  } finally {
    client.close();
    await server.stop();
  }
}

async function ready(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const server = await Server.start();
    times.push(server.readyAfterMs);
    await server.stop();
  }
  return times.sort((a, b) => a - b)[Math.floor(STARTS / 2)] ?? 0;
}

function printTable(measured: ReadonlyMap<string, string>): void {
  const lines = [['work', 'Kubernetes', "Skiff's mark", 'measured']];
  for (const row of rows)
    if (measured.has(row.id) || values.server === undefined)
      lines.push([row.work, row.kubernetes, row.mark, measured.get(row.id) ?? '']);
  const widths = [0, 1, 2, 3].map((i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const format = (line: readonly string[]) => `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  console.log([format(head), format(widths.map((w) => '-'.repeat(w))), ...body.map(format)].join('\n'));
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { server: { type: 'string' }, 'token-file': { type: 'string' } },
});
const unknown = positionals.filter((id) => !rows.some((row) => row.id === id));
if (unknown.length > 0) {
  console.error(`no such row: ${unknown.join(', ')}; there are ${rows.map((row) => row.id).join(', ')}`);
  process.exit(2);
}
const creations = ['configmaps', 'pods', 'configmaps-same', 'pods-same', 'pods-unlike'];
/** What can be measured of any API server. */
const ofAny = [...creations, 'get', 'list', 'watch'];
const all = values.server === undefined ? rows.map((row) => row.id) : ofAny;
const wanted = new Set(positionals.length > 0 ? positionals : all);
const measured = new Map<string, string>();
const found = (id: string, value: string): void => {
  measured.set(id, value);
  console.error(`${id}: ${value}`);
};
/** A row that fails says so and lets the others be measured. */
async function attempt(ids: readonly string[], run: () => Promise<void>): Promise<void> {
  if (!ids.some((id) => wanted.has(id))) return;
  try {
    await run();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
    for (const id of ids) if (wanted.has(id) && !measured.has(id)) measured.set(id, 'failed');
  }
}

if (values.server !== undefined) {
  const url = values.server.replace(/\/$/, '');
  const excess = [...wanted].filter((id) => !ofAny.includes(id));
  if (excess.length > 0) {
    console.error(`of a server that runs already this cannot be measured: ${excess.join(', ')}`);
    process.exit(2);
  }
  // A file in kube-apiserver's format, or one with nothing but the token.
  if (values['token-file']) useToken(readFileSync(values['token-file'], 'utf8').split(/[,\n]/, 1)[0]?.trim() ?? '');
  await attempt(ofAny, () => measureOther(url, wanted, found));
} else {
  await attempt(['ready'], async () => found('ready', `${((await ready()) / 1000).toFixed(2)} s`));
  await attempt([...ofAny, 'idle', 'memory'], () => measureServer(wanted, found));
  await attempt(['schedule'], async () => found('schedule', rate(await schedule())));
  await attempt(['custom'], async () => found('custom', rate(await customResources())));
  await attempt(['definitions'], async () => found('definitions', `${(await definitions()).toFixed(1)} s`));
}
printTable(measured);
process.exit();

/**
 * How long the server's event loop is held, at most, by each of the requests that take it the longest:
 * node bench/stalls.ts [PODS]. The time that its thread worked in a row is what the server answers for; the time that
 * passed holds what other processes took of the processor, too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, load } from './load.ts';
import { pod } from './objects.ts';
import { Server } from './server.ts';

const pods = Number(process.argv[2] ?? 5_000);
const directory = mkdtempSync(join(tmpdir(), 'skiff-stalls-'));
const probe = join(directory, 'probe');
process.env.STALL_PROBE = probe;
process.env.NODE_OPTIONS = `--import ${join(import.meta.dirname, 'stall-probe.ts')}`;

interface Stall {
  /** Milliseconds on the clock, and of the thread's own work. */
  readonly elapsed: number;
  readonly busy: number;
}

function longest(): Promise<Stall> {
  return new Promise((resolve, reject) => {
    let text = '';
    connect(probe)
      .on('data', (chunk) => {
        text += chunk;
      })
      .on('end', () => resolve(JSON.parse(text)))
      .on('error', reject);
  });
}

const json = 'application/json';
const path = '/api/v1/namespaces/bench/pods';
const large = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'large', namespace: 'bench' },
  data: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key-${i}`, 'v'.repeat(90)])),
};
const asked: readonly (readonly [
  name: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
])[] = [
  ['nothing much', 'GET', '/version', {}],
  ['list as JSON', 'GET', path, { accept: json }],
  ['the same, in gzip', 'GET', path, { accept: json, 'accept-encoding': 'gzip' }],
  ['list as YAML', 'GET', path, { accept: 'application/yaml' }],
  ['list, pretty', 'GET', `${path}?pretty=true`, { accept: json }],
  ['list as table', 'GET', path, { accept: `${json};as=Table;g=meta.k8s.io;v=v1` }],
  ['list as metadata', 'GET', path, { accept: `${json};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1` }],
  ['list as protobuf', 'GET', path, { accept: 'application/vnd.kubernetes.protobuf' }],
  ['list by a field', 'GET', `${path}?fieldSelector=spec.nodeName%3Dnone`, { accept: json }],
  ['watch from the start', 'GET', `${path}?watch=true&timeoutSeconds=2`, { accept: json }],
  [
    'the same as tables',
    'GET',
    `${path}?watch=true&timeoutSeconds=2`,
    { accept: `${json};as=Table;g=meta.k8s.io;v=v1` },
  ],
  ['create 1 MB', 'POST', '/api/v1/namespaces/bench/configmaps', { 'content-type': json }, large],
  [
    'apply 1 MB',
    'PATCH',
    '/api/v1/namespaces/bench/configmaps/large?fieldManager=bench&force=true',
    { 'content-type': 'application/apply-patch+yaml' },
    large,
  ],
];

const server = await Server.start();
const client = new Client(server.url);
try {
  await client.request('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'bench' },
  });
  while ((await client.request('GET', '/api/v1/namespaces/bench/serviceaccounts/default')).status !== 200);
  await load(`${server.url}${path}`, pods, 128, pod);
  for (const [name, method, url, headers, body] of asked) {
    await longest();
    const { status } = await client.request(method, url, body, headers);
    const { elapsed, busy } = await longest();
    console.log(
      `${name.padEnd(22)} ${status}  ${busy.toFixed(0).padStart(5)} ms of work, ${elapsed.toFixed(0).padStart(5)} ms passed`,
    );
  }
} finally {
  client.close();
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
}
process.exit();

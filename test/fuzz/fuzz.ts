import { Chance } from './chance.ts';
import { makeRequest, type WireRequest } from './requests.ts';
import { resources, samples } from './samples.ts';
import { ServerProcess } from './server.ts';
import { type Answer, oddFrames, oddText, Transport } from './transport.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
  readonly say?: (line: string) => void;
}

export interface FuzzReport {
  /** What should not have happened, each with the request that led to it; at most a hundred. */
  readonly findings: readonly string[];
  /** Answers by status; 0 for connections closed without one. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly slowestMs: number;
  /** Of the server when all is cleaned up. */
  readonly megabytes: number;
}

/** After so many requests, what they made is thrown away: full quotas and broken webhooks refuse all that follows. */
const roundLength = 1000;
const inFlight = 16;
const answerWithinMs = 20_000;

/**
 * What an error that nobody foresaw is answered with. Other answers of 500 and more are Kubernetes' own: for objects of
 * wrong types that are applied, for bindings, for what it calls and does not reach; unit tests hold their words.
 */
const unforeseen = /the server failed to handle the request/;

/** Sends so many odd requests to a server of its own. */
export async function fuzz({ seed, requests, say = () => undefined }: FuzzOptions): Promise<FuzzReport> {
  const chance = new Chance(seed);
  const known = samples();
  const findings: string[] = [];
  const statuses: Record<number, number> = {};
  let slowestMs = 0;
  const find = (text: string) => {
    if (findings.length >= 100) return;
    findings.push(text);
    say(`\n${text}`);
  };
  const failures = new Set<string>();
  // A person has to judge the others by their words, so each of them is told once.
  const failure = (text: string, what: string) => {
    const [words = ''] = text.replaceAll(/[0-9]+|\\"(?:[^"\\]|\\\\.)*\\"/g, '#').match(/"message":"[^{[]{0,60}/) ?? [
      text.slice(0, 60),
    ];
    if (failures.has(words) || failures.size >= 100) return;
    failures.add(words);
    say(`\nto be judged: ${text.slice(0, 500)}\n  for ${what}`);
  };
  const server = await ServerProcess.create();
  const transport = new Transport({ port: server.port, token: server.token, withinMs: answerWithinMs });
  try {
    await server.start();

    const one = async (what: string, send: () => Promise<Answer>) => {
      const began = performance.now();
      try {
        const { status, text } = await send();
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status >= 500) {
          if (unforeseen.test(text)) find(`${status} ${text.slice(0, 500)}\n  for ${what}`);
          else failure(`${status} ${text}`, what);
        }
      } catch (error) {
        find(`${error instanceof Error ? error.message : error}\n  for ${what}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - began);
    };

    for (let done = 0, round = 0; done < requests && server.running; round++) {
      const namespace = `fuzz-${round}`;
      await transport.http1(
        json('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
      );
      const until = Math.min(requests, done + roundLength);
      const worker = async () => {
        while (done < until && server.running) {
          done++;
          const kind = chance.below(200);
          if (kind === 0) {
            const bytes = oddFrames(chance);
            await one(`frames ${bytes.toString('hex')}`, () => transport.raw(bytes, 'h2'));
          } else if (kind === 1) {
            const bytes = oddText(chance);
            await one(`text ${bytes.toString('latin1').slice(0, 500)}`, () => transport.raw(bytes));
          } else {
            const wire = makeRequest(chance, known, namespace);
            const second = chance.oneIn(3);
            await one(describe(wire), () => (second ? transport.http2(wire) : transport.http1(wire)));
          }
        }
      };
      await Promise.all(Array.from({ length: inFlight }, worker));
      if (server.running) await cleanUp(transport, namespace);
      say(`${done} requests, ${findings.length} findings, ${server.running ? server.megabytes : 0} MB`);
    }

    if (!server.running) {
      find(`the server ended: ${server.complaints.slice(-5).join('\n')}`);
      return { findings, statuses, slowestMs, megabytes: 0 };
    }
    await readEverything(transport, find);
    const { megabytes } = server;
    const code = await server.stop();
    if (code !== 0) find(`the server did not stop by itself: ${code}`);
    await server.start();
    await readEverything(transport, find);
    for (const line of server.complaints) {
      findings.push(`in the log: ${line}`);
      say(`\nin the log: ${line}`);
    }
    return { findings, statuses, slowestMs, megabytes };
  } finally {
    transport.close();
    await server.remove();
  }
}

const json = (method: string, path: string, body?: unknown): WireRequest => ({
  method,
  path,
  headers: { accept: 'application/json', 'content-type': 'application/json' },
  body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
});

const describe = ({ method, path, headers, body }: WireRequest) =>
  `${method} ${path.slice(0, 500)} ${JSON.stringify(headers).slice(0, 500)} ${body?.length ?? 0} ${(headers['content-type']?.includes('protobuf') ? body?.toString('base64') : body?.toString())?.slice(0, 1500) ?? ''}`;

/** What refuses other requests, and everything in the namespace. */
async function cleanUp(transport: Transport, namespace: string): Promise<void> {
  for (const { path } of resources) {
    if (!/admissionregistration|customresourcedefinitions$|persistentvolumes$|\/nodes$/.test(path)) continue;
    await transport.http1(json('DELETE', path));
  }
  const services = '/apis/apiregistration.k8s.io/v1/apiservices';
  const list = await transport.http1(
    json('GET', `${services}?labelSelector=${encodeURIComponent('!kube-aggregator.kubernetes.io/automanaged')}`),
  );
  for (const [, name] of list.text.matchAll(/"metadata":\{"name":"([^"]+)"/g)) {
    await transport.http1(json('DELETE', `${services}/${name}`));
  }
  await transport.http1(json('DELETE', `/api/v1/namespaces/${namespace}`));
}

/** Every stored object, in every form in which it can be asked for. */
async function readEverything(transport: Transport, find: (text: string) => void): Promise<void> {
  const forms = [
    'application/json',
    'application/yaml',
    'application/vnd.kubernetes.protobuf',
    'application/json;as=Table;v=v1;g=meta.k8s.io',
  ];
  for (const { path } of resources) {
    const all = path.replace('/namespaces/{ns}', '');
    for (const accept of forms) {
      const wire = { method: 'GET', path: all, headers: { accept }, body: undefined };
      const { status, text } = await transport.http1(wire);
      // Reviews and bindings cannot be listed.
      if (status !== 200 && status !== 405 && status !== 404)
        find(`${status} ${text.slice(0, 300)}\n  for ${describe(wire)}`);
    }
  }
}

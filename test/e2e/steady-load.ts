import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { request, Agent as TlsAgent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

/**
 * A program for tests of faults, run in the cluster's network namespace: STEADY-LOAD KUBECONFIG PREFIX [URL]. Until its
 * standard input ends it creates config maps, several at a time, and asks the URL (a Service's) over and over. Every
 * line of its output is a LoadEvent. What fails is not tried again: the next one has another name.
 */
export type LoadEvent =
  | { readonly type: 'acknowledged'; readonly name: string; readonly at: number }
  | { readonly type: 'refused'; readonly status: number; readonly message: string; readonly at: number }
  | { readonly type: 'unknown'; readonly message: string; readonly at: number }
  | { readonly type: 'served'; readonly at: number }
  | { readonly type: 'unserved'; readonly message: string; readonly at: number };

const writers = 8;
const [kubeconfigFile = '', prefix = '', url] = process.argv.slice(2);

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
}

// A file that skiff made a moment ago.
const config = parse(readFileSync(kubeconfigFile, 'utf8')) as Kubeconfig;
const pem = (text: string | undefined) => Buffer.from(text ?? '', 'base64');
const cluster = config.clusters[0]?.cluster ?? {};
const user = config.users[0]?.user ?? {};
const server = `${cluster.server}/api/v1/namespaces/default/configmaps`;
const agent = new TlsAgent({
  keepAlive: true,
  ca: pem(cluster['certificate-authority-data']),
  cert: pem(user['client-certificate-data']),
  key: pem(user['client-key-data']),
});

let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();

function say(event: LoadEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function ask(make: typeof request | typeof httpRequest, address: string, options: object, body?: string) {
  return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const outgoing = make(address, { ...options, timeout: 5000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
      response.on('aborted', () => reject(new Error('the answer broke off')));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in 5 s')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function write(writer: number): Promise<void> {
  for (let i = 0; !ended; i++) {
    const name = `${prefix}-${writer}-${i}`;
    const body = JSON.stringify({ metadata: { name, labels: { load: prefix } }, data: { filler: 'x'.repeat(1000) } });
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    try {
      const { status, text } = await ask(request, server, { agent, method: 'POST', headers }, body);
      if (status === 201) say({ type: 'acknowledged', name, at: Date.now() });
      else {
        const { message = text } = JSON.parse(text) as { message?: string };
        say({ type: 'refused', status, message, at: Date.now() });
        await sleep(50);
      }
    } catch (error) {
      say({ type: 'unknown', message: (error as Error).message, at: Date.now() });
      await sleep(20);
    }
    await sleep(5);
  }
}

async function visit(address: string): Promise<void> {
  while (!ended) {
    try {
      // A connection of its own each time: those that exist do not need the Service's rules.
      const { status } = await ask(httpRequest, address, { agent: new Agent({ keepAlive: false }), timeout: 2000 });
      if (status === 200) say({ type: 'served', at: Date.now() });
      else say({ type: 'unserved', message: `status ${status}`, at: Date.now() });
    } catch (error) {
      say({ type: 'unserved', message: (error as Error).message, at: Date.now() });
    }
    await sleep(25);
  }
}

await Promise.all([...Array.from({ length: writers }, (_, i) => write(i)), ...(url ? [visit(url)] : [])]);
process.exit(0);

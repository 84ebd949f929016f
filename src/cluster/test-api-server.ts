/** An API server for tests that speak to it as clients do: a whole control plane over TLS, with its state in memory. */
import { Agent, request } from 'node:https';
import { errors } from '../api/errors.ts';
import { TokenFile } from '../apiserver/authentication/token-file.ts';
import { createConnector } from '../apiserver/http/connect/connector.ts';
import { createHttpServer } from '../apiserver/http/server.ts';
import { testCertificate } from '../apiserver/http/test-server.ts';
import { MemoryStore } from '../store/memory.ts';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { generateKey, privateKeyPem } from '../utils/x509.ts';
import { createControlPlane } from './control-plane.ts';
import { tokenIssuerHandlers } from './token-issuer.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a test looks into is whatever the server said.
type Json = any;

export interface Reply {
  readonly status: number;
  readonly body: Json;
  /** Of the Warning headers. */
  readonly warnings: readonly string[];
}

export interface TestApiServer extends AsyncDisposable {
  readonly port: number;
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** The same, of what has to succeed. */
  done(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Json>;
  /** Watches, and gives each event to `seen` as it comes, until the function it resolves with is called. */
  watch(path: string, seen: (event: Json) => void): Promise<() => void>;
}

export interface TestApiServerOptions {
  /** Lines of a token file: who they name is authenticated, and authorized by Node and RBAC. Absent: all may do all. */
  readonly tokens?: string;
}

export async function startApiServer({ tokens }: TestApiServerOptions = {}): Promise<TestApiServer> {
  const plane = await createControlPlane({
    store: new MemoryStore({ clock: realClock }),
    clock: realClock,
    log: silent,
    serviceAccountKey: privateKeyPem(generateKey().privateKey),
    authorizationMode: tokens === undefined ? 'AlwaysAllow' : 'Node,RBAC',
    ...(tokens !== undefined && { authentication: { tokenFile: new TokenFile(tokens, 'tokens') } }),
    serviceClusterIpRange: '10.96.0.0/16',
    serviceNodePorts: [30000, 32767],
  });
  const http = createHttpServer({
    core: plane.core,
    authenticate:
      tokens === undefined
        ? () => ({ name: 'admin', groups: ['system:masters', 'system:authenticated'] })
        : plane.authenticate,
    authorizer: plane.authorizer,
    tls: testCertificate(),
    log: silent,
    handlers: tokenIssuerHandlers(plane.tokens, '127.0.0.1', 6443),
    connector: createConnector({
      core: plane.core,
      authorizer: plane.authorizer,
      nodes: { kubeletFor: () => Promise.reject(errors.notFound({ group: '', resource: 'nodes' }, 'nobody')) },
    }),
  });
  const port = await http.listen(0, '127.0.0.1');
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

  const ask: TestApiServer['ask'] = (method, path, body, headers = {}) =>
    new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const sent = request(
        { host: '127.0.0.1', port, agent, method, path, headers: { 'content-type': type, ...headers } },
        async (answer) => {
          const chunks: Buffer[] = [];
          for await (const chunk of answer) chunks.push(chunk as Buffer);
          const text = Buffer.concat(chunks).toString();
          const isJson = String(answer.headers['content-type']).startsWith('application/json');
          const warnings = answer.headersDistinct.warning ?? [];
          resolve({ status: answer.statusCode ?? 0, body: isJson ? JSON.parse(text) : text, warnings });
        },
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
    });

  return {
    port,
    ask,
    async done(method, path, body, headers) {
      const reply = await ask(method, path, body, headers);
      if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return reply.body;
    },
    watch: (path, seen) =>
      new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, agent, path }, (answer) => {
          let rest = '';
          answer.on('data', (chunk) => {
            const lines = (rest + chunk).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) seen(JSON.parse(line));
          });
          answer.on('error', () => {});
          resolve(() => sent.destroy());
        });
        sent.on('error', reject);
        sent.end();
      }),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await http.close();
      await plane.close();
    },
  };
}

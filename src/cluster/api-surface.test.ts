import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errors } from '../api/errors.ts';
import { createConnector } from '../apiserver/http/connect/connector.ts';
import { createHttpServer, type HttpServer } from '../apiserver/http/server.ts';
import { testCertificate } from '../apiserver/http/test-server.ts';
import { MemoryStore } from '../store/memory.ts';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import { generateKey, privateKeyPem } from '../utils/x509.ts';
import { type ControlPlane, createControlPlane } from './control-plane.ts';

const facts = '../shared/facts/openapi-v2.json';
const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'];

let plane: ControlPlane;
let http: HttpServer;
let port = 0;
const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

beforeAll(async () => {
  plane = await createControlPlane({
    store: new MemoryStore({ clock: realClock }),
    clock: realClock,
    log: silent,
    serviceAccountKey: privateKeyPem(generateKey().privateKey),
    authorizationMode: 'AlwaysAllow',
    serviceClusterIpRange: '10.96.0.0/16',
    serviceNodePorts: [30000, 32767],
  });
  http = createHttpServer({
    core: plane.core,
    authenticate: () => ({ name: 'admin', groups: ['system:masters', 'system:authenticated'] }),
    authorizer: plane.authorizer,
    tls: testCertificate(),
    log: silent,
    connector: createConnector({
      core: plane.core,
      authorizer: plane.authorizer,
      nodes: { kubeletFor: () => Promise.reject(errors.notFound({ group: '', resource: 'nodes' }, 'nobody')) },
    }),
    handlers: {
      '/.well-known/openid-configuration': ({ exchange }) => exchange.respond(200, {}, []),
      '/openid/v1/jwks': ({ exchange }) => exchange.respond(200, {}, []),
    },
  });
  port = await http.listen(0, '127.0.0.1');
});
afterAll(async () => {
  agent.destroy();
  await http.close();
  await plane.close();
});

function ask(method: string, path: string): Promise<{ status: number; text: string }> {
  const body = ['post', 'put', 'patch'].includes(method) ? '{}' : '';
  const type = method === 'patch' ? 'application/merge-patch+json' : 'application/json';
  const headers = body === '' ? {} : { 'content-type': type, 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: method.toUpperCase(), agent, headers }, (answer) => {
      const status = answer.statusCode ?? 0;
      if (path.includes('/watch/') && status === 200) {
        answer.destroy();
        resolve({ status, text: '' });
        return;
      }
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => resolve({ status, text: Buffer.concat(parts).toString() }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test.skipIf(!existsSync(facts))(
  'every path and method of v1.36 is answered as itself (needs ../shared)',
  async () => {
    const { paths } = JSON.parse(readFileSync(facts, 'utf8')) as { paths: Record<string, Record<string, unknown>> };
    const missing: string[] = [];
    let asked = 0;
    for (const [path, item] of Object.entries(paths)) {
      for (const method of methods.filter((one) => item[one])) {
        // Everything of a kind is not deleted: others are asked after it.
        if (method === 'delete' && !path.includes('{name}')) continue;
        const { status, text } = await ask(method, path.replace(/\{\w+\}/g, 'nobody'));
        asked++;
        const lost = status === 404 && /could not find the requested resource|page not found/.test(text);
        if (lost || status === 405 || status >= 500) missing.push(`${method} ${path}: ${status} ${text.slice(0, 200)}`);
      }
    }
    expect(missing).toEqual([]);
    expect(asked).toBeGreaterThan(700);
  },
  60_000,
);

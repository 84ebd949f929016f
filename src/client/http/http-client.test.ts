import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { configmaps } from '../../api/core/v1.gen.ts';
import { isConflict, isReason } from '../../api/errors.ts';
import { realClock } from '../../utils/clock.ts';
import type { Client } from '../client.ts';
import { createHttpClient } from './http-client.ts';

type Handler = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, body: string) => void;

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(handler: Handler): Promise<{ client: Client; server: http2.Http2Server; sessions: () => number }> {
  const server = http2.createServer();
  let sessions = 0;
  const open = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions++;
    open.add(session);
    session.on('error', () => {});
    session.on('close', () => open.delete(session));
  });
  server.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => handler(stream, headers, Buffer.concat(chunks).toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = createHttpClient({
    config: { server: `http://127.0.0.1:${port}`, token: 'secret' },
    userAgent: 'test',
    clock: realClock,
  });
  closing.push(() => {
    for (const session of open) session.destroy();
    server.close();
  });
  closing.push(() => client.close());
  return { client, server, sessions: () => sessions };
}

function answer(stream: http2.ServerHttp2Stream, status: number, value: object, headers: object = {}): void {
  stream.respond({ ':status': status, 'content-type': 'application/json', ...headers });
  stream.end(JSON.stringify(value));
}

const map = (name: string, resourceVersion = '1') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', uid: name, resourceVersion, creationTimestamp: '2026-01-01T00:00:00Z' },
});

test('requests carry method, path, query, token, agent and body', async () => {
  const seen: string[] = [];
  const { client } = await serve((stream, headers, body) => {
    seen.push(`${headers[':method']} ${headers[':path']} ${headers['content-type'] ?? '-'} ${body || '-'}`);
    expect(headers.authorization).toBe('Bearer secret');
    expect(headers['user-agent']).toBe('other');
    answer(stream, 200, map('a'));
  });
  const maps = client.as('other').resource(configmaps);
  await maps.get('ns', 'a');
  await maps.create('ns', { metadata: { name: 'a' } }, { dryRun: true, fieldManager: 'me' });
  await maps.patch('ns', 'a', { type: 'merge', body: { data: { k: 'v' } } });
  await maps.delete('ns', 'a', { propagationPolicy: 'Foreground' });
  expect(seen).toEqual([
    'GET /api/v1/namespaces/ns/configmaps/a - -',
    'POST /api/v1/namespaces/ns/configmaps?dryRun=All&fieldManager=me application/json {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}',
    'PATCH /api/v1/namespaces/ns/configmaps/a application/merge-patch+json {"data":{"k":"v"}}',
    'DELETE /api/v1/namespaces/ns/configmaps/a application/json {"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground"}',
  ]);
});

test('items of a list get the type that the wire leaves out', async () => {
  const { client } = await serve((stream) =>
    answer(stream, 200, {
      kind: 'ConfigMapList',
      metadata: { resourceVersion: '7' },
      items: [{ metadata: { name: 'a' } }],
    }),
  );
  const list = await client.resource(configmaps).list('');
  expect(list.metadata.resourceVersion).toBe('7');
  expect(list.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
});

test('a Status becomes an ApiError, and so does an answer that is none', async () => {
  const { client } = await serve((stream, headers) => {
    if (headers[':path']?.endsWith('/a')) {
      answer(stream, 409, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        reason: 'Conflict',
        message: 'm',
        code: 409,
      });
    } else {
      stream.respond({ ':status': 403 });
      stream.end('go away');
    }
  });
  const error = await client
    .resource(configmaps)
    .get('ns', 'a')
    .catch((e: unknown) => e);
  expect(isConflict(error)).toBe(true);
  const other = await client
    .resource(configmaps)
    .get('ns', 'b')
    .catch((e: unknown) => e);
  expect(isReason(other, 'Forbidden') && other.message).toBe('go away');
});

test('a request is sent again when the server says when', async () => {
  let asked = 0;
  const { client } = await serve((stream) => {
    if (++asked < 3) answer(stream, 429, { kind: 'Status', status: 'Failure', code: 429 }, { 'retry-after': '0.001' });
    else answer(stream, 200, map('a'));
  });
  await client.resource(configmaps).get('ns', 'a');
  expect(asked).toBe(3);
});

test('many requests share a connection, and a broken one is replaced', async () => {
  let last: http2.Http2Session | undefined;
  const { client, sessions } = await serve((stream) => {
    last = stream.session;
    answer(stream, 200, map('a'));
  });
  const get = () => client.resource(configmaps).get('ns', 'a');
  await Promise.all(Array.from({ length: 20 }, get));
  expect(sessions()).toBe(1);
  last?.destroy();
  await new Promise((resolve) => setImmediate(resolve));
  await get();
  expect(sessions()).toBe(2);
});

test('watch events arrive in order however the bytes are cut', async () => {
  const text = [1, 2, 3].map((n) => `${JSON.stringify({ type: 'ADDED', object: map(`ü${n}`) })}\n`).join('');
  const { client } = await serve((stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    for (const byte of Buffer.from(text)) stream.write(Buffer.from([byte]));
    stream.end();
  });
  const names: string[] = [];
  await new Promise<void>((resolve, reject) => {
    client.resource(configmaps).watch(
      '',
      {},
      {
        event: (_, object) => names.push(object.metadata.name),
        end: (error) => (error ? reject(error) : resolve()),
      },
    );
  });
  expect(names).toEqual(['ü1', 'ü2', 'ü3']);
});

test('a watch ends with the error the server sends, with a refusal, or when the connection breaks', async () => {
  const { client } = await serve((stream, headers) => {
    const path = headers[':path'] ?? '';
    if (path.includes('/refused/'))
      return answer(stream, 403, { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403 });
    stream.respond({ ':status': 200 });
    if (path.includes('/broken/')) stream.session?.destroy();
    else stream.write(`{"type":"ERROR","object":{"kind":"Status","status":"Failure","reason":"Expired","code":410}}\n`);
  });
  const end = (namespace: string) =>
    new Promise<unknown>((resolve) => {
      client.resource(configmaps).watch(namespace, {}, { event: () => {}, end: resolve });
    });
  expect(isReason(await end('expired'), 'Expired')).toBe(true);
  expect(isReason(await end('refused'), 'Forbidden')).toBe(true);
  expect(await end('broken')).toBeInstanceOf(Error);
});

test('a stopped watch closes its stream', async () => {
  let closed: (() => void) | undefined;
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const { client } = await serve((stream) => {
    stream.on('close', () => closed?.());
    stream.respond({ ':status': 200 });
    stream.write(`${JSON.stringify({ type: 'ADDED', object: map('a') })}\n`);
  });
  let ends = 0;
  const session = client.resource(configmaps).watch('', {}, { event: () => session.stop(), end: () => ends++ });
  await gone;
  expect(ends).toBe(1);
});

test('a server that cannot be reached is an error, not a wait', async () => {
  const { client, server } = await serve(() => {});
  server.close();
  await expect(client.resource(configmaps).get('ns', 'a')).rejects.toThrow(/ECONNREFUSED/);
});

test('a configuration with a new certificate gets a new connection; what is open stays where it is', async () => {
  const { server, sessions } = await serve((stream, headers) => {
    // A watch stays open; everything else is answered.
    if (headers[':path']?.includes('watch')) stream.respond({ ':status': 200, 'content-type': 'application/json' });
    else answer(stream, 200, map('a'));
  });
  const { port } = server.address() as AddressInfo;
  let cert = 'one';
  const config = {
    server: `http://127.0.0.1:${port}`,
    get cert() {
      return cert;
    },
  };
  const client = createHttpClient({ config, userAgent: 'test', clock: realClock });
  closing.push(() => client.close());
  const resource = client.resource(configmaps);
  let ended = false;
  const watch = resource.watch('ns', {}, { event: () => {}, end: () => (ended = true) });
  await resource.get('ns', 'a');
  await resource.get('ns', 'a');
  expect(sessions()).toBe(1);
  cert = 'two';
  await resource.get('ns', 'a');
  await resource.get('ns', 'a');
  expect(sessions()).toBe(2);
  expect(ended).toBe(false);
  watch.stop();
});

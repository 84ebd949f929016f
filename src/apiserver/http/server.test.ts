import { once } from 'node:events';
import { constants } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openProto } from '../../schema/protobuf.ts';
import { ask, json, TestServer, testCertificate } from './test-server.ts';

let server: TestServer;
beforeEach(async () => {
  server = await TestServer.start({ limits: { shutdownMs: 1000 } });
});
afterEach(() => server.stop());

type Named = Parameters<TestServer['core']['put']>[1];
const configMap = (name: string, data: Record<string, string> = {}): Named => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', uid: `uid-${name}` },
  ...{ data },
});
const creationTimestamp = '2026-01-01T00:00:00Z';
const path = '/api/v1/namespaces/ns/configmaps';

describe.each(['http1', 'http2'] as const)('over %s', (version) => {
  const send: TestServer['http1'] = (...args) => server[version](...args);

  test('an object is sent as the bytes it was stored in', async () => {
    const { json: bytes } = server.core.put('configmaps', configMap('a', { k: 'ä"\\' }));
    const answer = await send('GET', `${path}/a`);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['cache-control']).toBe('no-cache, private');
    expect(answer.body.toString()).toBe(`${bytes}\n`);
  });

  test('a list leaves out kind and apiVersion of its items, as Go does for built-in kinds', async () => {
    server.core.put('configmaps', configMap('a', { k: 'v' }));
    server.core.put('configmaps', configMap('b'));
    const list = json(await send('GET', path));
    expect(list).toEqual({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '3' },
      items: [
        {
          metadata: { name: 'a', namespace: 'ns', uid: 'uid-a', resourceVersion: '2', creationTimestamp },
          data: { k: 'v' },
        },
        { metadata: { name: 'b', namespace: 'ns', uid: 'uid-b', resourceVersion: '3', creationTimestamp }, data: {} },
      ],
    });
    expect(json(await send('GET', '/api/v1/namespaces/none/configmaps')).items).toEqual([]);
  });

  test('a list of many megabytes arrives whole', async () => {
    for (let i = 0; i < 300; i++) server.core.put('configmaps', configMap(`c${i}`, { text: 'x'.repeat(20_000) }));
    const answer = await send('GET', path);
    expect(answer.body.length).toBe(Number(answer.headers['content-length']));
    expect(json(answer).items).toHaveLength(300);
  });

  test('long answers are compressed for those who ask', async () => {
    server.core.put('configmaps', configMap('a', { text: 'x'.repeat(200_000) }));
    const answer = await send('GET', `${path}/a`, { 'accept-encoding': 'gzip' });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(answer.body).toString()).data.text).toHaveLength(200_000);
    const short = await send('GET', '/version', { 'accept-encoding': 'gzip' });
    expect(short.headers['content-encoding']).toBeUndefined();
  });

  test('metadata alone', async () => {
    server.core.put('configmaps', configMap('a', { tricky: '}{"\\"' }));
    const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
    const metadata = { name: 'a', namespace: 'ns', uid: 'uid-a', resourceVersion: '2', creationTimestamp };
    const one = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
    expect(json(await send('GET', `${path}/a`, { accept }))).toEqual(one);
    const list = json(await send('GET', path, { accept: `${accept.replace('Metadata;', 'MetadataList;')}` }));
    expect(list).toEqual({
      kind: 'PartialObjectMetadataList',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '2' },
      items: [one],
    });
  });

  test('a table', async () => {
    server.core.put('configmaps', configMap('a'));
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    const table = json(await send('GET', `${path}?includeObject=None`, { accept }));
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', rows: [{ object: null }] });
    expect(table.columnDefinitions).toMatchObject([
      { name: 'Name', format: 'name' },
      { name: 'Data' },
      { name: 'Age' },
    ]);
    const bad = await send('GET', `${path}?includeObject=x`, { accept });
    expect([bad.status, json(bad).reason]).toEqual([400, 'BadRequest']);
  });

  test('protobuf and YAML', async () => {
    server.core.put('configmaps', configMap('a', { k: 'v' }));
    const proto = await send('GET', `${path}/a`, { accept: 'application/vnd.kubernetes.protobuf' });
    expect(proto.body.subarray(0, 4).toString()).toBe('k8s\0');
    expect(proto.headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
    const yaml = await send('GET', `${path}/a`, { accept: 'application/yaml' });
    expect(yaml.body.toString()).toContain('kind: ConfigMap\n');
    const posted = await send('POST', path, { 'content-type': 'application/vnd.kubernetes.protobuf' }, proto.body);
    // The fake core takes only bytes; what it was given is the decoded object.
    expect(posted.status).toBe(500);
    expect(server.core.calls.at(-1)?.body).toMatchObject({ object: { kind: 'ConfigMap', data: { k: 'v' } } });
    const deleted = await send('DELETE', `${path}/a`, { accept: 'application/vnd.kubernetes.protobuf, */*' });
    expect(deleted.headers['content-type']).toBe('application/vnd.kubernetes.protobuf');
    expect(openProto(deleted.body)).toMatchObject({ apiVersion: 'v1', kind: 'Status' });
  });

  test('a create is 201, with warnings in headers', async () => {
    const answer = await send('POST', `${path}?dryRun=All&fieldManager=me`, {}, JSON.stringify(configMap('new')));
    expect(answer.status).toBe(201);
    expect(answer.headers.warning).toBe('299 - "unknown field \\"spec.x\\""');
    expect(server.core.calls.at(-1)?.options).toMatchObject({ dryRun: ['All'], fieldManager: 'me' });
  });

  test('a delete answers with a Status, for some kinds with the object', async () => {
    server.core.put('configmaps', configMap('a'));
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid: 'uid-a' } };
    expect(json(await send('DELETE', `${path}/a`, {}, JSON.stringify(options)))).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: 'uid-a' },
    });
    expect(server.core.calls.at(-1)?.options).toMatchObject({ gracePeriodSeconds: 0, preconditions: { uid: 'uid-a' } });
    server.core.put('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'ns' } });
    const pod = await send('DELETE', '/api/v1/namespaces/ns/pods/p?gracePeriodSeconds=5');
    expect(json(pod).kind).toBe('Pod');
    expect(server.core.calls.at(-1)?.options).toMatchObject({ gracePeriodSeconds: 5 });
  });

  test.each([
    ['GET', `${path}/missing`, {}, 404, 'configmaps "missing" not found'],
    ['PUT', path, {}, 405, 'the server does not allow this method on the requested resource'],
    ['GET', '/api/v1/nopes', {}, 404, 'the server could not find the requested resource'],
    ['GET', '/api/v1/namespaces/ns/nodes/x', {}, 404, 'the server could not find the requested resource'],
    ['GET', `${path}?limit=x`, {}, 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['PATCH', `${path}/a`, { 'content-type': 'application/json' }, 415, '415: Unsupported Media Type'],
    ['PATCH', `${path}/a`, { 'content-type': 'Application/Merge-Patch+json' }, 415, '415: Unsupported Media Type'],
    [
      'PATCH',
      `${path}/a`,
      { 'content-type': 'application/merge-patch+json' },
      400,
      'error decoding patch: unexpected end of JSON input',
    ],
    ['GET', `${path}/panic`, {}, 500, 'Internal error occurred: the server failed to handle the request'],
    ['GET', `${path}?limit=1&continue=%zz&limit=y`, {}, 200, undefined],
    ['GET', `${path}/%2e%2e`, {}, 400, `Name parameter invalid: "..": may not be '..'`],
    ['GET', '/api/v1//nodes', {}, 404, 'the server could not find the requested resource'],
    ['POST', '/apis/apps/v1', {}, 405, 'the server does not allow this method on the requested resource'],
  ])('%s %s %j is %d', async (method, url, headers, status, message) => {
    const answer = await send(method, url, headers);
    expect([answer.status, json(answer).message]).toEqual([status, message]);
  });

  test('paths that say nothing are refused in plain text', async () => {
    const undecodable = await send('GET', '/api/v1/namespaces/%zz/pods');
    expect([undecodable.status, undecodable.headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8']);
    const unfinished = await send('GET', '/api/v1/watch');
    expect(unfinished.status).toBe(500);
    expect(unfinished.body.toString()).toBe(
      'Internal Server Error: "/api/v1/watch": failed to create RequestInfo: unable to determine kind and namespace from url, /api/v1/watch\n',
    );
  });

  test('a body that is too large is refused, and the server goes on', async () => {
    const answer = await send('POST', path, {}, Buffer.alloc(3 * 1024 * 1024 + 1, 'x')).catch((error: Error) => error);
    // A client that is still sending may see the connection close before it sees the answer.
    if (!(answer instanceof Error)) {
      expect([answer.status, json(answer).message]).toEqual([413, 'Request entity too large: limit is 3145728']);
    }
    expect((await send('GET', '/version')).status).toBe(200);
  });

  test('a body of several megabytes is taken', async () => {
    const text = 'x'.repeat(2_500_000);
    const answer = await send('POST', path, {}, JSON.stringify(configMap('big', { text })));
    expect(answer.status).toBe(201);
    expect(json(answer)).toMatchObject({ data: { text } });
  });

  test('what a client makes up becomes no label of the metrics', async () => {
    for (const made of ['watch/namespaces/ns/configmaps/a/made%22%0Aup', 'namespaces/ns/configmaps/a/made-up'])
      expect((await send('GET', `/api/v1/${made}`)).status).toBe(404);
    const metrics = (await send('GET', '/metrics')).body.toString();
    expect(metrics).not.toContain('made');
  });

  test('health, version, index, metrics', async () => {
    expect((await send('GET', '/healthz')).body.toString()).toBe('ok');
    expect((await send('GET', '/readyz?verbose')).body.toString()).toBe('[+]ping ok\nreadyz check passed\n');
    expect((await send('GET', '/livez/ping')).body.toString()).toBe('ok');
    expect(json(await send('GET', '/version'))).toMatchObject({ major: '1', minor: '36', gitVersion: 'v1.36.0' });
    expect(json(await send('GET', '/')).paths).toEqual(
      expect.arrayContaining(['/api/v1', '/apis/apps/v1', '/livez/ping']),
    );
    await send('GET', `${path}/missing`);
    const metrics = (await send('GET', '/metrics')).body.toString();
    expect(metrics).toContain(
      'apiserver_request_total{code="404",component="apiserver",dry_run="",group="",resource="configmaps",scope="resource",subresource="",verb="GET",version="v1"} 1',
    );
  });

  test('OpenAPI, under its hash for ever', async () => {
    const index = json(await send('GET', '/openapi/v3'));
    const paths = index.paths as Record<string, { serverRelativeURL: string }>;
    const url = paths['apis/apps/v1']?.serverRelativeURL ?? '';
    const document = await send('GET', url);
    expect(document.headers['cache-control']).toBe('public, immutable');
    expect(json(document)).toMatchObject({ openapi: '3.0.0' });
    expect((await send('GET', url.replace(/hash=.*/, 'hash=0'))).status).toBe(301);
    const again = await send('GET', url, { 'if-none-match': document.headers.etag ?? '' });
    expect(again.status).toBe(304);
  });
});

describe('authentication and authorization', () => {
  test('401 without a user, 403 in the authorizer’s words, and nothing is told before that', async () => {
    const strict = await TestServer.start({
      authenticate: ({ headers }) => (headers.authorization ? { name: 'jane', groups: [] } : undefined),
      authorizer: { authorize: ({ path }) => ({ allowed: path === '/version', reason: '' }) },
    });
    try {
      expect((await strict.http1('GET', '/version')).status).toBe(401);
      const headers = { authorization: 'Bearer x' };
      expect((await strict.http1('GET', '/version', headers)).status).toBe(200);
      const path403 = await strict.http1('GET', '/metrics', headers);
      expect(json(path403).message).toBe('forbidden: User "jane" cannot get path "/metrics"');
      const unknown = await strict.http1('GET', '/api/v1/nopes', headers);
      expect(json(unknown).message).toBe(
        'nopes is forbidden: User "jane" cannot list resource "nopes" in API group "" at the cluster scope',
      );
      const badBody = await strict.http1('POST', path, { ...headers, 'content-type': 'text/plain' }, 'x');
      expect(badBody.status).toBe(403);
      expect(strict.core.calls).toEqual([]);
    } finally {
      await strict.stop();
    }
  });

  test('impersonation reaches the core with groups that hold commas', async () => {
    const seen: unknown[] = [];
    const get = server.core.get;
    server.core.get = (context, ...rest) => {
      seen.push(context.user);
      return get(context, ...rest);
    };
    server.core.put('configmaps', configMap('a'));
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': ['a, b', 'c'] };
    await server.http2('GET', `${path}/a`, headers);
    expect(seen).toEqual([{ name: 'jane', groups: ['a, b', 'c', 'system:authenticated'] }]);
  });
});

describe('watches', () => {
  const lines = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  test.each(['http1', 'http2'] as const)('events, bookmarks and errors over %s', async (version) => {
    const answer = server[version]('GET', `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=7`);
    await expect.poll(() => server.core.watchers.size).toBe(1);
    const [watcher] = server.core.watchers;
    const entry = server.core.put('configmaps', configMap('a', { k: 'v' }));
    watcher?.event('ADDED', entry);
    watcher?.event('DELETED', entry);
    watcher?.sink.end(new Error('lost it'));
    const { body, headers } = await answer;
    expect(headers['content-type']).toBe('application/json');
    expect(lines(body.toString())).toMatchObject([
      { type: 'ADDED', object: { kind: 'ConfigMap', data: { k: 'v' } } },
      { type: 'DELETED', object: { metadata: { name: 'a' } } },
      { type: 'ERROR', object: { kind: 'Status', code: 500 } },
    ]);
    expect(server.core.calls.at(-1)?.options).toMatchObject({ allowWatchBookmarks: true, timeoutSeconds: 7 });
  });

  test('as tables, with columns once', async () => {
    const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    const answer = server.http2('GET', `${path}?watch=true`, { accept });
    await expect.poll(() => server.core.watchers.size).toBe(1);
    const [watcher] = server.core.watchers;
    const entry = server.core.put('configmaps', configMap('a'));
    watcher?.event('ADDED', entry);
    watcher?.event('MODIFIED', entry);
    watcher?.sink.end();
    const [first, second] = lines((await answer).body.toString());
    expect(first.object.columnDefinitions).toHaveLength(3);
    expect(second.object).toMatchObject({ kind: 'Table', columnDefinitions: null, rows: [{}] });
  });

  test('a browser watches by WebSocket, a message an event', async () => {
    const entry = server.core.put('configmaps', configMap('a'));
    const socket = server.webSocket(`${path}?watch=true`);
    const messages: unknown[] = [];
    socket.on('message', (data, binary) => messages.push([binary, JSON.parse(String(data))]));
    await expect.poll(() => server.core.watchers.size).toBe(1);
    const [watcher] = server.core.watchers;
    watcher?.event('ADDED', entry);
    watcher?.event('DELETED', entry);
    watcher?.sink.end();
    const [code] = await once(socket, 'close');
    expect(code).toBe(1000);
    expect(messages).toEqual([
      [false, { type: 'ADDED', object: entry.object }],
      [false, { type: 'DELETED', object: entry.object }],
    ]);
    expect(server.core.watchers.size).toBe(0);
  });

  test('the deprecated path watches one object', async () => {
    const answer = server.http1('GET', '/api/v1/watch/namespaces/ns/configmaps/a');
    await expect.poll(() => server.core.watchers.size).toBe(1);
    expect(server.core.calls.at(-1)?.options).toMatchObject({ fieldSelector: 'metadata.name=a' });
    for (const watcher of server.core.watchers) watcher.sink.end();
    expect((await answer).body.length).toBe(0);
  });

  test('a client that goes away stops its watch', async () => {
    const session = server.session();
    const stream = session.request({ ':path': `${path}?watch=true` });
    stream.on('error', () => {});
    await expect.poll(() => server.core.watchers.size).toBe(1);
    stream.close(constants.NGHTTP2_CANCEL);
    await expect.poll(() => server.core.watchers.size).toBe(0);
    const second = session.request({ ':path': `${path}?watch=true` });
    second.on('error', () => {});
    await expect.poll(() => server.core.watchers.size).toBe(1);
    session.destroy();
    await expect.poll(() => server.core.watchers.size).toBe(0);
  });

  test('a slow reader is paused and loses nothing', async () => {
    const session = server.session();
    const stream = session.request({ ':path': `${path}?watch=true` });
    stream.pause();
    await expect.poll(() => server.core.watchers.size).toBe(1);
    const [watcher] = server.core.watchers;
    const entry = server.core.put('configmaps', configMap('a', { text: 'x'.repeat(10_000) }));
    for (let i = 0; i < 500; i++) watcher?.event('MODIFIED', entry);
    expect(watcher?.paused).toBe(true);
    let events = 0;
    stream.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) events++;
    });
    stream.resume();
    await expect.poll(() => events, { timeout: 10_000 }).toBe(500);
  });
});

describe('closing', () => {
  test('ends watches, and answers what was accepted', async () => {
    const session = server.session();
    const watch = ask(session, 'GET', `${path}?watch=true`);
    await expect.poll(() => server.core.watchers.size).toBe(1);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const get = server.core.get;
    server.core.get = async (...args) => {
      await held;
      return get(...args);
    };
    server.core.put('configmaps', configMap('a'));
    const slow = ask(session, 'GET', `${path}/a`);
    await ask(session, 'GET', '/version');
    const closed = server.server.close();
    expect((await watch).status).toBe(200);
    release();
    expect((await slow).status).toBe(200);
    await closed;
  });
});

test('neither HTTP nor TLS: the server shrugs', async () => {
  const { cert } = testCertificate();
  const talk = (text: string, protocol: string) =>
    new Promise<string>((resolve) => {
      const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: cert, ALPNProtocols: [protocol] }, () =>
        socket.write(text),
      );
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(got));
      socket.on('end', () => socket.end());
    });
  expect(await talk('NONSENSE\r\n\r\n', 'http/1.1')).toMatch(/^HTTP\/1.1 400/);
  expect(await talk(`GET / HTTP/1.1\r\nx: ${'y'.repeat(200_000)}\r\n\r\n`, 'http/1.1')).toMatch(/^HTTP\/1.1 431/);
  // A GOAWAY (type 7) and the end.
  expect(await talk('GET / HTTP/1.1\r\nhost: x\r\n\r\n', 'h2')).toContain('\x07\0\0\0\0\0');
  expect((await server.http1('GET', '/version')).status).toBe(200);
});

test('an address that is too long is refused', async () => {
  expect((await server.http1('GET', `/version?${'x'.repeat(70_000)}`)).status).toBe(414);
});

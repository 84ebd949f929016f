import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Authorizer } from '../../admission.ts';
import { everybody, json, TestServer, testCertificate } from '../test-server.ts';
import { createConnector } from './connector.ts';
import { podUpstream, serviceUpstream, splitSchemeNamePort } from './proxy.ts';

let kubelet: Server;
let server: TestServer;
/** What the kubelet was asked. */
let asked: IncomingMessage[];
let answer: (request: IncomingMessage) => { status: number; body: string };
let authorizer: Authorizer;

beforeEach(async () => {
  asked = [];
  authorizer = everybody;
  answer = () => ({ status: 200, body: 'line\n' });
  const tls = testCertificate();
  kubelet = createHttpsServer(tls, (request, response) => {
    asked.push(request);
    const { status, body } = answer(request);
    response.writeHead(status).end(body);
  });
  kubelet.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    asked.push(request);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: SPDY/3.1\r\n\r\n');
    socket.write(head);
    socket.pipe(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
  const { port } = kubelet.address() as AddressInfo;
  server = await TestServer.start({
    connector: {
      handles: (request) => connector().handles(request),
      serve: (request) => connector().serve(request),
    },
    limits: { shutdownMs: 200 },
  });
  const connector = () =>
    createConnector({
      core: server.core,
      authorizer,
      nodes: { kubeletFor: () => ({ host: '127.0.0.1', port, tls: { ca: tls.cert } }) },
      random: () => 0,
    });
  pod('one', ['c']);
  pod('two', ['a', 'b'], ['i']);
  pod('waiting', ['c'], [], '');
});

afterEach(async () => {
  await server.stop();
  kubelet.closeAllConnections();
  await new Promise((resolve) => kubelet.close(resolve));
});

function pod(name: string, containers: string[], init: string[] = [], nodeName = 'node'): void {
  const named = (names: string[]) => names.map((n) => ({ name: n, image: 'x' }));
  const spec = { nodeName, containers: named(containers), initContainers: named(init) };
  server.core.put('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'ns' }, ...{ spec } });
}

const path = (name: string, sub: string) => `/api/v1/namespaces/ns/pods/${name}/${sub}`;

test.each(['http1', 'http2'] as const)('logs over %s', async (version) => {
  answer = () => ({ status: 200, body: 'x'.repeat(3_000_000) });
  const url = path('one', 'log?follow=true&tailLines=5&timestamps=1&sinceSeconds=60');
  const { status, headers, body } = await server[version]('GET', url, { authorization: 'Bearer secret' });
  expect([status, headers['content-type'], body.length]).toEqual([200, 'text/plain', 3_000_000]);
  expect(asked[0]?.url).toBe('/containerLogs/ns/one/c?follow=true&timestamps=true&tailLines=5&sinceSeconds=60');
  expect(asked[0]?.headers.authorization).toBeUndefined();
});

test.each([
  ['binary.k8s.io', 'a line\n'],
  ['base64.binary.k8s.io', Buffer.from('a line\n').toString('base64')],
])('logs by WebSocket as %s', async (protocol, expected) => {
  answer = () => ({ status: 200, body: 'a line\n' });
  const socket = server.webSocket(path('one', 'log'), ['unknown', protocol]);
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  const [code] = await once(socket, 'close');
  expect([code, socket.protocol, messages]).toEqual([1000, protocol, ['', expected]]);
});

test('a subprotocol that nobody speaks is refused', async () => {
  const socket = server.webSocket(path('one', 'log'), ['unknown']);
  const [error] = await once(socket, 'error');
  expect(String(error)).toContain('400');
});

test.each([
  [
    path('two', 'log'),
    400,
    'a container name must be specified for pod two, choose one of: [a b] or one of the init containers: [i]',
  ],
  [path('two', 'log?container=x'), 400, 'container x is not valid for pod two'],
  [path('none', 'log'), 404, 'pods "none" not found'],
  [path('waiting', 'exec?command=ls'), 400, 'pod waiting does not have a host assigned'],
  [path('one', 'exec?command=ls'), 400, 'Upgrade request required'],
  [
    path('one', 'log?tailLines=-1'),
    422,
    'PodLogOptions "" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  ],
  [path('one', 'portforward?ports=80,x'), 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
  [path('one', 'log?limitBytes=x'), 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
])('%s is %d', async (url, status, message) => {
  const refused = await server.http1('GET', url);
  expect([refused.status, json(refused).message]).toEqual([status, message]);
  expect(asked).toEqual([]);
});

test('resources with names of JavaScript are not found', async () => {
  for (const made of ['constructor', 'namespaces/x/constructor/y/z', 'namespaces/x/__proto__/y/z'])
    expect((await server.http1('GET', `/api/v1/${made}`)).status).toBe(404);
});

test('a pod that has no node yet has said nothing', async () => {
  const { status, body } = await server.http1('GET', path('waiting', 'log'));
  expect([status, body.length]).toEqual([204, 0]);
});

test.each([
  [
    400,
    'container "c" in pod "one" is waiting to start: ContainerCreating',
    400,
    'container "c" in pod "one" is waiting to start: ContainerCreating',
  ],
  [404, 'nope', 404, 'the server could not find the requested resource ( pods/log one)'],
  [500, 'broken', 500, 'an error on the server ("broken") has prevented the request from succeeding ( pods/log one)'],
])('a kubelet that answers %d', async (status, body, expected, message) => {
  answer = () => ({ status, body });
  const refused = await server.http1('GET', path('one', 'log'));
  expect([refused.status, json(refused).message]).toEqual([expected, message]);
});

/** Upgrades over a raw connection; resolves with all that came back once `until` did. */
function upgrade(url: string, send: string, until: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { cert } = testCertificate();
    const socket = connect({ host: '127.0.0.1', port: server.port, ca: cert }, () => {
      socket.write(
        `POST ${url} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n\r\n`,
      );
    });
    let got = '';
    socket.on('data', (chunk) => {
      if (got === '' && send) socket.write(send);
      got += chunk.toString('latin1');
      if (got.includes(until)) {
        socket.destroy();
        resolve(got);
      }
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(got));
  });
}

test('exec is a tunnel to the kubelet, every byte both ways', async () => {
  const payload = 'x'.repeat(500_000);
  const url = path('two', 'exec?container=b&command=sh&command=-c&command=a%20b&stdin=true&stdout=1&tty=true');
  const got = await upgrade(url, `${payload}END`, 'END');
  expect(got).toMatch(/^HTTP\/1.1 101 Switching Protocols/);
  expect(got).toContain(payload);
  const [request] = asked;
  expect(request?.method).toBe('POST');
  expect(request?.url).toBe('/exec/ns/two/b?input=1&output=1&tty=1&command=sh&command=-c&command=a+b');
  expect(request?.headers).toMatchObject({ upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' });
  expect(request?.headers.authorization).toBeUndefined();
});

test.each([
  ['pods/one', 'exec?command=sh&command=-c&container=c&stdin=1&tty=0', 'PodExecOptions'],
  ['pods/one', 'attach?container=c&stdout=true', 'PodAttachOptions'],
  ['pods/one', 'portforward?ports=80,81', 'PodPortForwardOptions'],
  ['pods/one', 'proxy/a/b', 'PodProxyOptions'],
  ['services/s', 'proxy', 'ServiceProxyOptions'],
])('%s %s is admitted as %s', async (target, rest, kind) => {
  await server.http1('GET', `/api/v1/namespaces/ns/${target}/${rest}`);
  const asks: Record<string, object> = {
    PodExecOptions: { stdin: true, container: 'c', command: ['sh', '-c'] },
    PodAttachOptions: { stdout: true, container: 'c' },
    PodPortForwardOptions: { ports: [80, 81] },
    PodProxyOptions: { path: '/a/b' },
    ServiceProxyOptions: {},
  };
  const call = server.core.calls.find(({ method }) => method === 'connect');
  expect(call?.options).toEqual({ apiVersion: 'v1', kind, ...asks[kind] });
  expect(call?.target).toMatchObject({
    namespace: 'ns',
    name: target.split('/')[1],
    subresource: rest.split(/[?/]/)[0],
  });
});

test('a GET takes the right to create, as a POST does; logs and proxies do not', async () => {
  authorizer = { authorize: ({ verb }) => ({ allowed: verb !== 'create', reason: 'no rule' }) };
  for (const sub of ['exec?command=ls', 'attach', 'portforward']) {
    const refused = await server.http1('GET', path('one', sub));
    expect([refused.status, json(refused).message]).toEqual([403, 'pods "one" is forbidden: no rule']);
  }
  expect((await server.http1('GET', path('waiting', 'log'))).status).toBe(204);
  expect((await server.http1('GET', path('one', 'proxy'))).status).toBe(400);
});

test('what admission refuses is neither looked up nor connected', async () => {
  for (const url of [path('none', 'exec?command=forbidden'), path('none', 'proxy/forbidden')]) {
    expect((await server.http1('GET', url)).status).toBe(403);
  }
  expect(asked).toEqual([]);
});

test('port-forward goes to the pod', async () => {
  await upgrade(path('one', 'portforward'), 'hello', 'hello');
  expect(asked[0]?.url).toBe('/portForward/ns/one');
});

test('an upgrade that is refused is answered in HTTP', async () => {
  const got = await upgrade(path('none', 'exec?command=ls'), '', 'not found');
  expect(got).toMatch(/^HTTP\/1.1 404 Not Found/);
  expect(asked).toEqual([]);
});

test('proxies', async () => {
  const backend = createServer((request, response) => response.end(request.url));
  await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
  try {
    // The server's own machine is out of bounds for pods.
    const status = { podIP: '127.0.0.1' };
    server.core.put('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'local', namespace: 'ns' },
      ...{ spec: { containers: [] }, status },
    });
    const refused = await server.http1('GET', path(`local:${(backend.address() as AddressInfo).port}`, 'proxy/x'));
    expect([refused.status, json(refused).message]).toEqual([400, 'address not allowed']);
  } finally {
    backend.close();
  }
  server.core.put('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
  answer = (request) => ({ status: 418, body: `${request.method} ${request.url}` });
  const proxied = await server.http2('POST', '/api/v1/nodes/n/proxy/a%3Fb//c?d=e', {}, 'body');
  expect([proxied.status, proxied.body.toString()]).toEqual([418, 'POST /a%3Fb//c?d=e']);
});

test('targets of proxies', () => {
  expect(splitSchemeNamePort('x')).toEqual({ scheme: '', name: 'x', port: '' });
  expect(splitSchemeNamePort('x:http')).toEqual({ scheme: '', name: 'x', port: 'http' });
  expect(splitSchemeNamePort('https:x:443')).toEqual({ scheme: 'https', name: 'x', port: '443' });
  for (const bad of ['', ':80', 'ftp:x:1', 'a:b:c:d']) expect(splitSchemeNamePort(bad)).toBeUndefined();

  type Pod = Parameters<typeof podUpstream>[0];
  const web = {
    spec: { containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { podIP: '10.0.0.1' },
  };
  // Only what is looked at.
  const pod = web as unknown as Pod;
  expect(podUpstream(pod, '', '')).toMatchObject({ host: '10.0.0.1', port: 8080 });
  expect(podUpstream(pod, 'https', 'http')).toMatchObject({ port: 8080, tls: { rejectUnauthorized: false } });
  expect(() => podUpstream({ ...web, status: { podIP: '169.254.169.254' } } as unknown as Pod, '', '')).toThrow(
    'address not allowed',
  );

  type Service = Parameters<typeof serviceUpstream>[0];
  type Slices = Parameters<typeof serviceUpstream>[1];
  const service = { metadata: { name: 's' }, spec: { ports: [{ name: 'web', port: 80 }] } } as unknown as Service;
  const slices = [
    {
      ports: [{ name: 'web', port: 8080 }],
      endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: false } }, { addresses: ['10.0.0.2'] }],
    },
  ] as unknown as Slices;
  expect(serviceUpstream(service, slices, '', '80', 0.9)).toEqual({ host: '10.0.0.2', port: 8080 });
  expect(() => serviceUpstream(service, [], '', 'web', 0)).toThrow('no endpoints available for service "s"');
  expect(() => serviceUpstream(service, slices, '', 'other', 0)).toThrow(
    'no service port "other" found for service "s"',
  );
});

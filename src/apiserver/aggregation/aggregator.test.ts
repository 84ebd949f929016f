import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type APIService, apiservices } from '../../api/apiregistration/v1.gen.ts';
import { configmaps, namespaces, services } from '../../api/core/v1.gen.ts';
import { startCluster, type TestCluster } from '../../testing/index.ts';
import { createCertificate, generateKey, privateKeyPem } from '../../utils/x509.ts';

const GROUP = 'example.test';
const PATH = `/apis/${GROUP}/v1`;

const document = {
  swagger: '2.0',
  paths: {
    [`${PATH}/namespaces/{namespace}/things`]: {
      get: { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/test.Thing' } } } },
    },
    '/apis/of.another/v1/': { get: { responses: {} } },
  },
  definitions: {
    'test.Thing': {
      type: 'object',
      minProperties: 1,
      properties: { metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } },
      'x-kubernetes-group-version-kind': [{ group: GROUP, version: 'v1', kind: 'Thing' }],
    },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { type: 'object', description: 'of its own' },
  },
};

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let cluster: TestCluster;
let extension: Server;
let caBundle: string;
const asked: Asked[] = [];
/** The things in the namespace "full". */
const left = [{ metadata: { name: 'a' } }];
/** Ends the answer to .../slow. */
let finish: () => void = () => {};
/** The extension server is of a time before OpenAPI v3. */
let isOld = false;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, https: true });
  const key = generateKey();
  const cert = createCertificate({
    subject: { commonName: 'extension', organizations: [] },
    publicKey: key.publicKey,
    signingKey: key.privateKey,
    notBefore: Date.now() - 3_600_000,
    notAfter: Date.now() + 3_600_000,
    isCa: true,
    usages: ['digital signature', 'cert sign'],
    names: { dns: ['api.default.svc'] },
  });
  caBundle = Buffer.from(cert).toString('base64');
  extension = createServer({ cert, key: privateKeyPem(key.privateKey) }, async (incoming, answer) => {
    let body = '';
    for await (const chunk of incoming) body += String(chunk);
    const { method = '', url = '', headers } = incoming;
    if (headers['x-remote-user'] !== 'system:kube-aggregator') asked.push({ method, url, headers, body });
    const json = (status: number, value: object) => {
      answer.writeHead(status, { 'content-type': 'application/json', warning: '299 - "old"' });
      answer.end(JSON.stringify(value));
    };
    if (url === PATH) {
      const verbs = ['get', 'list', 'delete', 'deletecollection'];
      const things = { name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing', verbs };
      json(200, { kind: 'APIResourceList', groupVersion: `${GROUP}/v1`, resources: [things] });
    } else if (url.startsWith('/openapi/v3') && isOld) {
      json(404, {});
    } else if (url === '/openapi/v3') {
      const at = (path: string) => [path, { serverRelativeURL: `/openapi/v3/${path}?hash=AB12` }] as const;
      json(200, { paths: Object.fromEntries([at(PATH.slice(1)), at(`apis/${GROUP}`), at('api/v1')]) });
    } else if (url.startsWith('/openapi/v3/')) {
      json(200, { openapi: '3.0.0', of: url });
    } else if (url === '/openapi/v2') {
      json(200, document);
    } else if (url.startsWith(`${PATH}/namespaces/full/things`)) {
      if (method === 'DELETE') left.length = 0;
      json(200, { kind: 'ThingList', items: left });
    } else if (url.startsWith(`${PATH}/moved`)) {
      answer.writeHead(302, { location: 'https://elsewhere.test/' }).end();
    } else if (url.startsWith(`${PATH}/cookies`)) {
      answer.setHeader('cache-control', 'max-age=5');
      answer.setHeader('access-control-allow-origin', '*');
      json(200, {});
    } else if (url.startsWith(`${PATH}/slow`)) {
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.write('first');
      finish = () => answer.end('last');
    } else if (url.startsWith(PATH)) json(201, { kind: 'Thing', metadata: { name: 'a' } });
    else json(404, {});
  });
  extension.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { url = '', headers, method = '' } = incoming;
    asked.push({ method, url, headers, body: '' });
    if (url.endsWith('/refused')) {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno');
    } else if (url.endsWith('/unmoved')) {
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    } else if (url.endsWith('/gone')) {
      socket.destroy();
    } else {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${headers.upgrade}\r\n\r\n`);
      socket.write(head);
      socket.pipe(socket);
    }
  });
  extension.listen(0, '127.0.0.1');
  await once(extension, 'listening');
});

afterAll(async () => {
  extension.closeAllConnections();
  extension.close();
  await cluster.stop();
});

function credentials() {
  const { url = '', kubeconfig = '' } = cluster.https ?? {};
  const { clusters, users } = parse(kubeconfig) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const pem = (text = '') => Buffer.from(text, 'base64');
  return {
    url,
    ca: pem(clusters[0]?.cluster['certificate-authority-data']),
    cert: pem(users[0]?.user['client-certificate-data']),
    key: pem(users[0]?.user['client-key-data']),
  };
}

function ask(path: string, method = 'GET', headers: Record<string, string> = {}, body = ''): Promise<IncomingMessage> {
  const { url, ...tls } = credentials();
  return new Promise((resolve, reject) => {
    request(new URL(path, url), { method, headers, ...tls, agent: false }, resolve)
      .once('error', reject)
      .end(body);
  });
}

/** Asks to leave HTTP: the answer, and the connection where the server agreed. */
function upgrade(path: string, protocol: string): Promise<{ answer: IncomingMessage; socket?: Duplex }> {
  const { url, ...tls } = credentials();
  const headers = { connection: 'Upgrade', upgrade: protocol, 'x-remote-user': 'somebody' };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), { method: 'POST', headers, ...tls, agent: false });
    sent.once('upgrade', (answer, socket) => resolve({ answer, socket }));
    sent.once('response', (answer) => resolve({ answer }));
    sent.once('error', reject).end();
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

const available = (service: APIService) => service.status.conditions?.find(({ type }) => type === 'Available');

/** Waits until the APIService stands as it is asked to. */
const settled = (reason: string) =>
  cluster.waitFor(async () => {
    const condition = available(await cluster.client.resource(apiservices).get('', `v1.${GROUP}`));
    return condition?.reason === reason ? condition : undefined;
  });

describe('Aggregator', () => {
  it('says why a server cannot be reached, and answers 503 for it', async () => {
    await cluster.client.resource(apiservices).create('', {
      metadata: { name: `v1.${GROUP}` },
      spec: {
        group: GROUP,
        version: 'v1',
        groupPriorityMinimum: 2000,
        versionPriority: 10,
        caBundle,
        service: { namespace: 'default', name: 'api', port: (extension.address() as AddressInfo).port },
      },
    });
    expect(await settled('ServiceNotFound')).toMatchObject({
      status: 'False',
      message: 'service/api in "default" is not present',
    });
    const answer = await ask(`${PATH}/namespaces/default/things`);
    expect(answer.statusCode).toBe(503);
    expect(await textOf(answer)).toBe('service unavailable\n');
  });

  it('passes requests on as their user, and nothing that the client says of itself', async () => {
    await cluster.client.resource(services).create('default', {
      metadata: { name: 'api' },
      spec: { type: 'ExternalName', externalName: 'localhost' },
    });
    expect(await settled('Passed')).toMatchObject({ status: 'True', message: 'all checks passed' });
    const answer = await ask(
      `${PATH}/namespaces/default/things?dryRun=All`,
      'POST',
      { 'X-Remote-User': 'somebody', 'X-Remote-Extra-Power': 'all', 'content-type': 'application/json' },
      '{"kind":"Thing"}',
    );
    expect(answer.statusCode).toBe(201);
    expect(answer.headers.warning).toBe('299 - "old"');
    expect(JSON.parse(await textOf(answer))).toEqual({ kind: 'Thing', metadata: { name: 'a' } });
    const got = asked.at(-1);
    expect(got).toMatchObject({
      method: 'POST',
      url: `${PATH}/namespaces/default/things?dryRun=All`,
      body: '{"kind":"Thing"}',
    });
    expect(got?.headers['x-remote-user']).toBe('kubernetes-admin');
    expect(got?.headers['x-remote-group']).toContain('system:masters');
    expect(got?.headers['x-remote-extra-power']).toBeUndefined();
  });

  it('passes long answers on as they come', async () => {
    const answer = await ask(`${PATH}/slow?watch=true`);
    const [first] = await once(answer, 'data');
    expect(String(first)).toBe('first');
    finish();
    expect(await textOf(answer)).toBe('last');
  });

  it.each(['SPDY/3.1', 'websocket'])('lets both ends talk %s', async (protocol) => {
    const { answer, socket } = await upgrade(`${PATH}/namespaces/default/things/a/exec?command=x`, protocol);
    expect(answer.statusCode).toBe(101);
    expect(answer.headers.upgrade).toBe(protocol);
    const { url, headers } = asked.at(-1) ?? {};
    expect(url).toBe(`${PATH}/namespaces/default/things/a/exec?command=x`);
    expect(headers?.['x-remote-user']).toBe('kubernetes-admin');
    socket?.write('hello');
    const [echo] = await once(socket ?? answer, 'data');
    expect(String(echo)).toBe('hello');
    socket?.end();
    await once(socket ?? answer, 'close');
  });

  it.each([
    ['refused', 403, 'no'],
    ['unmoved', 503, 'invalid upgrade response: status code 200\n'],
    ['gone', 503, 'unexpected EOF\n'],
  ])('tells a client that cannot leave HTTP why: %s', async (path, status, text) => {
    const { answer, socket } = await upgrade(`${PATH}/${path}`, 'SPDY/3.1');
    expect(socket).toBeUndefined();
    expect(answer.statusCode).toBe(status);
    expect(await textOf(answer)).toBe(text);
  });

  it('follows no redirect, and lets none pass', async () => {
    const answer = await ask(`${PATH}/moved`);
    expect(answer.statusCode).toBe(502);
    expect(answer.headers.location).toBeUndefined();
    expect(await textOf(answer)).toBe('the backend attempted to redirect this request, which is not permitted');
  });

  it("adds its own headers to the server's", async () => {
    const { headers } = await ask(`${PATH}/cookies`, 'GET', { 'audit-id': 'of-mine' });
    expect(headers['cache-control']).toBe('no-cache, private, max-age=5');
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['audit-id']).toBe('of-mine');
    expect(asked.at(-1)?.headers['audit-id']).toBe('of-mine');
    expect(asked.at(-1)?.headers.host).toMatch(/^(localhost|127\.0\.0\.1):/);
  });

  it('tells of the server in discovery and OpenAPI', async () => {
    const json = async (path: string, accept = 'application/json') =>
      JSON.parse(await textOf(await ask(path, 'GET', { accept })));
    const list = await json('/apis');
    expect(list.groups.map(({ name }: { name: string }) => name)).toContain(GROUP);
    expect(await json(`/apis/${GROUP}`)).toMatchObject({ preferredVersion: { groupVersion: `${GROUP}/v1` } });
    const all = await json('/apis', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const group = all.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === GROUP);
    expect(group.versions).toMatchObject([
      { version: 'v1', freshness: 'Current', resources: [{ resource: 'things', scope: 'Namespaced' }] },
    ]);
    const index = await json('/openapi/v3');
    expect(index.paths[PATH.slice(1)]).toEqual({ serverRelativeURL: `/openapi/v3${PATH}?hash=AB12` });
    expect(index.paths[`apis/${GROUP}`]).toEqual({ serverRelativeURL: `/openapi/v3/apis/${GROUP}?hash=AB12` });
    expect(index.paths['api/v1'].serverRelativeURL).not.toContain('AB12');
    expect(await json(`/openapi/v3/apis/${GROUP}?hash=AB12`)).toMatchObject({
      of: `/openapi/v3/apis/${GROUP}?hash=AB12`,
    });
    const { paths, definitions } = await json('/openapi/v2');
    expect(paths).toHaveProperty([`${PATH}/namespaces/{namespace}/things`]);
    expect(paths).not.toHaveProperty(['/apis/of.another/v1/']);
    const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
    expect(definitions['test.Thing'].properties.metadata).toEqual({ $ref: `#/definitions/${meta}_v2` });
    expect(definitions[`${meta}_v2`]).toEqual({ type: 'object', description: 'of its own' });
    const protobuf = await ask('/openapi/v2', 'GET', {
      accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
    });
    expect(await textOf(protobuf)).toContain('test.Thing');
  });

  it('makes documents of OpenAPI v3 of those of v2 for servers that have no others', async () => {
    const path = `apis/${GROUP}/v1`;
    const urlOf = async () =>
      JSON.parse(await textOf(await ask('/openapi/v3'))).paths[path]?.serverRelativeURL as string;
    const others = async (old: boolean) => {
      isOld = old;
      const before = await urlOf();
      const body = { metadata: { annotations: { old: String(old) } }, spec: { versionPriority: old ? 16 : 15 } };
      await cluster.client.resource(apiservices).patch('', `v1.${GROUP}`, { type: 'merge', body });
      return cluster.waitFor(async () => {
        const url = await urlOf();
        return url && url !== before ? url : undefined;
      });
    };
    const url = await others(true);
    expect(url).toMatch(/\?hash=[0-9A-F]{128}$/);
    const answer = await ask(url, 'GET', { accept: 'application/json' });
    expect(answer.headers.etag).toBe(`"${url.split('=')[1]}"`);
    const { openapi, paths, components } = JSON.parse(await textOf(answer));
    expect(openapi).toBe('3.0.0');
    expect(paths).toHaveProperty([`${PATH}/namespaces/{namespace}/things`]);
    expect(components.schemas['test.Thing'].properties.metadata).toEqual({
      $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    });
    const accept = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
    expect(await textOf(await ask(`/openapi/v3/${path}`, 'GET', { accept }))).toContain('test.Thing');
    expect(await others(false)).toBe(`/openapi/v3/${path}?hash=AB12`);
    expect(JSON.parse(await textOf(await ask(`/openapi/v3/${path}?hash=AB12`)))).toMatchObject({ openapi: '3.0.0' });
  });

  it('empties namespaces that are deleted', async () => {
    await cluster.client.resource(namespaces).create('', { metadata: { name: 'full' } });
    await cluster.client.resource(namespaces).delete('', 'full');
    await cluster.waitFor(async () => {
      const { items } = await cluster.client.resource(namespaces).list('');
      return items.some(({ metadata }) => metadata.name === 'full') ? undefined : true;
    });
    expect(left).toEqual([]);
    const deleted = asked.find(({ method }) => method === 'DELETE');
    expect(deleted?.url).toBe(`${PATH}/namespaces/full/things?propagationPolicy=Background`);
    expect(deleted?.headers['x-remote-user']).toBe('system:serviceaccount:kube-system:namespace-controller');
  });

  it('says that what a server had may not be there any more', async () => {
    const slow = await ask(`${PATH}/slow?watch=true`);
    await once(slow, 'data');
    await cluster.client.resource(services).delete('default', 'api');
    expect(await settled('ServiceNotFound')).toMatchObject({ status: 'False' });
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const all = JSON.parse(await textOf(await ask('/apis', 'GET', { accept })));
    const group = all.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === GROUP);
    expect(group.versions).toEqual([{ version: 'v1', freshness: 'Stale' }]);
    expect((await ask(PATH)).statusCode).toBe(503);
    // Nobody knows what is in a namespace then, and it stays.
    await cluster.client.resource(namespaces).create('', { metadata: { name: 'kept' } });
    await cluster.client.resource(namespaces).delete('', 'kept');
    const failure = await cluster.waitFor(async () => {
      const { status } = await cluster.client.resource(namespaces).get('', 'kept');
      return status.conditions?.find(({ type }) => type === 'NamespaceDeletionDiscoveryFailure');
    });
    expect(failure).toMatchObject({
      status: 'True',
      reason: 'DiscoveryFailed',
      message: `Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: ${GROUP}/v1: stale GroupVersion discovery: ${GROUP}/v1`,
    });
    // What is under way goes on.
    finish();
    expect(await textOf(slow)).toBe('last');
  });

  it('leaves what is its own alone', async () => {
    const { items } = await cluster.client.resource(apiservices).list('');
    const local = items.filter(({ spec }) => !spec.service);
    expect(local.map((one) => available(one)?.reason)).toEqual(local.map(() => 'Local'));
    await cluster.client.resource(configmaps).create('default', { metadata: { name: 'own' } });
    expect((await ask('/api/v1/namespaces/default/configmaps/own')).statusCode).toBe(200);
  });

  it('forgets a server with its APIService', async () => {
    await cluster.client.resource(apiservices).delete('', `v1.${GROUP}`);
    const answer = await ask(`${PATH}/namespaces/default/things`);
    expect(answer.statusCode).toBe(404);
    answer.resume();
  });
});

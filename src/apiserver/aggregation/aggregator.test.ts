import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type APIService, apiservices } from '../../api/apiregistration/v1.gen.ts';
import { configmaps, services } from '../../api/core/v1.gen.ts';
import { startCluster, type TestCluster } from '../../testing/index.ts';
import { createCertificate, generateKey, privateKeyPem } from '../../utils/x509.ts';

const GROUP = 'example.test';
const PATH = `/apis/${GROUP}/v1`;

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
/** Ends the answer to .../slow. */
let finish: () => void = () => {};

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
      const verbs = ['get', 'list'];
      const things = { name: 'things', singularName: 'thing', namespaced: true, kind: 'Thing', verbs };
      json(200, { kind: 'APIResourceList', groupVersion: `${GROUP}/v1`, resources: [things] });
    } else if (url === '/openapi/v3') {
      json(200, { paths: { [PATH.slice(1)]: { serverRelativeURL: `/openapi/v3${PATH}?hash=AB12` } } });
    } else if (url.startsWith(`${PATH}/slow`)) {
      answer.writeHead(200, { 'content-type': 'application/json' });
      answer.write('first');
      finish = () => answer.end('last');
    } else if (url.startsWith(PATH)) json(201, { kind: 'Thing', metadata: { name: 'a' } });
    else json(404, {});
  });
  extension.listen(0, '127.0.0.1');
  await once(extension, 'listening');
});

afterAll(async () => {
  extension.closeAllConnections();
  extension.close();
  await cluster.stop();
});

function ask(path: string, method = 'GET', headers: Record<string, string> = {}, body = ''): Promise<IncomingMessage> {
  const { url = '', kubeconfig = '' } = cluster.https ?? {};
  const { clusters, users } = parse(kubeconfig) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const pem = (text = '') => Buffer.from(text, 'base64');
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers,
      ca: pem(clusters[0]?.cluster['certificate-authority-data']),
      cert: pem(users[0]?.user['client-certificate-data']),
      key: pem(users[0]?.user['client-key-data']),
      agent: false as const,
    };
    request(new URL(path, url), options, resolve).once('error', reject).end(body);
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

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Raw } from './raw.ts';
import { startTarget, type Target } from './target.ts';

let target: Target;
const VALUE = 'aSBhbSBhIHNlY3JldA==';
beforeAll(async () => {
  target = await startTarget();
  await target.done('POST', '/api/v1/namespaces/kube-system/secrets', { metadata: { name: 's' }, data: { a: VALUE } });
  await target.done('POST', '/api/v1/namespaces', { metadata: { name: 'team-a' } });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await target.done('POST', `${rbac}/namespaces/team-a/rolebindings`, {
    metadata: { name: 'mallory' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'mallory' }],
  });
});
afterAll(() => target[Symbol.asyncDispose]());

const request = (line: string, ...headers: readonly string[]) =>
  `${[`${line} HTTP/1.1`, 'Host: a', 'Authorization: Bearer mallory-token', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;

describe('a path that authorization and serving might read differently', () => {
  it.each([
    '/api/v1/namespaces/team-a/../kube-system/secrets/s',
    '/api/v1/namespaces/team-a/%2e%2e/kube-system/secrets/s',
    '/api/v1/namespaces/team-a/..%2fkube-system/secrets/s',
    '/api/v1/namespaces/team-a%2f..%2fkube-system/secrets/s',
    '//api/v1/namespaces/kube-system/secrets/s',
    '/./api/v1/namespaces/kube-system/secrets/s',
    '/api//v1/namespaces/kube-system/secrets/s',
    '/api/v1/namespaces/kube-system//secrets/s',
    '/api/v1/namespaces/kube-system/secrets/s/',
    '/api/v1/namespaces/kube-system/secrets/s%00',
    '/api/v1/namespaces/kube-system/secrets;/s',
    '/api/v1/namespaces/KUBE-SYSTEM/secrets/s',
    '/API/V1/namespaces/kube-system/secrets/s',
    '/api/v1/namespaces/team-a/secrets/..%2f..%2fkube-system%2fsecrets%2fs',
    '/api/v1/namespaces/team-a/secrets/%2e%2e/%2e%2e/kube-system/secrets/s',
    '/healthz/../api/v1/namespaces/kube-system/secrets/s',
    '/openapi/v2/..%2f..%2fapi/v1/namespaces/kube-system/secrets/s',
    '/api/v1/namespaces/kube-system/secrets/s/status',
    '/api/v1/watch/namespaces/kube-system/secrets/s?timeoutSeconds=1',
    '/api/v1/watch/secrets?timeoutSeconds=1',
    '/api/v1/secrets?fieldSelector=metadata.namespace%3Dteam-a',
    '/api/v1/namespaces//secrets',
    '/api/v1/namespaces/%2a/secrets',
    'https://a/api/v1/namespaces/kube-system/secrets/s',
    'https://a@b/api/v1/namespaces/kube-system/secrets/s',
    '/api/v1/namespaces/kube-system/secrets/s#/../..',
    '/logs/../etc/passwd',
    '/static/..%2f..%2fetc/passwd',
  ])('shows nothing: %s', async (path) => {
    const answer = await Raw.once(target.port, request(`GET ${path}`));
    expect(answer).toMatch(/^HTTP\/1\.1 (301|307|400|403|404|405|406) /);
    expect(answer).not.toContain(VALUE);
    expect(answer).not.toContain('root:');
  });

  it.each([
    '/version?x=/../api/v1/namespaces/kube-system/secrets/s',
    '/api/v1/namespaces/team-a/secrets?namespace=kube-system',
  ])('is not found in a query: %s', async (path) => {
    expect(await Raw.once(target.port, request(`GET ${path}`))).not.toContain(VALUE);
  });

  it.each(['TRACE', 'CONNECT', 'TRACK', 'PROPFIND', 'get', 'SECRETS'])('nor does the method %s', async (method) => {
    const answer = await Raw.once(target.port, request(`${method} /api/v1/namespaces/kube-system/secrets/s`));
    expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    expect(answer).not.toContain(VALUE);
    // What was sent is not sent back: it has the token.
    expect(answer).not.toContain('mallory-token');
  });

  it.each([
    'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE',
    'X-Original-URL: /api/v1/namespaces/kube-system/secrets/s',
    'X-Rewrite-URL: /api/v1/namespaces/kube-system/secrets/s',
    'X-Forwarded-Prefix: /api/v1/namespaces/kube-system/secrets/s',
  ])('nor a header that changes what was asked: %s', async (header) => {
    const answer = await Raw.once(target.port, request('GET /api/v1/namespaces/team-a/secrets', header));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).not.toContain(VALUE);
    await target.done('GET', '/api/v1/namespaces/kube-system/secrets/s');
  });
});

describe('a request inside another', () => {
  const inner =
    'GET /api/v1/namespaces/kube-system/secrets/s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer admin-token\r\n\r\n';
  const outer = 'POST /api/v1/namespaces/team-a/configmaps';

  it.each<readonly [string, string]>([
    ['two lengths', request(outer, 'Content-Length: 0', `Content-Length: ${inner.length}`) + inner],
    [
      'a length and chunks',
      `${request(outer, `Content-Length: ${inner.length + 5}`, 'Transfer-Encoding: chunked')}0\r\n\r\n${inner}`,
    ],
    ['chunks by another name', `${request(outer, 'Transfer-Encoding: xchunked')}0\r\n\r\n${inner}`],
    ['chunks twice', `${request(outer, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${inner}`],
    ['a length with a sign', request(outer, 'Content-Length: +0') + inner],
    ['a header with a space', request(outer, 'Content-Length : 0') + inner],
    ['a folded header', request(outer, 'X: a\r\n Content-Length: 0') + inner],
    ['a line that ends with one byte', request(outer, 'X: a\nContent-Length: 0') + inner],
    ['a zero byte in a header', request(outer, 'X: a\0Content-Length: 0') + inner],
    ['a chunk with a length of its own', `${request(outer, 'Transfer-Encoding: chunked')}-1\r\n${inner}`],
  ])('is not read as one: %s', async (_what, text) => {
    const answer = await Raw.once(target.port, text);
    expect(answer.match(/HTTP\/1\.1 /g)?.length ?? 0).toBeLessThanOrEqual(1);
    expect(answer).not.toContain(VALUE);
  });

  it('two users on one connection are two', async () => {
    const raw = await Raw.open(target.port, 'http/1.1');
    const get = (token: string, connection: string) =>
      `GET /api/v1/namespaces/kube-system/secrets/s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nConnection: ${connection}\r\n\r\n`;
    raw.socket.write(
      get('admin-token', 'keep-alive') + get('mallory-token', 'keep-alive') + get('admin-token', 'close'),
    );
    await raw.ended;
    expect([...raw.text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status)).toEqual(['200', '403', '200']);
  });
});

describe('proxies', () => {
  it.each(['http:169.254.169.254:80', 'http:127.0.0.1:22', 'http:localhost:80', 'https:[::1]:443', '..%2f..%2fnodes'])(
    'reach nothing that is no pod, node or service: %s',
    async (name) => {
      for (const kind of ['services', 'pods']) {
        const { status } = await target.ask('mallory', 'GET', `/api/v1/namespaces/team-a/${kind}/${name}/proxy/`);
        expect([400, 403, 404, 503], `${kind}/${name}`).toContain(status);
      }
      expect((await target.ask('mallory', 'GET', `/api/v1/nodes/${name}/proxy/`)).status).not.toBe(200);
    },
  );

  it('refuse pods and endpoints that name addresses of the machine itself', async () => {
    for (const ip of ['127.0.0.1', '169.254.169.254', '0.0.0.0', '224.0.0.1', '::1']) {
      const endpoints = { metadata: { name: 'e' }, subsets: [{ addresses: [{ ip }], ports: [{ port: 80 }] }] };
      expect((await target.ask('admin', 'POST', '/api/v1/namespaces/team-a/endpoints', endpoints)).status, ip).toBe(
        422,
      );
    }
  });
});

import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, startTarget, type Target } from './target.ts';

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const SELF = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function tokenOf(account: string, spec: object = {}): Promise<string> {
  const { status } = await target.done('POST', `${ACCOUNTS}/${account}/token`, { spec });
  return status.token;
}
const asks = async (token: string) => (await target.bare('POST', SELF, {}, bearer(token))).status;

describe('tokens of accounts', () => {
  it('are good as they are, and not with another head, body or signature', async () => {
    const token = await tokenOf('default');
    expect(await asks(token)).toBe(201);
    const [head = '', body = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const admin = part({ ...claims, sub: 'system:serviceaccount:kube-system:clusterrole-aggregation-controller' });
    const { keys } = JSON.parse((await target.bare('GET', '/openid/v1/jwks', undefined, bearer('admin-token'))).body);
    const kid = JSON.parse(Buffer.from(head, 'base64url').toString()).kid;
    const forged = (header: object, sign: (text: string) => string) => {
      const text = `${part(header)}.${admin}`;
      return `${text}.${sign(text)}`;
    };
    const hmac = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('base64url');
    const attempts = [
      `${head}.${admin}.${signature}`,
      `${head}.${body}.${signature.slice(0, -4)}AAAA`,
      `${head}.${body}.`,
      `${head}.${body}`,
      forged({ alg: 'none', typ: 'JWT' }, () => ''),
      forged({ alg: 'NONE', kid }, () => ''),
      // The public key as the secret of a symmetric algorithm.
      ...keys.map((key: object) => forged({ alg: 'HS256', kid }, hmac(JSON.stringify(key)))),
      forged({ alg: 'HS256', kid: '../../../../dev/null' }, hmac('')),
      forged({ alg: 'ES256', kid, jwk: keys[0], jku: 'https://127.0.0.1/keys' }, () => signature),
      forged({ alg: 'ES256', kid, crit: ['b64'], b64: false }, () => signature),
    ];
    for (const attempt of attempts) expect(await asks(attempt), attempt).toBe(401);
  });

  it('are not good for other audiences', async () => {
    expect(await asks(await tokenOf('default', { audiences: ['vault.example.com'] }))).toBe(401);
  });

  it('end with the account, and do not come back with one of the same name', async () => {
    await target.done('POST', ACCOUNTS, { metadata: { name: 'gone' } });
    const token = await tokenOf('gone');
    expect(await asks(token)).toBe(201);
    await target.done('DELETE', `${ACCOUNTS}/gone`);
    expect(await asks(token)).toBe(401);
    await target.done('POST', ACCOUNTS, { metadata: { name: 'gone' } });
    expect(await asks(token)).toBe(401);
  });

  it('that are bound to a secret end with it', async () => {
    const secrets = '/api/v1/namespaces/default/secrets';
    const { metadata } = await target.done('POST', secrets, { metadata: { name: 'bound' } });
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: 'bound', uid: metadata.uid };
    const token = await tokenOf('default', { boundObjectRef });
    expect(await asks(token)).toBe(201);
    await target.done('DELETE', `${secrets}/bound`);
    expect(await asks(token)).toBe(401);
  });

  it('are made for nobody who may not', async () => {
    const path = `/api/v1/namespaces/kube-system/serviceaccounts/default/token`;
    expect((await target.ask('mallory', 'POST', path, { spec: {} })).status).toBe(403);
  });
});

describe('headers that say who somebody is', () => {
  const proxy = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters', 'x-remote-extra-scopes': 'all' };

  it.each<readonly [string, Record<string, string>]>([
    ['those of a front proxy', proxy],
    ['those of a front proxy, in capitals', { 'X-REMOTE-USER': 'admin', 'X-REMOTE-GROUP': 'system:masters' }],
    ['with underscores', { x_remote_user: 'admin', x_remote_group: 'system:masters' }],
  ])('count for nothing without its certificate: %s', async (_what, headers) => {
    const found = await target.bare('POST', SELF, {}, { ...bearer('mallory-token'), ...headers });
    expect(found.body.status.userInfo.username).toBe('mallory');
    expect((await target.bare('GET', SECRETS, undefined, headers)).status).toBe(403);
  });

  it.each<readonly [string, Record<string, string>]>([
    ['a user', { 'Impersonate-User': 'admin' }],
    ['a group', { 'Impersonate-User': 'mallory', 'Impersonate-Group': 'system:masters' }],
    ['a group with nobody', { 'Impersonate-Group': 'system:masters' }],
    ['an account', { 'Impersonate-User': 'system:serviceaccount:kube-system:default' }],
    ['a node', { 'Impersonate-User': 'system:node:one', 'Impersonate-Group': 'system:nodes' }],
    ['a uid', { 'Impersonate-User': 'mallory', 'Impersonate-Uid': '1' }],
    ['more about oneself', { 'Impersonate-User': 'mallory', 'Impersonate-Extra-Scopes': 'all' }],
    ['a user, in capitals', { 'IMPERSONATE-USER': 'admin' }],
    ['nobody', { 'Impersonate-User': '', 'Impersonate-Uid': '1' }],
  ])('are refused to who may not impersonate: %s', async (_what, headers) => {
    const { status, body } = await target.ask('mallory', 'GET', SECRETS, undefined, headers);
    expect([400, 403, 500], JSON.stringify(body)).toContain(status);
    expect(body.items).toBeUndefined();
  });

  it('leave who may impersonate one user as that user and no more', async () => {
    await target.done('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'be-mallory' },
      rules: [{ apiGroups: [''], resources: ['users'], resourceNames: ['mallory'], verbs: ['impersonate'] }],
    });
    await target.done('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'be-mallory' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'be-mallory' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'editor' }],
    });
    const as = (headers: Record<string, string>) => target.ask('editor', 'POST', SELF, {}, headers);
    expect((await as({ 'Impersonate-User': 'mallory' })).body.status.userInfo.username).toBe('mallory');
    expect((await as({ 'Impersonate-User': 'admin' })).status).toBe(403);
    expect((await as({ 'Impersonate-User': 'mallory', 'Impersonate-Group': 'system:masters' })).status).toBe(403);
    expect((await as({ 'Impersonate-User': 'mallory', 'Impersonate-Extra-A': 'b' })).status).toBe(403);
  });

  it('do not turn a wrong token into nobody in particular', async () => {
    for (const authorization of ['Bearer nonsense', 'Bearer', 'Bearer  admin-token', 'Basic YWRtaW46YWRtaW4=']) {
      const { status, body } = await target.bare('GET', SECRETS, undefined, { authorization });
      expect([401, 403], authorization).toContain(status);
      expect(body.items).toBeUndefined();
    }
  });
});

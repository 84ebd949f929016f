import { generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { generateKey, privateKeyPem } from '../../utils/x509.ts';
import type { Authorizer } from '../admission.ts';
import type { UserInfo } from '../user.ts';
import { type AnonymousOptions, createAuthenticator } from './authenticator.ts';
import { Impersonation } from './impersonation.ts';
import { defaultIssuer, type Identity, ServiceAccountTokens } from './service-account-tokens.ts';
import { audienceAgnostic, TokenError, TokenUnion } from './token.ts';
import { TokenFile } from './token-file.ts';
import { splitServiceAccountUsername } from './users.ts';

describe('token file', () => {
  test('users with and without groups', () => {
    const file = new TokenFile('t1,jane,1,"devs,ops"\r\n\nt2,bob,2\n"a""b",carol,"",x\n', 'f');
    expect(file.authenticate('t1')).toEqual({ name: 'jane', uid: '1', groups: ['devs', 'ops'] });
    expect(file.authenticate('t2')).toEqual({ name: 'bob', uid: '2', groups: [] });
    expect(file.authenticate('a"b')).toEqual({ name: 'carol', groups: ['x'] });
    expect(file.authenticate('t')).toBeUndefined();
    expect(file.authenticate('')).toBeUndefined();
  });

  test.each([
    ['a,b,c\nx,y\n', "token file 'f' must have at least 3 columns (token, user name, user uid), found 2 in line 2"],
    [',b,c', 'empty token in line 1'],
    ['a,b,c\n\na,d,e', 'again in line 3'],
    ['a,b,"c', 'unclosed " in line 1'],
    ['a,b,"c"d', 'after a closing " in line 1'],
    ['a,b"b,c', 'bare " in line 1'],
  ])('%j is refused', (text, message) => {
    expect(() => new TokenFile(text, 'f')).toThrow(message);
  });
});

describe('service account tokens', () => {
  const clock = new FakeClock();
  const signingKey = privateKeyPem(generateKey().privateKey);
  let live: Map<string, Identity>;
  const find = (...key: string[]) => live.get(key.join('/'));
  const readers = {
    serviceAccount: (ns: string, name: string) => find('serviceaccount', ns, name),
    pod: (ns: string, name: string) => find('pod', ns, name),
    secret: (ns: string, name: string) => find('secret', ns, name),
    node: (name: string) => find('node', name),
  };
  const tokens = new ServiceAccountTokens({ signingKey, readers, clock });
  const spec = {
    namespace: 'ns',
    serviceAccount: { name: 'default', uid: 'u1' },
    audiences: [],
    expirationSeconds: 3600,
    pod: { name: 'p', uid: 'u2' },
    node: { name: 'n', uid: 'u3' },
  };
  beforeEach(() => {
    live = new Map([
      ['serviceaccount/ns/default', { uid: 'u1' }],
      ['pod/ns/p', { uid: 'u2' }],
    ]);
  });
  const reviewed = (token: string, audience = defaultIssuer) => {
    try {
      return tokens.authenticateToken(token, [audience])?.user.name;
    } catch (error) {
      if (error instanceof TokenError) return error.message;
      throw error;
    }
  };

  test('a token is its service account', () => {
    const { token, expires } = tokens.issue(spec);
    expect(expires).toBe(clock.now() / 1000 + 3600);
    expect(tokens.authenticateToken(token, tokens.audiences)?.user).toEqual({
      name: 'system:serviceaccount:ns:default',
      uid: 'u1',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns'],
      extra: {
        'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^JTI=[0-9a-f-]{36}$/)],
        'authentication.kubernetes.io/node-name': ['n'],
        'authentication.kubernetes.io/node-uid': ['u3'],
        'authentication.kubernetes.io/pod-name': ['p'],
        'authentication.kubernetes.io/pod-uid': ['u2'],
      },
    });
  });

  test.each(['ES256', 'RS256'])('others verify %s tokens with the published keys', async (algorithm) => {
    const key =
      algorithm === 'ES256'
        ? signingKey
        : privateKeyPem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    const issuer = new ServiceAccountTokens({ signingKey: key, readers, clock });
    const { token } = issuer.issue(spec);
    const keys: Parameters<typeof createLocalJWKSet>[0] = JSON.parse(JSON.stringify(issuer.keySet()));
    const options = { issuer: defaultIssuer, audience: defaultIssuer, currentDate: new Date(clock.now()) };
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), options);
    expect(protectedHeader.alg).toBe(algorithm);
    expect(payload['kubernetes.io']).toMatchObject({ namespace: 'ns', serviceaccount: { name: 'default' } });
    expect(issuer.openIdConfiguration('https://h/openid/v1/jwks')).toMatchObject({
      id_token_signing_alg_values_supported: [algorithm],
    });
    expect(issuer.authenticateToken(token, issuer.audiences)?.user.uid).toBe('u1');
  });

  test('a token ends with its time, its account and its pod', async () => {
    const { token } = tokens.issue(spec);
    live.set('pod/ns/p', { uid: 'other' });
    expect(reviewed(token)).toBe('pod UID (other) does not match service account pod ref claim (u2)');
    live.delete('pod/ns/p');
    expect(reviewed(token)).toBe('service account token has been invalidated');
    live.set('pod/ns/p', { uid: 'u2', deleted: clock.now() });
    expect(reviewed(token)).toBe('system:serviceaccount:ns:default');
    await clock.advance(62_000);
    expect(reviewed(token)).toBe('service account token has been invalidated');
    live.set('pod/ns/p', { uid: 'u2' });
    await clock.advance(3_540_000);
    expect(reviewed(token)).toBe('service account token has expired');
  });

  test('a token for others is not for the API server', () => {
    const { token } = tokens.issue({ ...spec, audiences: ['vault'] });
    expect(reviewed(token)).toContain('is invalid for the target audiences');
    expect(reviewed(token, 'vault')).toBe('system:serviceaccount:ns:default');
  });

  test('what was tampered with, is unsigned or of others is refused', () => {
    const { token } = tokens.issue(spec);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const put = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(reviewed(`${header}.${put({ ...claims, exp: 9e9 })}.${signature}`)).toBe('failed to verify signature');
    expect(reviewed(`${put({ alg: 'none' })}.${payload}.`)).toBe('failed to verify signature');
    expect(reviewed(`${put({ alg: 'HS256' })}.${payload}.${signature}`)).toBe('failed to verify signature');
    const other = new ServiceAccountTokens({ signingKey: privateKeyPem(generateKey().privateKey), readers, clock });
    expect(reviewed(other.issue(spec).token)).toBe('failed to verify signature');
    for (const junk of ['', 'x', 'a.b.c', '..', 'x'.repeat(1e5)]) expect(reviewed(junk)).toBeUndefined();
  });

  test('the authenticator takes what is right and refuses what is wrong', () => {
    const { audiences } = tokens;
    const file = new TokenFile('secret,jane,1,devs', 'f');
    const known = audienceAgnostic(audiences, (token) => file.authenticate(token));
    const authenticate = createAuthenticator({ tokens: new TokenUnion([known, tokens]), audiences });
    const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` }, verified: false, path: '/' });
    const nothing = { headers: {}, verified: false, path: '/' };
    const peerCertificate = { subject: { CN: 'bob', O: ['a', 'b'] }, fingerprint256: 'AB:CD' };
    const named = (name: string) => expect.objectContaining({ name });
    expect(authenticate(bearer('secret'))).toMatchObject({ groups: ['devs', 'system:authenticated'] });
    expect(authenticate(bearer(tokens.issue(spec).token))).toEqual(named('system:serviceaccount:ns:default'));
    expect(() => authenticate(bearer('wrong'))).toThrow('Unauthorized');
    expect(authenticate(nothing)).toEqual(named('system:anonymous'));
    expect(authenticate({ ...nothing, headers: { authorization: 'Basic eDp5' } })).toEqual(named('system:anonymous'));
    expect(authenticate({ ...nothing, peerCertificate, verified: true })).toEqual({
      name: 'bob',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=abcd'] },
    });
    expect(() => authenticate({ ...nothing, peerCertificate })).toThrow('Unauthorized');
    expect(authenticate({ ...bearer('secret'), peerCertificate })).toEqual(named('jane'));
    const protocol = `v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`;
    expect(authenticate({ ...nothing, headers: { 'sec-websocket-protocol': protocol } })).toEqual(named('jane'));
  });

  test('anonymous requests may be taken nowhere, or at some paths', () => {
    const ask = (anonymous: AnonymousOptions, path: string) =>
      createAuthenticator({ audiences: [], anonymous })({ headers: {}, verified: false, path });
    expect(ask({ enabled: false }, '/livez')).toBeUndefined();
    const health = { enabled: true, paths: new Set(['/livez']) };
    expect(ask(health, '/livez')).toMatchObject({ name: 'system:anonymous' });
    expect(ask(health, '/livez/ping')).toBeUndefined();
  });
});

describe('impersonation', () => {
  const asked: string[] = [];
  let allowed: RegExp;
  const authorizer: Authorizer = {
    authorize: ({ verb, group, resource, subresource, namespace, name, path }) => {
      const question = [verb, group, resource, subresource, namespace, name, path].filter(Boolean).join(' ');
      asked.push(question);
      return { allowed: allowed.test(question), reason: '' };
    },
  };
  const list = { verb: 'list', group: '', version: 'v1', resource: 'pods', subresource: '', name: '', path: '' };
  const root = { name: 'root', groups: [] };
  const act = (headers: Record<string, string | string[]>, user: UserInfo = root) =>
    new Impersonation(authorizer).impersonate(headers, { ...list, namespace: 'ns', user });
  beforeEach(() => {
    asked.length = 0;
    allowed = /^impersonate /;
  });

  test('of old: a user and groups', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': ['devs', 'ops'] };
    expect(await act(headers)).toEqual({ user: { name: 'jane', groups: ['devs', 'ops', 'system:authenticated'] } });
    expect(asked).toEqual([
      'impersonate-on:user-info:list pods ns',
      'impersonate users jane',
      'impersonate groups devs',
      'impersonate groups ops',
    ]);
  });

  test('a service account has its groups, the anonymous user is not authenticated', async () => {
    const headers = { 'impersonate-user': 'system:serviceaccount:ns:sa' };
    expect((await act(headers)).user.groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:ns',
      'system:authenticated',
    ]);
    expect(asked.at(-1)).toBe('impersonate serviceaccounts ns sa');
    expect((await act({ 'impersonate-user': 'system:anonymous' })).user.groups).toEqual(['system:unauthenticated']);
  });

  test('uid and extra', async () => {
    const headers = { 'impersonate-user': 'a', 'impersonate-uid': '7', 'impersonate-extra-x.test%2fy': 'z' };
    expect(await act(headers)).toMatchObject({ user: { uid: '7', extra: { 'x.test/y': ['z'] } } });
    expect(asked.slice(2)).toEqual([
      'impersonate authentication.k8s.io uids 7',
      'impersonate authentication.k8s.io userextras x.test/y z',
    ]);
  });

  test('within limits: the request, and who is acted as, are allowed on their own', async () => {
    allowed = /^impersonate(-on)?:/;
    expect(await act({ 'impersonate-user': 'jane', 'impersonate-group': 'devs' })).toEqual({
      user: { name: 'jane', groups: ['devs', 'system:authenticated'] },
      constraint: 'impersonate:user-info',
    });
    expect(asked).toEqual([
      'impersonate-on:user-info:list pods ns',
      'impersonate:user-info authentication.k8s.io users jane',
      'impersonate:user-info authentication.k8s.io groups devs',
    ]);
    const node = await act({ 'impersonate-user': 'system:node:n1' });
    expect(node.user.groups).toEqual(['system:nodes', 'system:authenticated']);
    expect(node.constraint).toBe('impersonate:arbitrary-node');
    const agent = {
      name: 'system:serviceaccount:ns:agent',
      groups: [],
      extra: { 'authentication.kubernetes.io/node-name': ['n1'] },
    };
    asked.length = 0;
    expect((await act({ 'impersonate-user': 'system:node:n1' }, agent)).constraint).toBe('impersonate:associated-node');
    expect(asked).toEqual([
      'impersonate-on:associated-node:list pods ns',
      'impersonate:associated-node authentication.k8s.io nodes *',
    ]);
    expect((await act({ 'impersonate-user': 'system:node:n2' }, agent)).constraint).toBe('impersonate:arbitrary-node');
  });

  test('nobody becomes a master within limits, or by keys that are none', async () => {
    allowed = /^impersonate(-on)?:/;
    await expect(act({ 'impersonate-user': 'jane', 'impersonate-group': 'system:masters' })).rejects.toThrow(
      'groups.authentication.k8s.io "system:masters" is forbidden: User "root" cannot impersonate:user-info resource "groups" in API group "authentication.k8s.io" at the cluster scope: impersonating the system:masters group is not allowed',
    );
    await expect(act({ 'impersonate-user': 'jane', 'impersonate-extra-x': 'y' })).rejects.toThrow(
      'impersonating an invalid key in extra is not allowed: extra.key: Invalid value: "x": must be a domain-prefixed path',
    );
  });

  test('refusals tell of the narrowest mode, until another was of use', async () => {
    allowed = /^impersonate users? jane$/;
    const impersonation = new Impersonation(authorizer);
    const as = (user: string) =>
      impersonation.impersonate({ 'impersonate-user': user }, { ...list, namespace: 'ns', user: root });
    await expect(as('secret')).rejects.toThrow(
      'pods is forbidden: User "root" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "ns"',
    );
    expect((await as('jane')).user.name).toBe('jane');
    await expect(as('secret')).rejects.toThrow(
      'users "secret" is forbidden: User "root" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    await expect(act({ 'impersonate-group': 'devs' })).rejects.toThrow('without impersonating a user name');
    expect((await act({})).user).toBe(root);
  });
});

test('names of service accounts', () => {
  expect(splitServiceAccountUsername('system:serviceaccount:a:b')).toEqual({ namespace: 'a', name: 'b' });
  for (const name of ['system:serviceaccount:a', 'system:serviceaccount:a:b:c', 'system:serviceaccount:A:b', 'jane'])
    expect(splitServiceAccountUsername(name)).toBeUndefined();
});

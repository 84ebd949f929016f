import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aggregate } from '../../../schema/field-error.ts';
import { FakeClock } from '../../../utils/clock.ts';
import { silent } from '../../../utils/log.ts';
import { Registry } from '../../../utils/metrics.ts';
import { decodeConfig } from '../../config-file/read.ts';
import { TokenError } from '../token.ts';
import { JwtAuthenticators, type JwtSettings } from './authenticators.ts';
import { type AuthenticationConfiguration, authenticationConfigurationKind } from './config.ts';
import { startIssuer, type TestIssuer } from './testing.ts';
import { checkAuthenticationConfiguration } from './validation.ts';

const file = (configuration: object) =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', ...configuration });
const decoded = (configuration: object): AuthenticationConfiguration =>
  decodeConfig(file(configuration), authenticationConfigurationKind).object;

describe('with an issuer', () => {
  let issuer: TestIssuer;
  let clock: FakeClock;
  let authenticators: JwtAuthenticators | undefined;
  beforeEach(async () => {
    issuer = await startIssuer();
    clock = new FakeClock(1_800_000_000_000);
  });
  afterEach(async () => {
    authenticators?.close();
    authenticators = undefined;
    await issuer.close();
  });

  const name = { claimMappings: { username: { claim: 'sub', prefix: 'o:' } } };
  const of = (more: object = name) => ({
    jwt: [{ issuer: { url: issuer.url, certificateAuthority: issuer.ca, audiences: ['me'] }, ...more }],
  });
  const start = async (configuration: object, more: Partial<JwtSettings> & { registry?: Registry } = {}) => {
    authenticators = new JwtAuthenticators({
      configuration: decoded(configuration),
      audiences: ['api'],
      serviceAccountIssuers: ['https://kubernetes.default.svc.cluster.local'],
      clock,
      log: silent,
      ...more,
    });
    await authenticators.asked();
    return authenticators;
  };
  /** The user, or what is wrong. */
  const ask = async (token: string): Promise<unknown> => {
    try {
      return (await authenticators?.authenticateToken(token, ['api']))?.user;
    } catch (error) {
      if (error instanceof TokenError) return error.message;
      throw error;
    }
  };
  const claims = (more: object = {}) => ({ sub: 'jane', aud: 'me', exp: 1_800_000_600, ...more });

  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])('takes %s', async (alg) => {
    await start(of());
    expect(await ask(issuer.token(claims(), { alg }))).toEqual({ name: 'o:jane', groups: [] });
  });

  it.each([
    ['ES256', 'P-256'],
    ['ES384', 'P-384'],
    ['ES512', 'P-521'],
  ] as const)('takes %s', async (alg, kind) => {
    issuer.addKey('ec', kind);
    await start(of());
    expect(await ask(issuer.token(claims(), { alg, kid: 'ec' }))).toEqual({ name: 'o:jane', groups: [] });
    expect(await ask(issuer.token(claims({ jti: 'j' }), { alg, kid: '', signer: 'ec' }))).toMatchObject({
      extra: { 'authentication.kubernetes.io/credential-id': ['JTI=j'] },
    });
  });

  it('refuses what is not signed by the key it names, in any way', async () => {
    issuer.addKey('other');
    await start(of());
    const failed = 'oidc: verify token: failed to verify signature: failed to verify id token signature';
    const good = issuer.token(claims());
    const [header, payload, signature] = good.split('.');
    const put = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    expect(await ask(good)).toMatchObject({ name: 'o:jane' });
    const forged = put({ iss: issuer.url, ...claims({ sub: 'root' }) });
    expect(await ask(`${header}.${forged}.${signature}`)).toBe(failed);
    expect(await ask(issuer.token(claims(), { signer: 'other' }))).toBe(failed);
    expect(await ask(issuer.token(claims(), { crit: ['x'], x: 1 }))).toBe(failed);
    const unsupported = 'oidc: verify token: oidc: id token signed with unsupported algorithm, expected';
    expect(await ask(`${put({ alg: 'none' })}.${payload}.`)).toContain(unsupported);
    expect(await ask(`${put({ alg: 'HS256', kid: 'rsa' })}.${payload}.${signature}`)).toContain('got "HS256"');
    // Not of this issuer, or no token at all: somebody else's.
    for (const junk of [
      '',
      'a.b.c',
      `${header}.${payload}`,
      `${good}.x`,
      `${put({ alg: 'RS256' })}.${put({ iss: 'x' })}.`,
    ])
      expect(await ask(junk)).toBeUndefined();
  });

  it('looks at audiences and times as Kubernetes does', async () => {
    await start(of());
    const refusal = (more: object) => ask(issuer.token(claims(more)));
    expect(await refusal({ aud: ['x', 'me'] })).toMatchObject({ name: 'o:jane' });
    expect(await refusal({ aud: ['x', 'y'] })).toBe('oidc: verify token: oidc: expected audience "me" got ["x" "y"]');
    expect(await refusal({ aud: undefined })).toBe('oidc: verify token: oidc: expected audience "me" got []');
    expect(await refusal({ exp: 1_799_999_999 })).toBe(
      'oidc: verify token: oidc: token is expired (Token Expiry: 2027-01-15 07:59:59 +0000 UTC)',
    );
    expect(await refusal({ exp: undefined })).toContain(
      'token is expired (Token Expiry: 0001-01-01 00:00:00 +0000 UTC)',
    );
    expect(await refusal({ nbf: 1_800_000_060 })).toMatchObject({ name: 'o:jane' });
    expect(await refusal({ nbf: 1_800_000_061 })).toContain('before the nbf (not before) time: 2027-01-15 08:01:01');
    expect(await refusal({ iat: 1_900_000_000 })).toMatchObject({ name: 'o:jane' });
    // What Go's decoder takes and does not take, as recorded of a real v1.36.
    expect(await refusal({ exp: '1800000600' })).toMatchObject({ name: 'o:jane' });
    expect(await refusal({ iat: 'x' })).toContain('failed to unmarshal claims: json: invalid number literal');
    expect(await refusal({ aud: ['me', 5] })).toContain('into Go struct field idToken.aud of type string');
    expect(await refusal({ _claim_names: { g: 's' } })).toBe('oidc: verify token: oidc: source does not exist');
    // Who asks for another audience than the API server's does not get an answer.
    expect(authenticators?.authenticateToken(issuer.token(claims()), ['vault'])).toBeUndefined();
  });

  it('fetches keys again for unknown ones, but not all the time', async () => {
    await start(of());
    await ask(issuer.token(claims()));
    issuer.addKey('new');
    const token = issuer.token(claims(), { kid: 'new' });
    expect(await ask(token)).toContain('failed to verify id token signature');
    expect(issuer.fetches()).toBe(1);
    await clock.advance(10_000);
    expect(await Promise.all([ask(token), ask(token)])).toMatchObject([{ name: 'o:jane' }, { name: 'o:jane' }]);
    expect(issuer.fetches()).toBe(2);
    issuer.cacheControl = 'max-age=3600';
    await clock.advance(10_000);
    await ask(issuer.token(claims(), { kid: 'x', signer: 'rsa' }));
    expect(issuer.fetches()).toBe(3);
    await clock.advance(3_500_000);
    await ask(issuer.token(claims({ exp: 1_900_000_000 }), { kid: 'x', signer: 'rsa' }));
    expect(issuer.fetches()).toBe(3);
  });

  it('answers in the same turn once it knows, and forgets in time', async () => {
    await start(of());
    const token = issuer.token(claims({ exp: 1_800_000_015 }));
    await ask(token);
    expect(authenticators?.authenticateToken(token, ['api'])).toMatchObject({ user: { name: 'o:jane' } });
    await clock.advance(16_000);
    expect(await ask(token)).toContain('token is expired');
  });

  it('is not ready until the issuer answers', async () => {
    issuer.discovery = { issuer: 'https://other' };
    await start(of());
    expect(await ask(issuer.token(claims()))).toBe('oidc: authenticator not initialized');
    issuer.discovery = {};
    await clock.advance(10_000);
    await expect.poll(() => ask(issuer.token(claims()))).toMatchObject({ name: 'o:jane' });
  });

  it('asks a discovery URL where there is one', async () => {
    issuer.pages.set('/d', JSON.stringify({ issuer: 'https://nowhere.test', jwks_uri: `${issuer.url}/keys` }));
    const at = { url: 'https://nowhere.test', discoveryURL: `${issuer.url}/d`, certificateAuthority: issuer.ca };
    await start({ jwt: [{ issuer: { ...at, audiences: ['me'] }, ...name }] });
    expect(await ask(issuer.token(claims({ iss: 'https://nowhere.test' })))).toMatchObject({ name: 'o:jane' });
  });

  describe('maps claims', () => {
    const mapped = async (more: object, of_: object) => {
      await start(of(more));
      return ask(issuer.token(claims(of_)));
    };
    const mail = { claimMappings: { username: { claim: 'email', prefix: '' } } };

    it('by their names', async () => {
      const more = {
        claimMappings: {
          username: { claim: 'email', prefix: '' },
          groups: { claim: 'roles', prefix: 'g:' },
          uid: { claim: 'id' },
        },
      };
      const given = { email: 'j@x.test', email_verified: true, roles: ['a', 'b'], id: '7' };
      expect(await mapped(more, given)).toEqual({ name: 'j@x.test', uid: '7', groups: ['g:a', 'g:b'] });
    });

    it.each([
      [{}, 'oidc: parse username claims "email": claim not present'],
      [{ email: 5 }, 'oidc: parse username claims "email": json: cannot unmarshal number into Go value of type string'],
      [{ email: 'a', email_verified: false }, 'oidc: email not verified'],
      [
        { email: 'a', email_verified: 'true' },
        "oidc: parse 'email_verified' claim: json: cannot unmarshal string into Go value of type bool",
      ],
    ])('and refuses %j', async (given, words) => {
      expect(await mapped(mail, given)).toBe(words);
    });

    it('by expressions', async () => {
      const more = {
        claimMappings: {
          username: { expression: 'claims.user + ":" + claims.org__dot__name' },
          groups: { expression: 'claims.roles.split(",")' },
          uid: { expression: 'claims.n > 2.5 ? "big" : "small"' },
          extra: [
            { key: 'x.test/deep', valueExpression: 'claims.deep.a__dash__b[0]' },
            { key: 'x.test/none', valueExpression: '""' },
          ],
        },
        claimValidationRules: [
          { claim: 'hd', requiredValue: 'x.test' },
          { expression: 'claims.exp - claims.nbf <= 86400', message: 'lives too long' },
        ],
        userValidationRules: [
          { expression: '!user.username.startsWith("system:")', message: 'is reserved' },
          { expression: '"x.test/deep" in user.extra && user.groups.all(g, g != "")' },
        ],
      };
      const given = {
        user: 'j',
        'org.name': 'o',
        roles: 'a,,b',
        n: 3,
        deep: { 'a-b': ['v'] },
        hd: 'x.test',
        nbf: 1.8e9,
      };
      expect(await mapped(more, given)).toEqual({
        name: 'j:o',
        uid: 'big',
        groups: ['a', 'b'],
        extra: { 'x.test/deep': ['v'] },
      });
      const refusal = (change: object) => ask(issuer.token(claims({ ...given, ...change })));
      expect(await refusal({ hd: 'y' })).toBe('oidc: required claim hd value does not match. Got = y, want = x.test');
      expect(await refusal({ hd: undefined })).toBe('oidc: required claim hd not present in ID token');
      expect(await refusal({ nbf: 5 })).toBe(
        "oidc: error evaluating claim validation expression: validation expression 'claims.exp - claims.nbf <= 86400' failed: lives too long",
      );
      expect(await refusal({ user: 'system' })).toBe(
        `oidc: error evaluating user info validation rule: validation expression '!user.username.startsWith("system:")' failed: is reserved`,
      );
      expect(await refusal({ roles: undefined })).toBe(
        `oidc: error evaluating group claim expression: expression 'claims.roles.split(",")' resulted in error: no such key: roles`,
      );
    });

    it('that are elsewhere', async () => {
      const more = { claimMappings: { username: { claim: 'sub', prefix: '' }, groups: { claim: 'g', prefix: '' } } };
      issuer.pages.set('/claims', issuer.token(claims({ g: ['far'] })));
      const given = { _claim_names: { g: 's' }, _claim_sources: { s: { endpoint: `${issuer.url}/claims` } } };
      expect(await mapped(more, given)).toEqual({ name: 'jane', groups: ['far'] });
      issuer.pages.set('/claims', issuer.token(claims({ g: ['far'], aud: 'other' })));
      expect(await ask(issuer.token(claims({ ...given, sub: 'bob' })))).toContain(
        'oidc: could not expand distributed claims: verify distributed claim token: oidc: expected audience',
      );
    });
  });

  it('is configured anew while it runs, but not by what makes no sense', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'skiff-jwt-'));
    const path = join(dir, 'config');
    const registry = new Registry();
    const text = file(of());
    writeFileSync(path, text);
    await start(of(), { file: { path, text }, registry });
    const token = issuer.token(claims());
    expect(await ask(token)).toMatchObject({ name: 'o:jane' });
    writeFileSync(path, file(of({ claimMappings: { username: { claim: 'sub' } } })));
    await clock.advance(60_000);
    expect(await ask(token)).toMatchObject({ name: 'o:jane' });
    writeFileSync(path, file(of({ claimMappings: { username: { claim: 'sub', prefix: 'n:' } } })));
    await clock.advance(60_000);
    await expect
      .poll(async () => {
        await clock.advance(1_000);
        return ask(token);
      })
      .toMatchObject({ name: 'n:jane' });
    const lines: string[] = [];
    registry.render(lines);
    const reloads = lines.filter((line) => line.includes('automatic_reloads_total{'));
    expect(reloads.map((line) => line.replace(/.*status=/, ''))).toEqual(['"failure"} 1', '"success"} 1']);
    rmSync(dir, { recursive: true });
  });
});

describe('what is wrong with a configuration', () => {
  const good = {
    issuer: { url: 'https://a.test', audiences: ['me'] },
    claimMappings: { username: { claim: 'sub', prefix: '' } },
  };
  const problems = (configuration: object) =>
    aggregate(checkAuthenticationConfiguration(decoded(configuration), ['https://own.test']).problems);

  it.each([
    [{ issuer: { audiences: ['a'] } }, 'jwt[0].issuer.url: Required value'],
    [
      { issuer: { url: 'http://a.test', audiences: ['a'] } },
      'jwt[0].issuer.url: Invalid value: "http://a.test": URL scheme must be https',
    ],
    [{ issuer: { url: 'https://a:b@a.test', audiences: ['a'] } }, 'URL must not contain a username or password'],
    [{ issuer: { url: 'https://a.test?x', audiences: ['a'] } }, 'URL must not contain a query'],
    [{ issuer: { url: 'https://a.test#x', audiences: ['a'] } }, 'URL must not contain a fragment'],
    [
      { issuer: { url: 'https://own.test', audiences: ['a'] } },
      'URL must not overlap with disallowed issuers: [https://own.test]',
    ],
    [
      { issuer: { url: 'https://a.test' } },
      'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
    ],
    [
      { issuer: { url: 'https://a.test', audiences: ['a', 'a'] } },
      '[jwt[0].issuer.audiences[1]: Duplicate value: "a", jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences]',
    ],
    [
      { issuer: { ...good.issuer, certificateAuthority: 'x' } },
      'certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
    ],
    [{ issuer: { ...good.issuer, discoveryURL: 'https://a.test/' } }, 'discoveryURL must be different from URL'],
    [{ claimMappings: {} }, 'jwt[0].claimMappings.username: Required value: claim or expression is required'],
    [
      { claimMappings: { username: { claim: 'sub' } } },
      'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ],
    [
      { claimMappings: { username: { claim: 'a', expression: 'b' } } },
      'jwt[0].claimMappings.username: Invalid value: "": claim and expression can\'t both be set',
    ],
    [
      { claimMappings: { username: { expression: 'claims.' } } },
      'jwt[0].claimMappings.username.expression: Invalid value: "claims.": compilation failed: ERROR: <input>:1:8: Syntax error',
    ],
    [{ claimMappings: { username: { expression: 'claims.email' } } }, 'claims.email_verified must be used in'],
    [
      { claimMappings: { username: { expression: 'claims.?email.orValue("")' } } },
      'claims.email_verified must be used in',
    ],
    [
      { claimMappings: { ...good.claimMappings, extra: [{ key: 'a.k8s.io/x', valueExpression: '""' }] } },
      'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
    ],
    [
      { claimMappings: { ...good.claimMappings, extra: [{ key: 'x', valueExpression: '""' }] } },
      'must be a domain-prefixed path',
    ],
    [{ claimValidationRules: [{}] }, 'jwt[0].claimValidationRules[0]: Required value: claim or expression is required'],
    [
      { claimValidationRules: [{ expression: '"a"' }] },
      'jwt[0].claimValidationRules[0].expression: Invalid value: "\\"a\\"": must evaluate to bool',
    ],
    [{ userValidationRules: [{ expression: 'user.nme == ""' }] }, "undefined field 'nme'"],
  ])('%j', (more, words) => {
    expect(problems({ jwt: [{ ...good, ...more }] })).toContain(words);
  });

  it('and with several', () => {
    expect(problems({ jwt: [good, good] })).toBe('jwt[1].issuer.url: Duplicate value: "https://a.test"');
    expect(problems({ jwt: Array(65).fill(good) })).toBe('jwt: Too many: 65: must have at most 64 items');
    expect(problems({ anonymous: { conditions: [{ path: '/x' }] } })).toBe(
      'anonymous.conditions: Invalid value: [{"Path":"/x"}]: enabled should be set to true when conditions are defined',
    );
    expect(checkAuthenticationConfiguration(decoded({ jwt: [good] }), []).problems).toEqual([]);
  });
});

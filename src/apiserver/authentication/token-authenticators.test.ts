import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Secret } from '../../api/core/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import { generateKey, privateKeyPem } from '../../utils/x509.ts';
import { RemoteWebhook } from '../config-file/remote-webhook.ts';
import { testCertificate } from '../http/test-server.ts';
import { bootstrapTokens } from './bootstrap-tokens.ts';
import { lastUsedLabel, type SecretIdentity } from './legacy-tokens.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { TokenError } from './token.ts';
import { TokenCache } from './token-cache.ts';
import { WebhookTokens } from './webhook-tokens.ts';

describe('a webhook that knows tokens', () => {
  /** What it answers, one after the other; the last for ever. */
  let answers: (object | number)[];
  let asked: { spec: { token: string; audiences: string[] }; apiVersion: string }[];
  let server: ReturnType<typeof createServer>;
  let webhook: RemoteWebhook;
  let clock: FakeClock;
  let registry: Registry;
  let cache: TokenCache;
  beforeEach(async () => {
    asked = [];
    const { cert, key } = testCertificate();
    server = createServer({ cert, key }, async (request, reply) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      asked.push(JSON.parse(text));
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (typeof answer === 'number') reply.statusCode = answer;
      reply.setHeader('content-type', 'application/json');
      const review = { kind: 'TokenReview', apiVersion: 'authentication.k8s.io/v1', status: answer };
      reply.end(typeof answer === 'number' ? '' : JSON.stringify(review));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    clock = new FakeClock();
    registry = new Registry();
    const config = { server: `https://127.0.0.1:${port}/review`, insecureSkipTlsVerify: true };
    webhook = new RemoteWebhook(config, { clock, random: () => 0, timeoutMs: 30_000 });
    const tokens = new WebhookTokens({ webhook, version: 'v1', audiences: ['api'], log: silent });
    cache = new TokenCache(tokens, { clock, ttlMs: 120_000, registry });
  });
  afterEach(async () => {
    webhook.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const ask = async (token: string, audiences: readonly string[] = ['api']): Promise<unknown> => {
    try {
      return await cache.authenticateToken(token, audiences);
    } catch (error) {
      if (error instanceof TokenError) return error.message;
      throw error;
    }
  };
  const jane = { authenticated: true, user: { username: 'jane', uid: '1', groups: ['g'], extra: { k: ['v'] } } };

  it('is asked once in two minutes, whatever it says', async () => {
    answers = [jane];
    const owner = { user: { name: 'jane', uid: '1', groups: ['g'], extra: { k: ['v'] } }, audiences: ['api'] };
    expect(await Promise.all([ask('t'), ask('t')])).toEqual([owner, owner]);
    expect(cache.authenticateToken('t', ['api'])).toEqual(owner);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      apiVersion: 'authentication.k8s.io/v1',
      spec: { token: 't', audiences: ['api'] },
    });
    answers = [{ authenticated: false }];
    expect([await ask('u'), await ask('u'), asked.length]).toEqual([undefined, undefined, 2]);
    await clock.advance(120_000);
    expect([await ask('t'), asked.length]).toEqual([undefined, 3]);
    const lines: string[] = [];
    registry.render(lines);
    expect(lines).toContain('authentication_token_cache_fetch_total{status="ok"} 3');
  });

  it('has errors that are not remembered', async () => {
    answers = [{ authenticated: false, error: 'locked out' }];
    expect([await ask('t'), await ask('t'), asked.length]).toEqual(['locked out', 'locked out', 2]);
  });

  it('says for whom a token is', async () => {
    answers = [{ ...jane, audiences: ['vault'] }];
    expect(await ask('t')).toBeUndefined();
    expect(await ask('t', ['vault', 'x'])).toMatchObject({ audiences: ['vault'] });
    answers = [jane];
    expect(await ask('t', ['x'])).toBeUndefined();
  });

  it('is asked again where that may help, and its trouble is told', async () => {
    answers = [500, 429, jane];
    const pending = ask('t');
    await expect
      .poll(async () => {
        await clock.advance(1_000);
        return asked.length;
      })
      .toBe(3);
    expect(await pending).toMatchObject({ user: { name: 'jane' } });
    answers = [403];
    expect([await ask('u'), asked.length]).toEqual(['unknown', 4]);
  });
});

describe('bootstrap tokens', () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const find = (change: Record<string, string>, more: Partial<Secret> = {}) => {
    const data = {
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      'usage-bootstrap-authentication': 'true',
      ...change,
    };
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'bootstrap-token-abcdef', uid: '', resourceVersion: '', creationTimestamp: '' },
      type: 'bootstrap.kubernetes.io/token',
      data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])),
      ...more,
    };
    return bootstrapTokens({ clock, secret: (name) => (name === 'bootstrap-token-abcdef' ? secret : undefined) });
  };
  const token = 'abcdef.0123456789abcdef';

  it('are in the groups that their secrets name', () => {
    const groups = 'system:bootstrappers:worker,system:bootstrappers:a';
    expect(find({ 'auth-extra-groups': groups, expiration: '2026-01-01T00:00:01Z' })(token)).toEqual({
      name: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:worker'],
    });
  });

  it.each([
    [{ 'token-secret': '0123456789abcdeg' }],
    [{ 'token-id': 'abcdeg' }],
    [{ expiration: '2026-01-01T00:00:00Z' }],
    [{ expiration: 'soon' }],
    [{ 'usage-bootstrap-authentication': 'yes' }],
    [{ 'auth-extra-groups': 'system:masters' }],
  ])('are nobody with %j', (change) => {
    expect(find(change)(token)).toBeUndefined();
  });

  it('are nobody of another form or type', () => {
    for (const other of ['abcdef.0123456789abcdeg', 'ABCDEF.0123456789abcdef', 'abcdef', 'bbbbbb.0123456789abcdef'])
      expect(find({})(other)).toBeUndefined();
    expect(find({}, { type: 'Opaque' })(token)).toBeUndefined();
  });
});

describe('tokens from secrets', () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 31, 12));
  const signingKey = privateKeyPem(generateKey().privateKey);
  let secret: SecretIdentity | undefined;
  let used: string[];
  const tokens = new ServiceAccountTokens({
    signingKey,
    clock,
    readers: {
      serviceAccount: (_namespace, name) => (name === 'sa' ? { uid: 'u' } : undefined),
      secret: () => secret,
      pod: () => undefined,
      node: () => undefined,
    },
    usedSecret: (namespace, name, today) => used.push(`${namespace}/${name} ${today}`),
  });
  const token = tokens.issueLegacy('ns', { name: 'sa', uid: 'u' }, 's');
  const ask = (text = token) => {
    try {
      return tokens.authenticateToken(text, tokens.audiences)?.user.name;
    } catch (error) {
      return (error as Error).message;
    }
  };
  beforeEach(() => {
    secret = { uid: '1', token };
    used = [];
  });

  it('live as long as their secret, and say when they were used', () => {
    expect(ask()).toBe('system:serviceaccount:ns:sa');
    expect(used).toEqual(['ns/s 2026-01-31']);
    secret = { uid: '1', token, labels: { [lastUsedLabel]: '2026-01-31' } };
    expect(ask()).toBe('system:serviceaccount:ns:sa');
    expect(used).toHaveLength(1);
    secret = { uid: '1', token: 'another' };
    expect(ask()).toBe("Token does not match server's copy");
    secret = undefined;
    expect(ask()).toBe('Token has been invalidated');
  });

  it('are for the account that they were made for, unless somebody marked them', () => {
    const other = tokens.issueLegacy('ns', { name: 'sa', uid: 'old' }, 's');
    secret = { uid: '1', token: other };
    expect(ask(other)).toBe('ServiceAccount UID (u) does not match claim (old)');
    secret = { uid: '1', token, labels: { 'kubernetes.io/legacy-token-invalid-since': '2026-01-01' } };
    expect(ask()).toContain('the token in secret s/ns for service account ns/sa has been marked invalid.');
  });
});

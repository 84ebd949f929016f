import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { Registry } from '../../utils/metrics.ts';
import { createCertificate, generateKey, privateKeyPem } from '../../utils/x509.ts';
import type { AuthorizerAttributes } from '../admission.ts';
import { AbacAuthorizer } from './abac.ts';
import { Authorization } from './authorization.ts';
import { parseAuthorizationConfiguration } from './config.ts';
import { type AuthorizationFlags, readAuthorizationFlags } from './flags.ts';
import { NodeAuthorizer } from './node.ts';
import { RbacAuthorizer } from './rbac.ts';

interface Review {
  readonly apiVersion: string;
  readonly spec: { readonly user?: string; readonly resourceAttributes?: Readonly<Record<string, unknown>> };
}

/** What the webhook says: a status of the review, or of HTTP. */
let answer: (review: Review) => object | number = () => ({ allowed: true });
let asked: Review[] = [];
let server: Server;
let dir: string;
let kubeconfig: string;
const authorizations: Authorization[] = [];

beforeAll(async () => {
  const key = generateKey();
  const cert = createCertificate({
    notBefore: Date.now() - 3_600_000,
    notAfter: Date.now() + 3_600_000,
    subject: { commonName: 'authz', organizations: [] },
    publicKey: key.publicKey,
    signingKey: key.privateKey,
    usages: ['digital signature', 'cert sign'],
    isCa: true,
    names: { dns: [], ips: ['127.0.0.1'] },
  });
  server = createServer({ cert, key: privateKeyPem(key.privateKey) }, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const review = JSON.parse(text) as Review;
    asked.push(review);
    const said = answer(review);
    if (typeof said === 'number') response.writeHead(said).end();
    else response.end(JSON.stringify({ apiVersion: review.apiVersion, kind: 'SubjectAccessReview', status: said }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  dir = mkdtempSync(join(tmpdir(), 'skiff-authz-'));
  kubeconfig = join(dir, 'webhook.kubeconfig');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/authorize`;
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'w', user: 'u' } }],
    clusters: [
      { name: 'w', cluster: { server: url, 'certificate-authority-data': Buffer.from(cert).toString('base64') } },
    ],
    users: [{ name: 'u', user: { token: 't' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
});
beforeEach(() => {
  asked = [];
  answer = () => ({ allowed: true });
});
afterEach(() => {
  for (const one of authorizations.splice(0)) one.stop();
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const ask = (name: string, more: Partial<AuthorizerAttributes> = {}): AuthorizerAttributes => ({
  user: { name, groups: ['g'] },
  verb: 'get',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'ns',
  name: 'p',
  path: '',
  ...more,
});

function started(flags: AuthorizationFlags, clock = new FakeClock(), registry = new Registry()) {
  const parts = {
    node: new NodeAuthorizer(),
    rbac: new RbacAuthorizer(),
    clock,
    random: () => 0,
    log: silent,
    registry,
  };
  const made = new Authorization(readAuthorizationFlags(flags, 'Node,RBAC'), parts);
  authorizations.push(made);
  return { chain: made.chain, made, clock, registry, rbac: parts.rbac };
}

function metric(registry: Registry, name: string): readonly string[] {
  const lines: string[] = [];
  registry.render(lines);
  return lines.filter((line) => line.startsWith(`${name}{`));
}

const file = (...authorizers: object[]): string =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers });
const webhook = (more: object = {}) => ({
  type: 'Webhook',
  name: 'hook',
  webhook: {
    timeout: '3s',
    subjectAccessReviewVersion: 'v1',
    failurePolicy: 'NoOpinion',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: kubeconfig },
    ...more,
  },
});
const written = (text: string): string => {
  const path = join(dir, 'authorization.yaml');
  writeFileSync(path, text);
  return path;
};

describe('a webhook', () => {
  const flags = () => ({ authorizationMode: 'Webhook', authorizationWebhookConfigFile: kubeconfig });

  it('is asked with a review of the beta version, and its answers are good for a time', async () => {
    const { chain, clock } = started(flags());
    const attributes = ask('jane', { fieldSelector: 'spec.nodeName=n,x!=y', labelSelector: 'a in (b,c),!d' });
    expect(await chain.authorize(attributes)).toEqual({ allowed: true, reason: '' });
    expect(asked).toEqual([
      {
        kind: 'SubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1beta1',
        metadata: {},
        spec: {
          resourceAttributes: {
            namespace: 'ns',
            verb: 'get',
            version: 'v1',
            resource: 'pods',
            name: 'p',
            fieldSelector: {
              requirements: [
                { key: 'spec.nodeName', operator: 'In', values: ['n'] },
                { key: 'x', operator: 'NotIn', values: ['y'] },
              ],
            },
            labelSelector: {
              requirements: [
                { key: 'a', operator: 'In', values: ['b', 'c'] },
                { key: 'd', operator: 'DoesNotExist' },
              ],
            },
          },
          user: 'jane',
          group: ['g'],
        },
        status: { allowed: false },
      },
    ]);
    expect(chain.authorize(attributes), 'in the same turn').toEqual({ allowed: true, reason: '' });
    await clock.advance(5 * 60_000 - 1);
    chain.authorize(attributes);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    await chain.authorize(attributes);
    expect(asked).toHaveLength(2);
  });

  it('may refuse, deny, or contradict itself', async () => {
    const { chain, clock } = started(flags());
    answer = ({ spec }) => ({ allowed: spec.user === 'both', denied: spec.user !== 'bob', reason: `no ${spec.user}` });
    expect(await chain.authorize(ask('bob'))).toEqual({ allowed: false, reason: 'no bob' });
    expect(await chain.authorize(ask('eve'))).toEqual({ allowed: false, denied: true, reason: 'no eve' });
    expect(await chain.authorize(ask('both'))).toMatchObject({
      denied: true,
      error: 'webhook subject access review returned both allow and deny response',
    });
    await clock.advance(30_000);
    await chain.authorize(ask('bob'));
    expect(asked).toHaveLength(4);
  });

  it('has no opinion when its answer is of no use', async () => {
    const registry = new Registry();
    const { chain } = started(flags(), undefined, registry);
    answer = () => 403;
    const failed = await chain.authorize(ask('jane'));
    expect(failed).toMatchObject({ allowed: false, reason: '' });
    expect(failed.denied).toBeUndefined();
    expect(failed.error).toBeDefined();
    expect(asked).toHaveLength(1);
    expect(metric(registry, 'apiserver_authorization_webhook_evaluations_fail_open_total')).toEqual([
      'apiserver_authorization_webhook_evaluations_fail_open_total{name="default",result="error"} 1',
    ]);
  });
});

describe('--authorization-config', () => {
  it('asks in its order, under its conditions, and denies where it cannot ask', async () => {
    const condition = { expression: "request.resourceAttributes.namespace != 'kube-system' && request.user != 'x'" };
    const path = written(
      file(
        webhook({
          failurePolicy: 'Deny',
          matchConditionSubjectAccessReviewVersion: 'v1',
          matchConditions: [condition],
        }),
        { type: 'AlwaysAllow', name: 'alwaysallow' },
      ),
    );
    const { chain, registry } = started({ authorizationConfig: path });
    answer = () => ({ allowed: false });
    expect(await chain.authorize(ask('jane'))).toMatchObject({ allowed: true });
    expect(asked).toHaveLength(1);
    expect(chain.authorize(ask('jane', { namespace: 'kube-system' }))).toMatchObject({ allowed: true });
    expect(asked, 'not asked').toHaveLength(1);
    // No resource: the condition fails.
    expect(chain.authorize(ask('jane', { resource: '', path: '/x' }))).toMatchObject({
      denied: true,
      error: `cel evaluation error: expression '${condition.expression}' resulted in error: no such key: resourceAttributes`,
    });
    expect(metric(registry, 'apiserver_authorization_decisions_total')).toContain(
      'apiserver_authorization_decisions_total{decision="allowed",name="alwaysallow",type="AlwaysAllow"} 2',
    );
    expect(metric(registry, 'apiserver_authorization_match_condition_exclusions_total')).toHaveLength(1);
  });

  it('changes while the server runs, and what is wrong changes nothing', async () => {
    const rbac = { type: 'RBAC', name: 'rbac' };
    const path = written(file(rbac));
    const { chain, made, clock, registry } = started({ authorizationConfig: path });
    made.start();
    const allowed = async () => (await chain.authorize(ask('jane'))).allowed;
    expect(await allowed()).toBe(false);
    written(file(webhook(), rbac));
    await clock.advance(61_000);
    expect(await allowed()).toBe(true);
    for (const bad of [file(webhook()), file(rbac, { type: 'Node', name: 'node' }), 'kind: nothing']) {
      written(bad);
      await clock.advance(61_000);
      expect(await allowed(), bad).toBe(true);
    }
    expect(metric(registry, 'apiserver_authorization_config_controller_automatic_reloads_total')).toEqual([
      'apiserver_authorization_config_controller_automatic_reloads_total{apiserver_id_hash="",status="success"} 1',
      'apiserver_authorization_config_controller_automatic_reloads_total{apiserver_id_hash="",status="failure"} 3',
    ]);
  });

  it.each<[string, object[], string]>([
    ['nothing', [], 'authorizers: Required value: at least one authorization mode must be defined'],
    [
      'a type that is not known',
      [{ type: 'Foo', name: 'foo' }],
      'authorizers[0].type: Unsupported value: "Foo": supported values: "ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"',
    ],
    [
      'a type twice',
      [
        { type: 'RBAC', name: 'rbac' },
        { type: 'RBAC', name: 'other' },
      ],
      'authorizers[1].type: Duplicate value: "RBAC"',
    ],
    ['a name of its own', [{ type: 'RBAC', name: 'mine' }], 'expected name rbac for authorizer RBAC instead of mine'],
    [
      'no webhook',
      [{ type: 'Webhook', name: 'w' }],
      'authorizers[0].webhook: Required value: required when type=Webhook',
    ],
    [
      'a webhook of no use',
      [{ type: 'Webhook', name: 'W_', webhook: { timeout: '31s', unauthorizedTTL: '-1s' } }],
      'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s, authorizers[0].unauthorizedTTL: Invalid value: "-1s": must be > 0s, authorizers[0].subjectAccessReviewVersion: Required value, authorizers[0].failurePolicy: Required value, authorizers[0].connectionInfo.type: Required value',
    ],
    [
      'conditions that do not compile',
      [
        {
          type: 'Webhook',
          name: 'w',
          webhook: {
            timeout: '1s',
            subjectAccessReviewVersion: 'v1',
            failurePolicy: 'Deny',
            connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: 'x' },
            matchConditions: [{ expression: '1' }, { expression: '1' }, { expression: ' ' }],
          },
        },
      ],
      'matchConditionSubjectAccessReviewVersion: Required value: required if match conditions are specified, authorizers[0].connectionInfo.kubeConfigFile: Invalid value: "x": must be an absolute path, authorizers[0].matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int, authorizers[0].matchConditions[1].expression: Duplicate value: "1", authorizers[0].matchConditions[2].expression: Required value',
    ],
  ])('refuses %s', (_what, authorizers, words) => {
    expect(() => parseAuthorizationConfiguration(file(...authorizers))).toThrow(words);
  });
});

test.each<[AuthorizationFlags, string]>([
  [{ authorizationConfig: 'f', authorizationMode: 'RBAC' }, '--authorization-config can not be specified when'],
  [{ authorizationMode: 'Webhook' }, "authorization-mode Webhook's authorization config file not passed"],
  [{ authorizationMode: 'ABAC' }, "authorization-mode ABAC's authorization policy file not passed"],
  [{ authorizationPolicyFile: 'f' }, 'cannot specify --authorization-policy-file without mode ABAC'],
  [{ authorizationConfig: '/nowhere/f' }, '--authorization-config: /nowhere/f is not there'],
  [{ authorizationWebhookVersion: 'v2' }, 'unsupported webhook authorizer version "v2"'],
])('%j: %s', (flags, words) => {
  expect(() => readAuthorizationFlags(flags, 'Node,RBAC')).toThrow(words);
});

test('policies of ABAC', () => {
  const abac = new AbacAuthorizer(
    [
      '# comments and empty lines are nothing',
      '',
      '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"alice","namespace":"*","resource":"*","apiGroup":"*"}}',
      '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"g","namespace":"ns","resource":"pods","readonly":true}}',
      '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"*","nonResourcePath":"/version*","readonly":true}}',
      '{"user":"old","namespace":"ns"}',
    ].join('\n'),
    'policy.jsonl',
  );
  const may = (attributes: AuthorizerAttributes) => abac.authorize(attributes).allowed;
  expect(may(ask('alice', { verb: 'delete', namespace: '' }))).toBe(true);
  expect(may(ask('alice', { resource: '', path: '/x' }))).toBe(false);
  expect(may(ask('bob'))).toBe(true);
  expect(may(ask('bob', { verb: 'update' }))).toBe(false);
  expect(may(ask('bob', { group: 'apps' }))).toBe(false);
  expect(may(ask('x', { user: { name: 'x', groups: ['system:authenticated'] }, resource: '', path: '/version' }))).toBe(
    true,
  );
  expect(may(ask('old', { user: { name: 'old', groups: [] }, verb: 'create', group: 'apps' }))).toBe(true);
  expect(abac.authorize(ask('x', { user: { name: 'x', groups: [] } }))).toEqual({
    allowed: false,
    reason: 'No policy matched.',
  });
  expect(() => new AbacAuthorizer('{}\n{"user":5}', 'f')).toThrow(
    'error reading policy file f, line 2: user is no string',
  );
});

test('many questions at a time', async () => {
  const { chain } = started(
    { authorizationMode: 'RBAC,Webhook', authorizationWebhookConfigFile: kubeconfig },
    undefined,
  );
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => chain.authorize(ask(`user-${i}`))));
  expect(answers.every(({ allowed }) => allowed)).toBe(true);
});

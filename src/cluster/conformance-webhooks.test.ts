/** What Kubernetes' conformance tests named AdmissionWebhook ask, each under its name, with a webhook over TLS. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { patch, startWebhook, type TestAnswer, type TestWebhook } from '../apiserver/webhooks/testing.ts';
import { startApiServer, type TestApiServer } from './test-api-server.ts';

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GROUP = 'webhook.example.com';
const CUSTOM = `/apis/${GROUP}/v1/namespaces/default/tests`;
const MAPS = '/api/v1/namespaces/default/configmaps';
const PODS = '/api/v1/namespaces/default/pods';

type Kind = 'mutating' | 'validating';
type Request = { readonly name?: string; readonly object: { readonly data?: Record<string, string> } | null };

const allow: TestAnswer = { response: { allowed: true } };
const deny: TestAnswer = { response: { allowed: false, status: { code: 403, message: 'it is not to be' } } };

let server: TestApiServer;
let webhook: TestWebhook;
let answer: (path: string, request: Request) => TestAnswer;

beforeAll(async () => {
  server = await startApiServer();
  // Pods are refused until their account is there.
  await server.done('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  webhook = await startWebhook((path, request) => answer(path, request as unknown as Request)); // its object is JSON
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await webhook.close();
});
beforeEach(() => {
  answer = () => allow;
});
afterEach(async () => {
  for (const kind of ['mutating', 'validating'])
    await server.done('DELETE', `${REGISTRATION}/${kind}webhookconfigurations`);
  for (const path of [DEFINITIONS, MAPS, PODS]) await server.done('DELETE', path);
  for (let left = 1; left > 0; ) left = (await server.done('GET', DEFINITIONS)).items.length;
});

const rule = (resources: readonly string[], apiGroups = [''], operations: readonly string[] = ['CREATE']) => ({
  apiGroups,
  apiVersions: ['*'],
  resources,
  operations,
});
const hook = (path: string, more: object = {}) => ({
  name: `${path.slice(1)}.example.com`,
  clientConfig: { url: webhook.url + path, caBundle: webhook.caBundle },
  rules: [rule(['configmaps'])],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const path = (kind: Kind, name = '') => `${REGISTRATION}/${kind}webhookconfigurations${name && `/${name}`}`;
const register = (kind: Kind, name: string, webhooks: readonly object[], labels = {}) =>
  server.done('POST', path(kind), { metadata: { name, labels }, webhooks });
let made = 0;
const createMap = (data: object = {}, name = `map-${made++}`) => server.ask('POST', MAPS, { metadata: { name }, data });
const createPod = (name: string) =>
  server.ask('POST', PODS, { metadata: { name }, spec: { containers: [{ name: 'c', image: 'i' }] } });
const addData = (key: string): TestAnswer => patch({ op: 'add', path: `/data/${key}`, value: 'yes' });

const version = (name: string, storage: boolean, schema: object) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', ...schema } },
});
const keep = { properties: { data: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } };

async function define(versions: readonly object[] = [version('v1', true, keep)]): Promise<void> {
  const names = { plural: 'tests', kind: 'Test' };
  await server.done('POST', DEFINITIONS, {
    metadata: { name: `tests.${GROUP}` },
    spec: { group: GROUP, scope: 'Namespaced', names, versions },
  });
  for (let status = 404; status !== 200; ) ({ status } = await server.ask('GET', CUSTOM));
}
const createCustom = (name: string, data: object) =>
  server.ask('POST', CUSTOM, { apiVersion: `${GROUP}/v1`, kind: 'Test', metadata: { name }, data });

test.each<[Kind, number]>([
  ['mutating', 201],
  ['validating', 403],
])('AdmissionWebhook listing %s webhooks should work', async (kind, status) => {
  answer = () => (kind === 'mutating' ? addData('hooked') : deny);
  for (let i = 0; i < 10; i++) await register(kind, `many-${i}`, [hook('/a')], { list: 'yes' });
  expect((await server.done('GET', `${path(kind)}?labelSelector=list%3Dyes`)).items).toHaveLength(10);
  const reply = await createMap({ a: 'b' });
  expect(reply.status).toBe(status);
  if (kind === 'mutating') expect(reply.body.data).toEqual({ a: 'b', hooked: 'yes' });
  await server.done('DELETE', `${path(kind)}?labelSelector=list%3Dyes`);
  expect((await createMap({ a: 'b' })).body.data).toEqual({ a: 'b' });
});

test.each<Kind>(['mutating', 'validating'])(
  'AdmissionWebhook patching/updating a %s webhook should work',
  async (kind) => {
    answer = () => (kind === 'mutating' ? addData('hooked') : deny);
    const configuration = await register(kind, 'one', [hook('/a')]);
    const hooked = async () => {
      const { status, body } = await createMap({ a: 'b' });
      return status === 403 || body.data.hooked === 'yes';
    };
    expect(await hooked()).toBe(true);
    const [only] = configuration.webhooks;
    const rules = [rule(['configmaps'], [''], ['UPDATE'])];
    await server.done('PUT', path(kind, 'one'), { ...configuration, webhooks: [{ ...only, rules }] });
    expect(await hooked()).toBe(false);
    const value = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }];
    await server.done('PATCH', path(kind, 'one'), value, { 'content-type': 'application/json-patch+json' });
    expect(await hooked()).toBe(true);
  },
);

test.each<Kind>(['mutating', 'validating'])(
  'AdmissionWebhook should be able to create and update %s webhook configurations with match conditions',
  async (kind) => {
    const matchConditions = [{ name: 'a', expression: "object.metadata.name == 'x'" }];
    const configuration = await register(kind, 'one', [hook('/a', { matchConditions })]);
    expect(configuration.webhooks[0].matchConditions).toEqual(matchConditions);
    const others = [...matchConditions, { name: 'b', expression: 'true' }];
    await server.done('PUT', path(kind, 'one'), {
      ...configuration,
      webhooks: [{ ...configuration.webhooks[0], matchConditions: others }],
    });
    expect((await server.done('GET', path(kind, 'one'))).webhooks[0].matchConditions).toEqual(others);
  },
);

test.each<Kind>(['mutating', 'validating'])(
  'AdmissionWebhook should reject %s webhook configurations with invalid match conditions',
  async (kind) => {
    const matchConditions = [{ name: 'a', expression: '... [] bad expression' }];
    const webhooks = [hook('/a', { matchConditions })];
    const { status, body } = await server.ask('POST', path(kind), { metadata: { name: 'bad' }, webhooks });
    expect(status).toBe(422);
    expect(body.message).toContain('compilation failed');
  },
);

test('AdmissionWebhook should be able to deny attaching pod', async () => {
  await createPod('attached');
  await register('validating', 'attach', [hook('/a', { rules: [rule(['pods/attach'], [''], ['CONNECT'])] })]);
  answer = () => deny;
  const { status, body } = await server.ask('POST', `${PODS}/attached/attach?stdin=true&container=c`);
  expect([status, body.message]).toEqual([
    403,
    'admission webhook "a.example.com" denied the request: it is not to be',
  ]);
});

test('AdmissionWebhook should be able to deny custom resource creation, update and deletion', async () => {
  await define();
  await createCustom('there', {});
  answer = () => deny;
  await register('validating', 'one', [hook('/a', { rules: [rule(['tests'], [GROUP], ['*'])] })]);
  expect((await createCustom('new', {})).status).toBe(403);
  expect((await server.ask('PATCH', `${CUSTOM}/there`, { data: { a: 'b' } })).status).toBe(403);
  expect((await server.ask('DELETE', `${CUSTOM}/there`)).status).toBe(403);
});

test('AdmissionWebhook should be able to deny pod and configmap creation', async () => {
  const rules = [rule(['configmaps', 'pods'], [''], ['CREATE', 'UPDATE'])];
  await register('validating', 'one', [hook('/a', { rules, timeoutSeconds: 1 })]);
  answer = (_, { object }) => (object?.data?.bad ? deny : allow);
  expect((await createMap({ bad: 'yes' })).status).toBe(403);
  const { body } = await createMap({ good: 'yes' });
  const one = `${MAPS}/${body.metadata.name}`;
  expect((await server.ask('PUT', one, { ...body, data: { bad: 'yes' } })).status).toBe(403);
  expect((await server.ask('PATCH', one, { data: { bad: 'yes' } })).status).toBe(403);
  answer = () => ({ hang: true });
  const hung = await createPod('hung');
  expect(hung.status).toBe(500);
  expect(hung.body.message).toMatch(
    /failed calling webhook "a\.example\.com": .*\?timeout=1s": context deadline exceeded/,
  );
  answer = () => deny;
  expect((await createPod('denied')).status).toBe(403);
});

test('AdmissionWebhook should deny crd creation', async () => {
  await register('validating', 'one', [
    hook('/a', { rules: [rule(['customresourcedefinitions'], ['apiextensions.k8s.io'])] }),
  ]);
  answer = () => deny;
  await expect(define()).rejects.toThrow('denied the request: it is not to be');
});

test.each<[string, number, string, number]>([
  ['Fail', 1, 'hangs', 500],
  ['Ignore', 1, 'hangs', 201],
  ['Ignore', 10, 'answers', 201],
])(
  'AdmissionWebhook should honor timeout: %s after %d s of one that %s',
  async (failurePolicy, timeoutSeconds, does, status) => {
    answer = () => (does === 'hangs' ? { hang: true } : allow);
    await register('validating', 'slow', [hook('/a', { failurePolicy, timeoutSeconds })]);
    expect((await createMap()).status).toBe(status);
  },
);

test('AdmissionWebhook should include webhook resources in discovery documents', async () => {
  const { groups } = await server.done('GET', '/apis');
  const group = groups.find(({ name }: { name: string }) => name === 'admissionregistration.k8s.io');
  expect(group.versions[0].groupVersion).toBe('admissionregistration.k8s.io/v1');
  const { resources } = await server.done('GET', REGISTRATION);
  const names = resources.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']));
});

test('AdmissionWebhook should mutate configmap', async () => {
  answer = (where, { object }) => {
    const wanted = where === '/a' ? 'start' : 'stage-1';
    return object?.data?.[wanted] ? addData(where === '/a' ? 'stage-1' : 'stage-2') : allow;
  };
  await register('mutating', 'one', [hook('/a'), hook('/b')]);
  expect((await createMap({ start: 'yes' })).body.data).toEqual({ start: 'yes', 'stage-1': 'yes', 'stage-2': 'yes' });
  expect((await createMap({ other: 'yes' })).body.data).toEqual({ other: 'yes' });
});

const onCustom = { rules: [rule(['tests'], [GROUP], ['CREATE', 'UPDATE'])] };

test('AdmissionWebhook should mutate custom resource', async () => {
  await define();
  await register('mutating', 'one', [hook('/a', onCustom)]);
  answer = () => addData('hooked');
  expect((await createCustom('one', { a: 'b' })).body.data).toEqual({ a: 'b', hooked: 'yes' });
});

test('AdmissionWebhook should mutate custom resource with different stored version', async () => {
  const versions = (stored: string) => [version('v1', stored === 'v1', keep), version('v2', stored === 'v2', keep)];
  await define(versions('v1'));
  await register('mutating', 'one', [hook('/a', onCustom)]);
  answer = (_, { object }) => (object?.data?.changed ? addData('hooked') : allow);
  await createCustom('one', { a: 'b' });
  await server.done('PATCH', `${DEFINITIONS}/tests.${GROUP}`, { spec: { versions: versions('v2') } });
  const { data } = await server.done('PATCH', `${CUSTOM}/one`, { data: { changed: 'yes' } });
  expect(data).toEqual({ a: 'b', changed: 'yes', hooked: 'yes' });
});

test('AdmissionWebhook should mutate custom resource with pruning', async () => {
  const text = { type: 'string' };
  const data = { type: 'object', properties: { start: text, known: text } };
  await define([version('v1', true, { properties: { data } })]);
  await register('mutating', 'one', [hook('/known', onCustom), hook('/unknown', onCustom)]);
  answer = (where) => addData(where.slice(1));
  expect((await createCustom('one', { start: 'yes' })).body.data).toEqual({ start: 'yes', known: 'yes' });
});

test("AdmissionWebhook should mutate everything except 'skip-me' configmaps", async () => {
  const matchConditions = [{ name: 'skip', expression: "object.metadata.name != 'skip-me'" }];
  await register('mutating', 'one', [hook('/a', { matchConditions })]);
  answer = () => addData('hooked');
  expect((await createMap({ a: 'b' }, 'skip-me')).body.data).toEqual({ a: 'b' });
  expect((await createMap({ a: 'b' })).body.data).toEqual({ a: 'b', hooked: 'yes' });
});

test('AdmissionWebhook should mutate pod and apply defaults after mutation', async () => {
  const value = [{ name: 'added', image: 'i' }];
  answer = () => patch({ op: 'add', path: '/spec/initContainers', value });
  await register('mutating', 'one', [hook('/a', { rules: [rule(['pods'])] })]);
  const { body } = await createPod('defaulted');
  expect(body.spec.initContainers).toMatchObject([{ name: 'added', terminationMessagePolicy: 'File' }]);
});

test('AdmissionWebhook should not be able to mutate or prevent deletion of webhook configuration objects', async () => {
  const rules = [rule(['*'], ['admissionregistration.k8s.io'], ['CREATE', 'DELETE'])];
  answer = (where) =>
    where === '/deny' ? deny : patch({ op: 'add', path: '/metadata/labels', value: { hooked: 'yes' } });
  await register('validating', 'denies', [hook('/deny', { rules })]);
  await register('mutating', 'mutates', [hook('/mutate', { rules })]);
  for (const kind of ['mutating', 'validating'] as const) {
    const { metadata } = await register(kind, 'dummy', [hook('/a', { rules: [rule(['nothing'])] })]);
    expect(metadata).not.toHaveProperty('labels');
    await server.done('DELETE', path(kind, 'dummy'));
  }
});

test('AdmissionWebhook should unconditionally reject operations on fail closed webhook', async () => {
  const clientConfig = { url: `${webhook.url}/a` };
  await register('validating', 'closed', [hook('/a', { clientConfig, failurePolicy: 'Fail' })]);
  const { status, body } = await createMap();
  expect(status).toBe(500);
  expect(body.message).toContain('certificate signed by unknown authority');
});

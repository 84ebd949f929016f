/**
 * What Kubernetes' conformance tests of custom resources ask, each under its name: definitions, their discovery and
 * OpenAPI, and field validation. Conversion webhooks and field selectors: src/apiserver/custom/conversion.test.ts.
 */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { startApiServer, type TestApiServer } from './test-api-server.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const GROUP = 'crd.example.com';
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const YAML = { 'content-type': 'application/apply-patch+yaml' };

interface Named {
  readonly name: string;
}
const namesOf = (list: readonly Named[]): string[] => list.map(({ name }) => name);

let server: TestApiServer;
beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server[Symbol.asyncDispose]());
afterEach(async () => {
  await server.done('DELETE', DEFINITIONS);
  await vi.waitFor(async () => expect((await server.done('GET', DEFINITIONS)).items).toEqual([]));
});

const text = { type: 'string' };
const version = (name: string, schema: object = {}, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: { openAPIV3Schema: { type: 'object', ...schema } },
  ...more,
});
const definition = (plural: string, versions: readonly object[], group = GROUP, labels = {}) => ({
  metadata: { name: `${plural}.${group}`, labels },
  spec: { group, scope: 'Namespaced', names: { plural, kind: plural.replace(/s$/, '') }, versions },
});
const path = (plural: string, name = '', version = 'v1', group = GROUP) =>
  `/apis/${group}/${version}/namespaces/default/${plural}${name && `/${name}`}`;

async function define(plural: string, versions: readonly object[] = [version('v1')], group = GROUP) {
  const made = await server.done('POST', DEFINITIONS, definition(plural, versions, group));
  await vi.waitFor(async () => expect((await server.ask('GET', path(plural, '', 'v1', group))).status).toBe(200));
  return made;
}
const object = (plural: string, name: string, fields: object = {}, metadata: object = {}) => ({
  apiVersion: `${GROUP}/v1`,
  kind: plural.replace(/s$/, ''),
  metadata: { name, ...metadata },
  ...fields,
});
const schemas = async (version = 'v1', group = GROUP): Promise<Record<string, Record<string, unknown>>> =>
  (await server.done('GET', `/openapi/v3/apis/${group}/${version}`)).components.schemas;
const typeName = (version: string, kind: string) => `com.example.crd.${version}.${kind}`;

test('CustomResourceDefinition Watch watch on custom resource definition objects', async () => {
  const seen: string[] = [];
  await define('watcheds');
  const stop = await server.watch(`${path('watcheds')}?watch=true`, ({ type, object }) =>
    seen.push(`${type} ${object.metadata.name}`),
  );
  const { metadata } = await server.done('POST', path('watcheds'), object('watcheds', 'a'));
  expect(metadata.name).toBe('a');
  await server.done('PATCH', path('watcheds', 'a'), { metadata: { labels: { a: 'b' } } });
  await server.done('DELETE', path('watcheds', 'a'));
  await vi.waitFor(() => expect(seen).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']));
  stop();
});

test('CustomResourceDefinition creating/deleting custom resource definition objects works', async () => {
  await define('things');
  await server.done('DELETE', `${DEFINITIONS}/things.${GROUP}`);
  await vi.waitFor(async () => expect((await server.ask('GET', `${DEFINITIONS}/things.${GROUP}`)).status).toBe(404));
});

test('CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works', async () => {
  await define('things');
  const status = `${DEFINITIONS}/things.${GROUP}/status`;
  const condition = (type: string) => ({ type, status: 'True', reason: 'E2E', message: 'set by a test' });
  await vi.waitFor(async () => {
    const current = await server.done('GET', status);
    const conditions = [...current.status.conditions, condition('StatusUpdated')];
    await server.done('PUT', status, { ...current, status: { ...current.status, conditions } });
  });
  const value = [{ op: 'add', path: '/status/conditions/-', value: condition('StatusPatched') }];
  await server.done('PATCH', status, value, { 'content-type': 'application/json-patch+json' });
  const { conditions } = (await server.done('GET', status)).status;
  const types = conditions.map(({ type }: { type: string }) => type);
  expect(types).toEqual(expect.arrayContaining(['StatusUpdated', 'StatusPatched']));
});

test('CustomResourceDefinition listing custom resource definition objects works', async () => {
  const labels = { list: 'yes' };
  for (let i = 0; i < 10; i++)
    await server.done('POST', DEFINITIONS, definition(`list${i}s`, [version('v1')], GROUP, labels));
  await define('others');
  const selected = `${DEFINITIONS}?labelSelector=list%3Dyes`;
  expect((await server.done('GET', selected)).items).toHaveLength(10);
  await server.done('DELETE', selected);
  await vi.waitFor(async () => expect((await server.done('GET', DEFINITIONS)).items).toHaveLength(1));
});

test('CustomResourceDefinition custom resource defaulting for requests and from storage works', async () => {
  const withDefaults = (a: object, b: object) => [
    version('v1', { properties: { a: { ...text, ...a }, b: { ...text, ...b } } }),
  ];
  await define('things', withDefaults({}, {}));
  await server.done('POST', path('things'), object('things', 'old'));
  const change = (versions: readonly object[]) =>
    server.done('PATCH', `${DEFINITIONS}/things.${GROUP}`, { spec: { versions } });
  await change(withDefaults({ default: 'A' }, {}));
  expect((await server.done('GET', path('things', 'old'))).a).toBe('A');
  const { a } = await server.done('POST', path('things'), object('things', 'new'));
  expect(a).toBe('A');
  await change(withDefaults({}, { default: 'B' }));
  expect(await server.done('GET', path('things', 'new'))).toMatchObject({ a: 'A', b: 'B' });
  expect(await server.done('GET', path('things', 'old'))).not.toHaveProperty('a');
});

test('CustomResourceDefinition should include custom resource definition resources in discovery documents', async () => {
  expect(namesOf((await server.done('GET', '/apis')).groups)).toContain('apiextensions.k8s.io');
  const group = await server.done('GET', '/apis/apiextensions.k8s.io');
  expect(group.versions).toEqual([{ groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' }]);
  const { resources } = await server.done('GET', '/apis/apiextensions.k8s.io/v1');
  expect(namesOf(resources)).toEqual(['customresourcedefinitions', 'customresourcedefinitions/status']);
});

test('AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers', async () => {
  const core = await server.done('GET', '/api', undefined, { accept: AGGREGATED });
  const apps = await server.done('GET', '/apis', undefined, { accept: AGGREGATED });
  for (const { kind, apiVersion } of [core, apps]) {
    expect(`${apiVersion} ${kind}`).toBe('apidiscovery.k8s.io/v2 APIGroupDiscoveryList');
  }
  expect(core.items[0].versions[0].resources.length).toBeGreaterThan(10);
  expect(namesOf(apps.items.map(({ metadata }: { metadata: Named }) => metadata))).toEqual(
    expect.arrayContaining(['apps', 'batch', 'apiextensions.k8s.io']),
  );
});

test('AggregatedDiscovery should support aggregated discovery interface for CRDs', async () => {
  await define('things');
  const { items } = await server.done('GET', '/apis', undefined, { accept: AGGREGATED });
  const group = items.find(({ metadata }: { metadata: Named }) => metadata.name === GROUP);
  expect(group.versions).toMatchObject([
    { version: 'v1', freshness: 'Current', resources: [{ resource: 'things', responseKind: { kind: 'thing' } }] },
  ]);
});

test('CustomResourcePublishOpenAPI works for CRD with validation schema', async () => {
  const spec = {
    type: 'object',
    description: 'of a thing',
    required: ['size'],
    properties: { size: { type: 'integer' } },
  };
  await define('things', [version('v1', { properties: { spec } })]);
  const published = (await schemas())[typeName('v1', 'thing')];
  expect(published).toMatchObject({
    properties: { spec },
    'x-kubernetes-group-version-kind': [{ group: GROUP, kind: 'thing', version: 'v1' }],
  });
  const strict = `${path('things')}?fieldValidation=Strict`;
  await server.done('POST', strict, object('things', 'good', { spec: { size: 1 } }));
  const unknown = await server.ask('POST', strict, object('things', 'bad', { spec: { size: 1, colour: 'red' } }));
  expect([unknown.status, unknown.body.message]).toEqual([400, expect.stringContaining('unknown field "spec.colour"')]);
  const incomplete = await server.ask('POST', strict, object('things', 'bad', { spec: {} }));
  expect([incomplete.status, incomplete.body.message]).toEqual([
    422,
    expect.stringContaining('spec.size: Required value'),
  ]);
});

test.each<[string, object, object]>([
  ['works for CRD without validation schema', { 'x-kubernetes-preserve-unknown-fields': true }, { any: { thing: 1 } }],
  [
    'works for CRD preserving unknown fields at the schema root',
    { 'x-kubernetes-preserve-unknown-fields': true, properties: { spec: { type: 'object' } } },
    { any: 'thing' },
  ],
  [
    'works for CRD preserving unknown fields in an embedded object',
    { properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
    { spec: { any: ['thing'] } },
  ],
])('CustomResourcePublishOpenAPI %s', async (_, schema, fields) => {
  await define('things', [version('v1', schema)]);
  expect(JSON.stringify((await schemas())[typeName('v1', 'thing')])).toContain(
    '"x-kubernetes-preserve-unknown-fields":true',
  );
  const made = await server.done('POST', `${path('things')}?fieldValidation=Strict`, object('things', 'a', fields));
  expect(made).toMatchObject(fields);
});

test('CustomResourcePublishOpenAPI works for multiple CRDs of different groups', async () => {
  await define('things');
  await define('things', [version('v1')], 'other.example.com');
  expect(await schemas()).toHaveProperty([typeName('v1', 'thing')]);
  expect(await schemas('v1', 'other.example.com')).toHaveProperty(['com.example.other.v1.thing']);
});

test('CustomResourcePublishOpenAPI works for multiple CRDs of same group and version but different kinds', async () => {
  await define('things');
  await define('gadgets');
  const { definitions } = await server.done('GET', '/openapi/v2');
  for (const kind of ['thing', 'gadget']) {
    expect(await schemas()).toHaveProperty([typeName('v1', kind)]);
    expect(definitions).toHaveProperty([typeName('v1', kind)]);
  }
});

test('CustomResourcePublishOpenAPI works for multiple CRDs of same group but different versions', async () => {
  await define('things', [version('v1'), version('v2')]);
  expect(await schemas('v1')).toHaveProperty([typeName('v1', 'thing')]);
  expect(await schemas('v2')).toHaveProperty([typeName('v2', 'thing')]);
});

test('CustomResourcePublishOpenAPI updates the published spec when one version gets renamed', async () => {
  await define('things', [version('v1'), version('v2')]);
  const versions = [version('v1'), version('v4')];
  await server.done('PATCH', `${DEFINITIONS}/things.${GROUP}`, { spec: { versions } });
  expect(await schemas('v4')).toHaveProperty([typeName('v4', 'thing')]);
  expect((await server.ask('GET', `/openapi/v3/apis/${GROUP}/v2`)).status).toBe(404);
});

test('CustomResourcePublishOpenAPI removes definition from spec when one version gets changed to not be served', async () => {
  await define('things', [version('v1'), version('v2')]);
  const versions = [version('v1'), version('v2', {}, { served: false })];
  await server.done('PATCH', `${DEFINITIONS}/things.${GROUP}`, { spec: { versions } });
  expect((await server.ask('GET', `/openapi/v3/apis/${GROUP}/v2`)).status).toBe(404);
  expect(await schemas('v1')).toHaveProperty([typeName('v1', 'thing')]);
});

const strictApply = (plural: string, name: string, body: string) =>
  server.ask('PATCH', `${path(plural, name)}?fieldManager=test&fieldValidation=Strict`, body, YAML);
const yaml = (fields: string, metadata = '') =>
  `apiVersion: ${GROUP}/v1\nkind: thing\nmetadata:\n  name: a\n${metadata}${fields}`;
const open = { 'x-kubernetes-preserve-unknown-fields': true };
const sized = { properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } } };

test('FieldValidation should create/apply a CR with unknown fields for CRD with no validation schema', async () => {
  await define('things', [version('v1', open)]);
  expect((await strictApply('things', 'a', yaml('spec:\n  any: thing\n'))).body.spec).toEqual({ any: 'thing' });
});

test('FieldValidation should create/apply a valid CR for CRD with validation schema', async () => {
  await define('things', [version('v1', sized)]);
  expect((await strictApply('things', 'a', yaml('spec:\n  size: 3\n'))).body.spec).toEqual({ size: 3 });
});

test('FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema', async () => {
  await define('things', [version('v1', sized)]);
  const { status, body } = await strictApply('things', 'a', yaml('spec:\n  size: 3\n  colour: red\n'));
  expect(status).toBe(500);
  expect(body.message).toContain('.spec.colour: field not declared in schema');
});

test('FieldValidation should detect duplicates in a CR when preserving unknown fields', async () => {
  await define('things', [version('v1', open)]);
  const { status, body } = await strictApply('things', 'a', yaml('spec:\n  any: 1\n  any: 2\n'));
  expect(status).toBe(400);
  expect(body.message).toContain('line 7: key "any" already set in map');
});

test('FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR', async () => {
  const template = { type: 'object', 'x-kubernetes-embedded-resource': true, ...open };
  await define('things', [version('v1', { properties: { spec: { type: 'object', properties: { template } } } })]);
  const embedded = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', unknownMeta: 'y' } };
  const bad = object('things', 'a', { spec: { template: embedded } }, { unknownMeta: 'x' });
  const { status, body } = await server.ask('POST', `${path('things')}?fieldValidation=Strict`, bad);
  expect(status).toBe(400);
  expect(body.message).toContain('unknown field "metadata.unknownMeta"');
  expect(body.message).toContain('unknown field "spec.template.metadata.unknownMeta"');
});

const strictMaps = '/api/v1/namespaces/default/configmaps?fieldValidation=Strict';

test('FieldValidation should detect unknown and duplicate fields of a typed object', async () => {
  const bad = '{"metadata":{"name":"a"},"unknown":1,"data":{},"data":{"a":"b"}}';
  const { status, body } = await server.ask('POST', strictMaps, bad);
  expect(status).toBe(400);
  expect(body.message).toContain('strict decoding error: unknown field "unknown", duplicate field "data"');
});

test('FieldValidation should detect unknown metadata fields of a typed object', async () => {
  const { status, body } = await server.ask('POST', strictMaps, { metadata: { name: 'a', unknownMeta: 'x' } });
  expect(status).toBe(400);
  expect(body.message).toContain('strict decoding error: unknown field "metadata.unknownMeta"');
});

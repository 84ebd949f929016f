import { expect, test } from 'vitest';
import type { MatchResources, Mutation } from '../../api/admissionregistration/v1.gen.ts';
import { deployments } from '../../api/apps/v1.gen.ts';
import { configmaps } from '../../api/core/v1.gen.ts';
import { NAMESPACE, policyFixture, refusalOf } from '../../testing/policy-fixture.ts';

const config = (name: string, data: Record<string, string> = { k: 'v' }) => ({ metadata: { name }, data });
const apply = (...expressions: string[]): { mutations: Mutation[] } => ({
  mutations: expressions.map((expression) => ({
    patchType: 'ApplyConfiguration',
    applyConfiguration: { expression },
  })),
});
const patch = (...expressions: string[]): { mutations: Mutation[] } => ({
  mutations: expressions.map((expression) => ({ patchType: 'JSONPatch', jsonPatch: { expression } })),
});
const deployment = {
  metadata: { name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'x' } },
    template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'i', args: ['a'] }] } },
  },
};
const matchConstraints: MatchResources = {
  resourceRules: [
    { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] },
  ],
};

// Conformance: "should mutate a Deployment", "... with annotations".
test('a deployment is changed, and what comes of it has defaults', async () => {
  await using fixture = await policyFixture();
  await fixture.mutating('scaled', {
    matchConstraints,
    ...apply('Object{spec: Object.spec{replicas: object.spec.replicas + 1}}'),
  });
  await fixture.mutating('noted', {
    matchConstraints,
    ...apply('Object{metadata: Object.metadata{annotations: {"my-foo-annotation": "myFooAnnotationValue"}}}'),
  });
  await fixture.mutating('sidecar', {
    matchConstraints,
    ...apply(`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
      containers: [Object.spec.template.spec.containers{name: "side", image: "s"}]}}}}`),
  });
  const made = await fixture.client.resource(deployments).create(NAMESPACE, deployment);
  expect(made.spec.replicas).toBe(2);
  expect(made.metadata.annotations).toEqual({ 'my-foo-annotation': 'myFooAnnotationValue' });
  expect(
    made.spec.template.spec?.containers.map(({ name, terminationMessagePath }) => [name, terminationMessagePath]),
  ).toEqual([
    ['c', '/dev/termination-log'],
    ['side', '/dev/termination-log'],
  ]);
});

test('mutations follow each other, and see what those before them made', async () => {
  await using fixture = await policyFixture();
  await fixture.mutating('steps', {
    variables: [{ name: 'seen', expression: 'object.data.a' }],
    ...apply('Object{data: {"a": "1"}}', 'Object{data: {"b": variables.seen + "2"}}'),
  });
  const made = await fixture.client.resource(configmaps).create(NAMESPACE, config('a'));
  expect(made.data).toEqual({ k: 'v', a: '1', b: '12' });
});

test('a JSON patch is applied, unless a test in it does not hold', async () => {
  await using fixture = await policyFixture();
  await fixture.mutating('patched', {
    ...patch(
      `[JSONPatch{op: "add", path: "/metadata/labels", value: {"x": "y"}},
        JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: "z"}]`,
      '[JSONPatch{op: "test", path: "/data/k", value: "other"}, JSONPatch{op: "remove", path: "/data/k"}]',
    ),
  });
  const made = await fixture.client.resource(configmaps).create(NAMESPACE, config('a'));
  expect(made.metadata.labels).toEqual({ x: 'y', 'a/b': 'z' });
  expect(made.data).toEqual({ k: 'v' });
});

// The words are those of v1.36.
test.each([
  [
    apply('Object{foo: "x"}'),
    'error applying patch: failed to convert patch object to typed object: .foo: field not declared in schema',
  ],
  [
    apply('Object{metadata: Object.wrong{labels: {"a": "b"}}}'),
    'type mismatch: unexpected type name "Object.wrong", expected "Object.metadata", which matches field name path from root Object type',
  ],
  [
    apply('Object{data: {"a": object.data.zz}}'),
    `expression 'Object{data: {"a": object.data.zz}}' resulted in error: no such key: zz`,
  ],
  [
    apply('Object{data: null}'),
    'error applying patch: failed to convert patch object to typed object: .data: expected map, got &{NULL_VALUE}',
  ],
  [
    patch('[JSONPatch{op: "remove", path: "/data/zz"}]'),
    "JSON Patch: error in remove for path: '/data/zz': Unable to remove nonexistent key: zz: missing value",
  ],
])('%j is refused unless failures are ignored', async (mutations, why) => {
  await using fixture = await policyFixture();
  await fixture.mutating('ignored', { failurePolicy: 'Ignore', ...mutations });
  const api = fixture.client.resource(configmaps);
  expect((await api.create(NAMESPACE, config('a'))).data).toEqual({ k: 'v' });
  await fixture.mutating('p', mutations);
  const message = `policy 'p' with binding 'p-binding' denied request: ${why}`;
  expect(await refusalOf(api.create(NAMESPACE, config('b')))).toMatchObject({
    message,
    reason: 'Invalid',
    code: 403,
    details: { name: 'b', kind: 'configmaps', causes: [{ message }] },
  });
});

test('what only goes as a whole is not merged into', async () => {
  await using fixture = await policyFixture();
  await fixture.mutating('p', {
    matchConstraints,
    ...apply(`Object{spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{
      containers: [Object.spec.template.spec.containers{name: "c", args: ["b"]}]}}}}`),
  });
  expect((await refusalOf(fixture.client.resource(deployments).create(NAMESPACE, deployment))).message).toContain(
    'invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.template.spec.containers[0].args',
  );
});

test('a patch to what the kind does not have is an error of the server', async () => {
  await using fixture = await policyFixture();
  await fixture.mutating('p', patch('[JSONPatch{op: "add", path: "/foo", value: 1}]'));
  expect(await refusalOf(fixture.client.resource(configmaps).create(NAMESPACE, config('a')))).toMatchObject({
    message: 'Internal error occurred: strict decoding error: unknown field "foo"',
    code: 500,
  });
});

test('policies that want it look again at what others changed', async () => {
  await using fixture = await policyFixture();
  const once = (key: string) =>
    patch(
      `[JSONPatch{op: "add", path: "/data/${key}", value: has(object.data.${key}) ? object.data.${key} + "!" : "0"}]`,
    );
  await fixture.mutating('again', { ...once('a'), reinvocationPolicy: 'IfNeeded' });
  await fixture.mutating('never', once('b'));
  const made = await fixture.client.resource(configmaps).create(NAMESPACE, config('a'));
  expect(made.data).toEqual({ k: 'v', a: '0!', b: '0' });
});

test('each parameter is another invocation', async () => {
  await using fixture = await policyFixture();
  const api = fixture.client.resource(configmaps);
  for (const name of ['p1', 'p2']) {
    await api.create(NAMESPACE, { metadata: { name, labels: { param: 'yes' } }, data: { [name]: 'x' } });
  }
  await fixture.mutating(
    'params',
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, ...apply('Object{data: params.data}') },
    { paramRef: { selector: { matchLabels: { param: 'yes' } }, parameterNotFoundAction: 'Deny' } },
  );
  expect((await api.create(NAMESPACE, config('a'))).data).toEqual({ k: 'v', p1: 'x', p2: 'x' });
});

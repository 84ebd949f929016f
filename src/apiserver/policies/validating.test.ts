import { expect, test } from 'vitest';
import type { MatchResources, NamedRuleWithOperations, Validation } from '../../api/admissionregistration/v1.gen.ts';
import { deployments } from '../../api/apps/v1.gen.ts';
import { configmaps, namespaces, secrets } from '../../api/core/v1.gen.ts';
import { configMaps, NAMESPACE, policyFixture, refusalOf } from '../../testing/policy-fixture.ts';
import { turns } from '../../utils/turns.ts';
import { CollectedAnnotations } from '../audit-annotations.ts';

const labels = { app: 'x' };
const config = (name: string, data: Record<string, string> = {}) => ({ metadata: { name, labels }, data });
const deployment = (replicas: number) => ({
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});
const aboutDeployments: MatchResources = {
  resourceRules: [
    { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] },
  ],
};

// Conformance: "should validate against a Deployment".
test('a deployment is held against an expression, in the words of v1.36', async () => {
  await using fixture = await policyFixture();
  await fixture.validating('few', {
    matchConstraints: aboutDeployments,
    validations: [
      {
        expression: 'object.spec.replicas > 1',
        messageExpression: "'wants replicas > 1, got ' + string(object.spec.replicas)",
      },
    ],
  });
  const api = fixture.client.resource(deployments);
  await api.create(NAMESPACE, deployment(2));
  const message =
    "ValidatingAdmissionPolicy 'few' with binding 'few-binding' denied request: wants replicas > 1, got 1";
  expect(await refusalOf(api.create(NAMESPACE, { ...deployment(1), metadata: { name: 'lone' } }))).toEqual({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `deployments.apps "lone" is forbidden: ${message}`,
    reason: 'Invalid',
    details: { name: 'lone', group: 'apps', kind: 'deployments', causes: [{ message }] },
    code: 422,
  });
});

// Conformance: "should allow expressions to refer variables."
test('expressions use variables, and variables those before them; each is evaluated at most once', async () => {
  let asked = 0;
  await using fixture = await policyFixture(() => {
    asked++;
    return { allowed: true, reason: '' };
  });
  await fixture.validating('vars', {
    matchConstraints: aboutDeployments,
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
      { name: 'unused', expression: "authorizer.path('/x').check('get').allowed()" },
    ],
    validations: [
      { expression: 'variables.replicas > 1' },
      { expression: 'variables.oddReplicas', message: 'odd, please' },
    ],
  });
  const api = fixture.client.resource(deployments);
  expect((await refusalOf(api.create(NAMESPACE, deployment(1)))).message).toContain(
    'failed expression: variables.replicas > 1',
  );
  expect((await refusalOf(api.create(NAMESPACE, deployment(2)))).message).toContain('odd, please');
  await api.create(NAMESPACE, deployment(3));
  expect(asked).toBe(0);
});

test('a policy holds from the moment its binding was answered, and its parameters from the moment they changed', async () => {
  await using fixture = await policyFixture();
  const api = fixture.client.resource(configmaps);
  await api.create(NAMESPACE, config('limits', { max: '3' }));
  await fixture.validating(
    'limited',
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'sized', expression: "has(object.data) && 'size' in object.data" }],
      validations: [
        {
          expression: 'int(object.data.size) <= int(params.data.max)',
          messageExpression: "'at most ' + params.data.max",
        },
      ],
    },
    { paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' } },
  );
  expect((await refusalOf(api.create(NAMESPACE, config('a', { size: '4' })))).message).toContain('at most 3');
  await api.update({ ...(await api.get(NAMESPACE, 'limits')), data: { max: '5' } });
  await api.create(NAMESPACE, config('a', { size: '4' }));
  await api.delete(NAMESPACE, 'limits');
  expect((await refusalOf(api.create(NAMESPACE, config('b', { size: '4' })))).message).toContain(
    'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
  );
});

test('what a policy denies may only warn', async () => {
  await using fixture = await policyFixture();
  await fixture.validating(
    'w',
    { validations: [{ expression: 'false', message: 'mind' }] },
    { validationActions: ['Warn'] },
  );
  await fixture.client.resource(configmaps).create(NAMESPACE, config('a'));
  expect(fixture.warnings).toEqual([
    "Validation failed for ValidatingAdmissionPolicy 'w' with binding 'w-binding': mind",
  ]);
});

test.each<[NonNullable<Validation['reason']>, number]>([
  ['Forbidden', 403],
  ['RequestEntityTooLarge', 413],
  ['Invalid', 422],
])('the reason %s has its code', async (reason, code) => {
  await using fixture = await policyFixture();
  await fixture.validating('r', { validations: [{ expression: 'false', reason }] });
  const refused = await refusalOf(fixture.client.resource(configmaps).create(NAMESPACE, config('a')));
  expect(refused).toMatchObject({ reason, code });
});

test.each([
  ['object.data.zz == "1"', 'expression \'object.data.zz == "1"\' resulted in error: no such key: zz'],
  ['1 / 0 == 1', "expression '1 / 0 == 1' resulted in error: division by zero"],
])('%s fails, which refuses unless failures are ignored', async (expression, message) => {
  await using fixture = await policyFixture();
  await fixture.validating('fails', { validations: [{ expression }] });
  await fixture.validating('ignored', { failurePolicy: 'Ignore', validations: [{ expression }] });
  const refused = await refusalOf(fixture.client.resource(configmaps).create(NAMESPACE, config('a', { a: 'b' })));
  expect(refused.details?.causes).toEqual([
    { message: `ValidatingAdmissionPolicy 'fails' with binding 'fails-binding' denied request: ${message}` },
  ]);
});

test('expressions cost no more than their budget', async () => {
  await using fixture = await policyFixture();
  const costly = { expression: "!object.data.text.contains('y')" };
  await fixture.validating('costly', { validations: Array.from({ length: 110 }, () => costly) });
  const refused = await refusalOf(
    fixture.client.resource(configmaps).create(NAMESPACE, config('a', { text: 'x'.repeat(1_000_000) })),
  );
  expect(refused.message).toContain(
    'validation failed due to running out of cost budget, no further validation rules will be run',
  );
});

test.each<[string, MatchResources]>([
  ['another namespace', { namespaceSelector: { matchLabels: { team: 'blue' } } }],
  ['other labels', { objectSelector: { matchLabels: { app: 'y' } } }],
  ['excluded', { excludeResourceRules: [configMaps] }],
  ['another name', { resourceRules: [{ ...configMaps, resourceNames: ['b'] }] }],
  ['another operation', { resourceRules: [{ ...configMaps, operations: ['DELETE'] }] }],
  ['cluster scope', { resourceRules: [{ ...configMaps, scope: 'Cluster' }] }],
  ['a subresource', { resourceRules: [{ ...configMaps, resources: ['configmaps/status'] }] }],
])('a policy is not asked: %s', async (_, constraints) => {
  await using fixture = await policyFixture();
  const matchConstraints: MatchResources = { resourceRules: [configMaps], ...constraints };
  await fixture.validating('other', { matchConstraints, validations: [{ expression: 'false' }] });
  await fixture.client.resource(configmaps).create(NAMESPACE, config('a'));
  // A binding narrows a policy down in the same way.
  await fixture.validating('bound', { validations: [{ expression: 'false' }] }, { matchResources: matchConstraints });
  await fixture.client.resource(configmaps).create(NAMESPACE, config('a2'));
});

test('deletions show the object that was, and one of a collection by its name alone', async () => {
  await using fixture = await policyFixture();
  const api = fixture.client.resource(configmaps);
  await api.create(NAMESPACE, config('keep'));
  await fixture.validating('keeper', {
    matchConstraints: { resourceRules: [{ ...configMaps, operations: ['DELETE'] }] },
    validations: [
      {
        expression: 'false',
        messageExpression:
          "oldObject.metadata.name + ' ' + string(object == null) + ' ' + (has(request.name) ? 'named' : 'of all')",
      },
    ],
  });
  expect((await refusalOf(api.delete(NAMESPACE, 'keep'))).message).toContain('denied request: keep true named');
  expect((await refusalOf(api.deleteCollection(NAMESPACE))).message).toContain('denied request: keep true of all');
});

test('a generated name is there when validations run', async () => {
  await using fixture = await policyFixture();
  await fixture.validating('named', {
    matchConstraints: { resourceRules: [{ ...configMaps, resources: ['secrets'] }] },
    validations: [{ expression: "request.name.startsWith('gen-') && request.name == object.metadata.name" }],
  });
  await fixture.client.resource(secrets).create(NAMESPACE, { metadata: { generateName: 'gen-' } });
});

test('the request, its namespace and its user are known', async () => {
  await using fixture = await policyFixture(({ user, verb, resource }) => ({
    allowed: user.name === 'tester' && verb === 'create' && resource === 'configmaps',
    reason: '',
  }));
  await fixture.validating('knows', {
    validations: [
      {
        expression:
          "request.userInfo.username == 'tester' && request.operation == 'CREATE' && request.namespace == 'tests'",
      },
      { expression: "namespaceObject.metadata.labels.team == 'red'" },
      { expression: "authorizer.requestResource.check('create').allowed()" },
      {
        expression:
          "!authorizer.serviceAccount('tests', 'a').group('').resource('configmaps').check('create').allowed()",
      },
      { expression: "request.options.kind == 'CreateOptions' && oldObject == null && !request.dryRun" },
    ],
  });
  await fixture.client.resource(configmaps).create(NAMESPACE, config('a'));
});

test('of a namespace its own labels count, and it is in no other', async () => {
  await using fixture = await policyFixture();
  await fixture.validating('ns', {
    matchConstraints: {
      namespaceSelector: { matchLabels: { closed: 'yes' } },
      resourceRules: [{ ...configMaps, resources: ['namespaces'] }],
    },
    validations: [{ expression: 'false', messageExpression: 'request.namespace + string(namespaceObject == null)' }],
  });
  const api = fixture.client.resource(namespaces);
  await api.create('', { metadata: { name: 'open' } });
  const refused = await refusalOf(api.create('', { metadata: { name: 'shut', labels: { closed: 'yes' } } }));
  expect(refused.message).toContain('denied request: shuttrue');
});

test('no policy locks out who would mend policies', async () => {
  await using fixture = await policyFixture();
  const all: NamedRuleWithOperations = { operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] };
  await fixture.validating('closed', {
    matchConstraints: { resourceRules: [all] },
    validations: [{ expression: 'false' }],
  });
  await fixture.validating('another', { validations: [{ expression: 'false' }] });
  const refused = await refusalOf(fixture.client.resource(configmaps).create(NAMESPACE, config('a')));
  expect(refused.message).toContain("'another'");
});

test('what audit annotations say goes to the audit event, and failures that are only audited too', async () => {
  await using fixture = await policyFixture();
  await fixture.validating(
    'audited',
    {
      validations: [{ expression: 'true' }, { expression: 'size(object.data) > 1', message: 'too little' }],
      auditAnnotations: [
        { key: 'name', valueExpression: '"  it is " + object.metadata.name + " "' },
        { key: 'nothing', valueExpression: 'null' },
        { key: 'blank', valueExpression: '" "' },
      ],
    },
    { validationActions: ['Audit', 'Warn'] },
  );
  const audit = new CollectedAnnotations();
  const object = { apiVersion: 'v1', kind: 'ConfigMap', ...config('one', { a: 'b' }) };
  const target = fixture.target('configmaps', NAMESPACE);
  await fixture.core.create({ ...fixture.context, audit }, target, { object }, {});
  expect(audit.at('Metadata')).toEqual({
    'audited/name': 'it is one',
    'validation.policy.admission.k8s.io/validation_failure':
      '[{"message":"too little","policy":"audited","binding":"audited-binding","expressionIndex":1,"validationActions":["Audit","Warn"]}]',
  });
});

test('an expression that costs all it may takes many turns of the event loop', async () => {
  await using fixture = await policyFixture();
  const loops = 'variables.keys.all(a, variables.keys.all(b, variables.keys.all(c, a + b != c)))';
  await fixture.validating('slow', {
    variables: [{ name: 'keys', expression: 'object.data.map(k, k)' }],
    validations: [{ expression: loops }, { expression: loops }],
  });
  const { given } = turns;
  const data = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key-${i}`, '']));
  const refused = await refusalOf(fixture.client.resource(configmaps).create(NAMESPACE, config('large', data)));
  expect(refused.message).toContain(
    `denied request: expression '${loops}' resulted in error: operation cancelled: actual cost limit exceeded`,
  );
  // A million steps are never done within one.
  expect(turns.given - given).toBeGreaterThan(3);
});

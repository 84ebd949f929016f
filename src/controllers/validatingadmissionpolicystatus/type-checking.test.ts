import { afterEach, beforeEach, expect, test } from 'vitest';
import { type NamedRuleWithOperations, validatingadmissionpolicies } from '../../api/admissionregistration/v1.gen.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startValidatingAdmissionPolicyStatusController } from './validating-admission-policy-status-controller.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster(startValidatingAdmissionPolicyStatusController);
});
afterEach(() => cluster.stop());

const rule: NamedRuleWithOperations = {
  operations: ['CREATE'],
  apiGroups: ['', 'apps'],
  apiVersions: ['v1'],
  resources: ['deployments', 'pods'],
};

async function warningsOf(expression: string, more: NamedRuleWithOperations = {}) {
  const api = cluster.client.resource(validatingadmissionpolicies);
  const matchConstraints = { resourceRules: [{ ...rule, ...more }] };
  await api.create('', { metadata: { name: 'p' }, spec: { matchConstraints, validations: [{ expression }] } });
  await cluster.quiet();
  const { status } = await api.get('', 'p');
  expect(status?.observedGeneration).toBe(1);
  return status?.typeChecking?.expressionWarnings;
}

test('a policy is told what its expressions get wrong of each kind, as v1.36 tells it', async () => {
  expect(await warningsOf('object.spec.replicas > 1 && object.zz == 1')).toEqual([
    {
      fieldRef: 'spec.validations[0].expression',
      warning: [
        "/v1, Kind=Pod: ERROR: <input>:1:12: undefined field 'replicas'",
        ' | object.spec.replicas > 1 && object.zz == 1',
        ' | ...........^',
        "ERROR: <input>:1:35: undefined field 'zz'",
        ' | object.spec.replicas > 1 && object.zz == 1',
        ' | ..................................^',
        '',
        "apps/v1, Kind=Deployment: ERROR: <input>:1:35: undefined field 'zz'",
        ' | object.spec.replicas > 1 && object.zz == 1',
        ' | ..................................^',
        '',
      ].join('\n'),
    },
  ]);
});

test.each<[string, string, NamedRuleWithOperations]>([
  ['a good expression', 'object.metadata.name.size() > 1', {}],
  ['any resource', 'object.zz == 1', { resources: ['*'] }],
  ['any group', 'object.zz == 1', { apiGroups: ['*'] }],
  ['subresources', 'object.zz == 1', { resources: ['pods/exec'] }],
])('nothing is wrong with %s', async (_, expression, more) => {
  expect(await warningsOf(expression, more)).toBeUndefined();
});

test.each([
  ['times are timestamps', 'object.metadata.creationTimestamp > 5', "applied to '(timestamp, int)'"],
  ['quantities are not seen', 'object.spec.containers[0].resources.limits.size() == 1', "undefined field 'limits'"],
  ['labels are a map of strings', 'object.metadata.labels.foo == 1', "applied to '(string, int)'"],
])('%s', async (_, expression, words) => {
  const [found] = (await warningsOf(expression, { apiGroups: [''], resources: ['pods'] })) ?? [];
  expect(found?.warning).toContain(words);
});

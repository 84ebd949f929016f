import { expect, test } from 'vitest';
import {
  mutatingadmissionpolicies,
  mutatingadmissionpolicybindings,
  validatingadmissionpolicies,
  validatingadmissionpolicybindings,
} from '../../api/admissionregistration/v1.gen.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import { configMaps, policyFixture } from '../../testing/policy-fixture.ts';

const matchConstraints = { resourceRules: [{ ...configMaps, operations: ['CREATE'] }] };
const expression = 'Object{}';
const kinds: readonly (readonly [string, ResourceType, object])[] = [
  [
    'a ValidatingAdmissionPolicy',
    validatingadmissionpolicies,
    { matchConstraints, validations: [{ expression: 'true' }] },
  ],
  ['its binding', validatingadmissionpolicybindings, { policyName: 'p', validationActions: ['Deny'] }],
  [
    'a MutatingAdmissionPolicy',
    mutatingadmissionpolicies,
    {
      matchConstraints,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
    },
  ],
  ['its binding', mutatingadmissionpolicybindings, { policyName: 'p' }],
];

// Conformance: "should support ... API operations" of each kind.
test.each(kinds)('the life of %s', async (_, type, spec) => {
  await using fixture = await policyFixture();
  const { core, context, client } = fixture;
  const target = fixture.target(type.resource, '');
  const events = await fixture.watch(type.resource, '');
  const api = client.resource(type);
  for (const name of ['a', 'b']) {
    await core.create(context, target, { object: { metadata: { name, labels: { of: 'test' } }, spec } }, {});
  }
  const made = await api.get('', 'a');
  expect(made.metadata.generation).toBe(1);
  expect((await api.list('', { labelSelector: 'of=test' })).items).toHaveLength(2);

  const body = { metadata: { annotations: { patched: 'yes' } } };
  const patched = await api.patch('', 'a', { type: 'merge', body });
  expect(patched.metadata.annotations).toEqual({ patched: 'yes' });
  const annotated: KubeObject = { ...patched, metadata: { ...patched.metadata, annotations: { updated: 'yes' } } };
  expect((await api.update(annotated)).metadata).toMatchObject({ annotations: { updated: 'yes' }, generation: 1 });

  await api.delete('', 'a');
  await api.deleteCollection('', { labelSelector: 'of=test' });
  expect((await api.list('')).items).toEqual([]);
  const seen = (await events.take()).map((line) => line.split(' ').slice(0, 2).join(' '));
  expect(seen).toEqual(['ADDED a', 'ADDED b', 'MODIFIED a', 'MODIFIED a', 'DELETED a', 'DELETED b']);
});

test('the status of a ValidatingAdmissionPolicy is its own', async () => {
  await using fixture = await policyFixture();
  await fixture.validating('p', { validations: [{ expression: 'true' }] });
  const api = fixture.client.resource(validatingadmissionpolicies);
  const policy = await api.get('', 'p');
  const status = { observedGeneration: 1, typeChecking: {} };
  expect((await api.updateStatus({ ...policy, spec: { failurePolicy: 'Ignore' }, status })).status).toEqual(status);
  expect((await api.get('', 'p')).spec.failurePolicy).toBe('Fail');
});

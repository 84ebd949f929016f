import { expect, test } from 'vitest';
import { ApiError } from '../../api/errors.ts';
import { model } from '../../api/model.ts';
import { patchedObject, type ValuePatch } from './patch.ts';

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { replicas: 1, template: { spec: { containers: [{ name: 'c', image: 'i' }] } } },
};

function refusal(type: ValuePatch['type'], value: unknown): string {
  const expected = { group: 'apps', version: 'v1', kind: 'Deployment', schema: model.type('apps/v1.Deployment') };
  try {
    patchedObject(expected, deployment, { type, value } as ValuePatch, undefined, () => {});
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
  return 'none';
}

test.each([
  [{ spec: { replicas: 'x' } }, 'unrecognized type: int32'],
  [{ spec: { replicas: 1.5 } }, 'cannot convert float64 to int32'],
  [{ spec: { paused: 1 } }, 'unrecognized type: bool'],
  [{ metadata: { name: 5 } }, 'cannot convert int64 to string'],
  [{ metadata: { labels: { a: true } } }, 'unrecognized type: string'],
  [{ metadata: { labels: 'a' } }, 'cannot restore map from string'],
  [{ metadata: { finalizers: {} } }, 'cannot restore slice from map'],
  [{ spec: { template: 'x' } }, 'cannot restore struct from: string'],
])('a strategic merge of %j is refused: %s', (value, why) => {
  expect(refusal('strategic', value)).toContain(why);
});

test('a merge patch is refused in the words of JSON', () => {
  expect(refusal('merge', { spec: { replicas: 'x' } })).toContain(
    'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  );
});

test('a version or kind that is no text is refused by what looks for it first', () => {
  expect(refusal('merge', { apiVersion: 1 })).toContain(
    "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string",
  );
  expect(refusal('json', [{ op: 'replace', path: '/kind', value: 5 }])).toContain(
    'Go struct field .kind of type string',
  );
  expect(refusal('strategic', { apiVersion: 1 })).toContain('cannot convert int64 to string');
});

test('what a patch leaves without a version has no name either, unless it is a strategic merge', () => {
  const nameless = 'the name of the object (d based on URL) was undeterminable: name must be provided';
  expect(refusal('merge', { apiVersion: null })).toBe(nameless);
  expect(refusal('merge', { apiVersion: '' })).toBe(nameless);
  expect(refusal('json', [{ op: 'remove', path: '/apiVersion' }])).toBe(nameless);
  expect(refusal('merge', { kind: null })).toBe('none');
  expect(refusal('strategic', { apiVersion: null })).toBe('none');
});

test('a strategic merge that cannot be made is an error without a reason', () => {
  const containers = (list: unknown) => ({ spec: { template: { spec: { containers: list } } } });
  expect(refusal('strategic', containers([{ name: 'c', $patch: 'merge' }]))).toBe(
    'merging lists cannot yet be specified in the patch',
  );
  expect(refusal('strategic', containers([{ name: 'c', $patch: 5 }]))).toBe(
    'unknown patch type: %!s(int64=5) in map: map[$patch:5 name:c]',
  );
  expect(refusal('strategic', containers(['x']))).toBe(
    'list element types are not identical: [[map[image:i name:c]] [x]]',
  );
});

test.each([
  ['json', {}, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
  [
    'json',
    [{ op: 5 }],
    'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
  ],
  ['merge', [], 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ['strategic', true, 'json: cannot unmarshal bool into Go value of type map[string]interface {}'],
  ['strategic', null, 'none'],
  ['json', null, 'none'],
] as const)('a %s patch that is %j: %s', (type, value, message) => {
  expect(refusal(type, value)).toBe(message);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { model } from '../api/model.ts';
import { decode, decodeKind } from './decode.ts';
import { deepEqual } from './equal.ts';
import { deepFreeze } from './freeze.ts';
import type { ObjectSchema } from './model.ts';
import { mayHaveDuplicates, strictProblems } from './strict.ts';

function kind(group: string, version: string, name: string): ObjectSchema {
  const schema = model.kind(group, version, name);
  if (!schema) throw new Error(`no ${name}`);
  return schema;
}
const pod = kind('', 'v1', 'Pod');
const deployment = kind('apps', 'v1', 'Deployment');
const configMap = kind('', 'v1', 'ConfigMap');
const secret = kind('', 'v1', 'Secret');
const core = (schema: ObjectSchema, value: unknown, defaults = false) =>
  decodeKind(schema, { apiVersion: 'v1', kind: schema.name.slice(schema.name.indexOf('.') + 1) }, value, { defaults });

describe('the canonical form', () => {
  it('has the fields that Go always writes, and no others', () => {
    expect(core(deployment, {}).object).toEqual({
      kind: 'Deployment',
      apiVersion: 'v1',
      metadata: {},
      spec: { selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
      status: {},
    });
  });

  it('leaves zero values out unless they are behind pointers', () => {
    const { object } = core(pod, {
      metadata: { name: '', labels: {}, generation: 0, deletionGracePeriodSeconds: 0 },
      spec: { hostNetwork: false, enableServiceLinks: false, nodeSelector: {}, tolerations: [], containers: [] },
    });
    expect(object).toMatchObject({ metadata: { deletionGracePeriodSeconds: 0 } });
    expect(object).toHaveProperty('spec', { containers: [], enableServiceLinks: false });
  });

  it('writes fields in the order of the model, whatever the order of the input', () => {
    const { object } = core(pod, {
      status: {},
      spec: { nodeName: 'n', containers: [] },
      metadata: { uid: 'u', name: 'n' },
    });
    expect(JSON.stringify(object)).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"n","uid":"u"},"spec":{"containers":[],"nodeName":"n"},"status":{}}',
    );
  });

  it('takes null for absent', () => {
    const { object } = core(pod, { metadata: null, spec: { containers: [null], volumes: null }, status: null });
    expect(object).toEqual({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: {},
      spec: { containers: [{ name: '', resources: {} }] },
      status: {},
    });
  });

  it('fills in constant defaults when asked', () => {
    const value = { spec: { containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] } };
    expect(core(pod, value, true).object).toHaveProperty('spec.containers.0.ports.0.protocol', 'TCP');
    expect(core(pod, value, false).object).not.toHaveProperty('spec.containers.0.ports.0.protocol');
  });

  it('shares nothing with the input', () => {
    const input = deepFreeze({ data: { spec: { a: [1, { b: null }] } }, revision: 1 });
    const { object } = decodeKind<{ data: { spec: { a: unknown[] } } }>(
      kind('apps', 'v1', 'ControllerRevision'),
      { apiVersion: 'apps/v1', kind: 'ControllerRevision' },
      input,
      { defaults: false },
    );
    object.data.spec.a.push(2);
    expect(input.data.spec.a).toHaveLength(2);
    expect(object.data.spec.a[1]).toEqual({ b: null });
  });

  it('keeps the apiVersion and kind of embedded objects', () => {
    const { object } = core(kind('apps', 'v1', 'StatefulSet'), {
      spec: { volumeClaimTemplates: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' }] },
    });
    expect(object).toHaveProperty('spec.volumeClaimTemplates.0.kind', 'PersistentVolumeClaim');
  });

  it('reads the schemas of custom resources', () => {
    const properties = { a: { items: { type: 'string' }, additionalProperties: false, x: 1 }, b: { items: [{}] } };
    const { object, unknown } = decode(
      model.type('apiextensions/v1.JSONSchemaProps'),
      { properties },
      { defaults: false },
    );
    expect(object).toEqual({
      properties: { a: { items: { type: 'string' }, additionalProperties: false }, b: { items: [{}] } },
    });
    expect(unknown).toEqual(['properties.a.x']);
  });
});

describe('keys that mean something to JavaScript', () => {
  const hostile: unknown = JSON.parse(
    '{"data":{"__proto__":"a","constructor":"b"},"__proto__":{"data":{"x":"y"}},"toString":1}',
  );

  it('are keys like any other', () => {
    const { object, unknown } = core(configMap, hostile);
    expect(JSON.stringify(object)).toBe(
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{},"data":{"__proto__":"a","constructor":"b"}}',
    );
    expect(unknown).toEqual(['__proto__', 'toString']);
    expect(Object.prototype).not.toHaveProperty('data');
  });
});

describe('values that do not fit are refused in the words of Go', () => {
  it.each([
    [
      deployment,
      { metadata: { name: true } },
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.name of type string',
    ],
    [
      deployment,
      { spec: { replicas: 'x' } },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      { spec: { replicas: 3e9 } },
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      { spec: [] },
      'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec',
    ],
    [
      pod,
      { spec: { containers: [{ image: 5 }] } },
      'json: cannot unmarshal number into Go struct field Container.spec.containers.image of type string',
    ],
    [
      pod,
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [configMap, { data: { a: 1 } }, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
    [configMap, [], 'json: cannot unmarshal array into Go value of type v1.ConfigMap'],
    [secret, { data: { a: 'abc' } }, 'illegal base64 data at input byte 0'],
    [secret, { data: { a: 'abc!' } }, 'illegal base64 data at input byte 3'],
    [secret, { data: { a: 'aaaab=b=' } }, 'illegal base64 data at input byte 5'],
    [secret, { data: { a: 'ab!d' } }, 'illegal base64 data at input byte 2'],
    [
      pod,
      { metadata: { creationTimestamp: 'x' } },
      'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
    ],
    [
      pod,
      { spec: { containers: [{ resources: { limits: { cpu: 'x' } } }] } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ])('%# %s', (schema, value, message) => expect(() => core(schema, value)).toThrow(message));

  it('names the first mismatch, unless something later ends the decoding', () => {
    expect(() => core(pod, { metadata: { name: 1, creationTimestamp: 'x' } })).toThrow('parsing time');
    expect(() => core(pod, { metadata: { name: 1, namespace: true } })).toThrow('metadata.name');
  });

  it('bounds the depth', () => {
    let deep: unknown = {};
    for (let i = 0; i < 5000; i++) deep = { not: deep };
    expect(() => decode(model.type('apiextensions/v1.JSONSchemaProps'), deep, { defaults: false })).toThrow(
      'exceeded max depth',
    );
    expect(() => core(kind('apps', 'v1', 'ControllerRevision'), { data: deep })).toThrow('exceeded max depth');
  });
});

describe('what does not fit', () => {
  it.each([
    [
      { spec: { template: { spec: { containers: 'x' } }, replicas: 'y' } },
      'string into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
    ],
    [
      { spec: { replicas: 'y', template: { spec: { containers: 'x' } } } },
      'string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { template: { spec: { containers: [{ livenessProbe: { httpGet: { path: 1 } } }] } } } },
      'number into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe.ProbeHandler.httpGet.path of type string',
    ],
    [
      { spec: { template: { spec: { volumes: [{ emptyDir: 'x' }] } } } },
      'string into Go struct field Volume.spec.template.spec.volumes.VolumeSource.emptyDir of type v1.EmptyDirVolumeSource',
    ],
  ])('%j: the first in the text, with the structs that it is in', (value, message) => {
    expect(() => decode(deployment, value, { defaults: false })).toThrow(`json: cannot unmarshal ${message}`);
  });
});

describe('strict problems', () => {
  it('come in the order of the text', () => {
    const text =
      '{"spek":1,"metadata":{"name":"a","name":"b"},"spec":{"foo":{"a":1,"a":2},"replicas":1,"template":{"spec":{"containers":[{"name":"x","y":[{}]}]}},"replicas":2}}';
    expect(strictProblems(text, deployment, true)).toEqual([
      'unknown field "spek"',
      'duplicate field "metadata.name"',
      'unknown field "spec.foo"',
      'unknown field "spec.template.spec.containers[0].y"',
      'duplicate field "spec.replicas"',
    ]);
    expect(strictProblems(text, undefined, true)).toEqual([
      'duplicate field "metadata.name"',
      'duplicate field "spec.foo.a"',
      'duplicate field "spec.replicas"',
    ]);
    expect(core(deployment, JSON.parse(text)).unknown).toEqual([
      'spek',
      'spec.foo',
      'spec.template.spec.containers[0].y',
    ]);
  });

  it('sees escaped names', () =>
    expect(strictProblems('{"a":1,"\\u0061":2}', undefined, false)).toEqual(['duplicate field "a"']));

  it('finds no duplicates in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 0, max: 3 }), (json, indent) => {
        const value: unknown = JSON.parse(json);
        const text = JSON.stringify(value, null, indent);
        expect(mayHaveDuplicates(text, value)).toBe(false);
        expect(strictProblems(text, undefined, false)).toEqual([]);
      }),
    );
  });

  it('finds every name that is there twice', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1, noNullPrototype: true }), (value) => {
        const [name = ''] = Object.keys(value);
        const text = `${JSON.stringify(value).slice(0, -1)},${JSON.stringify(name)}:[]}`;
        expect(mayHaveDuplicates(text, JSON.parse(text))).toBe(true);
        expect(strictProblems(text, undefined, false)).toHaveLength(1);
      }),
    );
  });
});

describe('deepEqual', () => {
  it('takes undefined for absent and ignores the order of keys', () => {
    expect(deepEqual({ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1, d: undefined })).toBe(true);
    expect(deepEqual({ a: undefined }, { b: undefined })).toBe(true);
    expect(deepEqual({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(deepEqual([1, 2], [2, 1])).toBe(false);
    expect(deepEqual([], {})).toBe(false);
    expect(deepEqual(null, undefined)).toBe(false);
  });

  it('holds for any value and its copy', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => deepEqual(value, JSON.parse(JSON.stringify(value)))));
  });
});

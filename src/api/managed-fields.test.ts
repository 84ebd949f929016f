import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeKind } from '../schema/decode.ts';
import { FieldSet } from '../schema/field-set.ts';
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/model.ts';
import { compareValues, fieldSetOf, mergeValues, removeFields, shapeOf } from '../schema/typed-value.ts';
import { ApplyConflict, ApplyError, applyConfiguration, trackUpdate } from './managed-fields.ts';
import type { ManagedFieldsEntry } from './meta/v1.gen.ts';
import { model } from './model.ts';

function kind(group: string, version: string, name: string): ObjectSchema {
  const schema = model.kind(group, version, name);
  if (!schema) throw new Error(`no ${name}`);
  return schema;
}

/** A server with one object: what the registry does with these functions. */
class Server {
  readonly #schema: ObjectSchema;
  readonly #gvk: { apiVersion: string; kind: string };
  object: JsonObject | undefined;
  now = Date.UTC(2026, 0, 1);

  constructor(group: string, version: string, name: string) {
    this.#schema = kind(group, version, name);
    this.#gvk = { apiVersion: group ? `${group}/${version}` : version, kind: name };
  }

  #store(object: unknown, managedFields: readonly ManagedFieldsEntry[] | undefined) {
    const { object: canonical } = decodeKind(this.#schema, this.#gvk, object, { defaults: true });
    const { managedFields: _, ...metadata } = isJsonObject(canonical.metadata) ? canonical.metadata : {};
    this.object = { ...canonical, metadata: { ...metadata, ...(managedFields && { managedFields }) } };
  }

  #by(manager: string, subresource = '') {
    this.now += 1000;
    return { manager, apiVersion: this.#gvk.apiVersion, subresource, now: this.now };
  }

  apply(manager: string, config: object, force = false): JsonObject {
    const full = { ...this.#gvk, ...config };
    const { object, managedFields } = applyConfiguration(this.#schema, this.object, full, {
      ...this.#by(manager),
      force,
    });
    this.#store(object, managedFields);
    return this.object ?? {};
  }

  update(manager: string, value: object, subresource = ''): JsonObject {
    const { object } = decodeKind(this.#schema, this.#gvk, value, { defaults: true });
    this.#store(object, trackUpdate(this.#schema, this.object, object, this.#by(manager, subresource)));
    return this.object ?? {};
  }

  get entries(): readonly ManagedFieldsEntry[] {
    const metadata = isJsonObject(this.object?.metadata) ? this.object.metadata : {};
    return (metadata.managedFields ?? []) as ManagedFieldsEntry[];
  }

  owned(manager: string, operation = 'Apply'): unknown {
    return this.entries.find((e) => e.manager === manager && e.operation === operation)?.fieldsV1;
  }
}

const configMaps = () => new Server('', 'v1', 'ConfigMap');
const data = (values: Record<string, string>) => ({ metadata: { name: 'x' }, data: values });

describe('apply', () => {
  it('lets two managers share an object, and tells conflicts', () => {
    const server = configMaps();
    server.apply('a', data({ a: '1', b: '1' }));
    expect(server.owned('a')).toEqual({ 'f:data': { 'f:a': {}, 'f:b': {} } });
    expect(() => server.apply('b', data({ b: '2' }))).toThrow(
      'Apply failed with 1 conflict: conflict with "a": .data.b',
    );
    expect(server.apply('b', data({ b: '1', c: '2' }))).toHaveProperty('data', { a: '1', b: '1', c: '2' });
    expect(server.apply('b', data({ b: '2' }), true)).toHaveProperty('data', { a: '1', b: '2' });
    expect(server.owned('a')).toEqual({ 'f:data': { 'f:a': {} } });
    expect(server.apply('a', data({ a: '1' }))).toHaveProperty('data', { a: '1', b: '2' });
    expect(server.apply('b', data({}))).toHaveProperty('data', { a: '1' });
  });

  it('lists several conflicts by manager', () => {
    const server = configMaps();
    server.update('u', data({ a: '1', b: '1' }));
    try {
      server.apply('me', data({ a: '2', b: '2' }));
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof ApplyConflict)) throw error;
      expect(error.message).toBe('Apply failed with 2 conflicts: conflicts with "u" using v1:\n- .data.a\n- .data.b');
      expect(error.causes[0]).toEqual({
        reason: 'FieldManagerConflict',
        message: 'conflict with "u" using v1',
        field: '.data.a',
      });
    }
  });

  it('owns elements of lists by their keys, with defaults', () => {
    const server = new Server('apps', 'v1', 'Deployment');
    const spec = (containers: unknown[]) => ({ metadata: { name: 'd' }, spec: { template: { spec: { containers } } } });
    server.apply('a', spec([{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }]));
    expect(server.owned('a')).toEqual({
      'f:spec': {
        'f:template': {
          'f:spec': {
            'f:containers': {
              'k:{"name":"c"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
              },
            },
          },
        },
      },
    });
    server.apply('b', spec([{ name: 'side', image: 'j' }]));
    const names = (object: JsonObject) =>
      (
        object as { spec: { template: { spec: { containers: { name: string }[] } } } }
      ).spec.template.spec.containers.map((c) => c.name);
    expect(names(server.object ?? {})).toEqual(['c', 'side']);
    expect(names(server.apply('a', spec([])))).toEqual(['side']);
    expect(() => server.apply('c', spec([{ name: 'side', image: 'k' }]))).toThrow(
      'conflict with "b": .spec.template.spec.containers[name="side"].image',
    );
  });

  it('merges sets, and keeps atomic values whole', () => {
    const server = configMaps();
    server.apply('a', { metadata: { name: 'x', finalizers: ['e.io/a'] } });
    server.apply('b', { metadata: { name: 'x', finalizers: ['e.io/b'] } });
    expect(server.object).toHaveProperty('metadata.finalizers', ['e.io/a', 'e.io/b']);
    expect(server.owned('b')).toEqual({ 'f:metadata': { 'f:finalizers': { 'v:"e.io/b"': {} } } });

    const service = new Server('', 'v1', 'Service');
    service.apply('a', { metadata: { name: 's' }, spec: { selector: { a: 'b' } } });
    expect(service.owned('a')).toEqual({ 'f:spec': { 'f:selector': {} } });
    expect(() => service.apply('b', { metadata: { name: 's' }, spec: { selector: { c: 'd' } } })).toThrow(
      '.spec.selector',
    );
  });

  it('does not touch the time when nothing changes', () => {
    const server = configMaps();
    server.apply('a', data({ a: '1' }));
    const [first] = server.entries;
    server.apply('a', data({ a: '1' }));
    expect(server.entries).toEqual([first]);
  });

  it('takes over an object that was never tracked', () => {
    const server = configMaps();
    server.object = { apiVersion: 'v1', kind: 'ConfigMap', ...data({ a: '1' }) };
    expect(server.update('u', data({ a: '2' }))).not.toHaveProperty('metadata.managedFields');
    expect(() => server.apply('a', data({ a: '3' }))).toThrow('conflict with "before-first-apply" using v1: .data.a');
  });

  it('refuses what the schema does not have', () => {
    const server = configMaps();
    expect(() => server.apply('a', { metadata: { name: 'x', namespace: 'n' }, foo: 1 })).toThrow(
      new ApplyError(
        'failed to create typed patch object (n/x; /v1, Kind=ConfigMap): .foo: field not declared in schema',
      ),
    );
  });
});

describe('updates', () => {
  it('own what they change and lose what others change', () => {
    const server = configMaps();
    server.update('a', { ...data({ a: '1', b: '1' }), metadata: { name: 'x', labels: { l: '1' } } });
    expect(server.owned('a', 'Update')).toEqual({
      'f:data': { '.': {}, 'f:a': {}, 'f:b': {} },
      'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } },
    });
    const managedFields = server.entries;
    server.update('b', { ...data({ a: '1', b: '2' }), metadata: { name: 'x', labels: { l: '1' }, managedFields } });
    expect(server.owned('a', 'Update')).toMatchObject({ 'f:data': { '.': {}, 'f:a': {} } });
    expect(server.owned('b', 'Update')).toEqual({ 'f:data': { 'f:b': {} } });
  });

  it('forget owners on request', () => {
    const server = configMaps();
    server.apply('a', data({ a: '1' }));
    server.update('u', { metadata: { name: 'x', managedFields: [{}] }, data: { a: '1' } });
    expect(server.entries).toEqual([]);
  });

  it('are not told where an element of a list has none of its keys, unless they have defaults', () => {
    const accounts = new Server('', 'v1', 'ServiceAccount');
    accounts.update('u', { metadata: { name: 'x' }, secrets: [{ kind: 'Secret' }] });
    expect(accounts.entries).toEqual([]);
    const pods = new Server('', 'v1', 'Pod');
    pods.update('u', { metadata: { name: 'x' }, spec: { containers: [], imagePullSecrets: [{}] } });
    expect(pods.owned('u', 'Update')).toMatchObject({ 'f:spec': { 'f:imagePullSecrets': { 'k:{"name":""}': {} } } });
  });

  it('fold the oldest into one when there are many', () => {
    const server = configMaps();
    const values: Record<string, string> = {};
    for (let i = 0; i < 15; i++) {
      values[`k${i}`] = '1';
      server.update(`m${i}`, data({ ...values }));
    }
    expect(server.entries).toHaveLength(10);
    expect(server.entries.some((e) => e.manager === 'ancient-changes')).toBe(true);
    const owned = server.entries.reduce(
      (set, e) => set.union(FieldSet.fromFieldsV1(e.fieldsV1) ?? FieldSet.none),
      FieldSet.none,
    );
    expect([...owned.paths()].filter((p) => p !== '.data')).toHaveLength(15);
  });
});

describe('for any object', () => {
  const schema = kind('', 'v1', 'PersistentVolumeClaim');
  const shape = shapeOf(schema);
  const words = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), { noNullPrototype: true });
  const objects = fc.record(
    {
      metadata: fc.record(
        { labels: words, annotations: words, finalizers: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')) },
        { requiredKeys: [] },
      ),
      spec: fc.record(
        { volumeName: fc.constantFrom('v', 'w'), selector: fc.record({ matchLabels: words }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  );

  it('nothing differs from itself, and what is merged in is there', () => {
    fc.assert(
      fc.property(objects, objects, (live, config) => {
        const none = compareValues(shape, live, structuredClone(live));
        expect(none.added.empty && none.modified.empty && none.removed.empty).toBe(true);
        const merged = mergeValues(shape, live, config);
        const { added, modified } = compareValues(shape, merged, config);
        expect([...added.union(modified).paths()]).toEqual([]);
      }),
    );
  });

  it('what is added is what goes when it is taken away', () => {
    fc.assert(
      fc.property(objects, objects, (live, config) => {
        const merged = mergeValues(shape, live, config);
        const { added } = compareValues(shape, live, merged);
        const back = compareValues(shape, live, removeFields(shape, merged, added));
        expect([...back.added.paths()]).toEqual([]);
      }),
    );
  });

  it('sets survive their JSON form, and obey the laws of sets', () => {
    fc.assert(
      fc.property(objects, objects, (left, right) => {
        const [a, b] = [fieldSetOf(shape, left), fieldSetOf(shape, right)];
        expect(FieldSet.fromFieldsV1(JSON.parse(JSON.stringify(a.toFieldsV1())))?.equals(a)).toBe(true);
        expect(a.difference(b).union(a.intersection(b)).equals(a)).toBe(true);
        expect(a.union(b).equals(b.union(a))).toBe(true);
        expect(a.difference(a).empty).toBe(true);
      }),
    );
  });
});

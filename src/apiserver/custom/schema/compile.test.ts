import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../schema/json.ts';
import { compileSchema } from './compile.ts';
import { applyDefaults, dropNulls } from './defaulting.ts';
import { pruneObject } from './pruning.ts';
import { type JsonSchema, structuralOf } from './structural.ts';

const ofSpec = (spec: JsonSchema) => compileSchema({ type: 'object', properties: { spec } }, 'crda.dev/v1.Thing');
const thing = (spec: unknown): JsonObject => ({
  apiVersion: 'crda.dev/v1',
  kind: 'Thing',
  metadata: { name: 'x' },
  spec,
});
const complaints = async (spec: JsonSchema, value: unknown): Promise<string[]> =>
  (await ofSpec(spec).validateCreate(thing(value))).map(({ field, body }) => `${field}: ${body}`);
const ignore = () => {};

describe('reading', () => {
  const spec: JsonSchema = {
    type: 'object',
    properties: {
      a: { type: 'string', default: 'x' },
      n: { type: 'string', nullable: true, default: 'y' },
      gone: { type: 'string' },
      list: { type: 'array', items: { type: 'object', properties: { d: { type: 'integer', default: 5 } } } },
      open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      map: { type: 'object', additionalProperties: { type: 'object' } },
    },
  };

  test('fields that the schema does not have go, and are named', () => {
    const unknown: string[] = [];
    const given = thing({ z: 1, list: [{ d: 1, e: 2 }], open: { any: 1 }, map: { k: { x: 1 } } });
    const read = ofSpec(spec).read(given, { stored: false, unknown });
    expect(unknown).toEqual(['spec.list[0].e', 'spec.map.k.x', 'spec.z']);
    expect(read.spec).toMatchObject({ list: [{ d: 1 }], open: { any: 1 }, map: { k: {} } });
    expect(given.spec).toHaveProperty('z', 1);
  });

  test('nulls become defaults where null is no value', () => {
    const read = ofSpec(spec).read(thing({ a: null, n: null, gone: null, list: [{ d: null }] }), { stored: false });
    expect(read.spec).toEqual({ a: 'x', n: null, list: [{ d: 5 }] });
  });

  test('metadata is ObjectMeta, of which stored objects may have anything', () => {
    const wrong = { ...thing({}), metadata: { name: 'x', labels: { a: 1 }, foo: 1 } };
    expect(() => ofSpec(spec).read(wrong, { stored: false })).toThrow('json: cannot unmarshal number');
    expect(ofSpec(spec).read(wrong, { stored: true }).metadata).toEqual({ name: 'x' });
  });
});

describe('validation', () => {
  test('each keyword in the words of v1.36', async () => {
    expect(await complaints({ type: 'integer' }, 'x')).toEqual([
      'spec: Invalid value: "string": spec in body must be of type integer: "string"',
    ]);
    expect(await complaints({ type: 'integer', maximum: 3 }, 5)).toEqual([
      'spec: Invalid value: 5: spec in body should be less than or equal to 3',
    ]);
    expect(await complaints({ type: 'integer' }, 1.5)).toEqual([
      'spec: Invalid value: "number": spec in body must be of type integer: "number"',
      '<nil>: Invalid value: "": Checked value must be of type integer (default format) in spec',
    ]);
    expect(await complaints({ type: 'string', enum: ['a', 'b'] }, 'c')).toEqual([
      'spec: Unsupported value: "c": supported values: "a", "b"',
    ]);
    expect(await complaints({ type: 'string', maxLength: 2 }, 'abc')).toEqual([
      'spec: Too long: may not be more than 2 bytes',
    ]);
    expect(await complaints({ type: 'array', maxItems: 1, items: { type: 'string' } }, ['a', 'b'])).toEqual([
      'spec: Too many: 2: must have at most 1 item',
    ]);
    expect(await complaints({ type: 'object', required: ['a'] }, {})).toEqual(['spec.a: Required value']);
    expect(await complaints({ type: 'string', format: 'date-time' }, 'x')).toEqual([
      'spec: Invalid value: "x": spec in body must be of type date-time: "x"',
    ]);
    expect(await complaints({ type: 'string', format: 'unheard-of' }, 'x')).toEqual([]);
  });

  test('of alternatives the one that comes furthest is reported', async () => {
    const schema: JsonSchema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'integer' } },
      oneOf: [{ required: ['a'] }, { required: ['b'], properties: { b: { minimum: 5 } } }],
    };
    expect(await complaints(schema, { b: 3 })).toEqual([
      '<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
      'spec.b: Invalid value: 3: spec.b in body should be greater than or equal to 5',
    ]);
  });

  test('sets have nothing twice, maps no key twice', async () => {
    const set: JsonSchema = { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } };
    expect(await complaints(set, ['a', 'b', 'a', 'a'])).toEqual(['spec[2]: Duplicate value: "a"']);
    const map: JsonSchema = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: { type: 'object', properties: { k: { type: 'string' } } },
    };
    expect(await complaints(map, [{ k: 'a' }, { k: 'a' }])).toEqual(['spec[1]: Duplicate value: {"k":"a"}']);
  });

  test('what was wrong and did not change may stay, also within elements of maps', async () => {
    const schema = ofSpec({
      type: 'object',
      properties: {
        a: { type: 'string', maxLength: 1 },
        list: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', properties: { k: { type: 'string' }, v: { type: 'integer', maximum: 3 } } },
        },
      },
    });
    const old = thing({ a: 'long', list: [{ k: 'p', v: 9 }] });
    expect(
      await schema.validateUpdate(thing({ a: 'long', list: [{ k: 'q' }, { k: 'p', v: 9 }] }), old, ignore),
    ).toEqual([]);
    const found = await schema.validateUpdate(thing({ a: 'other', list: [{ k: 'p', v: 8 }] }), old, ignore);
    expect(found.map(({ field }) => field)).toEqual(['spec.a', 'spec.list[0].v']);
  });
});

describe('rules', () => {
  const rules: JsonSchema = {
    type: 'object',
    'x-kubernetes-validations': [
      { rule: 'self.a < self.b', messageExpression: '"a is " + string(self.a)', fieldPath: '.a' },
      { rule: '!has(oldSelf.c) || self.c == oldSelf.c', reason: 'FieldValueForbidden', message: 'c is fixed' },
    ],
    properties: { a: { type: 'integer' }, b: { type: 'integer' }, c: { type: 'string' } },
  };

  test('say what is wrong, where and why; those about changes only of changes', async () => {
    expect(await complaints(rules, { a: 5, b: 3, c: 'x' })).toEqual(['spec.a: Invalid value: a is 5']);
    const found = await ofSpec(rules).validateUpdate(
      thing({ a: 1, b: 3, c: 'y' }),
      thing({ a: 1, b: 3, c: 'x' }),
      ignore,
    );
    expect(found.map(({ field, body }) => `${field}: ${body}`)).toEqual(['spec: Forbidden: c is fixed']);
  });

  test('are only warned of where nothing changed', async () => {
    const warned: string[] = [];
    const old = thing({ a: 5, b: 3 });
    const update = { ...old, metadata: { name: 'x', labels: {} } };
    expect(await ofSpec(rules).validateUpdate(update, old, (text) => warned.push(text))).toEqual([]);
    expect(warned).toEqual(['spec.a: Invalid value: a is 5']);
  });

  test('reserved words name properties as they stand, or between underscores', async () => {
    const text = { type: 'string' };
    const rule = 'has(self.namespace) && self.namespace == self.__namespace__ && self.for == "a"';
    const spec: JsonSchema = {
      type: 'object',
      properties: { namespace: text, for: text },
      'x-kubernetes-validations': [{ rule, message: 'no' }],
    };
    expect(await complaints(spec, { namespace: 'a', for: 'a' })).toEqual([]);
    expect(await complaints(spec, { namespace: 'a', for: 'b' })).toEqual(['spec: Invalid value: no']);
    expect(await complaints(spec, { for: 'a' })).toEqual(['spec: Invalid value: no']);
  });

  test('wait until the object has its shape', async () => {
    expect((await complaints(rules, { a: 'x', b: 3 })).at(-1)).toBe(
      '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
    );
  });

  test('sets are equal in any order', async () => {
    const set: JsonSchema = {
      type: 'array',
      'x-kubernetes-list-type': 'set',
      items: { type: 'string' },
      'x-kubernetes-validations': [{ rule: "self == ['b', 'a'] && (self + ['a']).size() == 2" }],
    };
    expect(await complaints(set, ['a', 'b'])).toEqual([]);
    expect(await complaints(set, ['a', 'c'])).toHaveLength(1);
  });
});

describe('whatever the value', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      a: { type: 'string', default: 'x', maxLength: 3, pattern: '^[a-z]*$' },
      b: { type: 'integer', multipleOf: 0.5, maximum: 5 },
      c: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string', default: 'q' } },
      d: {
        type: 'object',
        additionalProperties: { type: 'object', properties: { a: { type: 'number', default: 1 } } },
      },
      e: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      f: { 'x-kubernetes-int-or-string': true, 'x-kubernetes-validations': [{ rule: 'self == 3' }] },
    },
    anyOf: [{ required: ['a'] }, { not: { required: ['b'] } }],
    'x-kubernetes-validations': [{ rule: 'self.c.size() > 2 || self.d.all(k, self.d[k].a > 0.0)' }],
  };
  const compiled = ofSpec(schema);
  const root = structuralOf({ type: 'object', properties: { spec: schema } });
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(null, true, 3, 1.5, -1e300, 'x', ''),
      fc.string({ maxLength: 4 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'kind', 'apiVersion', 'metadata', '__proto__'),
        tie('value'),
      ),
    ),
  })).value;

  test('pruning and defaulting twice is as once', () => {
    fc.assert(
      fc.property(value, (spec) => {
        const pruned = dropNulls(pruneObject(thing(spec), root), root);
        expect(pruneObject(pruned, root)).toBe(pruned);
        const defaulted = applyDefaults(pruned, root);
        expect(applyDefaults(defaulted, root)).toEqual(defaulted);
      }),
    );
  });

  test('validation answers and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(value, value, async (spec, old) => {
        expect(await compiled.validateCreate(thing(spec))).toBeInstanceOf(Array);
        expect(await compiled.validateUpdate(thing(spec), thing(old), ignore)).toBeInstanceOf(Array);
        expect(await compiled.validateStatusUpdate(thing(spec), thing(old), ignore)).toBeInstanceOf(Array);
      }),
    );
  });
});

test('functions of texts say in words of their own that a number is none', async () => {
  const rules = [
    'size(self) > 0',
    "self.matches('a')",
    "self.contains('a')",
    "self.startsWith('a')",
    "self.charAt(0) == 'x'",
  ];
  const found = await complaints(
    {
      'x-kubernetes-int-or-string': true,
      maxLength: 20,
      'x-kubernetes-validations': rules.map((rule) => ({ rule })),
    },
    5,
  );
  expect(found.map((text) => /'(no such overload[^']*)'/.exec(text)?.[1])).toEqual([
    'no such overload: size',
    'no such overload',
    'no such overload',
    'no such overload',
    'no such overload: charAt(int, int)',
  ]);
});

import type { JsonObject } from '../json.ts';
import type { Field, ObjectSchema, ScalarSchema, Schema } from '../model.ts';

/** Where choices come from: a seeded generator for a fuzzer, fast-check for a property that shrinks. */
export interface Choices {
  /** A whole number in [0, bound); 0 is the simplest choice. */
  below(bound: number): number;
}

export interface GenerateOptions {
  /** Of 100 optional fields, how many are there. Default 35. */
  readonly percent?: number;
  /** Objects deeper than this have their required fields only. Default 5. */
  readonly depth?: number;
}

/** Hard stop for types that contain themselves, required fields or not. */
const deepest = 12;

/** A JSON object that fits the shape of its type; what goes beyond shape (names, references, sums) is up to chance. */
export function generateObject(schema: ObjectSchema, choices: Choices, options: GenerateOptions = {}): JsonObject {
  const { percent = 35, depth = 5 } = options;

  const object = (of: ObjectSchema, level: number): JsonObject => {
    const out: JsonObject = {};
    for (const field of of.fields.values()) {
      // Which kind an object is, its schema says.
      if (of.kind && (field.name === 'apiVersion' || field.name === 'kind')) continue;
      const optional = level < depth && choices.below(100) >= 100 - percent;
      if ((field.required && level < deepest) || optional) out[field.name] = fieldValue(field, level);
    }
    return out;
  };

  const fieldValue = (field: Field, level: number): unknown =>
    field.enum && field.schema.node === 'scalar' ? pick(choices, field.enum) : value(field.schema, level);

  const value = (of: Schema, level: number): unknown => {
    switch (of.node) {
      case 'object':
        return object(of, level + 1);
      case 'list':
        return Array.from({ length: level < deepest ? choices.below(3) : 0 }, () => value(of.items, level + 1));
      case 'map': {
        const out: JsonObject = {};
        for (let n = level < deepest ? choices.below(3) : 0; n > 0; n--) {
          Object.defineProperty(out, pick(choices, keys), {
            value: value(of.values, level + 1),
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
        return out;
      }
      case 'scalar':
        return scalar(of, level);
    }
  };

  const scalar = (of: ScalarSchema, level: number): unknown => {
    switch (of.type) {
      case 'JSONSchemaPropsOrArray':
      case 'JSONSchemaPropsOrBool':
      case 'JSONSchemaPropsOrStringArray': {
        const simple = {
          JSONSchemaPropsOrArray: undefined,
          JSONSchemaPropsOrBool: true,
          JSONSchemaPropsOrStringArray: ['a'],
        };
        const plain = simple[of.type];
        return plain !== undefined && (choices.below(2) === 0 || !of.of)
          ? plain
          : of.of
            ? object(of.of, level + 3)
            : {};
      }
      default:
        return pick(choices, scalars[of.type]);
    }
  };

  return object(schema, 0);
}

function pick<T>(choices: Choices, from: readonly T[]): T {
  // Nobody picks from nothing: every list here is a constant with elements, as are the model's enums.
  return from[choices.below(from.length)] as T;
}

const keys = ['a', 'app', 'example.com/name', 'b', '__proto__', 'constructor'];

const scalars: Readonly<Record<Exclude<ScalarSchema['type'], `JSONSchemaProps${string}`>, readonly unknown[]>> = {
  string: [
    'a',
    '',
    'b-1',
    'example.com',
    'Grüße, 世界 😀',
    '10.0.0.1',
    'default',
    '__proto__',
    'line\nline\t"quoted"\\ <&>\u2028',
  ],
  bool: [true, false],
  int32: [1, 0, -1, 80, 2147483647, -2147483648],
  int64: [1, 0, -1, 4294967296, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  double: [1, 0, 0.5, -1e-7, 1e21, 123456.789],
  bytes: ['YQ==', '', 'AP+AfwA='],
  Quantity: ['1', '0', '100m', '1Gi', '1.5', 3, '1e3', '0.1u', '12345678901234567890', '1500m', '-2Ki'],
  Time: ['2024-02-29T12:00:00Z', '2020-01-02T03:04:05+02:00', '1969-12-31T23:59:59Z', null],
  MicroTime: ['2024-02-29T12:00:00.123456Z', '2020-01-02T03:04:05.000000Z', null],
  Duration: ['1h0m0s', '0s', '1.5s', '-3m', '72h', '1ms'],
  IntOrString: [1, 0, '50%', 'http', '', -1],
  RawExtension: [
    { apiVersion: 'v1', kind: 'ConfigMap' },
    { kind: 'X', apiVersion: 'a.b/v1', spec: { n: 1.5, __proto: [null] } },
  ],
  FieldsV1: [{ 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } }, {}],
  JSON: [1, 'a', null, false, [], {}, [1, { a: [null] }], { b: 1, a: 2 }],
};

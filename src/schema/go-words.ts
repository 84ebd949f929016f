// How Go's decoders name what they got and what they wanted.
import type { ScalarType, Schema } from './model.ts';

/** JSON's word for a value, as Go's errors say it. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

/** The same with the number where it does not fit an integer's `type`. */
export function describe(value: unknown, type: string): string {
  if (typeof value === 'number' && /^int(32|64)$/.test(type)) {
    return `number ${Number.isInteger(value) ? BigInt(value) : value}`;
  }
  return kindOf(value);
}

/** The Go type of a node as errors name it. */
export function goType(schema: Schema): string {
  switch (schema.node) {
    case 'object': {
      const version = /\/([^.]*)\./.exec(schema.name)?.[1] ?? 'v1';
      return `${version}.${schema.name.slice(schema.name.lastIndexOf('.') + 1)}`;
    }
    case 'list':
      return `[]${goType(schema.items)}`;
    case 'map':
      if (schema.values.node === 'scalar' && schema.values.type === 'Quantity') return 'v1.ResourceList';
      return `map[string]${goType(schema.values)}`;
    default:
      return goScalars[schema.type] ?? schema.type;
  }
}

const goScalars: Readonly<Partial<Record<ScalarType, string>>> = {
  double: 'float64',
  bytes: '[]uint8',
  Quantity: 'resource.Quantity',
  Time: 'v1.Time',
  MicroTime: 'v1.MicroTime',
  Duration: 'v1.Duration',
  IntOrString: 'intstr.IntOrString',
  RawExtension: 'runtime.RawExtension',
  FieldsV1: 'v1.FieldsV1',
  JSON: 'v1.JSON',
};

/** Whether values have the types a signature wants; of lists and maps the first elements are looked at. */
import type { CelType } from './types.ts';
import { CelList, CelMap, CelOptional, type Value, valueType } from './values.ts';

/** What cel-go calls a value's implementation, in the one message that shows it. */
export function goTypeName(value: Value): string {
  const { kind } = valueType(value);
  return `types.${kind[0]?.toUpperCase()}${kind.slice(1)}`;
}

export function acceptsAll(types: readonly CelType[], values: readonly Value[]): boolean {
  return types.every((type, i) => accepts(type, values[i] ?? null));
}

function accepts(type: CelType, value: Value): boolean {
  switch (type.kind) {
    case 'dyn':
    case 'param':
      return true;
    case 'list': {
      if (!(value instanceof CelList)) return false;
      return value.size === 0 || accepts(type.params[0] as CelType, value.at(0));
    }
    case 'map': {
      if (!(value instanceof CelMap)) return false;
      for (const key of value.keys()) {
        return accepts(type.params[0] as CelType, key) && accepts(type.params[1] as CelType, value.get(key) ?? null);
      }
      return true;
    }
    case 'opaque':
      return type.name === 'optional_type' ? value instanceof CelOptional : valueType(value).name === type.name;
    default: {
      const actual = valueType(value);
      return actual.kind === type.kind && actual.name === type.name;
    }
  }
}

import { goText } from '../../schema/go-text.ts';
import { isJsonObject } from '../../schema/json.ts';

/** What is at a path of field names: a value, nothing, or why it cannot be read, in Kubernetes' words. */
export type Nested<T> = { readonly value: T | undefined } | { readonly why: string };

export function nestedField(object: object, path: readonly string[]): Nested<unknown> {
  let value: unknown = object;
  for (const [i, step] of path.entries()) {
    if (value === null) return { value: undefined };
    if (!isJsonObject(value)) return { why: wrong(path.slice(0, i + 1), value, 'map[string]interface{}') };
    if (!Object.hasOwn(value, step)) return { value: undefined };
    value = value[step];
  }
  return { value };
}

export function nestedInteger(object: object, path: readonly string[]): Nested<number> {
  const found = nestedField(object, path);
  if ('why' in found) return found;
  const { value } = found;
  if (value === undefined || (typeof value === 'number' && Number.isInteger(value))) return { value };
  return { why: wrong(path, value, 'int64') };
}

export function nestedString(object: object, path: readonly string[]): Nested<string> {
  const found = nestedField(object, path);
  if ('why' in found) return found;
  const { value } = found;
  if (value === undefined || typeof value === 'string') return { value };
  return { why: wrong(path, value, 'string') };
}

const wrong = (path: readonly string[], value: unknown, expected: string): string =>
  `.${path.join('.')} accessor error: ${goText(value)} is of the type ${goType(value)}, expected ${expected}`;

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'object' ? 'map[string]interface {}' : 'string';
}

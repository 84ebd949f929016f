/** Types of objects written down as tables of fields, and names of properties as expressions spell them. */
import { readType } from './declare.ts';
import type { ObjectType } from './environment.ts';
import type { CelType } from './types.ts';

/** An object type of fields by name, their types as signatures write them. */
export function objectType(name: string, fields: Readonly<Record<string, string>>): ObjectType {
  const types = new Map(Object.entries(fields).map(([field, type]) => [field, readType(type)] as const));
  return { name, field: (field) => types.get(field) };
}

/** An object type of fields already known. */
export function objectOfTypes(name: string, fields: ReadonlyMap<string, CelType>): ObjectType {
  return { name, field: (field) => fields.get(field) };
}

const reserved = new Set(
  'true false null in as break const continue else for function if import in let loop package namespace return var void while'.split(
    ' ',
  ),
);
const replaced: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** A field by its escaped name, or, since Kubernetes 1.31, by a reserved word as it stands: `self.namespace`. */
export function fieldCalled<T>(fields: ReadonlyMap<string, T>, name: string): T | undefined {
  return fields.get(name) ?? (reserved.has(name) ? fields.get(`__${name}__`) : undefined);
}

/**
 * The identifier a property is read by: `a-b` is `a__dash__b`, a reserved word stands between underscores. Undefined of
 * a property that no expression can name. https://kubernetes.io/docs/reference/using-api/cel/#escaping
 */
export function escapeProperty(name: string): string | undefined {
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  if (reserved.has(name)) return `__${name}__`;
  return name.replace(/__|[.\-/]/g, (part) => replaced[part] ?? part);
}

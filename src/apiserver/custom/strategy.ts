import type { CustomResourceSubresources } from '../../api/apiextensions/v1.gen.ts';
import { qualifiedNameProblems } from '../../api/names.ts';
import type { KubeObject } from '../../api/resource.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { quote } from '../../schema/quote.ts';
import type { ScalePaths } from '../registry/scale.ts';
import type { Strategy } from '../strategy.ts';
import type { Columns } from './columns.ts';
import type { CustomKind } from './kind.ts';
import { nestedInteger, nestedString } from './nested-field.ts';
import type { Found } from './schema/compile.ts';
import { fieldsOf } from './version-shape.ts';

export type SelectFields = (object: KubeObject) => Readonly<Record<string, string>>;

/** What all custom resources do, as far as their definition says so. */
export function customStrategy(
  custom: CustomKind,
  subresources: CustomResourceSubresources | undefined,
  columns: Columns,
  select: SelectFields | undefined,
): Strategy {
  const hasStatus = subresources?.status !== undefined;
  const { scale, shape } = custom;
  return {
    allowUnconditionalUpdate: false,
    prepareForCreate: (object) => {
      if (hasStatus) delete fieldsOf(object).status;
      object.metadata.generation = 1;
    },
    validateCreate: (object, context) =>
      and(shape.validateCreate(object, context), [...specReplicas(object, scale), ...statusReplicas(object, scale)]),
    prepareForUpdate: (object, old) => {
      const fields = fieldsOf(object);
      const before = fieldsOf(old);
      if (hasStatus) copyField(fields, before, 'status');
      const { metadata: _new, ...now } = fields;
      const { metadata: _old, ...then } = before;
      if (!deepEqual(now, then)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    },
    validateUpdate: (object, old, context) =>
      and(shape.validateUpdate(object, old, context), [
        ...specReplicas(object, scale),
        ...statusReplicas(object, scale),
      ]),
    subresources: {
      ...(hasStatus && {
        status: {
          prepareForUpdate: (object, old) => {
            const fields = fieldsOf(object);
            const { status } = fields;
            const { managedFields } = object.metadata;
            for (const name of Object.keys(fields)) delete fields[name];
            Object.assign(fields, old);
            if (status === undefined) delete fields.status;
            else fields.status = status;
            const { resourceVersion } = old.metadata;
            fields.metadata = { ...old.metadata, resourceVersion, managedFields };
          },
          validateUpdate: (object, old, context) =>
            and(shape.validateStatusUpdate(object, old, context), statusReplicas(object, scale)),
        },
      }),
    },
    warnings: (object, old) => finalizerWarnings(object, old),
    ...(select && { selectableFields: select }),
    tableCells: columns.cells,
  };
}

const and = (found: Found, more: readonly FieldError[]): Found => {
  if (found instanceof Promise) return found.then((late) => [...late, ...more]);
  return more.length === 0 ? found : [...found, ...more];
};

function copyField(to: JsonObject, from: JsonObject, name: string): void {
  if (Object.hasOwn(from, name)) to[name] = from[name];
  else delete to[name];
}

const MAX_REPLICAS = 2 ** 31 - 1;

const where = (path: readonly string[]): Path => Path.of(`.${path.join('.')}`);

/** What is wrong with a number that a Scale would show. */
function replicas(object: KubeObject, path: readonly string[]): FieldError[] {
  const found = nestedInteger(object, path);
  if ('why' in found) return [fieldErrors.invalid(where(path), 0, found.why)];
  const { value = 0 } = found;
  if (value < 0) return [fieldErrors.invalid(where(path), value, 'should be a non-negative integer')];
  if (value <= MAX_REPLICAS) return [];
  return [fieldErrors.invalid(where(path), value, `should be less than or equal to ${MAX_REPLICAS}`)];
}

const specReplicas = (object: KubeObject, scale: ScalePaths | undefined): readonly FieldError[] =>
  scale ? replicas(object, scale.replicas) : [];

function statusReplicas(object: KubeObject, scale: ScalePaths | undefined): readonly FieldError[] {
  if (!scale) return [];
  const found = replicas(object, scale.statusReplicas);
  if (scale.selector.length === 0) return found;
  const selector = nestedString(object, scale.selector);
  return 'why' in selector ? [...found, fieldErrors.invalid(where(scale.selector), '', selector.why)] : found;
}

const FINALIZERS = 'metadata.finalizers';
const standard: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);

/** Finalizers that are new and whose names may collide with others'. */
function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): readonly string[] {
  const { finalizers } = object.metadata;
  if (!finalizers?.length) return [];
  const before = new Set(old?.metadata.finalizers);
  const added = [...new Set(finalizers)].filter((name) => !before.has(name)).sort();
  return added.flatMap((name) => {
    const found = qualifiedNameProblems(name).map((why) => `${FINALIZERS}: ${quote(name)}: ${why}`);
    if (name.includes('/') || standard.has(name)) return found;
    const better = name.includes('.') ? 'name including a path (/)' : 'name';
    const why = `prefer a domain-qualified finalizer ${better} to avoid accidental conflicts with other finalizer writers`;
    return [...found, `${FINALIZERS}: ${quote(name)}: ${why}`];
  });
}

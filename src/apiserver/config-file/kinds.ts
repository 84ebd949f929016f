import { groupVersions } from '../../api/groups.ts';
import type { FieldData, ObjectSchema } from '../../schema/model.ts';
import { resolveModel } from '../../schema/resolve.ts';

/** A field of a configuration file: what src/api's tables say of one, without protobuf's number. */
export type ConfigField = Omit<FieldData, 'tag'>;

/** Types of one version by name; fields name each other, scalars, or types of src/api by file ("meta/v1.ObjectMeta"). */
export type ConfigTypes = Readonly<Record<string, Readonly<Record<string, ConfigField>>>>;

/** One version of a kind of file, with the schema that its text is read by. */
export interface ConfigVersion {
  /** "apiserver.config.k8s.io/v1" */
  readonly apiVersion: string;
  readonly schema: ObjectSchema;
}

/** A kind of configuration file. `T` is how the object looks when it has been decoded, in every version. */
export interface ConfigKind<T extends object> {
  readonly kind: string;
  readonly versions: readonly ConfigVersion[];
  /** Never there: keeps `T`. */
  readonly type?: T;
}

/**
 * Describes a kind of configuration file. `versions`: types by apiVersion; the one named like the kind is the file.
 * apiVersion and kind are always known fields of it.
 */
export function configKind<T extends object>(
  kind: string,
  versions: Readonly<Record<string, ConfigTypes>>,
): ConfigKind<T> {
  return {
    kind,
    versions: Object.entries(versions).map(([apiVersion, types]) => ({
      apiVersion,
      schema: schemaOf(types, kind, apiVersion),
    })),
  };
}

function schemaOf(types: ConfigTypes, kind: string, apiVersion: string): ObjectSchema {
  const numbered = Object.entries(types).map(([name, fields]) => [
    name,
    { fields: Object.fromEntries(Object.entries(fields).map(([field, data], i) => [field, { ...data, tag: i + 1 }])) },
  ]);
  const [group = '', version = ''] = apiVersion.split('/');
  const file = {
    group,
    version,
    package: `k8s.io.file.${version}`,
    resources: [],
    types: Object.fromEntries(numbered),
  };
  return resolveModel([file, ...groupVersions]).type(`file/${version}.${kind}`);
}

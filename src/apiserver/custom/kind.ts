import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from '../../api/apiextensions/v1.gen.ts';
import type { SubresourceData, Verb } from '../../schema/model.ts';
import type { ServedResource } from '../core.ts';
import type { ScalePaths } from '../registry/scale.ts';
import { ageColumn, columnsOf } from './columns.ts';
import { deprecationWarning } from './deprecation.ts';
import { customStrategy, type SelectFields } from './strategy.ts';
import { VersionShape } from './version-shape.ts';

/** What a served version of a custom resource has beyond what all resources have. */
export interface CustomKind {
  /** Of the definition: another one of the same name is another resource. */
  readonly uid: string;
  readonly version: string;
  /** What the resource was made of: equal forms of a definition make equal resources. */
  readonly form: string;
  /** The version in which objects are stored; served or not. */
  readonly storage: () => ServedResource;
  /** A version by its name, served or not. */
  readonly sibling: (version: string) => ServedResource | undefined;
  /** What the schema makes of objects. */
  readonly shape: VersionShape;
  readonly conversion: Conversion;
  /** Told to whoever asks for this version in whatever way. */
  readonly warning: string | undefined;
  /** The definition is being deleted: nothing is created any more. */
  readonly terminating: boolean;
  readonly scale: ScalePaths | undefined;
  /** What field selectors may name, beyond name and namespace. */
  readonly selectable: ReadonlySet<string>;
  /** Objects of this revision and older may have been written under another form of the schema. */
  readonly since: number;
}

export type Conversion = NonNullable<CustomResourceDefinition['spec']['conversion']>;

export const isTrue = ({ status }: CustomResourceDefinition, type: string): boolean =>
  (status.conditions ?? []).some((condition) => condition.type === type && condition.status === 'True');

const verbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** What discovery has left of them while the definition is being deleted. */
const lastVerbs: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'watch'];

export const discoveredVerbs = ({ custom, data }: ServedResource): readonly Verb[] =>
  custom?.terminating ? lastVerbs : data.verbs;
const subresourceVerbs: readonly Verb[] = ['get', 'patch', 'update'];

/**
 * The resources that a definition makes, one for each version. `current` gives the definition as it is, so that a
 * thousand of them need not be kept in parsed form; `since` is the revision up to which objects are read anew.
 */
export function resourcesOf(
  definition: CustomResourceDefinition,
  current: () => CustomResourceDefinition | undefined,
  since: number,
): ReadonlyMap<string, ServedResource> {
  const { spec, metadata, status } = definition;
  const { group } = spec;
  const names = status.acceptedNames;
  const terminating = isTrue(definition, 'Terminating');
  const made = new Map<string, ServedResource>();
  const form = JSON.stringify([metadata.uid, metadata.generation, names, terminating]);
  const storageName = spec.versions.find((version) => version.storage)?.name ?? '';
  const storage = (): ServedResource => {
    const found = made.get(storageName);
    if (!found) throw new Error(`${metadata.name} has no version to store`);
    return found;
  };
  const select = selectOf(spec.versions);
  for (const version of spec.versions) {
    const { name } = version;
    const schemaOf = () => current()?.spec.versions.find((one) => one.name === name)?.schema?.openAPIV3Schema;
    const shape = new VersionShape(
      { group, version: name, kind: names.kind },
      schemaOf,
      spec.preserveUnknownFields === true,
    );
    const columns = columnsOf(version.additionalPrinterColumns ?? [ageColumn]);
    const { scale } = version.subresources ?? {};
    const custom: CustomKind = {
      uid: metadata.uid,
      version: name,
      form,
      storage,
      sibling: (other) => made.get(other),
      shape,
      conversion: spec.conversion ?? { strategy: 'None' },
      warning: deprecationWarning(spec, version),
      terminating,
      scale: scale && {
        replicas: splitPath(scale.specReplicasPath),
        statusReplicas: splitPath(scale.statusReplicasPath),
        selector: splitPath(scale.labelSelectorPath),
      },
      selectable: new Set(version.selectableFields?.map(({ jsonPath }) => jsonPath.replace(/^\./, ''))),
      since,
    };
    made.set(name, {
      group,
      version: name,
      data: {
        resource: names.plural,
        singular: names.singular ?? '',
        kind: names.kind,
        listKind: names.listKind ?? `${names.kind}List`,
        namespaced: spec.scope === 'Namespaced',
        verbs,
        ...(names.shortNames && { shortNames: names.shortNames }),
        ...(names.categories && { categories: names.categories }),
        ...subresourcesOf(names.kind, version.subresources),
        columns: columns.definitions,
      },
      get schema() {
        return shape.schema;
      },
      strategy: customStrategy(custom, version.subresources, columns, select),
      prefix: `/registry/${group}/${names.plural}/`,
      custom,
    });
  }
  return made;
}

/** ".spec.replicas" by its steps; none where there is no path. */
const splitPath = (path: string | undefined): readonly string[] => (path ? path.replace(/^\./, '').split('.') : []);

function subresourcesOf(
  kind: string,
  given: CustomResourceSubresources | undefined,
): {
  subresources?: Readonly<Record<string, SubresourceData>>;
} {
  if (!given?.status && !given?.scale) return {};
  return {
    subresources: {
      ...(given.status && { status: { kind, verbs: subresourceVerbs } }),
      ...(given.scale && { scale: { kind: 'Scale', of: ['autoscaling', 'v1'], verbs: subresourceVerbs } }),
    },
  };
}

/** One function for all versions: the cache keeps what it finds, whoever asks. */
function selectOf(versions: readonly CustomResourceDefinitionVersion[]): SelectFields | undefined {
  const paths = new Set(versions.flatMap(({ selectableFields }) => selectableFields?.map((one) => one.jsonPath) ?? []));
  if (paths.size === 0) return undefined;
  const steps = [...paths].map((path) => [path.replace(/^\./, ''), splitPath(path)] as const);
  return (object) => Object.fromEntries(steps.map(([name, path]) => [name, textAt(object, path)]));
}

function textAt(object: object, path: readonly string[]): string {
  let value: unknown = object;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return '';
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value === null || value === undefined ? '' : String(value);
}

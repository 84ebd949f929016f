/**
 * What is wrong with a CustomResourceDefinition.
 * https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/
 *
 * Kubernetes looks at definitions in an internal form, in which what all versions have in common stands once, at the top:
 * complaints about a schema that all versions share point to `spec.validation`.
 */
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../../api/apiextensions/v1.gen.ts';
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../../api/names.ts';
import { deepEqual } from '../../schema/equal.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { defaultProblems, hasUnprunedDefaults } from '../custom/schema/default-problems.ts';
import { goSchema, goVersion } from '../custom/schema/go-schema.ts';
import { someSchema } from '../custom/schema/some-schema.ts';
import { asWritten, type JsonSchema, structuralOf } from '../custom/schema/structural.ts';
import { isStructural, structuralProblems, unsupportedKeyword } from '../custom/schema/structural-problems.ts';
import { hasNonAtomicSet, listItemProblems } from './custom-resource-definition-keywords.ts';
import {
  checkApproval,
  checkColumn,
  checkConversion,
  checkNames,
  checkSelectableFields,
  checkSubresources,
  hasKnownReview,
  isBundle,
} from './custom-resource-definition-parts.ts';
import { schemaProblems } from './custom-resource-definition-schema.ts';
import { checkEnum, checkImmutable } from './values.ts';

type Found = FieldError[];
type Version = CustomResourceDefinitionVersion;

const SPEC = Path.of('spec');

/** What is asked of new definitions, and not of those that were stored without it. */
interface Demands {
  readonly schema: boolean;
  readonly structural: boolean;
  readonly validTypes: boolean;
  readonly prunedDefaults: boolean;
  readonly atomicSets: boolean;
  readonly listKeys: boolean;
  readonly knownReviews: boolean;
  readonly anyBundle: boolean;
  readonly unchangedSchemas: ReadonlySet<string>;
  readonly manySelectable: ReadonlySet<string>;
}

const strict: Demands = {
  schema: true,
  structural: true,
  validTypes: true,
  prunedDefaults: true,
  atomicSets: true,
  listKeys: true,
  knownReviews: true,
  anyBundle: true,
  unchangedSchemas: new Set(),
  manySelectable: new Set(),
};

export function validateCustomResourceDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { metadata, spec } = definition;
  const found: Found = [];
  const wanted = `${spec.names.plural}.${spec.group}`;
  for (const field of ['generateName', 'name'] as const) {
    const name = metadata[field];
    if (!name || name === wanted) continue;
    found.push(fieldErrors.invalid(Path.of('metadata', field), name, 'must be spec.names.plural+"."+spec.group'));
  }
  checkSpec(spec, strict, found);
  checkStatus(definition, found);
  checkStoredVersions(definition, found);
  checkApproval(definition, undefined, found);
  checkPreserves(definition, undefined, found);
  return found;
}

export function validateCustomResourceDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  const found: Found = [];
  const { spec } = definition;
  checkSpec(spec, demandsOf(spec, old), found);
  if (isEstablished(old)) {
    checkImmutable(spec.scope, old.spec.scope, SPEC.child('scope'), found);
    checkImmutable(spec.names.kind, old.spec.names.kind, SPEC.child('names', 'kind'), found);
  }
  checkImmutable(spec.group, old.spec.group, SPEC.child('group'), found);
  checkImmutable(spec.names.plural, old.spec.names.plural, SPEC.child('names', 'plural'), found);
  checkStatus(definition, found);
  checkStoredVersions(definition, found);
  checkApproval(definition, old, found);
  checkPreserves(definition, old, found);
  return found;
}

export function validateCustomResourceDefinitionStatus(definition: CustomResourceDefinition): FieldError[] {
  const found: Found = [];
  checkStatus(definition, found);
  return found;
}

const isEstablished = ({ status }: CustomResourceDefinition): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') ?? false;

const schemaOf = ({ schema }: Version): JsonSchema | undefined =>
  schema?.openAPIV3Schema && asWritten(schema.openAPIV3Schema);

const schemasOf = (spec: CustomResourceDefinitionSpec): JsonSchema[] =>
  (spec.versions ?? []).flatMap((version) => schemaOf(version) ?? []);

function demandsOf(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinition): Demands {
  const schemas = schemasOf(old.spec);
  const none = (has: (schema: JsonSchema) => boolean) => !schemas.some((schema) => someSchema(schema, has));
  const before = new Map((old.spec.versions ?? []).map((version) => [version.name, version] as const));
  const versions = spec.versions ?? [];
  const same = (part: 'schema' | 'selectableFields') => (version: Version) =>
    before.has(version.name) && deepEqual(version[part], before.get(version.name)?.[part]);
  const many = (version: Version) => (version.selectableFields?.length ?? 0) > 8 && same('selectableFields')(version);
  const webhook = old.spec.conversion?.webhook;
  const bundle = webhook?.clientConfig?.caBundle;
  return {
    schema: (old.spec.versions ?? []).every((version) => schemaOf(version)),
    structural: schemas.every(isStructural),
    validTypes: none(({ type = '' }) => type !== '' && !jsonTypes.has(type)),
    prunedDefaults: !schemas.some((schema) => isStructural(schema) && hasUnprunedDefaults(structuralOf(schema))),
    atomicSets: none(hasNonAtomicSet),
    listKeys: none((schema) => listItemProblems(schema, Path.root).length > 0),
    knownReviews: hasKnownReview(webhook?.conversionReviewVersions),
    anyBundle: !isEstablished(old) || (bundle !== undefined && bundle !== '' && !isBundle(bundle)),
    unchangedSchemas: new Set(versions.filter(same('schema')).map(({ name }) => name)),
    manySelectable: new Set(versions.filter(many).map(({ name }) => name)),
  };
}

const jsonTypes: ReadonlySet<string> = new Set(['array', 'boolean', 'integer', 'number', 'object', 'string']);

/** Parts of versions that are told once where all versions have the same. */
interface Shared {
  readonly schema: boolean;
  readonly subresources: boolean;
  readonly additionalPrinterColumns: boolean;
  readonly selectableFields: boolean;
}

function sharedParts(versions: readonly Version[]): Shared {
  const [first] = versions;
  const same = (part: keyof Shared) => versions.every((version) => deepEqual(version[part], first?.[part]));
  return {
    schema: same('schema'),
    subresources: same('subresources'),
    additionalPrinterColumns: same('additionalPrinterColumns'),
    selectableFields: same('selectableFields'),
  };
}

function checkSpec(spec: CustomResourceDefinitionSpec, given: Demands, found: Found): void {
  const { group = '', names, preserveUnknownFields: preserves = false } = spec;
  // null where a client left them out.
  const versions = spec.versions ?? [];
  checkGroup(group, found);
  checkEnum(spec.scope, ['Cluster', 'Namespaced'], SPEC.child('scope'), found);
  const schemas = schemasOf(spec);
  const uses = (keyword: (schema: JsonSchema) => boolean) => schemas.some((schema) => someSchema(schema, keyword));
  const hasDefaults = uses(({ default: value }) => value !== undefined);
  const structural = given.structural || !preserves || hasDefaults || uses(hasExtensions);
  const demands = { ...given, structural };
  const shared = sharedParts(versions);
  checkSchemasGiven(spec, demands, found);
  if (hasDefaults && preserves) {
    const why = 'must be false in order to use defaults in the schema';
    found.push(fieldErrors.invalid(SPEC.child('preserveUnknownFields'), true, why));
  }
  for (const [i, version] of versions.entries()) checkVersion(version, i, shared, demands, found);
  checkVersionList(spec.versions, shared, found);
  const [first] = versions;
  const problems = first?.name ? dns1035LabelProblems(first.name) : [];
  if (first && problems.length > 0) {
    found.push(fieldErrors.invalid(SPEC.child('version'), first.name, problems.join(',')));
  }
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) {
    if (!names[name]) found.push(fieldErrors.required(SPEC.child('names', name)));
  }
  checkNames(names, SPEC.child('names'), found);
  if (first) checkShared(first, versions, shared, demands, found);
  const { conversion } = spec;
  if (!conversion) return;
  if (conversion.strategy !== 'None' && preserves) {
    const why = 'must be None if spec.preserveUnknownFields is true';
    found.push(fieldErrors.invalid(SPEC.child('conversion', 'strategy'), conversion.strategy, why));
  }
  checkConversion(conversion, demands, SPEC.child('conversion'), found);
}

function checkGroup(group: string, found: Found): void {
  const at = SPEC.child('group');
  const problems = dns1123SubdomainProblems(group);
  if (group === '') found.push(fieldErrors.required(at));
  else if (problems.length > 0) found.push(fieldErrors.invalid(at, group, problems.join(',')));
  else if (!group.includes('.')) {
    found.push(fieldErrors.invalid(at, group, 'should be a domain with at least one dot'));
  }
}

const hasExtensions = (schema: JsonSchema): boolean =>
  schema['x-kubernetes-embedded-resource'] === true ||
  schema['x-kubernetes-preserve-unknown-fields'] !== undefined ||
  schema['x-kubernetes-int-or-string'] === true ||
  schema['x-kubernetes-list-type'] !== undefined ||
  (schema['x-kubernetes-list-map-keys'] ?? []).length > 0 ||
  (schema['x-kubernetes-validations'] ?? []).length > 0;

function checkSchemasGiven(spec: CustomResourceDefinitionSpec, demands: Demands, found: Found): void {
  if (!demands.schema && spec.preserveUnknownFields) return;
  for (const [i, version] of (spec.versions ?? []).entries()) {
    if (schemaOf(version) || (!demands.schema && !version.served)) continue;
    const at = SPEC.child('versions').index(i).child('schema', 'openAPIV3Schema');
    found.push(fieldErrors.required(at, demands.schema ? '' : 'because otherwise all fields are pruned'));
  }
}

function checkVersionList(given: readonly Version[] | undefined, shared: Shared, found: Found): void {
  const versions = given ?? [];
  const at = SPEC.child('versions');
  const shown = () => versions.map((version) => goVersion(withoutShared(version, shared)));
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    found.push(fieldErrors.invalid(at, shown(), 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    found.push(
      fieldErrors.invalid(at, given ? shown() : null, 'must have exactly one version marked as storage version'),
    );
  }
}

function withoutShared(version: Version, shared: Shared): Version {
  const { schema, subresources, additionalPrinterColumns, selectableFields, ...rest } = version;
  return {
    ...rest,
    ...(!shared.schema && schema && { schema }),
    ...(!shared.subresources && subresources && { subresources }),
    ...(!shared.additionalPrinterColumns && additionalPrinterColumns && { additionalPrinterColumns }),
    ...(!shared.selectableFields && selectableFields && { selectableFields }),
  };
}

function checkVersion(version: Version, i: number, shared: Shared, demands: Demands, found: Found): void {
  const path = SPEC.child('versions').index(i);
  const problems = dns1035LabelProblems(version.name ?? '');
  if (problems.length > 0) found.push(fieldErrors.invalid(path.child('name'), version.name ?? '', problems.join(',')));
  checkDeprecation(version, path.child('deprecationWarning'), found);
  if (!shared.schema) {
    const hasStatus = version.subresources?.status !== undefined;
    checkSchema(version, hasStatus, demands, path.child('schema'), found);
  }
  if (!shared.subresources) checkSubresources(version.subresources, path.child('subresources'), found);
  if (!shared.additionalPrinterColumns) checkColumns(version, path, found);
  const { selectableFields = [] } = version;
  if (shared.selectableFields || selectableFields.length === 0) return;
  const at = path.child('selectableFields');
  const schema = shared.schema ? undefined : schemaOf(version);
  if (schema) checkSelectable(version, schema, path, at, demands, found);
  else {
    const why = 'may only be set when `version.schema.openAPIV3Schema` is not included';
    found.push(fieldErrors.invalid(at, '', why));
  }
}

function checkColumns(version: Version, path: Path, found: Found): void {
  for (const [i, column] of (version.additionalPrinterColumns ?? []).entries()) {
    checkColumn(column, path.child('additionalPrinterColumns').index(i), found);
  }
}

function checkSelectable(
  version: Version,
  schema: JsonSchema,
  path: Path,
  at: Path,
  demands: Demands,
  found: Found,
): void {
  const unsupported = unsupportedKeyword(schema);
  if (unsupported !== undefined) {
    found.push(fieldErrors.invalid(path.child('schema.openAPIV3Schema'), '', unsupported));
    return;
  }
  const many = demands.manySelectable.has(version.name);
  checkSelectableFields(version.selectableFields ?? [], structuralOf(schema), at, many, found);
}

/** What all versions share. */
function checkShared(
  version: Version,
  versions: readonly Version[],
  shared: Shared,
  demands: Demands,
  found: Found,
): void {
  if (shared.schema) {
    const hasStatus = versions.some(({ subresources }) => subresources?.status !== undefined);
    checkSchema(version, hasStatus, demands, SPEC.child('validation'), found);
  }
  if (shared.subresources) checkSubresources(version.subresources, SPEC.child('subresources'), found);
  if (shared.additionalPrinterColumns) checkColumns(version, SPEC, found);
  if (!shared.selectableFields || (version.selectableFields ?? []).length === 0) return;
  const at = SPEC.child('selectableFields');
  const schema = shared.schema ? schemaOf(version) : undefined;
  if (schema) checkSelectable(version, schema, SPEC, at, demands, found);
  else found.push(fieldErrors.invalid(at, '', 'may only be set when validations.schema is included'));
}

function checkDeprecation({ deprecated, deprecationWarning: text }: Version, at: Path, found: Found): void {
  if (text === undefined) return;
  // Kubernetes has a pointer here, and shows those as JSON.
  const shown = { toJSON: () => text };
  const complain = (why: string) => found.push(fieldErrors.invalid(at, shown, why));
  if (!deprecated) {
    complain('can only be set for deprecated versions');
    return;
  }
  if (Buffer.byteLength(text) > 256) complain('must be <= 256 characters long');
  if (text === '') complain('must not be an empty string');
  const bad = [...text].findIndex((character) => /[\p{C}\p{Z}]/u.test(character) && character !== ' ');
  if (bad < 0) return;
  const index = Buffer.byteLength([...text].slice(0, bad).join(''));
  complain(`must only contain printable UTF-8 characters; non-printable character found at index ${index}`);
}

/** Keywords that the root may have where the status is validated by itself, in the order of Kubernetes' type. */
const atRoot = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
];

function checkRootKeywords(schema: JsonSchema, at: Path, found: Found): void {
  const shown = goSchema(schema);
  for (const [keyword, value] of Object.entries(shown)) {
    if (value === null || value === '' || value === false) continue;
    if (keyword === 'Type') {
      if (value === 'object') continue;
      const why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      found.push(fieldErrors.invalid(at.child('type'), value, why));
      return;
    }
    if (atRoot.includes(keyword)) continue;
    const why = `only [${atRoot.join(' ')}] fields are allowed at the root of the schema if the status subresource is enabled`;
    found.push(fieldErrors.invalid(at, shown, why));
    return;
  }
}

function checkSchema(version: Version, hasStatus: boolean, demands: Demands, path: Path, found: Found): void {
  const schema = schemaOf(version);
  if (!schema) return;
  const at = path.child('openAPIV3Schema');
  const own: Found = [];
  if (hasStatus) checkRootKeywords(schema, at, own);
  if (schema.nullable) own.push(fieldErrors.forbidden(at.child('nullable'), 'nullable cannot be true at the root'));
  const unsupported = demands.structural ? unsupportedKeyword(schema) : undefined;
  let withRules = false;
  if (demands.structural && unsupported === undefined) {
    const problems = structuralProblems(schema, at);
    if (problems.length === 0) {
      problems.push(...defaultProblems(structuralOf(schema), at, { pruned: demands.prunedDefaults }));
    }
    own.push(...problems);
    withRules = problems.length === 0;
  }
  const anyCost = demands.unchangedSchemas.has(version.name);
  own.push(...schemaProblems(schema, at, { ...demands, anyCost }, withRules));
  if (own.length === 0 && unsupported !== undefined) own.push(fieldErrors.invalid(at, '', unsupported));
  found.push(...own);
}

function checkStatus({ status }: CustomResourceDefinition, found: Found): void {
  if (status?.acceptedNames) checkNames(status.acceptedNames, Path.of('status', 'acceptedNames'), found);
}

function checkStoredVersions({ status, spec }: CustomResourceDefinition, found: Found): void {
  const at = Path.of('status', 'storedVersions');
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) {
    found.push(fieldErrors.invalid(at, status?.storedVersions ?? null, 'must have at least one stored version'));
    return;
  }
  const versions = spec.versions ?? [];
  for (const { name, storage } of versions) {
    if (!storage || stored.includes(name)) continue;
    found.push(fieldErrors.invalid(at, stored, `must have the storage version ${name}`));
  }
  for (const [i, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    found.push(fieldErrors.invalid(at.index(i), name, why));
  }
}

function checkPreserves(
  { spec }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  found: Found,
): void {
  if (!spec.preserveUnknownFields || old?.spec.preserveUnknownFields) return;
  const why = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  found.push(fieldErrors.invalid(SPEC.child('preserveUnknownFields'), true, why));
}

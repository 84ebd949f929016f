/** Parts of a definition beside its schemas: names, subresources, columns, selectable fields, conversion, approval. */
import { X509Certificate } from 'node:crypto';
import type {
  CustomResourceColumnDefinition,
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceSubresources,
  SelectableField,
} from '../../api/apiextensions/v1.gen.ts';
import { dns1035LabelProblems } from '../../api/names.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import { APPROVAL, approvalOf } from '../custom/approval.ts';
import { fieldPath } from '../custom/schema/field-path.ts';
import type { Structural } from '../custom/schema/structural.ts';
import { checkClient } from './admission.ts';
import { checkEnum } from './values.ts';

type Found = FieldError[];

const MAX_SELECTABLE = 8;

/** Names as definitions ask for them, and as they were accepted. */
export function checkNames(names: Partial<CustomResourceDefinitionNames>, path: Path, found: Found): void {
  const { kind = '', listKind = '' } = names;
  const check = (at: Path, name: string | undefined, mixed = false) => {
    if (!name) return;
    const problems = dns1035LabelProblems(mixed ? name.toLowerCase() : name);
    if (problems.length === 0) return;
    const prefix = mixed ? 'may have mixed case, but should otherwise match: ' : '';
    found.push(fieldErrors.invalid(at, name, prefix + problems.join(',')));
  };
  const checkAll = (at: Path, texts: readonly string[] = []) => {
    for (const [i, text] of texts.entries()) {
      const problems = dns1035LabelProblems(text);
      if (problems.length > 0) found.push(fieldErrors.invalid(at.index(i), text, problems.join(',')));
    }
  };
  check(path.child('plural'), names.plural);
  check(path.child('singular'), names.singular);
  check(path.child('kind'), kind, true);
  check(path.child('listKind'), listKind, true);
  checkAll(path.child('shortNames'), names.shortNames);
  if (kind !== '' && kind === listKind) {
    found.push(fieldErrors.invalid(path.child('listKind'), listKind, 'kind and listKind may not be the same'));
  }
  checkAll(path.child('categories'), names.categories);
}

/** A path that names one member after the other. Answers whether it is one. */
function checkSimplePath(text: string, at: Path, found: Found): boolean {
  if (text.startsWith('.')) return true;
  found.push(fieldErrors.invalid(at, text, 'must be a simple json path starting with .'));
  return false;
}

export function checkSubresources(
  subresources: CustomResourceSubresources | undefined,
  path: Path,
  found: Found,
): void {
  const scale = subresources?.scale;
  if (!scale) return;
  for (const [name, parent] of [
    ['specReplicasPath', 'spec'],
    ['statusReplicasPath', 'status'],
  ] as const) {
    const at = path.child(`scale.${name}`);
    const text = scale[name];
    if (!text) found.push(fieldErrors.required(at));
    else if (checkSimplePath(text, at, found) && !text.startsWith(`.${parent}.`)) {
      found.push(fieldErrors.invalid(at, text, `should be a json path under .${parent}`));
    }
  }
  const selector = scale.labelSelectorPath;
  if (!selector) return;
  const at = path.child('scale.labelSelectorPath');
  if (checkSimplePath(selector, at, found) && !/^\.(?:spec|status)\./.test(selector)) {
    found.push(fieldErrors.invalid(at, selector, 'should be a json path under either .spec or .status'));
  }
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

export function checkColumn(column: CustomResourceColumnDefinition, path: Path, found: Found): void {
  const { name, type, format = '', jsonPath } = column;
  if (!name) found.push(fieldErrors.required(path.child('name')));
  const types = `must be one of ${columnTypes.join(',')}`;
  if (!type) found.push(fieldErrors.required(path.child('type'), types));
  else if (!columnTypes.includes(type)) found.push(fieldErrors.invalid(path.child('type'), type, types));
  if (format !== '' && !columnFormats.includes(format)) {
    found.push(fieldErrors.invalid(path.child('format'), format, `must be one of ${columnFormats.join(',')}`));
  }
  if (!jsonPath) found.push(fieldErrors.required(path.child('JSONPath')));
  else checkSimplePath(jsonPath, path.child('JSONPath'), found);
}

/** `manyAllowed`: there were too many before, the same ones. */
export function checkSelectableFields(
  fields: readonly SelectableField[],
  root: Structural,
  path: Path,
  manyAllowed: boolean,
  found: Found,
): void {
  const seen = new Set<string>();
  for (const [i, { jsonPath }] of fields.entries()) {
    const at = path.index(i).child('jsonPath');
    if (!jsonPath) {
      found.push(fieldErrors.required(at));
      continue;
    }
    const read = fieldPath(jsonPath, root, { arrays: false });
    if (typeof read === 'string') {
      found.push(fieldErrors.invalid(at, jsonPath, `is an invalid path: ${read}`));
      continue;
    }
    if (read.root === 'metadata') {
      found.push(fieldErrors.invalid(at, jsonPath, 'must not point to fields in metadata'));
    }
    if (!['string', 'boolean', 'integer'].includes(read.node?.type ?? '')) {
      const why =
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
      found.push(fieldErrors.invalid(at, jsonPath, why));
    }
    const text = read.path.toString();
    if (seen.has(text)) found.push(fieldErrors.duplicate(at, jsonPath));
    seen.add(text);
  }
  if (seen.size > MAX_SELECTABLE && !manyAllowed) found.push(fieldErrors.tooMany(path, seen.size, MAX_SELECTABLE));
}

export interface ConversionRules {
  /** One of the versions of reviews must be known. */
  readonly knownReviews: boolean;
  readonly anyBundle: boolean;
}

export function checkConversion(
  conversion: CustomResourceConversion,
  rules: ConversionRules,
  path: Path,
  found: Found,
): void {
  const { strategy, webhook } = conversion;
  checkEnum(strategy, ['None', 'Webhook'], path.child('strategy'), found);
  const at = path.child('webhookClientConfig');
  const client = webhook?.clientConfig;
  const versions = webhook?.conversionReviewVersions ?? [];
  const versionsAt = path.child('conversionReviewVersions');
  if (strategy !== 'Webhook') {
    const why = 'should not be set when strategy is not set to Webhook';
    if (client) found.push(fieldErrors.forbidden(at, why));
    if (versions.length > 0) found.push(fieldErrors.forbidden(versionsAt, why));
    return;
  }
  if (!client) found.push(fieldErrors.required(at, 'required when strategy is set to Webhook'));
  else {
    checkClient(client, at, found);
    if (client.caBundle && !rules.anyBundle && !isBundle(client.caBundle)) {
      const why = 'unable to load root certificates: unable to parse bytes as PEM block';
      found.push(fieldErrors.invalid(at.child('caBundle'), client.caBundle, why));
    }
  }
  checkReviewVersions(versions, rules.knownReviews, versionsAt, found);
}

/** Whether a bundle (base64) has a certificate. */
export function isBundle(base64: string): boolean {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64')).subject !== undefined;
  } catch {
    return false;
  }
}

const reviewVersions = ['v1', 'v1beta1'];

export const hasKnownReview = (versions: readonly string[] = []): boolean =>
  versions.length === 0 || versions.some((version) => reviewVersions.includes(version));

function checkReviewVersions(versions: readonly string[], known: boolean, path: Path, found: Found): void {
  if (versions.length === 0) {
    found.push(fieldErrors.required(path));
    return;
  }
  for (const [i, version] of versions.entries()) {
    if (versions.indexOf(version) < i) found.push(fieldErrors.invalid(path.index(i), version, 'duplicate version'));
    else for (const why of dns1035LabelProblems(version)) found.push(fieldErrors.invalid(path.index(i), version, why));
  }
  if (known && !hasKnownReview(versions)) {
    found.push(fieldErrors.invalid(path, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  }
}

/** Groups of the community need somebody's approval; what was there before is not judged again. */
export function checkApproval(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  found: Found,
): void {
  const approval = approvalOf(definition);
  if (!approval || (old && approvalOf(old)?.reason === approval.reason)) return;
  const at = Path.of('metadata', 'annotations').key(APPROVAL);
  if (approval.reason === 'MissingAnnotation') found.push(fieldErrors.required(at, approval.message));
  else if (approval.reason === 'InvalidAnnotation') {
    found.push(fieldErrors.invalid(at, definition.metadata.annotations?.[APPROVAL] ?? '', approval.message));
  }
}

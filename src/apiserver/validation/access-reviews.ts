import type { NonResourceAttributes, ResourceAttributes } from '../../api/authorization/v1.gen.ts';
import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import { labelValueProblems } from '../../api/names.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { addAll, checkQualifiedName, type Found } from './values.ts';

const SPEC = Path.of('spec');
const RESOURCE = SPEC.child('resourceAttributes');

export interface ReviewSpec {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

interface Subject {
  readonly user?: string;
  readonly groups?: readonly string[];
}

/** As messages show it, by the names that the fields have in Go. */
const shownPath = ({ path, verb }: NonResourceAttributes): unknown => ({ Path: path ?? '', Verb: verb ?? '' });

/**
 * What is asked for, and of whom; `subject` is undefined for those who ask for themselves.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export function checkReviewSpec(spec: ReviewSpec, subject: Subject | undefined, found: Found): void {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource && path) {
    const why = 'cannot be specified in combination with resourceAttributes';
    found.push(fieldErrors.invalid(SPEC.child('nonResourceAttributes'), shownPath(path), why));
  }
  if (!resource && !path) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    found.push(fieldErrors.invalid(RESOURCE, null, why));
  }
  if (subject && !subject.user && !subject.groups?.length) {
    const why = 'at least one of user or group must be specified';
    found.push(fieldErrors.invalid(SPEC.child('user'), subject.user ?? '', why));
  }
  if (!resource) return;
  checkSelector(resource.fieldSelector, RESOURCE.child('fieldSelector'), checkFieldKey, found);
  checkSelector(resource.labelSelector, RESOURCE.child('labelSelector'), checkLabel, found);
}

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface Selector {
  readonly rawSelector?: string;
  readonly requirements?: readonly Requirement[];
}

type Check = (requirement: Requirement, path: Path, found: Found) => void;

/** A selector is given as a text or in parts; operators that are not known yet are let pass. */
function checkSelector(selector: Selector | undefined, path: Path, check: Check, found: Found): void {
  if (!selector) return;
  const requirements = selector.requirements ?? [];
  if (selector.rawSelector && requirements.length > 0) {
    const why = 'may not specified at the same time as requirements';
    found.push(fieldErrors.invalid(path.child('rawSelector'), selector.rawSelector, why));
  }
  if (!selector.rawSelector && requirements.length === 0) {
    const why = `when ${path} is specified, requirements or rawSelector is required`;
    found.push(fieldErrors.required(path.child('requirements'), why));
  }
  for (const [i, requirement] of requirements.entries()) check(requirement, path.child('requirements').index(i), found);
}

function checkOperator({ operator, values = [] }: Requirement, path: Path, found: Found): void {
  const at = path.child('values');
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    found.push(fieldErrors.required(at, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    found.push(fieldErrors.forbidden(at, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  }
}

function checkFieldKey(requirement: Requirement, path: Path, found: Found): void {
  if (!requirement.key) found.push(fieldErrors.required(path.child('key'), 'must be specified'));
  checkOperator(requirement, path, found);
}

function checkLabel(requirement: Requirement, path: Path, found: Found): void {
  checkOperator(requirement, path, found);
  checkQualifiedName(requirement.key ?? '', path.child('key'), found);
  for (const [i, value] of (requirement.values ?? []).entries()) {
    addAll(found, path.child('values').index(i), value, labelValueProblems(value));
  }
}

/** Nothing is kept of a review, so it has no name, nor anything else: `besides` is what may be given all the same. */
export function checkNoMetadata(metadata: ObjectMeta, besides: 'namespace' | undefined, found: Found): void {
  const given = Object.entries(metadata).filter(
    ([key, value]) =>
      key !== 'managedFields' && key !== besides && value !== '' && value !== null && value !== undefined,
  );
  if (given.length === 0) return;
  const why = besides ? `must be empty except for ${besides}` : 'must be empty';
  found.push(fieldErrors.invalid(Path.of('metadata'), metadata, why));
}

export function checkLocalReview(namespace: string, spec: ReviewSpec, found: Found): void {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const asked = resource?.namespace ?? '';
  if (resource && asked !== namespace) {
    // The whole path is one step there; it reads the same.
    found.push(fieldErrors.invalid(RESOURCE.child('namespace'), asked, 'must match metadata.namespace'));
  }
  if (path) {
    const why = 'disallowed on this kind of request';
    found.push(fieldErrors.invalid(SPEC.child('nonResourceAttributes'), shownPath(path), why));
  }
}

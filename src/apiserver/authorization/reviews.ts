import type {
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewStatus,
} from '../../api/authorization/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { type FieldRequirement, parseFieldSelector } from '../../api/fields.ts';
import { parseLabelSelector, type Requirement } from '../../api/labels.ts';
import type { FieldError } from '../../schema/field-error.ts';
import type { Authorizer } from '../admission.ts';
import type { RequestContext, Target } from '../core.ts';
import type { UserInfo } from '../user.ts';
import { checkLocalReview, checkNoMetadata, checkReviewSpec } from '../validation/access-reviews.ts';
import { aggregated, type RuleResolver } from './rule-resolver.ts';

const group = 'authorization.k8s.io';

/**
 * "May this user do that?", asked over the API. Each is a POST that stores nothing and is answered at once.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export function accessReviews(authorizer: Authorizer, resolver: RuleResolver) {
  return {
    subjectAccessReview: async (_context: RequestContext, _target: Target, review: SubjectAccessReview) => {
      const found: FieldError[] = [];
      checkReviewSpec(review.spec, review.spec, found);
      checkNoMetadata(review.metadata, undefined, found);
      check(found);
      return { ...review, status: await decide(authorizer, subjectOf(review.spec), review.spec) };
    },

    localSubjectAccessReview: async (_context: RequestContext, target: Target, review: LocalSubjectAccessReview) => {
      const { spec } = review;
      const namespace = review.metadata.namespace ?? '';
      const found: FieldError[] = [];
      checkReviewSpec(spec, spec, found);
      checkNoMetadata(review.metadata, 'namespace', found);
      checkLocalReview(namespace, spec, found);
      check(found);
      if (namespace !== target.namespace)
        throw errors.badRequest(`spec.resourceAttributes.namespace must match namespace: ${target.namespace}`);
      return { ...review, status: await decide(authorizer, subjectOf(spec), spec) };
    },

    selfSubjectAccessReview: async (context: RequestContext, _target: Target, review: SelfSubjectAccessReview) => {
      const found: FieldError[] = [];
      checkReviewSpec(review.spec, undefined, found);
      checkNoMetadata(review.metadata, undefined, found);
      check(found);
      return { ...review, status: await decide(authorizer, context.user, review.spec) };
    },

    selfSubjectRulesReview: (context: RequestContext, _target: Target, review: SelfSubjectRulesReview) => {
      const namespace = review.spec.namespace ?? '';
      if (namespace === '') throw errors.badRequest('no namespace on request');
      const { rules, incomplete, errors: why } = resolver.rulesFor(context.user, namespace);
      const resourceRules = rules
        .filter((rule) => rule.resources?.length)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({ verbs, apiGroups, resources, resourceNames }));
      const nonResourceRules = rules
        .filter((rule) => rule.nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
      return {
        kind: review.kind,
        apiVersion: review.apiVersion,
        metadata: {},
        spec: {},
        status: {
          resourceRules,
          nonResourceRules,
          incomplete,
          ...(why && { evaluationError: aggregated(why) }),
        },
      };
    },
  };
}

interface Attributes {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

async function decide(authorizer: Authorizer, user: UserInfo, spec: Attributes): Promise<SubjectAccessReviewStatus> {
  const { resourceAttributes: r, nonResourceAttributes: n } = spec;
  const fields = fieldsOf(r?.fieldSelector);
  const labels = labelsOf(r?.labelSelector);
  const { allowed, denied, reason, error } = await authorizer.authorize({
    user,
    verb: r?.verb ?? n?.verb ?? '',
    group: r?.group ?? '',
    version: r?.version || '*',
    resource: r?.resource ?? '',
    subresource: r?.subresource ?? '',
    namespace: r?.namespace ?? '',
    name: r?.name ?? '',
    path: n?.path ?? '',
    fieldSelector: fields.requirements,
    labelSelector: labels.requirements,
  });
  const told = [
    ...(error === undefined ? [] : [error]),
    ...ignored('fieldSelector', fields),
    ...ignored('labelSelector', labels),
  ].join('; ');
  return {
    allowed,
    ...(denied && { denied }),
    ...(reason && { reason }),
    ...(told && { evaluationError: told }),
  };
}

/** What could be understood of a selector, and whether that was all. */
interface Understood<T> {
  readonly requirements: readonly T[];
  readonly whole: boolean;
}

const ignored = (field: string, { requirements, whole }: Understood<unknown>): readonly string[] => {
  const how = requirements.length > 0 ? 'partially ignored' : 'ignored';
  return whole ? [] : [`spec.resourceAttributes.${field} ${how} due to parse error`];
};

function fieldsOf(selector: ResourceAttributes['fieldSelector']): Understood<FieldRequirement> {
  if (!selector) return { requirements: [], whole: true };
  if (selector.rawSelector) return parsed(() => parseFieldSelector(selector.rawSelector ?? '').requirements);
  const given = selector.requirements ?? [];
  const requirements = given.flatMap(({ key: field, operator, values: [value, ...more] = [] }): FieldRequirement[] => {
    if (value === undefined || more.length > 0) return [];
    if (operator === 'In') return [{ field, operator: '=', value }];
    return operator === 'NotIn' ? [{ field, operator: '!=', value }] : [];
  });
  return { requirements, whole: requirements.length === given.length };
}

const labelOperators: ReadonlyMap<string, Requirement['operator']> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

function labelsOf(selector: ResourceAttributes['labelSelector']): Understood<Requirement> {
  if (!selector) return { requirements: [], whole: true };
  if (selector.rawSelector) return parsed(() => parseLabelSelector(selector.rawSelector ?? '').requirements);
  const given = selector.requirements ?? [];
  const requirements = given.flatMap(({ key, operator, values = [] }): Requirement[] => {
    const known = labelOperators.get(operator);
    return known === undefined ? [] : [{ key, operator: known, values }];
  });
  return { requirements, whole: requirements.length === given.length };
}

function parsed<T>(read: () => readonly T[]): Understood<T> {
  try {
    return { requirements: read(), whole: true };
  } catch {
    return { requirements: [], whole: false };
  }
}

interface SubjectSpec {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const subjectOf = ({ user = '', groups = [], uid, extra }: SubjectSpec): UserInfo => ({
  name: user,
  groups,
  ...(uid && { uid }),
  ...(extra && { extra }),
});

/** The complaint does not name the kind: that is how Kubernetes has it. */
function check(list: readonly FieldError[]): void {
  if (list.length) throw errors.invalid({ group, kind: '' }, '', list);
}

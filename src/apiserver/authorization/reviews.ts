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
import { parseFieldSelector } from '../../api/fields.ts';
import { parseLabelSelector } from '../../api/labels.ts';
import type { FieldError } from '../../schema/field-error.ts';
import type { Authorizer } from '../admission.ts';
import type { RequestContext, Target } from '../core.ts';
import type { UserInfo } from '../user.ts';
import { checkLocalReview, checkNoMetadata, checkReviewSpec } from '../validation/access-reviews.ts';
import type { RbacAuthorizer } from './rbac.ts';

const group = 'authorization.k8s.io';

/**
 * "May this user do that?", asked over the API. Each is a POST that stores nothing and is answered at once.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export function accessReviews(authorizer: Authorizer, rbac: RbacAuthorizer) {
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
      const { rules, error } = rbac.rulesFor(context.user, namespace);
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
          incomplete: error !== undefined,
          ...(error !== undefined && { evaluationError: error }),
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
  const { allowed, reason } = await authorizer.authorize({
    user,
    verb: r?.verb ?? n?.verb ?? '',
    group: r?.group ?? '',
    version: r?.version || '*',
    resource: r?.resource ?? '',
    subresource: r?.subresource ?? '',
    namespace: r?.namespace ?? '',
    name: r?.name ?? '',
    path: n?.path ?? '',
    ...(r?.fieldSelector && { fieldSelector: fieldSelectorOf(r.fieldSelector) }),
  });
  const evaluationError = ignoredSelectors(r);
  return { allowed, ...(reason && { reason }), ...(evaluationError && { evaluationError }) };
}

/** The requirements as a selector's text; those that no selector can say are left out, which asks for more. */
function fieldSelectorOf(selector: NonNullable<ResourceAttributes['fieldSelector']>): string {
  if (selector.rawSelector !== undefined) return selector.rawSelector;
  return (selector.requirements ?? [])
    .filter((requirement) => requirement.operator === 'In' && requirement.values?.length === 1)
    .map((requirement) => `${requirement.key}=${requirement.values?.[0]}`)
    .join(',');
}

/** What of the selectors was not understood, and so not taken into account. */
function ignoredSelectors(resource: ResourceAttributes | undefined): string {
  const told: string[] = [];
  const tell = (field: string, selector: Selector | undefined, parse: (text: string) => unknown, good: Judge): void => {
    if (!selector) return;
    const requirements = selector.requirements ?? [];
    const understood = requirements.filter(good).length;
    if (selector.rawSelector ? parses(parse, selector.rawSelector) : understood === requirements.length) return;
    const how = understood > 0 ? 'partially ignored' : 'ignored';
    told.push(`spec.resourceAttributes.${field} ${how} due to parse error`);
  };
  tell('fieldSelector', resource?.fieldSelector, parseFieldSelector, ({ operator, values }) => {
    return (operator === 'In' || operator === 'NotIn') && values?.length === 1;
  });
  tell('labelSelector', resource?.labelSelector, parseLabelSelector, ({ operator }) => {
    return ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator);
  });
  return told.join('; ');
}

type Selector = NonNullable<ResourceAttributes['fieldSelector'] | ResourceAttributes['labelSelector']>;
type Judge = (requirement: NonNullable<Selector['requirements']>[number]) => boolean;

function parses(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
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

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
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { Authorizer } from '../admission.ts';
import type { RequestContext, Target } from '../core.ts';
import type { UserInfo } from '../user.ts';
import type { RbacAuthorizer } from './rbac.ts';

const group = 'authorization.k8s.io';

/**
 * "May this user do that?", asked over the API. Each is a POST that stores nothing and is answered at once.
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export function accessReviews(authorizer: Authorizer, rbac: RbacAuthorizer) {
  return {
    subjectAccessReview: async (_context: RequestContext, _target: Target, review: SubjectAccessReview) => {
      check('SubjectAccessReview', [
        ...emptyMetadata(review.metadata),
        ...subjectErrors(review.spec),
        ...attributeErrors(review.spec),
      ]);
      return { ...review, status: await decide(authorizer, subjectOf(review.spec), review.spec) };
    },

    localSubjectAccessReview: async (_context: RequestContext, target: Target, review: LocalSubjectAccessReview) => {
      const { spec } = review;
      const path = Path.of('spec', 'resourceAttributes', 'namespace');
      const wanted = spec.resourceAttributes?.namespace ?? '';
      const mismatch =
        spec.resourceAttributes && review.metadata.namespace && wanted !== review.metadata.namespace
          ? [fieldErrors.invalid(path, wanted, 'must match metadata.namespace')]
          : [];
      const paths = spec.nonResourceAttributes
        ? [
            fieldErrors.invalid(
              Path.of('spec', 'nonResourceAttributes'),
              spec.nonResourceAttributes,
              'disallowed on this kind of request',
            ),
          ]
        : [];
      check('LocalSubjectAccessReview', [...subjectErrors(spec), ...attributeErrors(spec), ...mismatch, ...paths]);
      if (wanted !== target.namespace)
        throw errors.badRequest(`spec.resourceAttributes.namespace must match namespace: ${target.namespace}`);
      return { ...review, status: await decide(authorizer, subjectOf(spec), spec) };
    },

    selfSubjectAccessReview: async (context: RequestContext, _target: Target, review: SelfSubjectAccessReview) => {
      check('SelfSubjectAccessReview', [...emptyMetadata(review.metadata), ...attributeErrors(review.spec)]);
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
        ...review,
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
  return { allowed, ...(reason && { reason }) };
}

/** The requirements as a selector's text; those that no selector can say are left out, which asks for more. */
function fieldSelectorOf(selector: NonNullable<ResourceAttributes['fieldSelector']>): string {
  if (selector.rawSelector !== undefined) return selector.rawSelector;
  return (selector.requirements ?? [])
    .filter((requirement) => requirement.operator === 'In' && requirement.values?.length === 1)
    .map((requirement) => `${requirement.key}=${requirement.values?.[0]}`)
    .join(',');
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

function check(kind: string, list: readonly FieldError[]): void {
  if (list.length) throw errors.invalid({ group, kind }, '', list);
}

function emptyMetadata(metadata: object): FieldError[] {
  const given = Object.entries(metadata).filter(
    ([key, value]) => key !== 'managedFields' && value !== '' && value !== null,
  );
  return given.length ? [fieldErrors.invalid(Path.of('metadata'), metadata, 'must be empty')] : [];
}

function subjectErrors({ user, groups }: SubjectSpec): FieldError[] {
  if (user || groups?.length) return [];
  return [fieldErrors.invalid(Path.of('spec', 'user'), user ?? '', 'at least one of user or group must be specified')];
}

function attributeErrors({ resourceAttributes, nonResourceAttributes }: Attributes): FieldError[] {
  if (resourceAttributes && nonResourceAttributes)
    return [
      fieldErrors.invalid(
        Path.of('spec', 'nonResourceAttributes'),
        nonResourceAttributes,
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  if (!resourceAttributes && !nonResourceAttributes)
    return [
      fieldErrors.invalid(
        Path.of('spec', 'resourceAttributes'),
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  return [];
}

import type {
  SelfSubjectReview,
  TokenReview,
  TokenReviewStatus,
  UserInfo as UserInfoV1,
} from '../../api/authentication/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { quote } from '../../schema/quote.ts';
import { formatTime } from '../../schema/time.ts';
import type { Clock } from '../../utils/clock.ts';
import type { RequestContext, Target } from '../core.ts';
import type { UserInfo } from '../user.ts';
import { type ServiceAccountTokens, TokenError } from './service-account-tokens.ts';
import type { TokenFile } from './token-file.ts';
import { asAuthenticated } from './users.ts';

export interface IdentityReviewOptions {
  readonly tokenFile?: TokenFile;
  readonly serviceAccountTokens: ServiceAccountTokens;
  readonly clock: Pick<Clock, 'now'>;
}

const asObject = ({ name, uid, groups, extra }: UserInfo): UserInfoV1 => ({
  username: name,
  ...(uid && { uid }),
  ...(groups.length && { groups }),
  ...(extra && { extra }),
});

/**
 * "Who am I?" and "whose token is this?" over the API.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review
 */
export function identityReviews({ tokenFile, serviceAccountTokens, clock }: IdentityReviewOptions) {
  const reviewToken = (token: string, audiences: readonly string[]): TokenReviewStatus => {
    const own = serviceAccountTokens.audiences;
    const wanted = audiences.length ? audiences : own;
    const user = tokenFile?.authenticate(token);
    // A token of the file is for the API server itself.
    const matching = wanted.filter((audience) => own.includes(audience));
    if (user && matching.length)
      return { authenticated: true, user: asObject(asAuthenticated(user)), audiences: matching };
    try {
      const found = serviceAccountTokens.review(token, wanted);
      if (found)
        return { authenticated: true, user: asObject(asAuthenticated(found.user)), audiences: found.audiences };
      return { user: {}, error: 'invalid bearer token' };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { user: {}, error: `[invalid bearer token, ${error.message}]` };
    }
  };
  return {
    tokenReview: (_context: RequestContext, _target: Target, review: TokenReview): TokenReview => {
      const { name, namespace } = review.metadata;
      if (namespace) throw errors.badRequest(`namespace is not allowed on this type: ${quote(namespace)}`);
      if (name) throw errors.badRequest(`name is not allowed on this type: ${quote(name)}`);
      if (!review.spec?.token) throw errors.badRequest('token is required for TokenReview in authentication');
      return { ...review, status: reviewToken(review.spec.token, review.spec.audiences ?? []) };
    },
    selfSubjectReview: ({ user }: RequestContext, _target: Target, review: SelfSubjectReview): SelfSubjectReview => ({
      ...review,
      metadata: { ...review.metadata, creationTimestamp: formatTime(clock.now()) },
      status: { userInfo: asObject(user) },
    }),
  };
}

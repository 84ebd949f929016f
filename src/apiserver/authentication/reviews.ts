import type {
  SelfSubjectReview,
  TokenReview,
  TokenReviewStatus,
  UserInfo as UserInfoV1,
} from '../../api/authentication/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { formatTime } from '../../schema/time.ts';
import type { Clock } from '../../utils/clock.ts';
import type { RequestContext, Target } from '../core.ts';
import type { UserInfo } from '../user.ts';
import { type TokenAuthenticator, TokenError } from './token.ts';
import { asAuthenticated } from './users.ts';

export interface IdentityReviewOptions {
  readonly tokens: TokenAuthenticator;
  /** --api-audiences. */
  readonly audiences: readonly string[];
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
export function identityReviews({ tokens, audiences: own, clock }: IdentityReviewOptions) {
  const reviewToken = async (token: string, audiences: readonly string[]): Promise<Partial<TokenReviewStatus>> => {
    try {
      const found = await tokens.authenticateToken(token, audiences.length > 0 ? audiences : own);
      if (found)
        return { authenticated: true, user: asObject(asAuthenticated(found.user)), audiences: found.audiences };
      return { error: 'invalid bearer token' };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { error: `[invalid bearer token, ${error.message}]` };
    }
  };
  return {
    tokenReview: async (_context: RequestContext, _target: Target, review: TokenReview): Promise<TokenReview> => {
      if (!review.spec?.token) throw errors.badRequest('token is required for TokenReview in authentication');
      const { authenticated: _, ...given } = review.status ?? {};
      const found = await reviewToken(review.spec.token, review.spec.audiences ?? []);
      const { authenticated, user = {}, audiences, error } = { ...given, ...found };
      const status: TokenReviewStatus = {
        ...(authenticated && { authenticated }),
        user,
        ...(audiences && { audiences }),
        ...(error !== undefined && { error }),
      };
      return { ...review, status };
    },
    /** Nothing of what was sent is answered. */
    selfSubjectReview: ({ user }: RequestContext, _target: Target, review: SelfSubjectReview): object => ({
      kind: review.kind,
      apiVersion: review.apiVersion,
      metadata: { creationTimestamp: formatTime(clock.now()) },
      status: { userInfo: asObject(user) },
    }),
  };
}

import type { PolicyRule } from '../../api/rbac/v1.gen.ts';
import type { UserInfo } from '../user.ts';

/** What a user may do, as far as an authorizer can tell. */
export interface ResolvedRules {
  readonly rules: readonly PolicyRule[];
  /** The authorizer may allow more than these. */
  readonly incomplete: boolean;
  /** Why there may be more. */
  readonly error?: string;
}

/** An authorizer that can list what it would allow: what SelfSubjectRulesReview shows. */
export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): ResolvedRules;
}

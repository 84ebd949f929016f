import type { PolicyRule } from '../../api/rbac/v1.gen.ts';
import type { UserInfo } from '../user.ts';

/** What a user may do, as far as an authorizer can tell. */
export interface ResolvedRules {
  readonly rules: readonly PolicyRule[];
  /** The authorizer may allow more than these. */
  readonly incomplete: boolean;
  /** What went wrong, or why there may be more. */
  readonly errors?: readonly string[];
}

/** An authorizer that can list what it would allow: what SelfSubjectRulesReview shows. */
export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): ResolvedRules;
}

/** Several errors as one: one bare, several in brackets, each once. */
export function aggregated(texts: readonly string[]): string {
  const once = [...new Set(texts)];
  return once.length === 1 ? (once[0] ?? '') : `[${once.join(', ')}]`;
}

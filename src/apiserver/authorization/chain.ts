import type { PolicyRule } from '../../api/rbac/v1.gen.ts';
import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import type { UserInfo } from '../user.ts';
import type { AuthorizationMetrics } from './metrics.ts';
import { aggregated, type ResolvedRules, type RuleResolver } from './rule-resolver.ts';

/** One of the authorizers that are asked one after the other. */
export interface Link {
  readonly type: string;
  readonly name: string;
  readonly authorizer: Authorizer & RuleResolver & { close?(): void };
}

type Decisions = ReturnType<AuthorizationMetrics['decisionsOf']>;

/** The group that may do everything, whatever the authorizers say; without it a broken policy could not be repaired. */
const mastersDecision: AuthorizerDecision = { allowed: true, reason: '' };

/**
 * Asks one authorizer after the other until one allows or denies, with system:masters before all of them. Where none
 * does, the reasons of all stand on lines of their own, as in Kubernetes. The links may be replaced while requests are
 * under way: each is answered by those that were there when it came.
 */
export class AuthorizerChain implements Authorizer, RuleResolver {
  readonly #metrics: AuthorizationMetrics | undefined;
  #links: readonly Link[];
  #counts: readonly (Decisions | undefined)[];

  constructor(links: readonly Link[], metrics?: AuthorizationMetrics) {
    this.#metrics = metrics;
    this.#links = links;
    this.#counts = this.#countsOf(links);
  }

  replace(links: readonly Link[]): void {
    const old = this.#links;
    this.#links = links;
    this.#counts = this.#countsOf(links);
    for (const { authorizer } of old) {
      if (!links.some((link) => link.authorizer === authorizer)) authorizer.close?.();
    }
  }

  close(): void {
    for (const { authorizer } of this.#links) authorizer.close?.();
  }

  #countsOf(links: readonly Link[]): readonly (Decisions | undefined)[] {
    return links.map(({ type, name }) => this.#metrics?.decisionsOf(type, name));
  }

  authorize(attributes: AuthorizerAttributes): AuthorizerDecision | Promise<AuthorizerDecision> {
    if (attributes.user.groups.includes(groups.masters)) return mastersDecision;
    const links = this.#links;
    let reason = '';
    let errors: string[] | undefined;
    for (let i = 0; i < links.length; i++) {
      const decision = links[i]?.authorizer.authorize(attributes);
      if (!decision) continue;
      // Only authorizers that must ask elsewhere cost a promise.
      if (decision instanceof Promise) return this.#wait(links, this.#counts, attributes, decision, i, reason, errors);
      if (decision.allowed || decision.denied) return counted(decision, this.#counts[i]);
      if (decision.reason) reason = reason ? `${reason}\n${decision.reason}` : decision.reason;
      if (decision.error !== undefined) errors = [...(errors ?? []), decision.error];
    }
    return { allowed: false, reason, ...(errors && { error: aggregated(errors) }) };
  }

  async #wait(
    links: readonly Link[],
    counts: readonly (Decisions | undefined)[],
    attributes: AuthorizerAttributes,
    first: Promise<AuthorizerDecision>,
    at: number,
    before: string,
    failed: readonly string[] = [],
  ): Promise<AuthorizerDecision> {
    let reason = before;
    const errors = [...failed];
    let decision: AuthorizerDecision | undefined = await first;
    for (let i = at; ; ) {
      if (decision) {
        if (decision.allowed || decision.denied) return counted(decision, counts[i]);
        if (decision.reason) reason = reason ? `${reason}\n${decision.reason}` : decision.reason;
        if (decision.error !== undefined) errors.push(decision.error);
      }
      if (++i >= links.length)
        return { allowed: false, reason, ...(errors.length > 0 && { error: aggregated(errors) }) };
      decision = await links[i]?.authorizer.authorize(attributes);
    }
  }

  /** Those of all links. */
  rulesFor(user: UserInfo, namespace: string): ResolvedRules {
    const rules: PolicyRule[] = [];
    const errors: string[] = [];
    let incomplete = false;
    for (const { authorizer } of this.#links) {
      const found = authorizer.rulesFor(user, namespace);
      rules.push(...found.rules);
      errors.push(...(found.errors ?? []));
      incomplete ||= found.incomplete;
    }
    return { rules, incomplete, ...(errors.length > 0 && { errors }) };
  }
}

function counted(decision: AuthorizerDecision, counts: Decisions | undefined): AuthorizerDecision {
  if (counts) (decision.allowed ? counts.allowed : counts.denied).value++;
  return decision;
}

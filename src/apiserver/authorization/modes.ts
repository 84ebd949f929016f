import type { Authorizer, AuthorizerAttributes, AuthorizerDecision } from '../admission.ts';
import { groups } from '../authentication/users.ts';

export const alwaysAllow: Authorizer = { authorize: () => ({ allowed: true, reason: '' }) };
const alwaysDeny: Authorizer = { authorize: () => ({ allowed: false, reason: 'Everything is forbidden.' }) };

/** The group that may do everything, whatever the authorizers say; without it a broken policy could not be repaired. */
const mastersDecision: AuthorizerDecision = { allowed: true, reason: '' };

/**
 * Asks one authorizer after the other until one allows, with system:masters before all of them. Refused, the reasons
 * of all stand on lines of their own, as in Kubernetes.
 */
export function unionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  const rest = async (
    attributes: AuthorizerAttributes,
    first: Promise<AuthorizerDecision>,
    from: number,
    reasons: string[],
  ): Promise<AuthorizerDecision> => {
    let decision = await first;
    for (let i = from; ; i++) {
      if (decision.allowed) return decision;
      if (decision.reason) reasons.push(decision.reason);
      const next = authorizers[i];
      if (!next) return { allowed: false, reason: reasons.join('\n') };
      decision = await next.authorize(attributes);
    }
  };
  return {
    authorize(attributes) {
      if (attributes.user.groups.includes(groups.masters)) return mastersDecision;
      const reasons: string[] = [];
      for (let i = 0; i < authorizers.length; i++) {
        const decision = authorizers[i]?.authorize(attributes);
        if (!decision) continue;
        // Only authorizers that must ask elsewhere cost a promise.
        if (decision instanceof Promise) return rest(attributes, decision, i + 1, reasons);
        if (decision.allowed) return decision;
        if (decision.reason) reasons.push(decision.reason);
      }
      return { allowed: false, reason: reasons.join('\n') };
    },
  };
}

export type AuthorizationMode = 'AlwaysAllow' | 'AlwaysDeny' | 'Node' | 'RBAC';

/**
 * The authorizer for a --authorization-mode list ("Node,RBAC"), asked in the list's order. Throws, worded for people,
 * for a list with an unknown mode, the same mode twice, or none.
 */
export function authorizerForModes(
  modes: string,
  available: { readonly node: Authorizer; readonly rbac: Authorizer },
): Authorizer {
  const known: Readonly<Record<AuthorizationMode, Authorizer>> = {
    AlwaysAllow: alwaysAllow,
    AlwaysDeny: alwaysDeny,
    Node: available.node,
    RBAC: available.rbac,
  };
  const isMode = (name: string): name is AuthorizationMode => Object.hasOwn(known, name);
  const names = modes.split(',').map((name) => name.trim());
  const chosen = names.map((name, i) => {
    if (!isMode(name))
      throw new Error(`authorization-mode "${name}" is not a valid mode; known are ${Object.keys(known).join(', ')}`);
    if (names.indexOf(name) !== i) throw new Error(`authorization-mode "${modes}" has mode specified more than once`);
    return known[name];
  });
  return unionAuthorizer(chosen);
}

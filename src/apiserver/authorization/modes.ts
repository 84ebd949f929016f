import type { Authorizer } from '../admission.ts';
import { authorizerTypes } from './config.ts';
import type { RuleResolver } from './rule-resolver.ts';

export const alwaysAllow: Authorizer & RuleResolver = {
  authorize: () => ({ allowed: true, reason: '' }),
  rulesFor: () => ({
    rules: [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ],
    incomplete: false,
  }),
};

export const alwaysDeny: Authorizer & RuleResolver = {
  authorize: () => ({ allowed: false, reason: 'Everything is forbidden.' }),
  rulesFor: () => ({ rules: [], incomplete: false }),
};

/**
 * The types of an --authorization-mode list ("Node,RBAC"), in its order. Throws, in Kubernetes' words, for a list with
 * an unknown mode, the same mode twice, or none.
 */
export function parseModes(modes: string): readonly string[] {
  const names = modes.split(',').map((name) => name.trim());
  for (const name of names) {
    if (name === '') throw new Error('at least one authorization-mode must be passed');
    if (!authorizerTypes.some((known) => known === name)) {
      throw new Error(`authorization-mode "${name}" is not a valid mode; known are ${authorizerTypes.join(', ')}`);
    }
  }
  if (new Set(names).size !== names.length) {
    throw new Error(`authorization-mode ["${names.join('" "')}"] has mode specified more than once`);
  }
  return names;
}

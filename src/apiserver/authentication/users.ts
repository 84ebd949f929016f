import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../api/names.ts';
import type { UserInfo } from '../user.ts';

/** Names that Kubernetes gives to users and groups of its own. */
export const anonymousUser: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };
export const groups = {
  masters: 'system:masters',
  nodes: 'system:nodes',
  authenticated: 'system:authenticated',
  unauthenticated: 'system:unauthenticated',
  serviceAccounts: 'system:serviceaccounts',
} as const;

/** Keys of UserInfo.extra. */
export const extraKeys = {
  credentialId: 'authentication.kubernetes.io/credential-id',
  podName: 'authentication.kubernetes.io/pod-name',
  podUid: 'authentication.kubernetes.io/pod-uid',
  nodeName: 'authentication.kubernetes.io/node-name',
  nodeUid: 'authentication.kubernetes.io/node-uid',
} as const;

export const serviceAccountUsername = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

export const serviceAccountGroups = (namespace: string): string[] => [
  groups.serviceAccounts,
  `system:serviceaccounts:${namespace}`,
];

/** The inverse of `serviceAccountUsername`; undefined for other users. */
export function splitServiceAccountUsername(user: string): { namespace: string; name: string } | undefined {
  const parts = user.split(':');
  const [system, kind, namespace, name] = parts;
  if (parts.length !== 4 || system !== 'system' || kind !== 'serviceaccount' || !namespace || !name) return undefined;
  const wrong = [...dns1123LabelProblems(namespace), ...dns1123SubdomainProblems(name)];
  return wrong.length === 0 ? { namespace, name } : undefined;
}

/** Adds system:authenticated to whoever proved who they are. */
export function asAuthenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(groups.authenticated) || user.groups.includes(groups.unauthenticated)) return user;
  return { ...user, groups: [...user.groups, groups.authenticated] };
}

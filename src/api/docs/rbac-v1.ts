/** What rbac/v1's types and fields are for. */
export const rbacV1Docs = `
AggregationRule: Roles that a role is put together from.
  clusterRoleSelectors: Labels of ClusterRoles; any selector will do.
ClusterRole: What may be done, in any namespace or in none.
  rules: What may be done.
  aggregationRule: Where rules come from; they are then the controller's.
ClusterRoleBinding: Gives a ClusterRole to somebody, everywhere.
  subjects: To whom.
  roleRef: The role; fixed.
PolicyRule: Something that may be done.
  verbs: Verbs; * for all.
  apiGroups: Groups; "" is core, * is all.
  resources: Resources and, with a slash, subresources; * for all.
  resourceNames: Objects; none for all.
  nonResourceURLs: Paths that are no resources; * at the end for all below.
Role: What may be done in a namespace.
  rules: What may be done.
RoleBinding: Gives a Role, or a ClusterRole, to somebody in a namespace.
  subjects: To whom.
  roleRef: The role; fixed.
RoleRef: A role.
  apiGroup: Its group: rbac.authorization.k8s.io.
  kind: Role or ClusterRole.
  name: Its name.
Subject: Somebody.
  kind: User, Group or ServiceAccount.
  apiGroup: Group of the kind; none for ServiceAccount.
  name: The name.
  namespace: Namespace of a ServiceAccount.
`;

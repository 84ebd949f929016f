import type { GroupVersionData } from '../../schema/model.ts';

/** rbac.authorization.k8s.io/v1. */
export const rbacV1: GroupVersionData = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.rbac.v1',
  resources: [
    {
      resource: 'clusterrolebindings',
      singular: 'clusterrolebinding',
      kind: 'ClusterRoleBinding',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Role', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Users', 'string', '', 1],
        ['Groups', 'string', '', 1],
        ['ServiceAccounts', 'string', '', 1],
      ],
    },
    {
      resource: 'clusterroles',
      singular: 'clusterrole',
      kind: 'ClusterRole',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Created At', 'date', '', 0],
      ],
    },
    {
      resource: 'rolebindings',
      singular: 'rolebinding',
      kind: 'RoleBinding',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Role', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['Users', 'string', '', 1],
        ['Groups', 'string', '', 1],
        ['ServiceAccounts', 'string', '', 1],
      ],
    },
    {
      resource: 'roles',
      singular: 'role',
      kind: 'Role',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Created At', 'date', '', 0],
      ],
    },
  ],
  types: {
    AggregationRule: {
      fields: {
        clusterRoleSelectors: { tag: 1, list: 'meta/v1.LabelSelector', listType: 'atomic' },
      },
    },
    ClusterRole: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        rules: { tag: 2, list: 'PolicyRule', always: true, listType: 'atomic' },
        aggregationRule: { tag: 3, type: 'AggregationRule', pointer: true },
      },
    },
    ClusterRoleBinding: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        subjects: { tag: 2, list: 'Subject', listType: 'atomic' },
        roleRef: { tag: 3, type: 'RoleRef', required: true, always: true },
      },
    },
    ClusterRoleBindingList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ClusterRoleBinding', required: true, always: true },
      },
    },
    ClusterRoleList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ClusterRole', required: true, always: true },
      },
    },
    PolicyRule: {
      fields: {
        verbs: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        apiGroups: { tag: 2, list: 'string', listType: 'atomic' },
        resources: { tag: 3, list: 'string', listType: 'atomic' },
        resourceNames: { tag: 4, list: 'string', listType: 'atomic' },
        nonResourceURLs: { tag: 5, list: 'string', listType: 'atomic' },
      },
    },
    Role: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        rules: { tag: 2, list: 'PolicyRule', always: true, listType: 'atomic' },
      },
    },
    RoleBinding: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        subjects: { tag: 2, list: 'Subject', listType: 'atomic' },
        roleRef: { tag: 3, type: 'RoleRef', required: true, always: true },
      },
    },
    RoleBindingList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'RoleBinding', required: true, always: true },
      },
    },
    RoleList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Role', required: true, always: true },
      },
    },
    RoleRef: {
      atomic: true,
      fields: {
        apiGroup: { tag: 1, type: 'string', always: true },
        kind: { tag: 2, type: 'string', required: true, always: true },
        name: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    Subject: {
      atomic: true,
      fields: {
        kind: { tag: 1, type: 'string', required: true, always: true },
        apiGroup: { tag: 2, type: 'string' },
        name: { tag: 3, type: 'string', required: true, always: true },
        namespace: { tag: 4, type: 'string' },
      },
    },
  },
};

import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from '../../../api/rbac/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import {
  validateClusterRole,
  validateClusterRoleBinding,
  validateClusterRoleBindingUpdate,
  validateRole,
  validateRoleBinding,
  validateRoleBindingUpdate,
} from '../../validation/policy.ts';
import { age, createdAtCells } from '../cells.ts';
import { define } from '../define.ts';

const GROUP = 'rbac.authorization.k8s.io';
type Binding = RoleBinding | ClusterRoleBinding;

function setBindingDefaults({ roleRef, subjects }: Mutable<Binding>): void {
  roleRef.apiGroup ||= GROUP;
  for (const subject of subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= GROUP;
  }
}

const names = (subjects: readonly Subject[] | undefined, kind: string): string =>
  (subjects ?? [])
    .filter((subject) => subject.kind === kind)
    .map(({ namespace, name }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
    .join(', ');

const bindingCells = (binding: Binding, now: number): readonly unknown[] => [
  binding.metadata.name,
  `${binding.roleRef.kind}/${binding.roleRef.name}`,
  age(binding, now),
  names(binding.subjects, 'User'),
  names(binding.subjects, 'Group'),
  names(binding.subjects, 'ServiceAccount'),
];

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export const role = define<Role>({
  validateCreate: validateRole,
  validateUpdate: validateRole,
  allowCreateOnUpdate: true,
  tableCells: createdAtCells,
});
export const clusterRole = define<ClusterRole>({
  validateCreate: validateClusterRole,
  validateUpdate: validateClusterRole,
  allowCreateOnUpdate: true,
  tableCells: createdAtCells,
});
export const roleBinding = define<RoleBinding>({
  validateCreate: validateRoleBinding,
  validateUpdate: validateRoleBindingUpdate,
  setDefaults: setBindingDefaults,
  allowCreateOnUpdate: true,
  tableCells: bindingCells,
});
export const clusterRoleBinding = define<ClusterRoleBinding>({
  validateCreate: validateClusterRoleBinding,
  validateUpdate: validateClusterRoleBindingUpdate,
  setDefaults: setBindingDefaults,
  allowCreateOnUpdate: true,
  tableCells: bindingCells,
});

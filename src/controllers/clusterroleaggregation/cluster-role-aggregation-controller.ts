import { labelSelector } from '../../api/labels.ts';
import { type ClusterRole, clusterroles, type PolicyRule } from '../../api/rbac/v1.gen.ts';
import { deepEqual } from '../../schema/equal.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

const WORKERS = 5;
const FIELD_MANAGER = 'clusterrole-aggregation-controller';

/**
 * Fills cluster roles that have an aggregation rule ("admin", "edit", "view") with the rules of the roles it selects.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
 */
export function startClusterRoleAggregationController(context: ControllerContext): ControllerHandle {
  const { client } = context;
  const roles = context.informers.informer(clusterroles);

  return startReconciler(context, {
    name: 'ClusterRoleAggregator',
    workers: WORKERS,
    waitFor: [roles],
    observe: (queue) => {
      // Aggregated roles may select each other and are few: whatever changes, all of them are looked at.
      const wake = () => {
        for (const { aggregationRule, metadata } of roles.store.list()) if (aggregationRule) queue.add(metadata.name);
      };
      return [roles.addHandler({ onAdd: wake, onUpdate: wake, onDelete: wake })];
    },
    async reconcile(name) {
      const role = roles.store.get('', name);
      if (!role?.aggregationRule) return;
      const rules = aggregatedRules(role, roles.store.list());
      if (deepEqual(rules, role.rules ?? [])) return;
      const body = { apiVersion: role.apiVersion, kind: role.kind, metadata: { name }, rules };
      await client
        .resource(clusterroles)
        .patch('', name, { type: 'apply', body }, { fieldManager: FIELD_MANAGER, force: true });
    },
  });
}

/** Selector by selector, in the order of the roles' names, each rule once. Throws for an invalid selector. */
function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const others = all
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const wanted of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const selector = labelSelector(wanted);
    for (const other of others) {
      if (!selector.matches(other.metadata.labels)) continue;
      for (const rule of other.rules ?? []) if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}

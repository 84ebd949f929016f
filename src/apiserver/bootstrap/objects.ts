import { type APIService, apiservices } from '../../api/apiregistration/v1.gen.ts';
import { type Namespace, namespaces } from '../../api/core/v1.gen.ts';
import {
  type FlowSchema,
  type FlowSchemaSpec,
  flowschemas,
  type PriorityLevelConfiguration,
  type PriorityLevelConfigurationSpec,
  prioritylevelconfigurations,
} from '../../api/flowcontrol/v1.gen.ts';
import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterrolebindings,
  clusterroles,
  type PolicyRule,
  type Role,
  type RoleBinding,
  rolebindings,
  roles,
  type Subject,
} from '../../api/rbac/v1.gen.ts';
import { apiVersionOf, type Draft, type KubeObject, type ResourceType } from '../../api/resource.ts';
import { type PriorityClass, priorityclasses } from '../../api/scheduling/v1.gen.ts';
import { clusterRoleRules, controllerRules, events, on, read } from './cluster-role-rules.ts';

/*
 * The objects that a Kubernetes API server makes by itself, as they are after aggregation and defaulting.
 */

const rbacGroup = 'rbac.authorization.k8s.io';
const rbacMeta = (name: string, namespace?: string) => ({
  name,
  ...(namespace && { namespace }),
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
});
const aggregateTo = (role: string) => `rbac.authorization.k8s.io/aggregate-to-${role}`;

const user = (name: string): Subject => ({ kind: 'User', apiGroup: rbacGroup, name });
const group = (name: string): Subject => ({ kind: 'Group', apiGroup: rbacGroup, name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  labels: Record<string, string> = {},
): Draft<ClusterRole> {
  const metadata = rbacMeta(name);
  return { metadata: { ...metadata, labels: { ...metadata.labels, ...labels } }, rules };
}

/** view, edit and admin are the sums of what is labelled for them: each includes the one before. */
function userFacingRoles(): Draft<ClusterRole>[] {
  const sum = (name: string, rules: readonly PolicyRule[], includedIn?: string): Draft<ClusterRole> => ({
    ...clusterRole(name, rules, includedIn ? { [aggregateTo(includedIn)]: 'true' } : {}),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateTo(name)]: 'true' } }] },
  });
  const part = (name: string) => clusterRoleRules[`system:aggregate-to-${name}`] ?? [];
  const view = part('view');
  const edit = [...part('edit'), ...view];
  return [sum('admin', [...edit, ...part('admin')]), sum('edit', edit, 'admin'), sum('view', view, 'edit')];
}

function allClusterRoles(): Draft<ClusterRole>[] {
  const plain = Object.entries(clusterRoleRules).map(([name, rules]) => {
    const part = /^system:aggregate-to-(.*)$/.exec(name)?.[1];
    return clusterRole(name, rules, part ? { [aggregateTo(part)]: 'true' } : {});
  });
  const controllers = Object.entries(controllerRules).map(([name, rules]) =>
    clusterRole(`system:controller:${name}`, rules),
  );
  return [...userFacingRoles(), ...plain, ...controllers];
}

const clusterSubjects: Readonly<Record<string, readonly Subject[]>> = {
  'cluster-admin': [group('system:masters')],
  'system:basic-user': [group('system:authenticated')],
  'system:discovery': [group('system:authenticated')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [account('kube-dns')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:monitoring': [group('system:monitoring')],
  // The node authorizer does its work; the binding stays for clusters that had subjects in it.
  'system:node': [],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
};

function allClusterRoleBindings(): Draft<ClusterRoleBinding>[] {
  const bind = (name: string, subjects: readonly Subject[]): Draft<ClusterRoleBinding> => ({
    metadata: rbacMeta(name),
    ...(subjects.length && { subjects }),
    roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name },
  });
  return [
    ...Object.entries(clusterSubjects).map(([name, subjects]) => bind(name, subjects)),
    ...Object.keys(controllerRules).map((name) => bind(`system:controller:${name}`, [account(name)])),
  ];
}

const leases = (resource: string) => on('create get list update watch', 'coordination.k8s.io', resource);

/** Namespaced roles: where, what, for whom, and the binding's name where it is not the role's. */
const namespacedRoles: readonly (readonly [string, string, readonly PolicyRule[], readonly Subject[], string?])[] = [
  [
    'kube-public',
    'system:controller:bootstrap-signer',
    [on(read, 'core', 'configmaps'), on('update', 'core', 'configmaps', 'cluster-info'), events],
    [account('bootstrap-signer')],
  ],
  [
    'kube-system',
    'extension-apiserver-authentication-reader',
    [on(read, 'core', 'configmaps', 'extension-apiserver-authentication')],
    [user('system:kube-controller-manager'), user('system:kube-scheduler')],
    'system::extension-apiserver-authentication-reader',
  ],
  [
    'kube-system',
    'system::leader-locking-kube-controller-manager',
    [leases('leases'), leases('leasecandidates')],
    [user('system:kube-controller-manager'), account('kube-controller-manager'), account('leader-election-controller')],
  ],
  [
    'kube-system',
    'system::leader-locking-kube-scheduler',
    [leases('leases'), leases('leasecandidates')],
    [user('system:kube-scheduler'), account('kube-scheduler')],
  ],
  ['kube-system', 'system:controller:bootstrap-signer', [on(read, 'core', 'secrets')], [account('bootstrap-signer')]],
  [
    'kube-system',
    'system:controller:cloud-provider',
    [on('create get list watch', 'core', 'configmaps')],
    [account('cloud-provider')],
  ],
  [
    'kube-system',
    'system:controller:token-cleaner',
    [on('delete get list watch', 'core', 'secrets'), events],
    [account('token-cleaner')],
  ],
];

const everything = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};
const flowUser = (name: string) => ({ kind: 'User', user: { name } });
const flowGroup = (name: string) => ({ kind: 'Group', group: { name } });
const everyone = [flowGroup('system:unauthenticated'), flowGroup('system:authenticated')];
const systemAccounts = { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name: '*' } };

type FlowRules = FlowSchemaSpec['rules'];
type Distinguisher = 'ByUser' | 'ByNamespace' | undefined;

function allFlowSchemas(): Draft<FlowSchema>[] {
  const schema = (
    name: string,
    level: string,
    matchingPrecedence: number,
    type: Distinguisher,
    rules: FlowRules,
  ): Draft<FlowSchema> => ({
    metadata: { name, annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } },
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(type && { distinguisherMethod: { type } }),
      rules,
    },
  });
  const all = (...subjects: Extract<FlowRules, object>[number]['subjects'][number][]) => [{ subjects, ...everything }];
  const leaseRule = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] };
  return [
    schema('catch-all', 'catch-all', 10000, 'ByUser', all(...everyone)),
    schema('exempt', 'exempt', 1, undefined, all(flowGroup('system:masters'))),
    schema('global-default', 'global-default', 9900, 'ByUser', all(...everyone)),
    schema(
      'kube-controller-manager',
      'workload-high',
      800,
      'ByNamespace',
      all(flowUser('system:kube-controller-manager')),
    ),
    schema('kube-scheduler', 'workload-high', 800, 'ByNamespace', all(flowUser('system:kube-scheduler'))),
    schema('kube-system-service-accounts', 'workload-high', 900, 'ByNamespace', all(systemAccounts)),
    schema('probes', 'exempt', 2, undefined, [
      {
        subjects: everyone,
        nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
      },
    ]),
    schema('service-accounts', 'workload-low', 9000, 'ByUser', all(flowGroup('system:serviceaccounts'))),
    schema('system-leader-election', 'leader-election', 100, 'ByUser', [
      {
        subjects: [flowUser('system:kube-controller-manager'), flowUser('system:kube-scheduler'), systemAccounts],
        resourceRules: [{ verbs: ['get', 'create', 'update'], ...leaseRule }],
      },
    ]),
    schema('system-node-high', 'node-high', 400, 'ByUser', [
      {
        subjects: [flowGroup('system:nodes')],
        resourceRules: [
          {
            verbs: ['*'],
            apiGroups: [''],
            resources: ['nodes', 'nodes/status'],
            clusterScope: true,
            namespaces: ['*'],
          },
          { verbs: ['*'], ...leaseRule },
        ],
      },
    ]),
    schema('system-nodes', 'system', 500, 'ByUser', all(flowGroup('system:nodes'))),
  ];
}

function allPriorityLevels(): Draft<PriorityLevelConfiguration>[] {
  const level = (name: string, spec: PriorityLevelConfigurationSpec): Draft<PriorityLevelConfiguration> => ({
    metadata: { name, annotations: { 'apf.kubernetes.io/autoupdate-spec': 'true' } },
    spec,
  });
  const queued = (name: string, shares: number, queues: number, handSize: number, lendablePercent: number) =>
    level(name, {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: shares,
        limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
        lendablePercent,
      },
    });
  return [
    level('catch-all', {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
    }),
    level('exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }),
    queued('global-default', 20, 128, 6, 50),
    queued('leader-election', 10, 16, 4, 0),
    queued('node-high', 40, 64, 6, 25),
    queued('system', 30, 64, 6, 33),
    queued('workload-high', 40, 128, 6, 50),
    queued('workload-low', 100, 128, 6, 90),
  ];
}

const allPriorityClasses: readonly Draft<PriorityClass>[] = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description:
      'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
];

/** Group, version, priority of the group, priority of the version: in which order clients look for a kind. */
const groupPriorities: readonly (readonly [string, string, number, number])[] = [
  ['', 'v1', 18000, 1],
  ['admissionregistration.k8s.io', 'v1', 16700, 15],
  ['apiextensions.k8s.io', 'v1', 16700, 15],
  ['apps', 'v1', 17800, 15],
  ['authentication.k8s.io', 'v1', 17700, 15],
  ['authorization.k8s.io', 'v1', 17600, 15],
  ['autoscaling', 'v1', 17500, 15],
  ['batch', 'v1', 17400, 15],
  ['certificates.k8s.io', 'v1', 17300, 15],
  ['coordination.k8s.io', 'v1', 16500, 15],
  ['discovery.k8s.io', 'v1', 16200, 15],
  ['events.k8s.io', 'v1', 17750, 15],
  ['flowcontrol.apiserver.k8s.io', 'v1', 16100, 21],
  ['networking.k8s.io', 'v1', 17200, 15],
  ['node.k8s.io', 'v1', 16300, 15],
  ['policy', 'v1', 17100, 15],
  ['rbac.authorization.k8s.io', 'v1', 17000, 15],
  ['resource.k8s.io', 'v1', 16200, 21],
  ['scheduling.k8s.io', 'v1', 16600, 15],
  ['storage.k8s.io', 'v1', 16800, 15],
  ['autoscaling', 'v2', 17500, 30],
];

const allApiServices = (): Draft<APIService>[] =>
  groupPriorities.map(([name, version, groupPriorityMinimum, versionPriority]) => ({
    metadata: {
      name: `${version}.${name}`,
      labels: { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' },
    },
    spec: { ...(name && { group: name }), version, groupPriorityMinimum, versionPriority },
  }));

const allNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(
  (name): Draft<Namespace> => ({ metadata: { name } }),
);

/** All objects of one kind. */
export interface BootstrapObjects<T extends KubeObject = KubeObject> {
  readonly type: ResourceType<T>;
  readonly objects: readonly Draft<T>[];
}

function of<T extends KubeObject>(type: ResourceType<T>, objects: readonly Draft<T>[]): BootstrapObjects<T> {
  const { kind } = type;
  const apiVersion = apiVersionOf(type);
  return { type, objects: objects.map((object) => ({ apiVersion, kind, ...object })) };
}

/** Every object, in the order in which they can be made: namespaces before what they hold. */
export function bootstrapObjects() {
  return {
    namespaces: of(namespaces, allNamespaces),
    clusterRoles: of(clusterroles, allClusterRoles()),
    clusterRoleBindings: of(clusterrolebindings, allClusterRoleBindings()),
    roles: of(
      roles,
      namespacedRoles.map(([namespace, name, rules]): Draft<Role> => ({ metadata: rbacMeta(name, namespace), rules })),
    ),
    roleBindings: of(
      rolebindings,
      namespacedRoles.map(
        ([namespace, role, , subjects, name = role]): Draft<RoleBinding> => ({
          metadata: rbacMeta(name, namespace),
          subjects,
          roleRef: { apiGroup: rbacGroup, kind: 'Role', name: role },
        }),
      ),
    ),
    priorityClasses: of(priorityclasses, allPriorityClasses),
    priorityLevels: of(prioritylevelconfigurations, allPriorityLevels()),
    flowSchemas: of(flowschemas, allFlowSchemas()),
    apiServices: of(apiservices, allApiServices()),
  };
}

import type { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1.gen.ts';

/** Of no stored object. */
const meta = (name: string) => ({ name, uid: '', resourceVersion: '', creationTimestamp: '' });
const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';

/** Levels and schemas that are in force even where nobody has made the objects: as v1.36 has them. */
export const mandatoryLevels: readonly PriorityLevelConfiguration[] = [
  {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: meta('exempt'),
    spec: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
    status: {},
  },
  {
    apiVersion,
    kind: 'PriorityLevelConfiguration',
    metadata: meta('catch-all'),
    spec: {
      type: 'Limited',
      limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
    },
    status: {},
  },
];

const everything = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
};
const groups = (...names: string[]) => names.map((name) => ({ kind: 'Group', group: { name } }));

/** The first and the last that are tried. */
export const mandatorySchemas: readonly [FlowSchema, FlowSchema] = [
  {
    apiVersion,
    kind: 'FlowSchema',
    metadata: meta('exempt'),
    spec: {
      matchingPrecedence: 1,
      priorityLevelConfiguration: { name: 'exempt' },
      rules: [{ subjects: groups('system:masters'), ...everything }],
    },
    status: {},
  },
  {
    apiVersion,
    kind: 'FlowSchema',
    metadata: meta('catch-all'),
    spec: {
      matchingPrecedence: 10_000,
      priorityLevelConfiguration: { name: 'catch-all' },
      distinguisherMethod: { type: 'ByUser' },
      rules: [{ subjects: groups('system:unauthenticated', 'system:authenticated'), ...everything }],
    },
    status: {},
  },
];

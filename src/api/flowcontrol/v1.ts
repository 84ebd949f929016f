import type { GroupVersionData } from '../../schema/model.ts';

/** flowcontrol.apiserver.k8s.io/v1. */
export const flowcontrolV1: GroupVersionData = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.flowcontrol.v1',
  resources: [
    {
      resource: 'flowschemas',
      singular: 'flowschema',
      kind: 'FlowSchema',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      subresources: {
        status: { kind: 'FlowSchema', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['PriorityLevel', 'string', '', 0],
        ['MatchingPrecedence', 'string', '', 0],
        ['DistinguisherMethod', 'string', '', 0],
        ['Age', 'string', '', 0],
        ['MissingPL', 'string', '', 0],
      ],
    },
    {
      resource: 'prioritylevelconfigurations',
      singular: 'prioritylevelconfiguration',
      kind: 'PriorityLevelConfiguration',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      subresources: {
        status: { kind: 'PriorityLevelConfiguration', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Type', 'string', '', 0],
        ['NominalConcurrencyShares', 'string', '', 0],
        ['Queues', 'string', '', 0],
        ['HandSize', 'string', '', 0],
        ['QueueLengthLimit', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    ExemptPriorityLevelConfiguration: {
      fields: {
        nominalConcurrencyShares: { tag: 1, type: 'int32', pointer: true },
        lendablePercent: { tag: 2, type: 'int32', pointer: true },
      },
    },
    FlowDistinguisherMethod: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    FlowSchema: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'FlowSchemaSpec', always: true },
        status: { tag: 3, type: 'FlowSchemaStatus', always: true },
      },
    },
    FlowSchemaCondition: {
      fields: {
        type: { tag: 1, type: 'string' },
        status: { tag: 2, type: 'string' },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    FlowSchemaList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'FlowSchema', required: true, always: true },
      },
    },
    FlowSchemaSpec: {
      fields: {
        priorityLevelConfiguration: { tag: 1, type: 'PriorityLevelConfigurationReference', required: true, always: true },
        matchingPrecedence: { tag: 2, type: 'int32', always: true },
        distinguisherMethod: { tag: 3, type: 'FlowDistinguisherMethod', pointer: true },
        rules: { tag: 4, list: 'PolicyRulesWithSubjects', listType: 'atomic' },
      },
    },
    FlowSchemaStatus: {
      fields: {
        conditions: { tag: 1, list: 'FlowSchemaCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    GroupSubject: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    LimitResponse: {
      unions: [{ discriminator: 'type', fields: { queuing: 'Queuing' } }],
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        queuing: { tag: 2, type: 'QueuingConfiguration', pointer: true },
      },
    },
    LimitedPriorityLevelConfiguration: {
      fields: {
        nominalConcurrencyShares: { tag: 1, type: 'int32', pointer: true, always: true },
        limitResponse: { tag: 2, type: 'LimitResponse', always: true },
        lendablePercent: { tag: 3, type: 'int32', pointer: true },
        borrowingLimitPercent: { tag: 4, type: 'int32', pointer: true },
      },
    },
    NonResourcePolicyRule: {
      fields: {
        verbs: { tag: 1, list: 'string', required: true, always: true, listType: 'set' },
        nonResourceURLs: { tag: 6, list: 'string', required: true, always: true, listType: 'set' },
      },
    },
    PolicyRulesWithSubjects: {
      fields: {
        subjects: { tag: 1, list: 'Subject', required: true, always: true, listType: 'atomic' },
        resourceRules: { tag: 2, list: 'ResourcePolicyRule', listType: 'atomic' },
        nonResourceRules: { tag: 3, list: 'NonResourcePolicyRule', listType: 'atomic' },
      },
    },
    PriorityLevelConfiguration: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'PriorityLevelConfigurationSpec', always: true },
        status: { tag: 3, type: 'PriorityLevelConfigurationStatus', always: true },
      },
    },
    PriorityLevelConfigurationCondition: {
      fields: {
        type: { tag: 1, type: 'string' },
        status: { tag: 2, type: 'string' },
        lastTransitionTime: { tag: 3, type: 'Time', always: true },
        reason: { tag: 4, type: 'string' },
        message: { tag: 5, type: 'string' },
      },
    },
    PriorityLevelConfigurationList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'PriorityLevelConfiguration', required: true, always: true },
      },
    },
    PriorityLevelConfigurationReference: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
      },
    },
    PriorityLevelConfigurationSpec: {
      unions: [{ discriminator: 'type', fields: { exempt: 'Exempt', limited: 'Limited' } }],
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        limited: { tag: 2, type: 'LimitedPriorityLevelConfiguration', pointer: true },
        exempt: { tag: 3, type: 'ExemptPriorityLevelConfiguration', pointer: true },
      },
    },
    PriorityLevelConfigurationStatus: {
      fields: {
        conditions: { tag: 1, list: 'PriorityLevelConfigurationCondition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
    QueuingConfiguration: {
      fields: {
        queues: { tag: 1, type: 'int32', always: true },
        handSize: { tag: 2, type: 'int32', always: true },
        queueLengthLimit: { tag: 3, type: 'int32', always: true },
      },
    },
    ResourcePolicyRule: {
      fields: {
        verbs: { tag: 1, list: 'string', required: true, always: true, listType: 'set' },
        apiGroups: { tag: 2, list: 'string', required: true, always: true, listType: 'set' },
        resources: { tag: 3, list: 'string', required: true, always: true, listType: 'set' },
        clusterScope: { tag: 4, type: 'bool' },
        namespaces: { tag: 5, list: 'string', always: true, listType: 'set' },
      },
    },
    ServiceAccountSubject: {
      fields: {
        namespace: { tag: 1, type: 'string', required: true, always: true },
        name: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    Subject: {
      unions: [{ discriminator: 'kind', fields: { group: 'Group', serviceAccount: 'ServiceAccount', user: 'User' } }],
      fields: {
        kind: { tag: 1, type: 'string', required: true, always: true },
        user: { tag: 2, type: 'UserSubject', pointer: true },
        group: { tag: 3, type: 'GroupSubject', pointer: true },
        serviceAccount: { tag: 4, type: 'ServiceAccountSubject', pointer: true },
      },
    },
    UserSubject: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
      },
    },
  },
};

import type { GroupVersionData } from '../../schema/model.ts';

/** admissionregistration.k8s.io/v1. */
export const admissionregistrationV1: GroupVersionData = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.admissionregistration.v1',
  resources: [
    {
      resource: 'mutatingadmissionpolicies',
      singular: 'mutatingadmissionpolicy',
      kind: 'MutatingAdmissionPolicy',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['api-extensions'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Mutations', 'integer', '', 0],
        ['ParamKind', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'mutatingadmissionpolicybindings',
      singular: 'mutatingadmissionpolicybinding',
      kind: 'MutatingAdmissionPolicyBinding',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['api-extensions'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['PolicyName', 'string', '', 0],
        ['ParamRef', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'mutatingwebhookconfigurations',
      singular: 'mutatingwebhookconfiguration',
      kind: 'MutatingWebhookConfiguration',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['api-extensions'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Webhooks', 'integer', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'validatingadmissionpolicies',
      singular: 'validatingadmissionpolicy',
      kind: 'ValidatingAdmissionPolicy',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['api-extensions'],
      subresources: {
        status: { kind: 'ValidatingAdmissionPolicy', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Validations', 'integer', '', 0],
        ['ParamKind', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'validatingadmissionpolicybindings',
      singular: 'validatingadmissionpolicybinding',
      kind: 'ValidatingAdmissionPolicyBinding',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['api-extensions'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['PolicyName', 'string', '', 0],
        ['ParamRef', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'validatingwebhookconfigurations',
      singular: 'validatingwebhookconfiguration',
      kind: 'ValidatingWebhookConfiguration',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      categories: ['api-extensions'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Webhooks', 'integer', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    ApplyConfiguration: {
      fields: {
        expression: { tag: 1, type: 'string' },
      },
    },
    AuditAnnotation: {
      fields: {
        key: { tag: 1, type: 'string', required: true, always: true },
        valueExpression: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    ExpressionWarning: {
      fields: {
        fieldRef: { tag: 2, type: 'string', required: true, always: true },
        warning: { tag: 3, type: 'string', required: true, always: true },
      },
    },
    JSONPatch: {
      fields: {
        expression: { tag: 1, type: 'string' },
      },
    },
    MatchCondition: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        expression: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    MatchResources: {
      atomic: true,
      fields: {
        namespaceSelector: { tag: 1, type: 'meta/v1.LabelSelector', pointer: true },
        objectSelector: { tag: 2, type: 'meta/v1.LabelSelector', pointer: true },
        resourceRules: { tag: 3, list: 'NamedRuleWithOperations', listType: 'atomic' },
        excludeResourceRules: { tag: 4, list: 'NamedRuleWithOperations', listType: 'atomic' },
        matchPolicy: { tag: 7, type: 'string', pointer: true, enum: ['Equivalent', 'Exact'] },
      },
    },
    MutatingAdmissionPolicy: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'MutatingAdmissionPolicySpec', always: true },
      },
    },
    MutatingAdmissionPolicyBinding: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'MutatingAdmissionPolicyBindingSpec', always: true },
      },
    },
    MutatingAdmissionPolicyBindingList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'MutatingAdmissionPolicyBinding', required: true, always: true },
      },
    },
    MutatingAdmissionPolicyBindingSpec: {
      fields: {
        policyName: { tag: 1, type: 'string' },
        paramRef: { tag: 2, type: 'ParamRef', pointer: true },
        matchResources: { tag: 3, type: 'MatchResources', pointer: true },
      },
    },
    MutatingAdmissionPolicyList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'MutatingAdmissionPolicy', required: true, always: true },
      },
    },
    MutatingAdmissionPolicySpec: {
      fields: {
        paramKind: { tag: 1, type: 'ParamKind', pointer: true },
        matchConstraints: { tag: 2, type: 'MatchResources', pointer: true },
        variables: { tag: 3, list: 'Variable', listType: 'atomic' },
        mutations: { tag: 4, list: 'Mutation', listType: 'atomic' },
        failurePolicy: { tag: 5, type: 'string', pointer: true, enum: ['Fail', 'Ignore'] },
        matchConditions: { tag: 6, list: 'MatchCondition', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        reinvocationPolicy: { tag: 7, type: 'string', enum: ['IfNeeded', 'Never'] },
      },
    },
    MutatingWebhook: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        clientConfig: { tag: 2, type: 'WebhookClientConfig', required: true, always: true },
        rules: { tag: 3, list: 'RuleWithOperations', listType: 'atomic' },
        failurePolicy: { tag: 4, type: 'string', pointer: true, enum: ['Fail', 'Ignore'] },
        matchPolicy: { tag: 9, type: 'string', pointer: true, enum: ['Equivalent', 'Exact'] },
        namespaceSelector: { tag: 5, type: 'meta/v1.LabelSelector', pointer: true },
        objectSelector: { tag: 11, type: 'meta/v1.LabelSelector', pointer: true },
        sideEffects: { tag: 6, type: 'string', required: true, pointer: true, always: true, enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] },
        timeoutSeconds: { tag: 7, type: 'int32', pointer: true },
        admissionReviewVersions: { tag: 8, list: 'string', required: true, always: true, listType: 'atomic' },
        reinvocationPolicy: { tag: 10, type: 'string', pointer: true, enum: ['IfNeeded', 'Never'] },
        matchConditions: { tag: 12, list: 'MatchCondition', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
      },
    },
    MutatingWebhookConfiguration: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        webhooks: { tag: 2, list: 'MutatingWebhook', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
      },
    },
    MutatingWebhookConfigurationList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'MutatingWebhookConfiguration', required: true, always: true },
      },
    },
    Mutation: {
      fields: {
        patchType: { tag: 2, type: 'string', required: true, always: true, enum: ['ApplyConfiguration', 'JSONPatch'] },
        applyConfiguration: { tag: 3, type: 'ApplyConfiguration', pointer: true },
        jsonPatch: { tag: 4, type: 'JSONPatch', pointer: true },
      },
    },
    NamedRuleWithOperations: {
      atomic: true,
      fields: {
        resourceNames: { tag: 1, list: 'string', listType: 'atomic' },
        ruleWithOperations: { tag: 2, type: 'RuleWithOperations', inline: true },
      },
    },
    ParamKind: {
      atomic: true,
      fields: {
        apiVersion: { tag: 1, type: 'string' },
        kind: { tag: 2, type: 'string' },
      },
    },
    ParamRef: {
      atomic: true,
      fields: {
        name: { tag: 1, type: 'string' },
        namespace: { tag: 2, type: 'string' },
        selector: { tag: 3, type: 'meta/v1.LabelSelector', pointer: true },
        parameterNotFoundAction: { tag: 4, type: 'string', pointer: true },
      },
    },
    Rule: {
      fields: {
        apiGroups: { tag: 1, list: 'string', listType: 'atomic' },
        apiVersions: { tag: 2, list: 'string', listType: 'atomic' },
        resources: { tag: 3, list: 'string', listType: 'atomic' },
        scope: { tag: 4, type: 'string', pointer: true, enum: ['*', 'Cluster', 'Namespaced'] },
      },
    },
    RuleWithOperations: {
      fields: {
        operations: { tag: 1, list: 'string', enum: ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'], listType: 'atomic' },
        rule: { tag: 2, type: 'Rule', inline: true },
      },
    },
    ServiceReference: {
      fields: {
        namespace: { tag: 1, type: 'string', required: true, always: true },
        name: { tag: 2, type: 'string', required: true, always: true },
        path: { tag: 3, type: 'string', pointer: true },
        port: { tag: 4, type: 'int32', pointer: true },
      },
    },
    TypeChecking: {
      fields: {
        expressionWarnings: { tag: 1, list: 'ExpressionWarning', listType: 'atomic' },
      },
    },
    ValidatingAdmissionPolicy: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ValidatingAdmissionPolicySpec', always: true },
        status: { tag: 3, type: 'ValidatingAdmissionPolicyStatus', always: true },
      },
    },
    ValidatingAdmissionPolicyBinding: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ValidatingAdmissionPolicyBindingSpec', required: true, always: true },
      },
    },
    ValidatingAdmissionPolicyBindingList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ValidatingAdmissionPolicyBinding', required: true, always: true },
      },
    },
    ValidatingAdmissionPolicyBindingSpec: {
      fields: {
        policyName: { tag: 1, type: 'string', required: true },
        paramRef: { tag: 2, type: 'ParamRef', pointer: true },
        matchResources: { tag: 3, type: 'MatchResources', pointer: true },
        validationActions: { tag: 4, list: 'string', required: true, enum: ['Audit', 'Deny', 'Warn'], listType: 'set' },
      },
    },
    ValidatingAdmissionPolicyList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ValidatingAdmissionPolicy', required: true, always: true },
      },
    },
    ValidatingAdmissionPolicySpec: {
      fields: {
        paramKind: { tag: 1, type: 'ParamKind', pointer: true },
        matchConstraints: { tag: 2, type: 'MatchResources', pointer: true },
        validations: { tag: 3, list: 'Validation', listType: 'atomic' },
        failurePolicy: { tag: 4, type: 'string', pointer: true, enum: ['Fail', 'Ignore'] },
        auditAnnotations: { tag: 5, list: 'AuditAnnotation', listType: 'atomic' },
        matchConditions: { tag: 6, list: 'MatchCondition', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
        variables: { tag: 7, list: 'Variable', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
      },
    },
    ValidatingAdmissionPolicyStatus: {
      fields: {
        observedGeneration: { tag: 1, type: 'int64' },
        typeChecking: { tag: 2, type: 'TypeChecking', pointer: true },
        conditions: { tag: 3, list: 'meta/v1.Condition', listType: 'map', keys: ['type'] },
      },
    },
    ValidatingWebhook: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        clientConfig: { tag: 2, type: 'WebhookClientConfig', required: true, always: true },
        rules: { tag: 3, list: 'RuleWithOperations', listType: 'atomic' },
        failurePolicy: { tag: 4, type: 'string', pointer: true, enum: ['Fail', 'Ignore'] },
        matchPolicy: { tag: 9, type: 'string', pointer: true, enum: ['Equivalent', 'Exact'] },
        namespaceSelector: { tag: 5, type: 'meta/v1.LabelSelector', pointer: true },
        objectSelector: { tag: 10, type: 'meta/v1.LabelSelector', pointer: true },
        sideEffects: { tag: 6, type: 'string', required: true, pointer: true, always: true, enum: ['None', 'NoneOnDryRun', 'Some', 'Unknown'] },
        timeoutSeconds: { tag: 7, type: 'int32', pointer: true },
        admissionReviewVersions: { tag: 8, list: 'string', required: true, always: true, listType: 'atomic' },
        matchConditions: { tag: 11, list: 'MatchCondition', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
      },
    },
    ValidatingWebhookConfiguration: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        webhooks: { tag: 2, list: 'ValidatingWebhook', listType: 'map', keys: ['name'], patch: 'merge', mergeKey: 'name' },
      },
    },
    ValidatingWebhookConfigurationList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ValidatingWebhookConfiguration', required: true, always: true },
      },
    },
    Validation: {
      fields: {
        expression: { tag: 1, type: 'string', required: true, always: true },
        message: { tag: 2, type: 'string' },
        reason: { tag: 3, type: 'string', pointer: true },
        messageExpression: { tag: 4, type: 'string' },
      },
    },
    Variable: {
      atomic: true,
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        expression: { tag: 2, type: 'string', required: true, always: true },
      },
    },
    WebhookClientConfig: {
      fields: {
        url: { tag: 3, type: 'string', pointer: true },
        service: { tag: 1, type: 'ServiceReference', pointer: true },
        caBundle: { tag: 2, type: 'bytes' },
      },
    },
  },
};

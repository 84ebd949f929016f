import type { GroupVersionData } from '../../schema/model.ts';

/** authorization.k8s.io/v1. */
export const authorizationV1: GroupVersionData = {
  group: 'authorization.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.authorization.v1',
  resources: [
    {
      resource: 'localsubjectaccessreviews',
      singular: 'localsubjectaccessreview',
      kind: 'LocalSubjectAccessReview',
      namespaced: true,
      verbs: ['create'],
    },
    {
      resource: 'selfsubjectaccessreviews',
      singular: 'selfsubjectaccessreview',
      kind: 'SelfSubjectAccessReview',
      namespaced: false,
      verbs: ['create'],
    },
    {
      resource: 'selfsubjectrulesreviews',
      singular: 'selfsubjectrulesreview',
      kind: 'SelfSubjectRulesReview',
      namespaced: false,
      verbs: ['create'],
    },
    {
      resource: 'subjectaccessreviews',
      singular: 'subjectaccessreview',
      kind: 'SubjectAccessReview',
      namespaced: false,
      verbs: ['create'],
    },
  ],
  types: {
    FieldSelectorAttributes: {
      fields: {
        rawSelector: { tag: 1, type: 'string' },
        requirements: { tag: 2, list: 'meta/v1.FieldSelectorRequirement', listType: 'atomic' },
      },
    },
    LabelSelectorAttributes: {
      fields: {
        rawSelector: { tag: 1, type: 'string' },
        requirements: { tag: 2, list: 'meta/v1.LabelSelectorRequirement', listType: 'atomic' },
      },
    },
    LocalSubjectAccessReview: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'SubjectAccessReviewSpec', required: true, always: true },
        status: { tag: 3, type: 'SubjectAccessReviewStatus', always: true },
      },
    },
    NonResourceAttributes: {
      fields: {
        path: { tag: 1, type: 'string' },
        verb: { tag: 2, type: 'string' },
      },
    },
    NonResourceRule: {
      fields: {
        verbs: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        nonResourceURLs: { tag: 2, list: 'string', listType: 'atomic' },
      },
    },
    ResourceAttributes: {
      fields: {
        namespace: { tag: 1, type: 'string' },
        verb: { tag: 2, type: 'string' },
        group: { tag: 3, type: 'string' },
        version: { tag: 4, type: 'string' },
        resource: { tag: 5, type: 'string' },
        subresource: { tag: 6, type: 'string' },
        name: { tag: 7, type: 'string' },
        fieldSelector: { tag: 8, type: 'FieldSelectorAttributes', pointer: true },
        labelSelector: { tag: 9, type: 'LabelSelectorAttributes', pointer: true },
      },
    },
    ResourceRule: {
      fields: {
        verbs: { tag: 1, list: 'string', required: true, always: true, listType: 'atomic' },
        apiGroups: { tag: 2, list: 'string', listType: 'atomic' },
        resources: { tag: 3, list: 'string', listType: 'atomic' },
        resourceNames: { tag: 4, list: 'string', listType: 'atomic' },
      },
    },
    SelfSubjectAccessReview: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'SelfSubjectAccessReviewSpec', required: true, always: true },
        status: { tag: 3, type: 'SubjectAccessReviewStatus', always: true },
      },
    },
    SelfSubjectAccessReviewSpec: {
      fields: {
        resourceAttributes: { tag: 1, type: 'ResourceAttributes', pointer: true },
        nonResourceAttributes: { tag: 2, type: 'NonResourceAttributes', pointer: true },
      },
    },
    SelfSubjectRulesReview: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'SelfSubjectRulesReviewSpec', required: true, always: true },
        status: { tag: 3, type: 'SubjectRulesReviewStatus', always: true },
      },
    },
    SelfSubjectRulesReviewSpec: {
      fields: {
        namespace: { tag: 1, type: 'string' },
      },
    },
    SubjectAccessReview: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'SubjectAccessReviewSpec', required: true, always: true },
        status: { tag: 3, type: 'SubjectAccessReviewStatus', always: true },
      },
    },
    SubjectAccessReviewSpec: {
      fields: {
        resourceAttributes: { tag: 1, type: 'ResourceAttributes', pointer: true },
        nonResourceAttributes: { tag: 2, type: 'NonResourceAttributes', pointer: true },
        user: { tag: 3, type: 'string' },
        groups: { tag: 4, list: 'string', listType: 'atomic' },
        extra: { tag: 5, map: 'string[]' },
        uid: { tag: 6, type: 'string' },
      },
    },
    SubjectAccessReviewStatus: {
      fields: {
        allowed: { tag: 1, type: 'bool', required: true, always: true },
        denied: { tag: 4, type: 'bool' },
        reason: { tag: 2, type: 'string' },
        evaluationError: { tag: 3, type: 'string' },
      },
    },
    SubjectRulesReviewStatus: {
      fields: {
        resourceRules: { tag: 1, list: 'ResourceRule', required: true, always: true, listType: 'atomic' },
        nonResourceRules: { tag: 2, list: 'NonResourceRule', required: true, always: true, listType: 'atomic' },
        incomplete: { tag: 3, type: 'bool', required: true, always: true },
        evaluationError: { tag: 4, type: 'string' },
      },
    },
  },
};

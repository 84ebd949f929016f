import type { GroupVersionData } from '../../schema/model.ts';

/** authentication.k8s.io/v1. */
export const authenticationV1: GroupVersionData = {
  group: 'authentication.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.authentication.v1',
  resources: [
    {
      resource: 'selfsubjectreviews',
      singular: 'selfsubjectreview',
      kind: 'SelfSubjectReview',
      namespaced: false,
      verbs: ['create'],
    },
    {
      resource: 'tokenreviews',
      singular: 'tokenreview',
      kind: 'TokenReview',
      namespaced: false,
      verbs: ['create'],
    },
  ],
  types: {
    BoundObjectReference: {
      fields: {
        kind: { tag: 1, type: 'string' },
        apiVersion: { tag: 2, type: 'string' },
        name: { tag: 3, type: 'string' },
        uid: { tag: 4, type: 'string' },
      },
    },
    SelfSubjectReview: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        status: { tag: 2, type: 'SelfSubjectReviewStatus', always: true },
      },
    },
    SelfSubjectReviewStatus: {
      fields: {
        userInfo: { tag: 1, type: 'UserInfo', always: true },
      },
    },
    TokenRequest: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'TokenRequestSpec', always: true },
        status: { tag: 3, type: 'TokenRequestStatus', always: true },
      },
    },
    TokenRequestSpec: {
      fields: {
        audiences: { tag: 1, list: 'string', always: true, listType: 'atomic' },
        expirationSeconds: { tag: 4, type: 'int64', pointer: true, always: true },
        boundObjectRef: { tag: 3, type: 'BoundObjectReference', pointer: true, always: true },
      },
    },
    TokenRequestStatus: {
      fields: {
        token: { tag: 1, type: 'string', always: true },
        expirationTimestamp: { tag: 2, type: 'Time', always: true },
      },
    },
    TokenReview: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'TokenReviewSpec', required: true, always: true },
        status: { tag: 3, type: 'TokenReviewStatus', always: true },
      },
    },
    TokenReviewSpec: {
      fields: {
        token: { tag: 1, type: 'string', required: true },
        audiences: { tag: 2, list: 'string', listType: 'atomic' },
      },
    },
    TokenReviewStatus: {
      fields: {
        authenticated: { tag: 1, type: 'bool' },
        user: { tag: 2, type: 'UserInfo', always: true },
        audiences: { tag: 4, list: 'string', listType: 'atomic' },
        error: { tag: 3, type: 'string' },
      },
    },
    UserInfo: {
      fields: {
        username: { tag: 1, type: 'string' },
        uid: { tag: 2, type: 'string' },
        groups: { tag: 3, list: 'string', listType: 'atomic' },
        extra: { tag: 4, map: 'string[]' },
      },
    },
  },
};

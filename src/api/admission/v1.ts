import type { GroupVersionData } from '../../schema/model.ts';

/** admission.k8s.io/v1. */
export const admissionV1: GroupVersionData = {
  group: 'admission.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.admission.v1',
  resources: [],
  types: {
    AdmissionRequest: {
      fields: {
        uid: { tag: 1, type: 'string', always: true },
        kind: { tag: 2, type: 'meta/v1.GroupVersionKind', always: true },
        resource: { tag: 3, type: 'meta/v1.GroupVersionResource', always: true },
        subResource: { tag: 4, type: 'string' },
        requestKind: { tag: 13, type: 'meta/v1.GroupVersionKind', pointer: true },
        requestResource: { tag: 14, type: 'meta/v1.GroupVersionResource', pointer: true },
        requestSubResource: { tag: 15, type: 'string' },
        name: { tag: 5, type: 'string' },
        namespace: { tag: 6, type: 'string' },
        operation: { tag: 7, type: 'string', always: true },
        userInfo: { tag: 8, type: 'authentication/v1.UserInfo', always: true },
        object: { tag: 9, type: 'RawExtension', always: true },
        oldObject: { tag: 10, type: 'RawExtension', always: true },
        dryRun: { tag: 11, type: 'bool', pointer: true },
        options: { tag: 12, type: 'RawExtension', always: true },
      },
    },
    AdmissionResponse: {
      fields: {
        uid: { tag: 1, type: 'string', always: true },
        allowed: { tag: 2, type: 'bool', always: true },
        status: { tag: 3, type: 'meta/v1.Status', pointer: true },
        patch: { tag: 4, type: 'bytes' },
        patchType: { tag: 5, type: 'string', pointer: true },
        auditAnnotations: { tag: 6, map: 'string' },
        warnings: { tag: 7, list: 'string' },
      },
    },
    AdmissionReview: {
      fields: {
        request: { tag: 1, type: 'AdmissionRequest', pointer: true },
        response: { tag: 2, type: 'AdmissionResponse', pointer: true },
      },
    },
  },
};

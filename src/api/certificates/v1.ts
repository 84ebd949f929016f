import type { GroupVersionData } from '../../schema/model.ts';

/** certificates.k8s.io/v1. */
export const certificatesV1: GroupVersionData = {
  group: 'certificates.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.certificates.v1',
  resources: [
    {
      resource: 'certificatesigningrequests',
      singular: 'certificatesigningrequest',
      kind: 'CertificateSigningRequest',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['csr'],
      subresources: {
        approval: { kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] },
        status: { kind: 'CertificateSigningRequest', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Age', 'string', '', 0],
        ['SignerName', 'string', '', 0],
        ['Requestor', 'string', '', 0],
        ['RequestedDuration', 'string', '', 0],
        ['Condition', 'string', '', 0],
      ],
    },
  ],
  types: {
    CertificateSigningRequest: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'CertificateSigningRequestSpec', required: true, always: true },
        status: { tag: 3, type: 'CertificateSigningRequestStatus', always: true },
      },
    },
    CertificateSigningRequestCondition: {
      fields: {
        type: { tag: 1, type: 'string', required: true, always: true },
        status: { tag: 6, type: 'string', required: true, always: true },
        reason: { tag: 2, type: 'string' },
        message: { tag: 3, type: 'string' },
        lastUpdateTime: { tag: 4, type: 'Time', always: true },
        lastTransitionTime: { tag: 5, type: 'Time', always: true },
      },
    },
    CertificateSigningRequestList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'CertificateSigningRequest', required: true, always: true },
      },
    },
    CertificateSigningRequestSpec: {
      fields: {
        request: { tag: 1, type: 'bytes', required: true, always: true },
        signerName: { tag: 7, type: 'string', required: true, always: true },
        expirationSeconds: { tag: 8, type: 'int32', pointer: true },
        usages: {
          tag: 5,
          list: 'string',
          enum: [
            'any',
            'cert sign',
            'client auth',
            'code signing',
            'content commitment',
            'crl sign',
            'data encipherment',
            'decipher only',
            'digital signature',
            'email protection',
            'encipher only',
            'ipsec end system',
            'ipsec tunnel',
            'ipsec user',
            'key agreement',
            'key encipherment',
            'microsoft sgc',
            'netscape sgc',
            'ocsp signing',
            's/mime',
            'server auth',
            'signing',
            'timestamping',
          ],
          listType: 'atomic',
        },
        username: { tag: 2, type: 'string' },
        uid: { tag: 3, type: 'string' },
        groups: { tag: 4, list: 'string', listType: 'atomic' },
        extra: { tag: 6, map: 'string[]' },
      },
    },
    CertificateSigningRequestStatus: {
      fields: {
        conditions: { tag: 1, list: 'CertificateSigningRequestCondition', listType: 'map', keys: ['type'] },
        certificate: { tag: 2, type: 'bytes' },
      },
    },
  },
};

import { expect, test } from 'vitest';
import { createCertificateRequest, generateKey } from '../../utils/x509.ts';
import type { Authorizer } from '../admission.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import { runPlugins, type TestRequest } from './testing.ts';

const csr = (signerName: string, organizations: string[] = [], status: object = {}) => ({
  metadata: { name: 'c' },
  spec: {
    signerName,
    request: Buffer.from(
      createCertificateRequest({ ...generateKey(), subject: { commonName: 'jane', organizations } }),
    ).toString('base64'),
  },
  status,
});
const resource = 'certificatesigningrequests.certificates.k8s.io';
const kind = 'CertificateSigningRequest';
const only: Authorizer = {
  authorize: ({ verb, name }) => ({
    allowed: ['approve example.com/*', 'sign example.com/a'].includes(`${verb} ${name}`),
    reason: '',
  }),
};

test('approving and signing take the right to, for the signer', async () => {
  const plugins = [certificateApproval(only), certificateSigning(only)];
  const update = (sub: string, signer: string, status: object = {}): TestRequest => ({
    resource: `${resource.replace('.', `/${sub}.`)}`,
    kind,
    operation: 'UPDATE',
    name: 'c',
    object: csr(signer, [], status),
    oldObject: csr(signer),
  });
  await runPlugins(plugins, update('approval', 'example.com/b'));
  await runPlugins(plugins, update('status', 'example.com/a', { certificate: 'x' }));
  await runPlugins(plugins, update('status', 'example.com/b', {}));
  await expect(
    runPlugins(plugins, update('status', 'example.com/b', { conditions: [{ type: 'Failed' }] })),
  ).rejects.toThrow('user not permitted to sign');
  await expect(runPlugins(plugins, update('approval', 'other.com/b'))).rejects.toThrow(
    'certificatesigningrequests.certificates.k8s.io "c" is forbidden: user not permitted to approve requests with signerName "other.com/b"',
  );
  await expect(runPlugins(plugins, update('status', 'example.com/b', { certificate: 'x' }))).rejects.toThrow(
    'user not permitted to sign requests with signerName "example.com/b"',
  );
});

test('nobody becomes system:masters by certificate', async () => {
  const plugins = [certificateSubjectRestriction()];
  const create = (object: object) => runPlugins(plugins, { resource, kind, object });
  await create(csr('kubernetes.io/kube-apiserver-client', ['devs']));
  await create(csr('example.com/a', ['system:masters']));
  await expect(create(csr('kubernetes.io/kube-apiserver-client', ['system:masters']))).rejects.toThrow(
    'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
  );
  await expect(
    create({ metadata: { name: 'c' }, spec: { signerName: 'kubernetes.io/kube-apiserver-client', request: '' } }),
  ).rejects.toThrow('failed to parse CSR');
});

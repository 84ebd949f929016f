import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CertificateSigningRequest, certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import { nodes } from '../../api/core/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import { createCertificate, createCertificateRequest, generateKey, privateKeyPem } from '../../utils/x509.ts';
import { approve } from '../csrapproving/approve.ts';
import { isForItself, startKubeletServingApprover } from '../csrapproving/kubelet-serving-approver.ts';
import { startCsrCleanerController } from '../csrcleaner/csr-cleaner-controller.ts';
import type { ControllerContext } from '../shared/context.ts';
import { type TestCluster, testCluster } from '../shared/test-cluster.ts';
import { startCsrSigningController } from './csr-signing-controller.ts';
import { kubeletClientProblem, kubeletServingProblem, parseRequest } from './requests.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const clientUsages = ['digital signature', 'client auth'] as const;
const servingUsages = ['digital signature', 'server auth'] as const;

interface Wanted {
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly dns?: readonly string[];
  readonly ips?: readonly string[];
  readonly emails?: readonly string[];
  readonly uris?: readonly string[];
}

const pemOf = ({ commonName = 'jane', organizations = [], ...names }: Wanted) =>
  createCertificateRequest({ ...generateKey(), subject: { commonName, organizations }, names });

const draft = (name: string, spec: Partial<CertificateSigningRequest['spec']>, wanted: Wanted) => ({
  metadata: { name },
  spec: {
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth' as const],
    ...spec,
    request: Buffer.from(pemOf(wanted)).toString('base64'),
  },
});

function authority(end: number) {
  const { publicKey, privateKey } = generateKey();
  const cert = createCertificate({
    subject: { commonName: 'kubernetes', organizations: [] },
    publicKey,
    signingKey: privateKey,
    notBefore: 0,
    notAfter: end,
    isCa: true,
    usages: ['cert sign'],
  });
  return { cert, key: privateKeyPem(privateKey) };
}

describe('signers', () => {
  let cluster: TestCluster;
  const ca = authority(Date.UTC(2030, 0, 1));
  beforeEach(async () => {
    const signing = { authority: () => ca, duration: 365 * day, reservedNames: () => ['192.0.2.1'] };
    const starts = [startCsrSigningController, startKubeletServingApprover, startCsrCleanerController];
    const withSigning = starts.map((start) => (context: ControllerContext) => start({ ...context, signing }));
    cluster = await testCluster(...withSigning);
  });
  afterEach(() => cluster.stop());

  const decided = async (name: string, spec: Partial<CertificateSigningRequest['spec']>, wanted: Wanted = {}) => {
    await approve(cluster.client, await cluster.create(certificatesigningrequests, draft(name, spec, wanted)), 'yes');
    await cluster.quiet();
    return cluster.get(certificatesigningrequests, name);
  };
  const issued = ({ status }: CertificateSigningRequest) =>
    new X509Certificate(Buffer.from(status.certificate ?? '', 'base64'));

  test('sign what is approved, for as long as is asked, with a beginning in the past', async () => {
    const now = cluster.clock.now();
    const year = issued(await decided('a', {}, { organizations: ['devs'], emails: ['jane@example.com'] }));
    expect(year.subject).toBe('O=devs\nCN=jane');
    expect(year.subjectAltName).toBe('email:jane@example.com');
    expect(year.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(year.verify(new X509Certificate(ca.cert).publicKey)).toBe(true);
    expect(year.validFromDate.getTime()).toBe(now - 5 * minute);
    expect(year.validToDate.getTime()).toBe(now + 365 * day - 5 * minute);
    const short = issued(await decided('b', { expirationSeconds: 600 }));
    expect(short.validToDate.getTime()).toBe(now + 10 * minute);
    const long = issued(await decided('c', { expirationSeconds: 10 * 365 * 86_400 }));
    expect(long.validToDate.getTime()).toBe(now + 365 * day - 5 * minute);
  });

  test('do nothing before that, and nothing for signers that are others', async () => {
    await cluster.create(certificatesigningrequests, draft('a', {}, {}));
    expect((await cluster.get(certificatesigningrequests, 'a')).status.certificate).toBeUndefined();
    const other = await decided('b', { signerName: 'example.com/mine' });
    expect(other.status.certificate).toBeUndefined();
    expect(other.status.conditions?.map(({ type }) => type)).toEqual(['Approved']);
    expect(
      issued(await decided('c', { signerName: 'kubernetes.io/legacy-unknown', usages: ['code signing'] })).keyUsage,
    ).toEqual(['1.3.6.1.5.5.7.3.3']);
  });

  test('say why they do not', async () => {
    const failure = async (name: string, spec: Partial<CertificateSigningRequest['spec']>, wanted?: Wanted) => {
      const { status } = await decided(name, spec, wanted);
      expect(status.certificate).toBeUndefined();
      const [, failed] = status.conditions ?? [];
      expect(failed).toMatchObject({ type: 'Failed', status: 'True', reason: 'SignerValidationFailure' });
      return failed?.message;
    };
    const signerName = 'kubernetes.io/kubelet-serving';
    expect(await failure('a', { usages: ['client auth', 'server auth'] })).toBe(
      'invalid usage for client certificate: server auth',
    );
    expect(await failure('b', { usages: ['digital signature'] })).toBe(
      'missing required usage for client certificate: client auth',
    );
    expect(await failure('c', { signerName, usages: [...servingUsages] })).toBe(
      'subject organization is not system:nodes',
    );
    expect(await failure('d', { signerName, usages: ['client auth'] }, node({ dns: ['n'] }))).toBe(
      'usages did not match [digital signature key encipherment server auth]',
    );
  });

  test("nodes serve under addresses that are their own, and under nobody else's", async () => {
    await cluster.create(nodes, {
      metadata: { name: 'n1' },
      status: { addresses: [{ type: 'InternalIP', address: '192.0.2.7' }] },
    });
    const addresses = ['192.0.2.7', '192.0.2.1', '192.0.2.8'].map((address) => ({ type: 'InternalIP', address }));
    const stored = await cluster.get(nodes, 'n1');
    const one = { ...stored, status: { ...stored.status, addresses } };
    const two = {
      ...one,
      metadata: { ...one.metadata, name: 'n2' },
      status: { ...stored.status, addresses: addresses.slice(2) },
    };
    const asks = (wanted: Wanted, username = 'system:node:n1') => {
      const { spec } = draft('x', { username, groups: ['system:nodes'] }, node(wanted));
      const object: CertificateSigningRequest = {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: one.metadata,
        spec,
        status: {},
      };
      return isForItself(object, parseRequest(object), [one, two], ['192.0.2.1', 'kubernetes']);
    };
    expect(asks({ ips: ['192.0.2.7'], dns: ['n1'] })).toBe(true);
    expect(asks({ ips: ['192.0.2.9'] })).toBe(false);
    expect(asks({ dns: ['n2'] })).toBe(false);
    expect(asks({ ips: ['192.0.2.1'] })).toBe(false); // the API server's
    expect(asks({ ips: ['192.0.2.8'] })).toBe(false); // n2's
    expect(asks({ ips: ['192.0.2.7'] }, 'system:node:n2')).toBe(false);
    expect(asks({ ips: ['192.0.2.7'] }, 'admin')).toBe(false);
  });

  test('what nobody needs any more goes', async () => {
    await decided('issued', {});
    await cluster.create(certificatesigningrequests, draft('pending', {}, {}));
    const there = async () => (await cluster.list(certificatesigningrequests)).map(({ metadata }) => metadata.name);
    await cluster.advance(hour);
    expect(await there()).toEqual(['issued', 'pending']);
    await cluster.advance(hour);
    expect(await there()).toEqual(['pending']);
    for (let i = 0; i < 22; i++) await cluster.advance(hour);
    expect(await there()).toEqual(['pending']);
    await cluster.advance(hour);
    expect(await there()).toEqual([]);
    await expect(cluster.get(certificatesigningrequests, 'issued')).rejects.toSatisfy(isNotFound);
  });
});

const node = (wanted: Wanted = {}): Wanted => ({
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  ...wanted,
});

test('what is a request for a kubelet, and what is wrong with others', () => {
  const check = (of: typeof kubeletClientProblem, wanted: Wanted, usages: readonly string[]) =>
    of(
      parseRequest({ spec: { request: Buffer.from(pemOf(wanted)).toString('base64') } } as CertificateSigningRequest),
      usages,
    );
  const client = (wanted: Wanted, usages: readonly string[] = clientUsages) =>
    check(kubeletClientProblem, wanted, usages);
  expect(client(node())).toBeUndefined();
  expect(client(node(), [...clientUsages, 'key encipherment'])).toBeUndefined();
  expect(client(node(), ['client auth'])).toBe('usages did not match [client auth digital signature key encipherment]');
  expect(client(node({ organizations: ['system:nodes', 'x'] }))).toBe('subject organization is not system:nodes');
  expect(client(node({ dns: ['n1'] }))).toBe('DNS subjectAltNames are not allowed');
  expect(client(node({ ips: ['192.0.2.1'] }))).toBe('IP subjectAltNames are not allowed');
  expect(client(node({ commonName: 'n1' }))).toBe('subject common name does not begin with system:node:');
  const serving = (wanted: Wanted) => check(kubeletServingProblem, wanted, servingUsages);
  expect(serving(node({ dns: ['n1'] }))).toBeUndefined();
  expect(serving(node())).toBe('DNS or IP subjectAltName is required');
  expect(serving(node({ dns: ['n1'], uris: ['x:y'] }))).toBe('URI subjectAltNames are not allowed');
  expect(serving(node({ dns: ['n1'], emails: ['x@y'] }))).toBe('Email subjectAltNames are not allowed');
});

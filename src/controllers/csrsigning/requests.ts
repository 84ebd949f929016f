import type { CertificateSigningRequest } from '../../api/certificates/v1.gen.ts';
import { type CertificateRequest, parseCertificateRequest } from '../../utils/x509.ts';

/** Signers of https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers */
export const signers = {
  client: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacyUnknown: 'kubernetes.io/legacy-unknown',
} as const;

export const nodesGroup = 'system:nodes';
export const nodeUserPrefix = 'system:node:';

/** What is asked for. Throws where that is no request, or not signed by its own key. */
export function parseRequest({ spec }: CertificateSigningRequest): CertificateRequest {
  return parseCertificateRequest(Buffer.from(spec.request, 'base64').toString('latin1'));
}

/** Approved, and denied by nobody. */
export function isApproved({ status }: CertificateSigningRequest): boolean {
  const types = (status.conditions ?? []).map(({ type }) => type);
  return types.includes('Approved') && !types.includes('Denied');
}

export function isDecided({ status }: CertificateSigningRequest): boolean {
  return (status.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');
}

export function hasFailed({ status }: CertificateSigningRequest): boolean {
  return (status.conditions ?? []).some((c) => c.type === 'Failed' && (c.status === '' || c.status === 'True'));
}

function isExactly(usages: readonly string[], ...allowed: readonly (readonly string[])[]): boolean {
  const asked = new Set(usages);
  return allowed.some((list) => list.length === asked.size && list.every((usage) => asked.has(usage)));
}

/** Names the list in Go's form of printing one. */
const wrongUsages = (usages: readonly string[]) => `usages did not match [${[...usages].sort().join(' ')}]`;

const clientUsages = ['digital signature', 'key encipherment', 'client auth'];
const servingUsages = ['digital signature', 'key encipherment', 'server auth'];
const withoutEncipherment = (usages: readonly string[]) => usages.filter((usage) => usage !== 'key encipherment');

const hasOnlyNodesGroup = ({ subject }: CertificateRequest) =>
  subject.organizations.length === 1 && subject.organizations[0] === nodesGroup;

/** Why a request is none for a kubelet's client certificate; undefined where it is one. */
export function kubeletClientProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { names, subject } = request;
  if (!hasOnlyNodesGroup(request)) return 'subject organization is not system:nodes';
  if (names.dns.length > 0) return 'DNS subjectAltNames are not allowed';
  if (names.emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (names.ips.length > 0) return 'IP subjectAltNames are not allowed';
  if (names.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!subject.commonName.startsWith(nodeUserPrefix)) return 'subject common name does not begin with system:node:';
  if (!isExactly(usages, clientUsages, withoutEncipherment(clientUsages))) return wrongUsages(clientUsages);
  return undefined;
}

/** Why a request is none for a kubelet's serving certificate; undefined where it is one. */
export function kubeletServingProblem(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const { names, subject } = request;
  if (!hasOnlyNodesGroup(request)) return 'subject organization is not system:nodes';
  if (names.dns.length === 0 && names.ips.length === 0) return 'DNS or IP subjectAltName is required';
  if (names.emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (names.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!isExactly(usages, servingUsages, withoutEncipherment(servingUsages))) return wrongUsages(servingUsages);
  if (!subject.commonName.startsWith(nodeUserPrefix)) return 'subject common name does not begin with system:node:';
  return undefined;
}

function clientProblem(usages: readonly string[]): string | undefined {
  const wrong = usages.find((usage) => !clientUsages.includes(usage));
  if (wrong !== undefined) return `invalid usage for client certificate: ${wrong}`;
  return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
}

/** The rules of each signer: why it does not sign a request. */
export const signerRules: ReadonlyMap<
  string,
  (request: CertificateRequest, usages: readonly string[]) => string | undefined
> = new Map([
  [signers.client, (_, usages) => clientProblem(usages)],
  [signers.kubeletClient, kubeletClientProblem],
  [signers.kubeletServing, kubeletServingProblem],
  // It signs whatever has been approved, and nobody trusts its certificates for anything in particular.
  [signers.legacyUnknown, () => undefined],
]);

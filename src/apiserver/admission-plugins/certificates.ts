import { isDeepStrictEqual } from 'node:util';
import type { CertificateSigningRequest } from '../../api/certificates/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import { parseCertificateRequest } from '../../utils/x509.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../admission.ts';
import { groups } from '../authentication/users.ts';
import { objectOf, oldObjectOf, refusal } from './readers.ts';

const group = 'certificates.k8s.io';

/** Whether the user may do `verb` to the signer, or to all signers of its domain. */
async function maySign(
  request: AdmissionRequest,
  authorizer: Authorizer,
  verb: string,
  signer: string,
): Promise<boolean> {
  const [domain = ''] = signer.split('/');
  for (const name of [signer, `${domain}/*`]) {
    const { allowed } = await authorizer.authorize({
      user: request.context.user,
      verb,
      group,
      version: '*',
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
      path: '',
    });
    if (allowed) return true;
  }
  return false;
}

function signerCheck(
  name: string,
  subresource: string,
  verb: string,
  authorizer: Authorizer,
  concerns: (request: AdmissionRequest) => boolean,
): AdmissionPlugin {
  return {
    name,
    handles: (operation, g, resource, sub) =>
      operation === 'UPDATE' && g === group && resource === 'certificatesigningrequests' && sub === subresource,
    async validate(request) {
      if (!concerns(request)) return;
      const { signerName } = oldObjectOf<CertificateSigningRequest>(request).spec;
      if (!(await maySign(request, authorizer, verb, signerName)))
        throw refusal(request, `user not permitted to ${verb} requests with signerName ${quote(signerName)}`);
    },
  };
}

/**
 * Approving takes the right to approve for the request's signer.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#certificateapproval
 */
export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin =>
  signerCheck('CertificateApproval', 'approval', 'approve', authorizer, () => true);

/**
 * Putting a certificate into a request takes the right to sign for its signer.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#certificatesigning
 */
export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin =>
  signerCheck('CertificateSigning', 'status', 'sign', authorizer, (request) => {
    const [now, before] = [
      objectOf<CertificateSigningRequest>(request).status,
      oldObjectOf<CertificateSigningRequest>(request).status,
    ];
    // Failing a request is the signer's word too.
    return (
      now?.certificate !== before?.certificate || !isDeepStrictEqual(now?.conditions ?? [], before?.conditions ?? [])
    );
  });

/**
 * Trust bundles of a signer are published by who may attest for it. Kubernetes v1.36 serves them to those who ask for
 * its beta versions only.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#clustertrustbundleattest
 */
export function clusterTrustBundleAttest(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    handles: (operation, g, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      g === group &&
      resource === 'clustertrustbundles' &&
      subresource === '',
    async validate(request) {
      // The resource names the kind, which the model does not have.
      const { signerName = '' } =
        (request.object as { readonly spec?: { readonly signerName?: string } } | undefined)?.spec ?? {};
      if (signerName !== '' && !(await maySign(request, authorizer, 'attest', signerName)))
        throw refusal(request, `user not permitted to attest for signerName ${quote(signerName)}`);
    },
  };
}

/**
 * Nobody gets a client certificate of system:masters.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#certificatesubjectrestriction
 */
export function certificateSubjectRestriction(): AdmissionPlugin {
  return {
    name: 'CertificateSubjectRestriction',
    handles: (operation, g, resource, subresource) =>
      operation === 'CREATE' && g === group && resource === 'certificatesigningrequests' && subresource === '',
    validate(request) {
      const { signerName, request: encoded } = objectOf<CertificateSigningRequest>(request).spec;
      if (signerName !== 'kubernetes.io/kube-apiserver-client') return;
      let organizations: readonly string[];
      try {
        organizations = parseCertificateRequest(Buffer.from(encoded, 'base64').toString()).subject.organizations;
      } catch (error) {
        throw refusal(request, `failed to parse CSR: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (organizations.includes(groups.masters))
        throw refusal(request, `use of ${signerName} signer with ${groups.masters} group is not allowed`);
    },
  };
}

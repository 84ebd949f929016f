import { type CertificateSigningRequest, certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import { formatTime } from '../../schema/time.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { hasFailed, isApproved, parseRequest, signerRules } from './requests.ts';
import { signRequest } from './sign.ts';

/**
 * Signs approved requests for Kubernetes' own signers with the cluster's authority, or says why it does not. Does
 * nothing in a cluster without one.
 * https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#signer-control-plane
 */
export function startCsrSigningController(context: ControllerContext): ControllerHandle {
  const { client, clock, signing } = context;
  if (!signing) return { stop: async () => {} };
  const requests = context.informers.informer(certificatesigningrequests);
  const resource = client.resource(certificatesigningrequests);

  const withFailure = (object: CertificateSigningRequest, message: string): CertificateSigningRequest => ({
    ...object,
    status: {
      ...object.status,
      conditions: [
        ...(object.status.conditions ?? []),
        {
          type: 'Failed',
          status: 'True',
          reason: 'SignerValidationFailure',
          message,
          lastUpdateTime: formatTime(clock.now()),
        },
      ],
    },
  });

  return startReconciler(context, {
    name: 'certificatesigningrequest-signing-controller',
    workers: 1,
    waitFor: [requests],
    observe: (queue) => [
      requests.addHandler({
        onAdd: ({ metadata }) => queue.add(metadata.name),
        onUpdate: (_, { metadata }) => queue.add(metadata.name),
      }),
    ],
    async reconcile(name) {
      const object = requests.store.get('', name);
      if (!object || object.status.certificate || !isApproved(object) || hasFailed(object)) return;
      const { signerName, usages = [], expirationSeconds } = object.spec;
      const problemOf = signerRules.get(signerName);
      if (!problemOf) return;
      const request = parseRequest(object);
      const problem = problemOf(request, usages);
      if (problem !== undefined) {
        await resource.updateStatus(withFailure(object, problem));
        return;
      }
      const certificate = signRequest(request, signing.authority(), {
        usages,
        expirationSeconds,
        duration: signing.duration,
        now: clock.now(),
      });
      const status = { ...object.status, certificate: Buffer.from(certificate).toString('base64') };
      await resource.updateStatus({ ...object, status });
    },
  });
}

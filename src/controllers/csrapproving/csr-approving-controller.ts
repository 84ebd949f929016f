import type { SubjectAccessReview } from '../../api/authorization/v1.gen.ts';
import { type CertificateSigningRequest, certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import type { ResourceType } from '../../api/resource.ts';
import type { CertificateRequest } from '../../utils/x509.ts';
import { isDecided, kubeletClientProblem, parseRequest, signers } from '../csrsigning/requests.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { approve } from './approve.ts';

const subjectaccessreviews: ResourceType<SubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

interface Recognizer {
  readonly recognizes: (object: CertificateSigningRequest, request: CertificateRequest) => boolean;
  /** What the requestor must be allowed to create: certificatesigningrequests/SUBRESOURCE. */
  readonly subresource: string;
  readonly message: string;
}

const isNodeClient: Recognizer['recognizes'] = ({ spec }, request) =>
  spec.signerName === signers.kubeletClient && kubeletClientProblem(request, spec.usages ?? []) === undefined;

const recognizers: readonly Recognizer[] = [
  {
    recognizes: (object, request) =>
      object.spec.username === request.subject.commonName && isNodeClient(object, request),
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
  },
  {
    recognizes: isNodeClient,
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
  },
];

/** Between two looks at a request whose author may not have it approved, which may change. Milliseconds. */
const soonest = 200;
const latest = 1_000_000;

/**
 * Approves requests for kubelets' client certificates by those who are allowed to have them approved: nodes for
 * themselves, bootstrap tokens for new nodes.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#approval
 */
export function startCsrApprovingController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const requests = context.informers.informer(certificatesigningrequests);

  const mayHave = async ({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> => {
    const { status } = await client.resource(subjectaccessreviews).create('', {
      spec: {
        user: spec.username,
        uid: spec.uid,
        groups: spec.groups,
        extra: spec.extra,
        resourceAttributes: {
          group: 'certificates.k8s.io',
          version: '*',
          resource: 'certificatesigningrequests',
          subresource,
          verb: 'create',
        },
      },
    });
    return status.allowed;
  };

  return startReconciler(context, {
    name: 'certificatesigningrequest-approving-controller',
    workers: 1,
    waitFor: [requests],
    observe: (queue) => [
      requests.addHandler({
        onAdd: ({ metadata }) => queue.add(metadata.name),
        onUpdate: (_, { metadata }) => queue.add(metadata.name),
      }),
    ],
    async reconcile(name, queue) {
      const object = requests.store.get('', name);
      if (!object || object.status.certificate || isDecided(object)) return;
      // Its name saves reading requests that no recognizer could know.
      if (object.spec.signerName !== signers.kubeletClient) return;
      const request = parseRequest(object);
      let recognized = false;
      for (const { recognizes, subresource, message } of recognizers) {
        if (!recognizes(object, request)) continue;
        recognized = true;
        if (await mayHave(object, subresource)) return approve(client, object, message);
      }
      // Twice as old each time, as a backoff that needs no memory.
      const age = clock.now() - Date.parse(object.metadata.creationTimestamp ?? '');
      if (recognized) queue.addAfter(name, Math.min(Math.max(age, soonest), latest));
    },
  });
}

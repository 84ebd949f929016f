import { type CertificateSigningRequest, certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import { type Node, nodes } from '../../api/core/v1.gen.ts';
import type { CertificateRequest } from '../../utils/x509.ts';
import {
  isDecided,
  kubeletServingProblem,
  nodesGroup,
  nodeUserPrefix,
  parseRequest,
  signers,
} from '../csrsigning/requests.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';
import { approve } from './approve.ts';

const message = "Auto approving kubelet serving certificate: its names are the addresses of the requestor's own node.";

/**
 * Approves what a node asks to serve with, where it asks for itself and for nothing but addresses that are known as its
 * own. Kubernetes leaves that to people; without it, logs, exec and metrics of nodes that join would wait for them. What
 * it does not approve, people still may. Does nothing where there is no authority to sign.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#certificate-rotation
 */
export function startKubeletServingApprover(context: ControllerContext): ControllerHandle {
  const { client, signing } = context;
  if (!signing) return { stop: async () => {} };
  const requests = context.informers.informer(certificatesigningrequests);
  const known = context.informers.informer(nodes);

  return startReconciler(context, {
    name: 'kubelet-serving-approver-controller',
    workers: 1,
    waitFor: [requests, known],
    observe: (queue) => {
      const look = ({ metadata, spec }: CertificateSigningRequest) => {
        if (spec.signerName === signers.kubeletServing) queue.add(metadata.name);
      };
      const waiting = (node: Node) => {
        const user = `${nodeUserPrefix}${node.metadata.name}`;
        for (const request of requests.store.list()) {
          if (request.spec.username === user && !isDecided(request)) look(request);
        }
      };
      return [
        requests.addHandler({ onAdd: look, onUpdate: (_, request) => look(request) }),
        // A node asks as soon as it is there; its addresses may come after its request.
        known.addHandler({
          onAdd: waiting,
          onUpdate: (before, node) => {
            if (before.status.addresses !== node.status.addresses) waiting(node);
          },
        }),
      ];
    },
    async reconcile(name) {
      const object = requests.store.get('', name);
      if (!object || object.status.certificate || isDecided(object)) return;
      const request = parseRequest(object);
      if (kubeletServingProblem(request, object.spec.usages ?? []) !== undefined) return;
      if (isForItself(object, request, known.store.list(), signing.reservedNames?.() ?? []))
        await approve(client, object, message);
    },
  });
}

/** Whether the requestor is a node that asks for names which are its own, and neither another node's nor `reserved`. */
export function isForItself(
  { spec }: CertificateSigningRequest,
  { subject, names }: CertificateRequest,
  all: readonly Node[],
  reserved: readonly string[],
): boolean {
  const { username = '', groups = [] } = spec;
  if (username !== subject.commonName || !groups.includes(nodesGroup)) return false;
  const nodeName = username.slice(nodeUserPrefix.length);
  const own = all.find(({ metadata }) => metadata.name === nodeName);
  if (!own) return false;
  const wanted = [...names.dns, ...names.ips];
  const addresses = addressesOf(own);
  if (!wanted.every((name) => addresses.has(name))) return false;
  const taken = new Set([...reserved, ...all.filter((node) => node !== own).flatMap((node) => [...addressesOf(node)])]);
  return !wanted.some((name) => taken.has(name));
}

const addressesOf = ({ metadata, status }: Node): Set<string> =>
  new Set([metadata.name, ...(status.addresses ?? []).map(({ address }) => address)]);

import { X509Certificate } from 'node:crypto';
import { type CertificateSigningRequest, certificatesigningrequests } from '../../api/certificates/v1.gen.ts';
import { isNotFound } from '../../api/errors.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReconciler } from '../shared/start.ts';

const hour = 3_600_000;
const decided = hour;
const pending = 24 * hour;
const interval = hour;
/** There is one key: to look at all of them. */
const all = '';

/**
 * Takes away certificate requests that nobody needs any more, once an hour: an hour after a certificate was issued or
 * refused, a day after a request that nobody decided, and when the certificate has ended.
 * https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#request-signing-process
 */
export function startCsrCleanerController(context: ControllerContext): ControllerHandle {
  const { client, clock } = context;
  const requests = context.informers.informer(certificatesigningrequests);
  return startReconciler(context, {
    name: 'certificatesigningrequest-cleaner-controller',
    workers: 1,
    waitFor: [requests],
    observe: (queue) => {
      queue.add(all);
      return [];
    },
    async reconcile(_, queue) {
      for (const object of requests.store.list()) {
        if (!isPastUse(object, clock.now())) continue;
        try {
          await client.resource(certificatesigningrequests).delete('', object.metadata.name);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
      queue.addAfter(all, interval);
    },
  });
}

/** Whether the cleaner takes a request away at `now`, in milliseconds since the epoch. */
export function isPastUse({ metadata, status }: CertificateSigningRequest, now: number): boolean {
  const conditions = status.conditions ?? [];
  const isOlder = (time: string | undefined, age: number) => time !== undefined && now - Date.parse(time) > age;
  if (conditions.length === 0 && isOlder(metadata.creationTimestamp, pending)) return true;
  return conditions.some(({ type, lastUpdateTime }) => {
    if (type === 'Denied' || type === 'Failed') return isOlder(lastUpdateTime, decided);
    if (type !== 'Approved') return false;
    if (!status.certificate) return isOlder(lastUpdateTime, pending);
    return isOlder(lastUpdateTime, decided) || hasEnded(status.certificate, now);
  });
}

function hasEnded(certificate: string, now: number): boolean {
  try {
    return now > new X509Certificate(Buffer.from(certificate, 'base64')).validToDate.getTime();
  } catch {
    return false;
  }
}

import type { Namespace } from '../../api/core/v1.gen.ts';
import { ApiError, errors } from '../../api/errors.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { type AdmissionReaders, refusal, resourceOf } from './readers.ts';

/** Namespaces that a cluster cannot be without. */
const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Asking whether one may do something must work in namespaces that do not exist. */
const exempt = (group: string, resource: string): boolean =>
  group === 'authorization.k8s.io' && resource === 'localsubjectaccessreviews';

/**
 * Nothing is made in a namespace that does not exist or is going away; the namespaces of the system stay.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle
 */
export function namespaceLifecycle(readers: Pick<AdmissionReaders, 'namespace' | 'fresh'>): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: (operation, group, resource) =>
      (operation === 'CREATE' && !exempt(group, resource)) ||
      (operation === 'DELETE' && group === '' && resource === 'namespaces'),
    admit(request) {
      const { operation, target } = request;
      const isNamespace = target.resource.group === '' && resourceOf(request) === 'namespaces';
      if (operation === 'DELETE') {
        if (immortal.has(target.name)) throw refusal(request, 'this namespace may not be deleted');
        return;
      }
      if (isNamespace || target.namespace === '') return;
      const namespace = readers.namespace(target.namespace);
      if (namespace || !readers.fresh) return check(request, namespace);
      return readers.fresh.namespace(target.namespace).then((found) => check(request, found));
    },
  };
}

function check(request: AdmissionRequest, namespace: Namespace | undefined): void {
  const name = request.target.namespace;
  if (!namespace) throw errors.notFound({ group: '', resource: 'namespaces' }, name);
  if (namespace.status.phase !== 'Terminating') return;
  const { status } = refusal(
    request,
    `unable to create new content in namespace ${name} because it is being terminated`,
  );
  throw new ApiError({
    ...status,
    details: {
      ...status.details,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${name} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  });
}

import { errors, isAlreadyExists } from '../../api/errors.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { type AdmissionReaders, refusal } from './readers.ts';

/** Namespaces are of no namespace, whatever their path says. */
const isNamespaced = ({ target: { namespace, resource } }: AdmissionRequest): boolean =>
  namespace !== '' && !(resource.group === '' && resource.data.kind === 'Namespace');

/**
 * Makes the namespace of what is made, where it is not there.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespaceautoprovision
 */
export function namespaceAutoProvision(
  readers: Pick<AdmissionReaders, 'namespace'>,
  make: (name: string) => Promise<void>,
): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    handles: (operation) => operation === 'CREATE',
    admit(request) {
      const { namespace } = request.target;
      if (request.dryRun || !isNamespaced(request) || readers.namespace(namespace)) return;
      return make(namespace).catch((error: unknown) => {
        if (isAlreadyExists(error)) return;
        throw refusal(request, error instanceof Error ? error.message : String(error));
      });
    },
  };
}

/**
 * Nothing is done in a namespace that is not there.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespaceexists
 */
export function namespaceExists(readers: Pick<AdmissionReaders, 'namespace' | 'fresh'>): AdmissionPlugin {
  const missing = (name: string) => errors.notFound({ group: '', resource: 'namespaces' }, name);
  return {
    name: 'NamespaceExists',
    handles: (operation) => operation !== 'CONNECT',
    validate(request) {
      const { namespace } = request.target;
      if (!isNamespaced(request) || readers.namespace(namespace)) return;
      if (!readers.fresh) throw missing(namespace);
      return readers.fresh.namespace(namespace).then((found) => {
        if (!found) throw missing(namespace);
      });
    },
  };
}

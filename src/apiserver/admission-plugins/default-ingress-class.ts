import type { Ingress } from '../../api/networking/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { type AdmissionReaders, mutableOf, newest } from './readers.ts';

/**
 * Ingresses without a class get the cluster's default one.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#defaultingressclass
 */
export function defaultIngressClass(readers: Pick<AdmissionReaders, 'ingressClasses'>): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    handles: (operation, group, resource, subresource) =>
      operation === 'CREATE' && group === 'networking.k8s.io' && resource === 'ingresses' && subresource === '',
    admit(request) {
      const ingress = mutableOf<Ingress>(request);
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
      const defaults = [...readers.ingressClasses()].filter(
        ({ metadata }) => metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true',
      );
      const chosen = newest(defaults);
      if (chosen) ingress.spec = { ...ingress.spec, ingressClassName: chosen.metadata.name };
    },
  };
}

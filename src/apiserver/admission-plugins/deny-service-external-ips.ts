import type { Service } from '../../api/core/v1.gen.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { objectOf, oldObjectOf, refusal } from './readers.ts';

/**
 * No service takes over addresses of its own choice, which may be somebody else's.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#denyserviceexternalips
 */
export function denyServiceExternalIPs(): AdmissionPlugin {
  return {
    name: 'DenyServiceExternalIPs',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      group === '' &&
      resource === 'services' &&
      subresource === '',
    validate(request) {
      const wanted = objectOf<Service>(request).spec?.externalIPs ?? [];
      if (wanted.length === 0) return;
      const had = new Set(request.oldObject ? oldObjectOf<Service>(request).spec?.externalIPs : []);
      if (!wanted.every((ip) => had.has(ip)))
        throw refusal(request, 'Use of external IPs is denied by admission control');
    },
  };
}

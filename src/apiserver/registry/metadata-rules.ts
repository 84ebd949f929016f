import type { ObjectMeta } from '../../api/meta/v1.gen.ts';
import { groupResourceName } from '../../api/resource.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { ServedResource } from '../core.ts';
import { finalizerNameProblem, validateMetadata, validateMetadataUpdate } from './metadata.ts';
import { nameRuleOf, pathSegment } from './names.ts';

/**
 * How often, and how, each kind's metadata is looked at. Kubernetes looks at it once for all kinds; most strategies do
 * so again, some of them as if the object were new, and clients are told what is wrong as often as it is found.
 */
interface Rules {
  /** Finalizers are to be Kubernetes' own or have a domain: kinds that use the rules of the core group. */
  readonly domains: boolean;
  /** An update is compared with what was there a second time. */
  readonly compares: boolean;
  /** An update is looked at as a whole, as on create. */
  readonly whole: boolean;
}

const usual: Rules = { domains: true, compares: true, whole: false };
const both: Rules = { domains: true, compares: true, whole: true };
const asNew: Rules = { domains: true, compares: false, whole: true };
const plainAsNew: Rules = { domains: false, compares: false, whole: true };
const plain: Rules = { domains: false, compares: true, whole: false };
const neither: Rules = { domains: false, compares: false, whole: false };

const rules: Readonly<Record<string, Rules>> = {
  events: neither,
  'poddisruptionbudgets.policy': neither,
  'customresourcedefinitions.apiextensions.k8s.io': plain,
  'apiservices.apiregistration.k8s.io': plain,
  'leases.coordination.k8s.io': plain,
  'runtimeclasses.node.k8s.io': { domains: false, compares: true, whole: true },
  'mutatingadmissionpolicies.admissionregistration.k8s.io': plainAsNew,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': plainAsNew,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': plainAsNew,
  'validatingadmissionpolicies.admissionregistration.k8s.io': plainAsNew,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': plainAsNew,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': plainAsNew,
  limitranges: asNew,
  'events.events.k8s.io': asNew,
  'endpointslices.discovery.k8s.io': asNew,
  'flowschemas.flowcontrol.apiserver.k8s.io': asNew,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': asNew,
  'csinodes.storage.k8s.io': asNew,
  configmaps: both,
  endpoints: both,
  namespaces: both,
  nodes: both,
  persistentvolumeclaims: both,
  persistentvolumes: both,
  pods: both,
  secrets: both,
  serviceaccounts: both,
  'certificatesigningrequests.certificates.k8s.io': both,
  'controllerrevisions.apps': both,
  'csistoragecapacities.storage.k8s.io': both,
  'clusterrolebindings.rbac.authorization.k8s.io': both,
  'clusterroles.rbac.authorization.k8s.io': both,
  'deviceclasses.resource.k8s.io': both,
  'ingressclasses.networking.k8s.io': both,
  'ingresses.networking.k8s.io': both,
  'ipaddresses.networking.k8s.io': both,
  'jobs.batch': both,
  'resourceclaims.resource.k8s.io': both,
  'resourceclaimtemplates.resource.k8s.io': both,
  'rolebindings.rbac.authorization.k8s.io': both,
  'roles.rbac.authorization.k8s.io': both,
  'storageclasses.storage.k8s.io': both,
  'volumeattributesclasses.storage.k8s.io': both,
};

const nameOf = (resource: ServedResource): string =>
  groupResourceName({ group: resource.group, resource: resource.data.resource });

/** Of the resource that the client named: events have other rules in each of their groups. */
function rulesOf(resource: ServedResource): Rules {
  // Custom resources have no rules of the core group.
  return rules[nameOf(resource)] ?? (resource.schema.proto === undefined ? plain : usual);
}

/** What is wrong with the metadata of an object to be created. */
export function createdMetadataProblems(resource: ServedResource, meta: ObjectMeta): FieldError[] {
  const found = validateMetadata(meta, resource.data.namespaced, nameRuleOf(resource));
  if (rulesOf(resource).domains) found.push(...finalizerProblems(meta));
  return found;
}

/** What is wrong with the metadata of an object, or with what `subresource` has changed in it. */
export function updatedMetadataProblems(
  resource: ServedResource,
  subresource: string,
  meta: ObjectMeta,
  old: ObjectMeta,
): FieldError[] {
  const compared = validateMetadataUpdate(meta, old);
  const found = [...validateMetadata(meta, resource.data.namespaced, pathSegment), ...compared];
  const own = rulesOf(resource);
  const status = subresource !== '' && own !== neither;
  // The strategy of a status compares; that of cron jobs leaves it at what all kinds share.
  if (status ? nameOf(resource) !== 'cronjobs.batch' : own.compares) {
    found.push(...compared);
    if (own.domains) found.push(...finalizerProblems(meta));
  }
  if (status ? nameOf(resource) === 'certificatesigningrequests.certificates.k8s.io' : own.whole) {
    found.push(...createdMetadataProblems(resource, meta));
  }
  return found;
}

function finalizerProblems(meta: ObjectMeta): FieldError[] {
  const found: FieldError[] = [];
  for (const [i, finalizer] of (meta.finalizers ?? []).entries()) {
    const why = finalizerNameProblem(finalizer);
    if (why) found.push(fieldErrors.invalid(Path.of('metadata', 'finalizers').index(i), finalizer, why));
  }
  return found;
}

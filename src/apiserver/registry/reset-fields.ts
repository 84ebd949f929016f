import { groupResourceName } from '../../api/resource.ts';
import { FieldSet, nameStep } from '../../schema/field-set.ts';
import type { ServedResource } from '../core.ts';

type Names = readonly string[];

/** Fields by the names on the way to them, "metadata.labels". */
function fields(paths: Names): FieldSet {
  return paths.reduce((all, path) => {
    const steps = path.split('.').map(nameStep);
    return all.union(steps.reduceRight((below, step) => FieldSet.node(false, [[step, below]]), FieldSet.leaf));
  }, FieldSet.none);
}

const status = fields(['status']);
const spec = fields(['spec']);
const metadataAndSpec = fields(['metadata', 'spec']);

/** Kinds whose status endpoint keeps metadata too. */
const keepingMetadata: ReadonlySet<string> = new Set([
  'customresourcedefinitions.apiextensions.k8s.io',
  'apiservices.apiregistration.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'resourceclaims.resource.k8s.io',
  'servicecidrs.networking.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'volumeattachments.storage.k8s.io',
]);

/** What differs from the rule, by resource and subresource. */
const exceptions: Readonly<Record<string, FieldSet>> = {
  'deployments.apps/status': fields(['spec', 'metadata.labels']),
  'pods/status': fields(['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences']),
  'certificatesigningrequests.certificates.k8s.io/': fields(['spec', 'status']),
  'certificatesigningrequests.certificates.k8s.io/status': fields(['spec', 'status.conditions']),
  'certificatesigningrequests.certificates.k8s.io/approval': fields(['spec', 'status.certificate']),
};

/**
 * Fields that a write through a subresource ("" for none) leaves as they are, so that nobody comes to own them: what
 * kube-apiserver's strategies name in GetResetFields.
 */
export function resetFields(resource: ServedResource, subresource: string): FieldSet | undefined {
  if (resource.data.subresources?.status === undefined) return undefined;
  const name = groupResourceName({ group: resource.group, resource: resource.data.resource });
  const exception = exceptions[`${name}/${subresource}`];
  if (exception) return exception;
  if (subresource === '' || subresource === 'finalize') return status;
  if (subresource !== 'status') return undefined;
  if (resource.custom) return metadataAndSpec;
  return keepingMetadata.has(name) ? metadataAndSpec : spec;
}

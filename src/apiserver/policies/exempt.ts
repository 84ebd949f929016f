import type { AdmissionOperation } from '../admission.ts';

const configurations: ReadonlySet<string> = new Set([
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

const reviews: ReadonlySet<string> = new Set([
  'selfsubjectreviews.authentication.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
]);

/** What no policy is asked about: policies, so that none locks out who would mend it, and what is only a question. */
export const isExempt = (group: string, resource: string): boolean =>
  group === 'admissionregistration.k8s.io' ? configurations.has(resource) : reviews.has(`${resource}.${group}`);

/** Whether a plugin for these operations looks at a request. */
export const handlesAllBut =
  (...left: readonly AdmissionOperation[]) =>
  (operation: AdmissionOperation, group: string, resource: string): boolean =>
    !left.includes(operation) && !isExempt(group, resource);

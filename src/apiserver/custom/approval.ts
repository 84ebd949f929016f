import type { CustomResourceDefinition } from '../../api/apiextensions/v1.gen.ts';
import { quote } from '../../schema/quote.ts';
import type { Condition } from './conditions.ts';

/** The annotation that names who approved. */
export const APPROVAL = 'api-approved.kubernetes.io';
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

/** What the definition says of its approval, where its group is the community's; undefined elsewhere. */
export function approvalOf({ metadata, spec }: CustomResourceDefinition): Condition | undefined {
  if (!/(?:^|\.)(?:k8s|kubernetes)\.io$/.test(spec.group)) return undefined;
  const annotation = metadata.annotations?.[APPROVAL] ?? '';
  const said = (status: string, reason: string, message: string): Condition => ({
    type: 'KubernetesAPIApprovalPolicyConformant',
    status,
    reason,
    message,
  });
  const must = `protected groups must have approval annotation ${quote(APPROVAL)}`;
  if (annotation === '') return said('False', 'MissingAnnotation', `${must}, ${SEE}`);
  if (annotation.startsWith('unapproved')) {
    return said('False', 'UnapprovedAnnotation', `not approved: ${quote(annotation)}`);
  }
  if (isAddress(annotation)) return said('True', 'ApprovedAnnotation', `approved in ${annotation}`);
  const either = `${must} with either a URL or a reason starting with "unapproved"`;
  return said('False', 'InvalidAnnotation', `${either}, ${SEE}`);
}

function isAddress(text: string): boolean {
  return /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/]/.test(text) && URL.canParse(text);
}

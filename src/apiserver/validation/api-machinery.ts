import type { APIService } from '../../api/apiregistration/v1.gen.ts';
import { dns1035LabelProblems } from '../../api/names.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { addAll, checkSubdomain, type Found, portProblems } from './values.ts';

const SPEC = Path.of('spec');
const NAME = Path.of('metadata', 'name');

/** https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/ */
export function validateApiService({ metadata, spec }: APIService): Found {
  const found: Found = [];
  const { group = '', version = '', service, caBundle, insecureSkipTLSVerify } = spec;
  const name = `${version}.${group}`;
  if (metadata.name !== name) {
    const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(name)}`;
    found.push(fieldErrors.invalid(NAME, metadata.name, why));
  }
  if (group === '' && version !== 'v1') {
    const why = 'only v1 may have an empty group and it better be legacy kube';
    found.push(fieldErrors.required(SPEC.child('group'), why));
  }
  if (group) checkSubdomain(group, SPEC.child('group'), found);
  addAll(found, SPEC.child('version'), version, dns1035LabelProblems(version));
  for (const [field, most] of [
    ['groupPriorityMinimum', 20_000],
    ['versionPriority', 1000],
  ] as const) {
    const value = spec[field];
    if (value >= 1 && value <= most) continue;
    found.push(fieldErrors.invalid(SPEC.child(field), value, `must be positive and less than ${most}`));
  }
  const insecure = SPEC.child('insecureSkipTLSVerify');
  if (!service) {
    if (caBundle) {
      const size = `${Buffer.byteLength(caBundle, 'base64')} bytes`;
      found.push(fieldErrors.invalid(SPEC.child('caBundle'), size, 'local APIServices may not have a caBundle'));
    }
    if (insecureSkipTLSVerify) {
      found.push(fieldErrors.invalid(insecure, true, 'local APIServices may not have insecureSkipTLSVerify'));
    }
    return found;
  }
  const at = SPEC.child('service');
  if (!service.namespace) found.push(fieldErrors.required(at.child('namespace')));
  if (!service.name) found.push(fieldErrors.required(at.child('name')));
  const problems = portProblems(service.port ?? 443);
  if (problems.length > 0) {
    found.push(fieldErrors.invalid(at.child('port'), service.port, `port is not valid: ${problems.join(', ')}`));
  }
  if (insecureSkipTLSVerify && caBundle) {
    found.push(fieldErrors.invalid(insecure, true, 'may not be true if caBundle is present'));
  }
  return found;
}

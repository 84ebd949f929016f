import type { PodSpec } from '../../api/core/v1.gen.ts';
import { containerTotals, quantityOf } from '../../api/pod-resources.ts';
import { type FieldError, fieldErrors, type Path } from '../../schema/field-error.ts';
import { canonicalQuantity, compareQuantities } from '../../schema/quantity.ts';

/**
 * What is said of a pod as a whole has room for what its containers say (KEP-2837). `path`: of the pod's resources.
 */
export function checkPodLevelResources(spec: PodSpec, path: Path, found: FieldError[]): void {
  const { requests = {}, limits = {} } = spec.resources ?? {};
  const less = (whole: string | undefined, part: string): whole is string =>
    whole !== undefined && compareQuantities(part, whole) > 0;
  const complain = (at: Path, value: string, what: string, bound: string) =>
    found.push(fieldErrors.invalid(at, canonicalQuantity(value), `${what} ${canonicalQuantity(bound)}`));
  for (const [name, sum] of Object.entries(containerTotals(spec, 'requests'))) {
    const whole = quantityOf(requests, name);
    if (less(whole, sum))
      complain(
        path.child('requests').key(name),
        whole,
        'must be greater than or equal to aggregate container requests of',
        sum,
      );
  }
  for (const [name, sum] of Object.entries(containerTotals(spec, 'limits'))) {
    const whole = quantityOf(limits, name);
    if (name.startsWith('hugepages-') && less(whole, sum))
      complain(
        path.child('limits').key(name),
        whole,
        'must be greater than or equal to aggregate container limits of',
        sum,
      );
  }
  for (const [i, { resources }] of spec.containers.entries()) {
    for (const [name, limit] of Object.entries(resources?.limits ?? {})) {
      const whole = quantityOf(limits, name);
      if (less(whole, limit))
        complain(
          path.child('containers').index(i).key(name).child('limits'),
          limit,
          'must be less than or equal to pod limits of',
          whole,
        );
    }
  }
}

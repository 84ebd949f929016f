import type { NetworkPolicy } from '../../../api/networking/v1.gen.ts';
import { validateNetworkPolicy } from '../../validation/networking.ts';
import { age, selectorCell } from '../cells.ts';
import { define } from '../define.ts';
import { countsChanges } from '../spec-and-status.ts';

/** https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
export const networkPolicy = define<NetworkPolicy>({
  validateCreate: validateNetworkPolicy,
  validateUpdate: validateNetworkPolicy,
  ...countsChanges,
  setDefaults: ({ spec }) => {
    for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of ports ?? []) port.protocol ??= 'TCP';
    }
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  tableCells: (policy, now) => [policy.metadata.name, selectorCell(policy.spec.podSelector), age(policy, now)],
});

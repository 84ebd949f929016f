import type { NetworkPolicy } from '../../../api/networking/v1.gen.ts';
import { Path } from '../../../schema/field-error.ts';
import { validateNetworkPolicy, validateNetworkPolicyUpdate } from '../../validation/networking.ts';
import { age, selectorCell } from '../cells.ts';
import { warnOfCidr } from '../core/ip-warnings.ts';
import { define } from '../define.ts';
import { countsChanges } from '../spec-and-status.ts';

function policyWarnings({ spec }: NetworkPolicy): readonly string[] {
  const found: string[] = [];
  const ways = [
    ...(spec.ingress ?? []).map(({ from }, i) => [from, Path.of('spec', 'ingress').index(i).child('from')] as const),
    ...(spec.egress ?? []).map(({ to }, i) => [to, Path.of('spec', 'egress').index(i).child('to')] as const),
  ];
  for (const [peers, path] of ways) {
    for (const [i, { ipBlock }] of (peers ?? []).entries()) {
      if (!ipBlock) continue;
      const at = path.index(i).child('ipBlock');
      warnOfCidr(ipBlock.cidr, at.child('cidr'), found);
      for (const [j, range] of (ipBlock.except ?? []).entries()) warnOfCidr(range, at.child('except').index(j), found);
    }
  }
  return found;
}

/** https://kubernetes.io/docs/concepts/services-networking/network-policies/ */
export const networkPolicy = define<NetworkPolicy>({
  validateCreate: validateNetworkPolicy,
  validateUpdate: validateNetworkPolicyUpdate,
  warnings: policyWarnings,
  ...countsChanges,
  setDefaults: ({ spec }) => {
    for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of ports ?? []) port.protocol ??= 'TCP';
    }
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  tableCells: (policy, now) => [policy.metadata.name, selectorCell(policy.spec.podSelector), age(policy, now)],
});

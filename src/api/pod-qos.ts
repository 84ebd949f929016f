import { addQuantities, compareQuantities, formatQuantity } from '../schema/quantity.ts';
import type { Container, PodSpec } from './core/v1.gen.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
type Amounts = Map<string, string>;

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClass(spec: PodSpec): QosClass {
  const requests: Amounts = new Map();
  const limits: Amounts = new Map();
  let guaranteed = true;
  if (spec.resources) {
    add(requests, spec.resources.requests);
    const all = add(limits, spec.resources.limits);
    if (Object.keys(spec.resources.limits ?? {}).length > 0) guaranteed = all;
  } else {
    const count = ({ resources }: Container): void => {
      add(requests, resources?.requests);
      if (!add(limits, resources?.limits)) guaranteed = false;
    };
    spec.containers?.forEach(count);
    spec.initContainers?.forEach(count);
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  if (!guaranteed || requests.size !== limits.size) return 'Burstable';
  for (const [name, amount] of requests) {
    const limit = limits.get(name);
    if (limit === undefined || compareQuantities(limit, amount) !== 0) return 'Burstable';
  }
  return 'Guaranteed';
}

const counted = ['cpu', 'memory'];

/** Adds the amounts that count; whether all of them were there. */
function add(sums: Amounts, list: Readonly<Record<string, string>> | undefined): boolean {
  let all = true;
  for (const name of counted) {
    const amount = list?.[name];
    if (amount === undefined || compareQuantities(amount, '0') <= 0) {
      all = false;
      continue;
    }
    const sum = sums.get(name);
    sums.set(name, sum === undefined ? amount : formatQuantity(addQuantities(sum, amount)));
  }
  return all;
}

import { addQuantities, compareQuantities, formatQuantity } from '../schema/quantity.ts';
import type { Container, PodSpec } from './core/v1.gen.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
type Amounts = { cpu?: string; memory?: string };

/** https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClass(spec: PodSpec): QosClass {
  const requests: Amounts = {};
  const limits: Amounts = {};
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
  if (isNone(requests) && isNone(limits)) return 'BestEffort';
  return guaranteed && counted.every((name) => same(requests[name], limits[name])) ? 'Guaranteed' : 'Burstable';
}

const counted = ['cpu', 'memory'] as const;
const isNone = ({ cpu, memory }: Amounts): boolean => cpu === undefined && memory === undefined;
const same = (a: string | undefined, b: string | undefined): boolean =>
  a === undefined || b === undefined ? a === b : compareQuantities(a, b) === 0;

/** Adds the amounts that count; whether all of them were there. */
function add(sums: Amounts, list: Readonly<Record<string, string>> | undefined): boolean {
  let all = true;
  for (const name of counted) {
    const amount = list?.[name];
    if (amount === undefined || compareQuantities(amount, '0') <= 0) {
      all = false;
      continue;
    }
    const sum = sums[name];
    sums[name] = sum === undefined ? amount : formatQuantity(addQuantities(sum, amount));
  }
  return all;
}

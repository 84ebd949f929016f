import type { ResourceRequirements } from '../../api/core/v1.gen.ts';
import {
  compareQuantities,
  formatQuantity,
  newQuantity,
  quantityMilliValue,
  quantityValue,
} from '../../schema/quantity.ts';

/** The amounts that can be changed while a container runs; 0 where there is none. CPU in thousandths, memory in bytes. */
export interface Amounts {
  readonly cpuRequest: number;
  readonly cpuLimit: number;
  readonly memoryRequest: number;
  readonly memoryLimit: number;
}

export const noAmounts: Amounts = { cpuRequest: 0, cpuLimit: 0, memoryRequest: 0, memoryLimit: 0 };

const milli = (text: string | undefined): number => (text === undefined ? 0 : Number(quantityMilliValue(text)));
const bytes = (text: string | undefined): number => (text === undefined ? 0 : Number(quantityValue(text)));

/** A container's amounts; a limit that it does not have is that of its pod, `ofPod`. */
export function amountsOf(resources: ResourceRequirements | undefined, ofPod?: ResourceRequirements): Amounts {
  const { requests = {}, limits = {} } = resources ?? {};
  return {
    cpuRequest: milli(requests.cpu),
    cpuLimit: milli(limits.cpu) || milli(ofPod?.limits?.cpu),
    memoryRequest: bytes(requests.memory),
    memoryLimit: bytes(limits.memory) || bytes(ofPod?.limits?.memory),
  };
}

export const sameAmounts = (a: Amounts, b: Amounts): boolean =>
  a.cpuRequest === b.cpuRequest &&
  a.cpuLimit === b.cpuLimit &&
  a.memoryRequest === b.memoryRequest &&
  a.memoryLimit === b.memoryLimit;

/** Thousandths of a CPU as a quantity. */
export const cpuQuantity = (milliCpu: number): string =>
  formatQuantity({ value: BigInt(milliCpu), scale: -3, format: 'DecimalSI' });

/** Bytes as a quantity. */
export const memoryQuantity = (amount: number): string => formatQuantity(newQuantity(amount, 'BinarySI'));

type List = Readonly<Record<string, string>>;

function sameList(a: List = {}, b: List = {}): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && compareQuantities(a[name] ?? '0', b[name] ?? '0') === 0)
  );
}

/** Whether two requirements ask for the same, in whatever words ("1" and "1000m"). */
export function sameRequirements(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): boolean {
  return sameList(a?.requests, b?.requests) && sameList(a?.limits, b?.limits);
}

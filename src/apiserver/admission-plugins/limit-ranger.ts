import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/core/v1.gen.ts';
import { containerTotals, quantityOf, type ResourceList } from '../../api/pod-resources.ts';
import type { Mutable } from '../../api/resource.ts';
import { canonicalQuantity, quantityMilliValue, quantityValue } from '../../schema/quantity.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { type AdmissionReaders, mutableOf, objectOf, refusal } from './readers.ts';

const annotation = 'kubernetes.io/limit-ranger';

/**
 * Gives containers the requests and limits that the namespace's limit ranges say, and refuses what is outside them.
 * https://kubernetes.io/docs/concepts/policy/limit-range/
 */
export function limitRanger(readers: Pick<AdmissionReaders, 'limitRanges'>): AdmissionPlugin {
  return {
    name: 'LimitRanger',
    handles: (operation, group, resource, subresource) =>
      group === '' &&
      ((resource === 'pods' &&
        ((operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize'))) ||
        (resource === 'persistentvolumeclaims' &&
          subresource === '' &&
          (operation === 'CREATE' || operation === 'UPDATE'))),

    admit(request) {
      if (request.target.resource.data.kind !== 'Pod' || request.operation !== 'CREATE') return;
      for (const range of readers.limitRanges(request.target.namespace)) setDefaults(mutableOf<Pod>(request), range);
    },

    validate(request) {
      // What is going away only loses things.
      if (request.oldObject?.metadata.deletionTimestamp !== undefined) return;
      for (const range of readers.limitRanges(request.target.namespace)) {
        const problems =
          request.target.resource.data.kind === 'Pod'
            ? podProblems(objectOf<Pod>(request), range)
            : claimProblems(objectOf<PersistentVolumeClaim>(request), range);
        const once = [...new Set(problems)];
        if (once.length) throw refusal(request, once.length === 1 ? (once[0] ?? '') : `[${once.join(', ')}]`);
      }
    },
  };
}

function setDefaults(pod: Mutable<Pod>, range: LimitRange): void {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const item of range.spec.limits ?? []) {
    if (item.type !== 'Container') continue;
    Object.assign(requests, item.defaultRequest);
    Object.assign(limits, item.default);
  }
  const notes: string[] = [];
  const merge = (container: Mutable<Container>, what: string) => {
    // What containers hold may be shared; it is replaced, not changed.
    const resources = { ...container.resources };
    for (const [kind, defaults] of [
      ['requests', requests],
      ['limits', limits],
    ] as const) {
      const own: Record<string, string> = { ...resources[kind] };
      const set = Object.keys(defaults)
        .filter((name) => !Object.hasOwn(own, name))
        .sort();
      if (set.length === 0) continue;
      for (const name of set) own[name] = defaults[name] ?? '';
      resources[kind] = own;
      notes.push(`${set.join(', ')} ${kind.slice(0, -1)} for ${what} ${container.name}`);
    }
    container.resources = resources;
  };
  for (const container of pod.spec.containers) merge(container, 'container');
  for (const container of pod.spec.initContainers ?? []) merge(container, 'init container');
  if (notes.length)
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      [annotation]: `LimitRanger plugin set: ${notes.join('; ')}`,
    };
}

function podProblems({ spec }: Pod, range: LimitRange): string[] {
  const problems: string[] = [];
  for (const item of range.spec.limits ?? []) {
    if (item.type === 'Container') {
      for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])])
        problems.push(...checkAll(item, resources?.requests ?? {}, resources?.limits ?? {}));
    } else if (item.type === 'Pod') {
      problems.push(...checkAll(item, wholePod(spec, 'requests'), wholePod(spec, 'limits')));
    }
  }
  return problems;
}

/** The pod as the limits of pods see it: without the sandbox, with what is said of cpu and memory of the whole. */
function wholePod(spec: Pod['spec'], kind: 'requests' | 'limits'): ResourceList {
  const { cpu, memory } = spec.resources?.[kind] ?? {};
  return {
    ...containerTotals(spec, kind),
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
  };
}

function claimProblems({ spec }: PersistentVolumeClaim, range: LimitRange): string[] {
  const requests = spec.resources?.requests ?? {};
  return (range.spec.limits ?? [])
    .filter((item) => item.type === 'PersistentVolumeClaim')
    .flatMap((item) => [
      ...each(item.min, (name, bound) => belowMin(item.type, name, bound, quantityOf(requests, name), undefined)),
      ...each(item.max, (name, bound) => aboveMaxRequest(item.type, name, bound, quantityOf(requests, name))),
    ]);
}

function checkAll(item: LimitRangeItem, requests: ResourceList, limits: ResourceList): string[] {
  const { type } = item;
  return [
    ...each(item.min, (name, bound) =>
      belowMin(type, name, bound, quantityOf(requests, name), quantityOf(limits, name)),
    ),
    ...each(item.max, (name, bound) =>
      aboveMax(type, name, bound, quantityOf(requests, name), quantityOf(limits, name)),
    ),
    ...each(item.maxLimitRequestRatio, (name, bound) =>
      aboveRatio(type, name, bound, quantityOf(requests, name), quantityOf(limits, name)),
    ),
  ];
}

function each(bounds: ResourceList | undefined, check: (name: string, bound: string) => string | undefined): string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, bound]) => check(name, bound) ?? []);
}

const show = canonicalQuantity;

/** Beyond this, thousandths do not fit into 64 bits, and whole units are compared. */
const MAX_MILLI = (2n ** 63n - 1n) / 1000n;

/** How Kubernetes reads several quantities to compare them: in thousandths, rounded up, or in units where one is huge. */
function amounts(...quantities: readonly (string | undefined)[]): readonly bigint[] {
  const units = quantities.map((quantity = '0') => quantityValue(quantity));
  return units.every((value) => value <= MAX_MILLI)
    ? quantities.map((quantity = '0') => quantityMilliValue(quantity))
    : units;
}

const less = (a: string, b: string): boolean => {
  const [x = 0n, y = 0n] = amounts(a, b);
  return x < y;
};

function belowMin(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined) {
  const what = `minimum ${name} usage per ${type} is ${show(bound)}`;
  if (request === undefined) return `${what}.  No request is specified`;
  if (less(request, bound)) return `${what}, but request is ${show(request)}`;
  if (limit !== undefined && less(limit, bound)) return `${what}, but limit is ${show(limit)}`;
  return undefined;
}

function aboveMax(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined) {
  const what = `maximum ${name} usage per ${type} is ${show(bound)}`;
  if (limit === undefined) return `${what}.  No limit is specified`;
  if (less(bound, limit)) return `${what}, but limit is ${show(limit)}`;
  if (request !== undefined && less(bound, request)) return `${what}, but request is ${show(request)}`;
  return undefined;
}

function aboveMaxRequest(type: string, name: string, bound: string, request: string | undefined) {
  const what = `maximum ${name} usage per ${type} is ${show(bound)}`;
  if (request === undefined) return `${what}.  No request is specified`;
  return less(bound, request) ? `${what}, but request is ${show(request)}` : undefined;
}

function aboveRatio(type: string, name: string, bound: string, request: string | undefined, limit: string | undefined) {
  const what = `${name} max limit to request ratio per ${type} is ${show(bound)}`;
  const [asked = 0n, capped = 0n] = amounts(request, limit, bound);
  if (asked === 0n) return `${what}, but no request is specified or request is 0`;
  if (capped === 0n) return `${what}, but no limit is specified or limit is 0`;
  const ratio = Number(capped) / Number(asked);
  const units = quantityValue(bound);
  const most = units <= MAX_MILLI ? Number(quantityMilliValue(bound)) / 1000 : Number(units);
  return ratio > most ? `${what}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}

import type { Ingress, IngressClass } from '../../../api/networking/v1.gen.ts';
import {
  INGRESS_CLASS_ANNOTATION,
  validateIngress,
  validateIngressClass,
  validateIngressClassUpdate,
  validateIngressStatusUpdate,
  validateIngressUpdate,
} from '../../validation/networking.ts';
import { age, NONE } from '../cells.ts';
import { define } from '../define.ts';
import { countsChanges, updateSpec, updateStatus } from '../spec-and-status.ts';

/** Hosts that fit into the cell. */
const SHOWN = 3;

function hostsCell({ spec }: Ingress): string {
  const hosts = (spec.rules ?? []).flatMap(({ host }) => (host ? [host] : []));
  if (hosts.length === 0) return '*';
  const shown = hosts.slice(0, SHOWN).join(',');
  return hosts.length > SHOWN ? `${shown} + ${hosts.length - SHOWN} more...` : shown;
}

function addressCell({ status }: Ingress): string {
  const all = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
  return [...new Set(all.filter((address) => address !== ''))].sort().join(',');
}

function ingressWarnings({ metadata }: Ingress, old: Ingress | undefined): readonly string[] {
  if (old || metadata.annotations?.[INGRESS_CLASS_ANNOTATION] === undefined) return [];
  return [`annotation "${INGRESS_CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
}

/** https://kubernetes.io/docs/concepts/services-networking/ingress/ */
export const ingress = define<Ingress>({
  validateCreate: validateIngress,
  validateUpdate: validateIngressUpdate,
  warnings: ingressWarnings,
  prepareForCreate: (ingress) => {
    ingress.metadata.generation = 1;
    ingress.status = { loadBalancer: {} };
  },
  prepareForUpdate: updateSpec<Ingress>,
  subresources: { status: { prepareForUpdate: updateStatus<Ingress>, validateUpdate: validateIngressStatusUpdate } },
  tableCells: (ingress, now) => [
    ingress.metadata.name,
    ingress.spec.ingressClassName ?? NONE,
    hostsCell(ingress),
    addressCell(ingress),
    ingress.spec.tls?.length ? '80, 443' : '80',
    age(ingress, now),
  ],
});

export const ingressClass = define<IngressClass>({
  validateCreate: validateIngressClass,
  validateUpdate: validateIngressClassUpdate,
  ...countsChanges,
  setDefaults: ({ spec }) => {
    if (spec.parameters) spec.parameters.scope ??= 'Cluster';
  },
  tableCells: (ingressClass, now) => {
    const { parameters, controller } = ingressClass.spec;
    const group = parameters?.apiGroup !== undefined ? `.${parameters.apiGroup}` : '';
    const cell = parameters ? `${parameters.kind}${group}/${parameters.name}` : NONE;
    return [ingressClass.metadata.name, controller ?? '', cell, age(ingressClass, now)];
  },
});

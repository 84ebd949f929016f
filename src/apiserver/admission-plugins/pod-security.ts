import { isDeepStrictEqual } from 'node:util';
import type { Namespace, Pod, PodTemplateSpec } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { KubeObject } from '../../api/resource.ts';
import { type FieldError, fieldErrors, Path } from '../../schema/field-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { describeViolations, type Level, violations } from './pod-security-checks.ts';
import { type AdmissionReaders, objectOf, oldObjectOf, refusal } from './readers.ts';

const prefix = 'pod-security.kubernetes.io/';
const modes = ['enforce', 'audit', 'warn'] as const;
type Mode = (typeof modes)[number];
const levels: readonly Level[] = ['privileged', 'baseline', 'restricted'];
const isLevel = (text: string): text is Level => levels.some((level) => level === text);

interface Policy {
  readonly level: Level;
  readonly version: string;
}

/** Where kinds that make pods keep their template. */
const templates: Readonly<Record<string, (object: KubeObject) => PodTemplateSpec | undefined>> = {
  ' podtemplates': (object) => ('template' in object ? (object.template as PodTemplateSpec) : undefined),
  ' replicationcontrollers': templateOfSpec,
  'apps replicasets': templateOfSpec,
  'apps deployments': templateOfSpec,
  'apps statefulsets': templateOfSpec,
  'apps daemonsets': templateOfSpec,
  'batch jobs': templateOfSpec,
  'batch cronjobs': (object) => templateOfSpec((object as { spec?: { jobTemplate?: KubeObject } }).spec?.jobTemplate),
};

/** The template of a workload; the resource's schema has decoded it. */
function templateOfSpec(object: KubeObject | undefined): PodTemplateSpec | undefined {
  return (object as { spec?: { template?: PodTemplateSpec } } | undefined)?.spec?.template;
}

/**
 * Pods keep to the standard that their namespace's labels name: enforce refuses, warn tells the client.
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export function podSecurity(readers: Pick<AdmissionReaders, 'namespace'>): AdmissionPlugin {
  return {
    name: 'PodSecurity',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      ((subresource === '' &&
        ((group === '' && (resource === 'namespaces' || resource === 'pods')) ||
          templates[`${group} ${resource}`] !== undefined)) ||
        (group === '' && resource === 'pods' && subresource === 'ephemeralcontainers')),

    validate(request) {
      const { group, data } = request.target.resource;
      if (data.kind === 'Namespace') return checkLabels(request);
      const labels = readers.namespace(request.target.namespace)?.metadata.labels ?? {};
      if (!modes.some((mode) => labels[`${prefix}${mode}`] !== undefined)) return;
      if (data.kind === 'Pod') return checkPod(request, labels);
      const template = templates[`${group} ${data.resource}`]?.(objectOf(request));
      // Templates only warn: what is refused is the pod made of one.
      if (template?.spec) warn(request, labels, template.spec, template.metadata?.annotations);
    },
  };
}

/** The policy of a mode; a label that says nothing sensible is held against the strictest, as Kubernetes does. */
function policyOf(labels: Readonly<Record<string, string>>, mode: Mode): Policy {
  const level = labels[`${prefix}${mode}`];
  const version = labels[`${prefix}${mode}-version`] || 'latest';
  if (level === undefined) return { level: 'privileged', version };
  return isLevel(level) ? { level, version } : { level: mode === 'enforce' ? 'restricted' : 'privileged', version };
}

function checkPod(request: AdmissionRequest, labels: Readonly<Record<string, string>>): void {
  const { spec, metadata } = objectOf<Pod>(request);
  if (request.operation === 'UPDATE' && !isSignificant(objectOf<Pod>(request), oldObjectOf<Pod>(request))) return;
  const { level, version } = policyOf(labels, 'enforce');
  const broken = violations(level, spec, metadata.annotations);
  if (broken.length)
    throw refusal(request, `violates PodSecurity "${level}:${version}": ${describeViolations(broken)}`);
  warn(request, labels, spec, metadata.annotations);
}

/** Of an update only images, new containers and AppArmor annotations can change what a pod may do. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const view = ({ spec }: Pod) =>
    [spec.initContainers, spec.containers, spec.ephemeralContainers].map((list) =>
      (list ?? []).map(({ name, securityContext, ports }) => ({ name, securityContext, ports })),
    );
  return (
    !isDeepStrictEqual(view(pod), view(old)) ||
    !isDeepStrictEqual(pod.metadata.annotations ?? {}, old.metadata.annotations ?? {})
  );
}

function warn(
  request: AdmissionRequest,
  labels: Readonly<Record<string, string>>,
  spec: Pod['spec'],
  annotations: Readonly<Record<string, string>> | undefined,
): void {
  const { level, version } = policyOf(labels, 'warn');
  const broken = violations(level, spec, annotations);
  if (broken.length)
    request.context.warn(`would violate PodSecurity "${level}:${version}": ${describeViolations(broken)}`);
}

function checkLabels(request: AdmissionRequest): void {
  const { metadata } = objectOf<Namespace>(request);
  const old = request.operation === 'UPDATE' ? oldObjectOf<Namespace>(request).metadata.labels : undefined;
  const found: FieldError[] = [];
  for (const mode of modes) {
    for (const [key, valid, want] of [
      [`${prefix}${mode}`, isLevel, `must be one of ${levels.join(', ')}`],
      [`${prefix}${mode}-version`, isVersion, 'must be "latest" or "v1.x"'],
    ] as const) {
      const value = metadata.labels?.[key];
      if (value !== undefined && value !== old?.[key] && !valid(value))
        found.push(fieldErrors.invalid(Path.of('metadata', 'labels').key(key), value, want));
    }
  }
  if (found.length) throw errors.invalid({ group: '', kind: 'Namespace' }, metadata.name, found);
}

const isVersion = (text: string): boolean => /^(latest|v1\.(0|[1-9][0-9]*))$/.test(text);

import { isDeepStrictEqual } from 'node:util';
import type { Namespace, Pod, PodTemplateSpec } from '../../../api/core/v1.gen.ts';
import { errors } from '../../../api/errors.ts';
import type { KubeObject } from '../../../api/resource.ts';
import { aggregate, type FieldError } from '../../../schema/field-error.ts';
import type { Clock } from '../../../utils/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import { type AdmissionReaders, objectOf, oldObjectOf, refusal } from '../readers.ts';
import type { PodSecuritySettings } from './configuration.ts';
import { describeViolations, type LevelVersion, violations } from './levels.ts';
import { PodSecurityMetrics } from './metrics.ts';
import { podsBreaking } from './pods-breaking.ts';
import {
  compareLevels,
  describe,
  isFullyPrivileged,
  labelPrefix,
  modes,
  type Policy,
  policyOf,
  samePolicy,
} from './policy.ts';

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

const ignoredSubresources: ReadonlySet<string> = new Set(
  'exec attach binding eviction log portforward proxy status'.split(' '),
);

const privileged: LevelVersion = { level: 'privileged', version: 'latest' };
const noSettings: PodSecuritySettings = {
  defaults: { enforce: privileged, audit: privileged, warn: privileged },
  exempt: { usernames: new Set(), namespaces: new Set(), runtimeClasses: new Set() },
};

export interface PodSecurityOptions {
  readonly readers: Pick<AdmissionReaders, 'namespace' | 'pods'>;
  /** Of the admission configuration; absent: namespaces without labels are privileged, nobody is exempt. */
  readonly settings?: PodSecuritySettings;
  readonly clock: Clock;
  readonly metrics?: PodSecurityMetrics;
}

/**
 * Pods keep to the standard that their namespace's labels name: enforce refuses, warn tells the client, audit the log.
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export function podSecurity(options: PodSecurityOptions): AdmissionPlugin {
  const { readers, settings = noSettings, clock } = options;
  const { defaults, exempt } = settings;
  const metrics = options.metrics ?? new PodSecurityMetrics();
  /** What namespaces ask for: they change seldom, and every pod asks. */
  const policies = new WeakMap<Namespace, ReturnType<typeof policyOf>>();
  const ofNamespace = (namespace: Namespace) => {
    let policy = policies.get(namespace);
    if (!policy) {
      policy = policyOf(namespace.metadata.labels, defaults);
      policies.set(namespace, policy);
    }
    return policy;
  };

  return {
    name: 'PodSecurity',
    handles: (operation, group, resource, subresource) =>
      (operation === 'CREATE' || operation === 'UPDATE') &&
      ((group === '' && resource === 'pods' && !ignoredSubresources.has(subresource)) ||
        (subresource === '' &&
          ((group === '' && resource === 'namespaces') || templates[`${group} ${resource}`] !== undefined))),

    validate(request) {
      const { group, data } = request.target.resource;
      if (group === '' && data.resource === 'namespaces') checkNamespace(request);
      else if (group === '' && data.resource === 'pods') checkPod(request);
      else checkTemplate(request, templates[`${group} ${data.resource}`]);
    },
  };

  function checkPod(request: AdmissionRequest): void {
    if (isExempt(request)) return;
    const namespace = readers.namespace(request.target.namespace);
    if (!namespace) {
      metrics.error(true, request);
      throw errors.internal(`failed to lookup namespace "${request.target.namespace}"`);
    }
    const { policy, problems } = ofNamespace(namespace);
    if (problems.length === 0 && isFullyPrivileged(policy)) {
      metrics.evaluation('allow', policy.enforce, 'enforce', request);
      annotate(request, 'enforce-policy', 'privileged:latest');
      return;
    }
    const pod = objectOf<Pod>(request);
    if (request.operation === 'UPDATE' && !isSignificant(pod, oldObjectOf<Pod>(request))) return;
    evaluate(request, policy, problems, pod, true);
  }

  /** Templates only warn: what is refused is the pod made of one. */
  function checkTemplate(
    request: AdmissionRequest,
    templateOf: ((object: KubeObject) => PodTemplateSpec | undefined) | undefined,
  ): void {
    if (isExempt(request)) return;
    const namespace = readers.namespace(request.target.namespace);
    if (!namespace) {
      metrics.error(true, request);
      annotate(request, 'error', `failed to lookup namespace "${request.target.namespace}"`);
      return;
    }
    const { policy, problems } = ofNamespace(namespace);
    if (problems.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return;
    const template = templateOf?.(objectOf(request));
    if (template?.spec)
      evaluate(request, policy, problems, { spec: template.spec, metadata: template.metadata }, false);
  }

  function evaluate(
    request: AdmissionRequest,
    policy: Policy,
    problems: readonly FieldError[],
    { spec, metadata }: { readonly spec: Pod['spec']; readonly metadata?: Partial<Pod['metadata']> },
    enforce: boolean,
  ): void {
    if (spec.runtimeClassName && exempt.runtimeClasses.has(spec.runtimeClassName)) {
      exempted(request, 'runtimeClass');
      return;
    }
    if (problems.length > 0) {
      metrics.error(false, request);
      annotate(request, 'error', `Failed to parse policy: ${aggregate(problems)}`);
    }
    /** Policies of several modes are often one. */
    const results = new Map<string, string>();
    const broken = (level: LevelVersion): string => {
      const key = describe(level);
      let text = results.get(key);
      if (text === undefined) {
        text = describeViolations(violations(level, spec, metadata?.annotations));
        results.set(key, text);
      }
      return text;
    };
    let refused: string | undefined;
    if (enforce) {
      annotate(request, 'enforce-policy', describe(policy.enforce));
      const why = broken(policy.enforce);
      metrics.evaluation(why ? 'deny' : 'allow', policy.enforce, 'enforce', request);
      if (why) refused = `violates PodSecurity "${describe(policy.enforce)}": ${why}`;
    }
    const audited = broken(policy.audit);
    if (audited) {
      annotate(request, 'audit-violations', `would violate PodSecurity "${describe(policy.audit)}": ${audited}`);
      metrics.evaluation('deny', policy.audit, 'audit', request);
    }
    if (refused !== undefined) throw refusal(request, refused);
    const warned = broken(policy.warn);
    if (warned) {
      request.context.warn(`would violate PodSecurity "${describe(policy.warn)}": ${warned}`);
      metrics.evaluation('deny', policy.warn, 'warn', request);
    }
  }

  function isExempt(request: AdmissionRequest): boolean {
    const { target, context } = request;
    if (exempt.namespaces.has(target.namespace)) exempted(request, 'namespace');
    else if (exempt.usernames.has(context.user.name)) exempted(request, 'user');
    else return false;
    return true;
  }

  function exempted(request: AdmissionRequest, why: string): void {
    metrics.exemption(request);
    annotate(request, 'exempt', why);
  }

  function checkNamespace(request: AdmissionRequest): void {
    const namespace = objectOf<Namespace>(request);
    const { metadata } = namespace;
    const { policy, problems } = policyOf(metadata.labels, defaults);
    const invalid = () => errors.invalid({ group: '', kind: 'Namespace' }, metadata.name, problems);
    if (request.operation === 'CREATE') {
      if (problems.length > 0) throw invalid();
      if (exempt.namespaces.has(metadata.name)) warnOfExemption(request, namespace, policy);
      return;
    }
    const before = ofNamespace(oldObjectOf<Namespace>(request));
    if (problems.length > 0 && !isDeepStrictEqual(problems, before.problems)) throw invalid();
    const [now, old] = [policy.enforce, before.policy.enforce];
    if (now.level === 'privileged') return;
    if (now.version === old.version && compareLevels(now.level, old.level) <= 0) return;
    if (exempt.namespaces.has(metadata.name)) {
      warnOfExemption(request, namespace, policy);
      return;
    }
    const pods = [...readers.pods(metadata.name)].filter(
      ({ spec }) => !spec.runtimeClassName || !exempt.runtimeClasses.has(spec.runtimeClassName),
    );
    for (const warning of podsBreaking(metadata.name, now, pods, clock)) request.context.warn(warning);
  }

  function warnOfExemption(request: AdmissionRequest, { metadata }: Namespace, policy: Policy): void {
    if (isFullyPrivileged(policy) || samePolicy(policy, defaults)) return;
    const said = (mode: string) =>
      metadata.labels?.[labelPrefix + mode] !== undefined ||
      metadata.labels?.[`${labelPrefix}${mode}-version`] !== undefined;
    const ignored = modes
      .filter((mode) => policy[mode].level !== 'privileged' && said(mode))
      .map((mode) => `${mode}=${describe(policy[mode])}`);
    request.context.warn(
      `namespace "${metadata.name}" is exempt from Pod Security, and the policy (${ignored.join(', ')}) will be ignored`,
    );
  }
}

function annotate({ context }: AdmissionRequest, key: string, value: string): void {
  context.audit?.add(labelPrefix + key, value);
}

/** Of an update only images and containers that are new can change what a pod may do. */
function isSignificant(pod: Pod, old: Pod): boolean {
  for (const list of ['containers', 'initContainers'] as const) {
    const [now, before] = [pod.spec[list] ?? [], old.spec[list] ?? []];
    if (now.length !== before.length || now.some(({ image }, i) => image !== before[i]?.image)) return true;
  }
  const before = new Map(old.spec.ephemeralContainers?.map(({ name, image }) => [name, image]));
  return (pod.spec.ephemeralContainers ?? []).some(
    ({ name, image }) => !before.has(name) || before.get(name) !== image,
  );
}

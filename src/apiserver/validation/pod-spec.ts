import type {
  PodDNSConfig,
  PodResourceClaim,
  PodSpec,
  PodTemplate,
  PodTemplateSpec,
  SecurityContext,
} from '../../api/core/v1.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { validateAnnotations, validateLabels } from '../registry/metadata.ts';
import { checkContainers, checkEphemeralContainers, checkInitContainers, type PodScope } from './pod-containers.ts';
import { checkPodLevelResources } from './pod-level-resources.ts';
import { checkAffinity, checkTolerations, checkTopologySpread } from './pod-scheduling.ts';
import { checkPodSecurityContext } from './pod-security.ts';
import { checkVolumes } from './pod-volumes.ts';
import { checkOverhead, checkResources } from './resources.ts';
import {
  checkEnum,
  checkIp,
  checkLabel1123,
  checkQualifiedName,
  checkSubdomain,
  type Found,
  inclusiveRange,
  required,
} from './values.ts';

const MAX_INT32 = 2 ** 31 - 1;
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;

/** A pod's own spec, or that of a template of pods. */
export type SpecOf = { readonly kind: 'pod'; readonly name: string } | { readonly kind: 'template' };

const noNames: ReadonlySet<string> = new Set();
const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** What is wrong with a pod's spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export function checkPodSpec(spec: PodSpec, of: SpecOf, path: Path, found: Found): void {
  const graceSeconds = spec.terminationGracePeriodSeconds;
  const volumes = checkVolumes(spec.volumes, of.kind === 'pod' ? of.name : undefined, path.child('volumes'), found);
  const claims = spec.resourceClaims
    ? new Set(spec.resourceClaims.map(({ name }) => name).filter((name) => name !== ''))
    : noNames;
  if (spec.resourceClaims) checkResourceClaims(spec.resourceClaims, path.child('resourceClaims'), found);
  const scope: PodScope = {
    volumes,
    claims,
    graceSeconds,
    restartPolicy: spec.restartPolicy ?? '',
    hostUsers: spec.hostUsers ?? true,
  };
  checkContainers(spec.containers, scope, path.child('containers'), found);
  checkInitContainers(spec.initContainers, spec.containers, scope, path.child('initContainers'), found);
  if (spec.ephemeralContainers?.length) {
    const others = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
    checkEphemeralContainers(spec.ephemeralContainers, others, scope, path.child('ephemeralContainers'), found);
  }
  if (spec.resources && spec.os?.name === 'windows') {
    found.push(fieldErrors.forbidden(path.child('resources'), 'may not be set for a windows pod'));
  } else if (spec.resources) {
    const at = path.child('resources');
    if (spec.resources.claims) {
      found.push(fieldErrors.forbidden(at.child('claims'), 'claims may not be set for Resources at pod-level'));
    }
    checkResources(spec.resources, claims, at, found, 'pod');
    checkPodLevelResources(spec, at, found);
  }
  if (spec.hostNetwork) checkHostNetworkPorts(spec, of, path.child('containers'), found);
  checkEnum(spec.restartPolicy, restartPolicies, path.child('restartPolicy'), found);
  checkEnum(spec.dnsPolicy, dnsPolicies, path.child('dnsPolicy'), found);
  if (spec.nodeSelector) validateLabels(spec.nodeSelector, path.child('nodeSelector'), found);
  checkPodSecurityContext(spec, path.child('securityContext'), found);
  checkAffinity(spec.affinity, path.child('affinity'), found);
  checkDns(spec.dnsConfig, spec.dnsPolicy, path.child('dnsConfig'), found);
  spec.readinessGates?.forEach(({ conditionType }, i) => {
    checkQualifiedName(conditionType, path.child('readinessGates').index(i).child('conditionType'), found);
  });
  if (spec.schedulingGates) checkSchedulingGates(spec.schedulingGates, path.child('schedulingGates'), found);
  checkTopologySpread(spec.topologySpreadConstraints, path.child('topologySpreadConstraints'), found);
  checkHostUsers(spec, path, found);
  checkHostProcess(spec, path, found);
  checkNames(spec, path, found);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    found.push(fieldErrors.invalid(path.child('activeDeadlineSeconds'), deadline, inclusiveRange(1, MAX_INT32)));
  }
  checkTolerations(spec.tolerations, path.child('tolerations'), found);
  spec.hostAliases?.forEach(({ ip, hostnames }, i) => {
    const at = path.child('hostAliases').index(i);
    checkIp(ip, at.child('ip'), found);
    hostnames?.forEach((name, j) => {
      checkSubdomain(name, at.child('hostnames').index(j), found);
    });
  });
  if (spec.preemptionPolicy !== undefined) {
    checkEnum(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], path.child('preemptionPolicy'), found);
  }
  if (spec.overhead) checkOverhead(spec.overhead, path.child('overhead'), found);
  if (spec.os) checkOs(spec, path, found);
}

function checkNames(spec: PodSpec, path: Path, found: Found): void {
  if (spec.serviceAccountName) checkSubdomain(spec.serviceAccountName, path.child('serviceAccountName'), found);
  if (spec.nodeName) checkSubdomain(spec.nodeName, path.child('nodeName'), found);
  if (spec.hostname) checkLabel1123(spec.hostname, path.child('hostname'), found);
  if (spec.subdomain) checkLabel1123(spec.subdomain, path.child('subdomain'), found);
  if (spec.priorityClassName) checkSubdomain(spec.priorityClassName, path.child('priorityClassName'), found);
  if (spec.runtimeClassName !== undefined) checkSubdomain(spec.runtimeClassName, path.child('runtimeClassName'), found);
  const override = spec.hostnameOverride;
  if (override === undefined) return;
  const at = path.child('hostnameOverride');
  if (spec.setHostnameAsFQDN) {
    found.push(fieldErrors.forbidden(at, 'may not be specified when setHostnameAsFQDN is true'));
  }
  if (spec.hostNetwork) found.push(fieldErrors.forbidden(at, 'may not be specified when hostNetwork is true'));
  if (override.length > 64) found.push(fieldErrors.tooLong(at, 64));
  checkSubdomain(override, at, found);
}

function checkHostNetworkPorts(spec: PodSpec, of: SpecOf, path: Path, found: Found): void {
  for (const [i, { ports }] of (spec.containers ?? []).entries()) {
    for (const [j, { hostPort = 0, containerPort }] of (ports ?? []).entries()) {
      // In templates the port may still be missing: pods made of them get it.
      if ((of.kind === 'template' && hostPort === 0) || hostPort === containerPort) continue;
      const why = 'must match `containerPort` when `hostNetwork` is true';
      found.push(fieldErrors.invalid(path.index(i).child('ports').index(j).child('hostPort'), hostPort, why));
    }
  }
}

function checkSchedulingGates(gates: NonNullable<PodSpec['schedulingGates']>, path: Path, found: Found): void {
  const seen = new Set<string>();
  for (const [i, { name }] of gates.entries()) {
    checkQualifiedName(name, path.index(i), found);
    if (seen.has(name)) found.push(fieldErrors.duplicate(path.index(i), name));
    seen.add(name);
  }
}

function checkResourceClaims(claims: readonly PodResourceClaim[], path: Path, found: Found): void {
  const names = new Set<string>();
  for (const [i, { name, resourceClaimName, resourceClaimTemplateName }] of claims.entries()) {
    const at = path.index(i);
    const shown = {
      Name: name,
      ResourceClaimName: resourceClaimName ?? null,
      ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
    };
    if (required(name, at, 'name', found)) {
      if (names.has(name)) found.push(fieldErrors.duplicate(at.child('name'), name));
      else checkLabel1123(name, at.child('name'), found);
      names.add(name);
    }
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const why = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      found.push(fieldErrors.invalid(at, shown, why));
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      const why = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
      found.push(fieldErrors.invalid(at, shown, why));
    }
    if (resourceClaimName !== undefined) checkSubdomain(resourceClaimName, at.child('resourceClaimName'), found);
    if (resourceClaimTemplateName !== undefined) {
      checkSubdomain(resourceClaimTemplateName, at.child('resourceClaimTemplateName'), found);
    }
  }
}

function checkDns(config: PodDNSConfig | undefined, policy: string | undefined, path: Path, found: Found): void {
  if (!config && policy !== 'None') return;
  const { nameservers = [], searches = [], options = [] } = config ?? {};
  if (policy === 'None' && nameservers.length === 0) {
    const missing = config
      ? fieldErrors.required(
          path.child('nameservers'),
          'must provide at least one DNS nameserver when `dnsPolicy` is None',
        )
      : fieldErrors.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
    found.push(missing);
    return;
  }
  if (nameservers.length > MAX_NAMESERVERS) {
    const why = `must not have more than ${MAX_NAMESERVERS} nameservers`;
    found.push(fieldErrors.invalid(path.child('nameservers'), nameservers, why));
  }
  for (const [i, server] of nameservers.entries()) checkIp(server, path.child('nameservers').index(i), found);
  const at = path.child('searches');
  if (searches.length > MAX_SEARCHES) {
    found.push(fieldErrors.invalid(at, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const why = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`;
    found.push(fieldErrors.invalid(at, searches, why));
  }
  for (const [i, search] of searches.entries()) {
    if (search !== '.') checkSearch(search.replace(/\.$/, ''), at.index(i), found);
  }
  for (const [i, { name }] of options.entries()) {
    if (!name) found.push(fieldErrors.required(path.child('options').index(i), 'must not be empty'));
  }
}

/** Search paths may have underscores. */
const searchPart = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const pattern = `${searchPart}(\\.${searchPart})*`;
const searchPattern = new RegExp(`^${pattern}$`);

function checkSearch(search: string, path: Path, found: Found): void {
  if (search.length <= 253 && searchPattern.test(search)) return;
  const why = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${pattern}')`;
  found.push(fieldErrors.invalid(path, search, why));
}

function checkHostUsers(spec: PodSpec, path: Path, found: Found): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  for (const [shared, field] of [
    [spec.hostNetwork, 'hostNetwork'],
    [spec.hostPID, 'HostPID'],
    [spec.hostIPC, 'HostIPC'],
  ] as const) {
    if (shared) found.push(fieldErrors.forbidden(path.child(field), why));
  }
  for (const kind of containerKinds) {
    for (const [i, { volumeDevices }] of (spec[kind] ?? []).entries()) {
      if (!volumeDevices?.length) continue;
      found.push(fieldErrors.forbidden(path.child(kind).index(i).child('volumeDevices'), why));
    }
  }
}

const containerKinds = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Containers that are processes of a Windows host are so together, and have its network. */
function checkHostProcess(spec: PodSpec, path: Path, found: Found): void {
  const whole = spec.securityContext?.windowsOptions?.hostProcess;
  let containers = 0;
  let processes = 0;
  for (const kind of containerKinds) {
    spec[kind]?.forEach(({ securityContext }: { readonly securityContext?: SecurityContext }, i: number) => {
      containers++;
      const own = securityContext?.windowsOptions?.hostProcess;
      if (whole !== undefined && own !== undefined && whole !== own) {
        const at = path.child(kind).index(i).child('securityContext', 'windowsOptions', 'hostProcess');
        const why = `pod hostProcess value must be identical if both are specified, was ${whole}`;
        found.push(fieldErrors.invalid(at, own, why));
      }
      if (own ?? whole) processes++;
    });
  }
  if (processes === 0) return;
  if (processes !== containers) {
    const why = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    found.push(fieldErrors.invalid(path, '', why));
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers';
    found.push(fieldErrors.invalid(path.child('hostNetwork'), false, why));
  }
}

const WINDOWS = 'cannot be set for a windows pod';

function checkOs(spec: PodSpec, path: Path, found: Found): void {
  const name: string = spec.os?.name ?? '';
  if (name === '') found.push(fieldErrors.required(path.child('os', 'name')));
  else if (name === 'linux') {
    for (const [context, at] of contexts(spec, path)) {
      if (!context || !('windowsOptions' in context)) continue;
      const why = 'windows options cannot be set for a linux pod';
      found.push(fieldErrors.forbidden(at.child('windowsOptions'), why));
    }
  } else if (name === 'windows') {
    for (const field of ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const) {
      const shared = field === 'hostPID' || field === 'hostIPC' ? spec[field] : spec[field] !== undefined;
      if (shared) found.push(fieldErrors.forbidden(path.child(field), WINDOWS));
    }
    for (const [context, at] of contexts(spec, path)) {
      for (const field of Object.keys(context ?? {})) {
        if (field === 'windowsOptions' || field === 'runAsNonRoot') continue;
        found.push(fieldErrors.forbidden(at.child(field), WINDOWS));
      }
    }
  } else found.push(fieldErrors.notSupported(path.child('os'), name, ['linux', 'windows']));
}

/** All security contexts with their places. */
function contexts(spec: PodSpec, path: Path): [object | undefined, Path][] {
  const all: [object | undefined, Path][] = [[spec.securityContext, path.child('securityContext')]];
  for (const kind of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [i, { securityContext }] of (spec[kind] ?? []).entries()) {
      all.push([securityContext, path.child(kind).index(i).child('securityContext')]);
    }
  }
  return all;
}

/** A template of pods, whoever's. */
export function checkPodTemplate(template: PodTemplateSpec, path: Path, found: Found): void {
  const { labels, annotations } = template.metadata ?? {};
  if (labels) validateLabels(labels, path.child('labels'), found);
  if (annotations) validateAnnotations(annotations, path.child('annotations'), found);
  checkPodSpec(template.spec, { kind: 'template' }, path.child('spec'), found);
  if (template.spec.ephemeralContainers?.length) {
    const why = 'ephemeral containers not allowed in pod template';
    found.push(fieldErrors.forbidden(path.child('spec', 'ephemeralContainers'), why));
  }
}

/** A template of pods that run for ever; `kind` is whose. */
export function checkEndlessPodTemplate(template: PodTemplateSpec, kind: string, path: Path, found: Found): void {
  checkPodTemplate(template, path, found);
  checkEndless(template, kind, path, found);
}

export function checkEndless({ spec }: PodTemplateSpec, kind: string, path: Path, found: Found): void {
  const at = path.child('spec');
  const { restartPolicy } = spec;
  if (restartPolicy !== 'Always') {
    found.push(fieldErrors.notSupported(at.child('restartPolicy'), restartPolicy ?? '', ['Always']));
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    const why = `activeDeadlineSeconds in ${kind} is not Supported`;
    found.push(fieldErrors.forbidden(at.child('activeDeadlineSeconds'), why));
  }
}

export function validatePodTemplate({ template }: PodTemplate): Found {
  const found: Found = [];
  checkPodTemplate(template, Path.of('template'), found);
  return found;
}

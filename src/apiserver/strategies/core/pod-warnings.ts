import type {
  Container,
  ContainerPort,
  EnvVar,
  NodeSelectorTerm,
  PersistentVolumeClaimSpec,
  Pod,
  PodAffinity,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '../../../api/core/v1.gen.ts';
import type { ObjectMeta } from '../../../api/meta/v1.gen.ts';
import { dns1123LabelProblems, labelValueProblems } from '../../../api/names.ts';
import { deprecatedNodeLabel } from '../../../api/node-labels.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { Path } from '../../../schema/field-error.ts';
import { quantityMilliValue } from '../../../schema/quantity.ts';
import { quote } from '../../../schema/quote.ts';
import { APPARMOR_PREFIX, profileOfAnnotation } from './app-armor.ts';
import { warnOfIp } from './ip-warnings.ts';
import { warnOfOverlappingPaths } from './overlapping-paths.ts';

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';

const deprecatedAnnotations = [
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
] as const;

/** Volume plugins that are gone or going, in the order of Kubernetes' warnings. */
const deprecatedVolumes: readonly (readonly [keyof Volume, string, string?])[] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['ephemeral', ''],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

/** What is allowed in a new pod but hardly meant; kubectl shows it to whoever wrote it. */
export function podWarnings({ metadata, spec }: Pod): readonly string[] {
  const found: string[] = [];
  const problems = dns1123LabelProblems(metadata.name);
  if (problems.length > 0) {
    const why = "this is used in the Pod's hostname, which can result in surprising behavior";
    found.push(`metadata.name: ${why}; a DNS label is recommended: [${problems.join(' ')}]`);
  }
  collect(spec, metadata, Path.root, false, found);
  return found;
}

/** The same for a template of pods at `path`. */
export function podTemplateWarnings(template: PodTemplateSpec | undefined, path = TEMPLATE): readonly string[] {
  if (!template?.spec) return [];
  const found: string[] = [];
  collect(template.spec, template.metadata, path, true, found);
  return found;
}

const TEMPLATE = Path.of('spec', 'template');

function collect(
  spec: PodSpec,
  meta: Partial<ObjectMeta> | undefined,
  root: Path,
  isTemplate: boolean,
  found: string[],
): void {
  const path = root.child('spec');
  const { annotations } = meta ?? {};
  const annotation = (key: string): Path => root.child('metadata', 'annotations').key(key);
  warnOfNodeLabels(spec, path, found);
  if (annotations) {
    for (const [key, why] of deprecatedAnnotations) if (key in annotations) found.push(`${annotation(key)}: ${why}`);
  }
  if (spec.volumes) {
    spec.volumes.forEach((volume, i) => {
      warnOfVolume(volume, path.child('volumes').index(i), found);
    });
    warnOfOverlappingPaths(spec.volumes, found);
  }
  if (spec.hostAliases) warnOfDuplicates(spec.hostAliases, 'ip', path.child('hostAliases'), found);
  if (spec.imagePullSecrets) {
    const at = path.child('imagePullSecrets');
    warnOfDuplicates(spec.imagePullSecrets, 'name', at, found);
    for (const [i, { name }] of spec.imagePullSecrets.entries()) {
      if (!name) found.push(`${at.index(i).child('name')}: invalid empty name ""`);
    }
  }
  if (spec.overhead) warnOfFractions(spec.overhead, () => path.child('overhead'), found);
  if (annotations && SECCOMP_POD in annotations && !spec.securityContext?.seccompProfile) {
    found.push(`${annotation(SECCOMP_POD)}: non-functional in v1.27+; use the "seccompProfile" field instead`);
  }
  forEachContainer(spec, path, (container, at) => {
    if (annotations) {
      const seccomp = SECCOMP_CONTAINER_PREFIX + container.name;
      if (seccomp in annotations && !container.securityContext?.seccompProfile) {
        found.push(`${annotation(seccomp)}: non-functional in v1.27+; use the "seccompProfile" field instead`);
      }
      const appArmor = APPARMOR_PREFIX + container.name;
      const value = annotations[appArmor];
      // Of pods the annotation becomes the field, with a warning of its own.
      if (isTemplate && value !== undefined && !container.securityContext?.appArmorProfile) {
        const profile = spec.securityContext?.appArmorProfile;
        if (!profile || !deepEqual(profile, profileOfAnnotation(value))) {
          found.push(`${annotation(appArmor)}: deprecated since v1.30; use the "appArmorProfile" field instead`);
        }
      }
    }
    if (container.resources) {
      const { limits, requests } = container.resources;
      for (const name of byteResources) {
        if (limits) warnOfFraction(limits, name, () => at.child('resources', 'limits'), found);
        if (requests) warnOfFraction(requests, name, () => at.child('resources', 'requests'), found);
      }
    }
    warnOfHiddenVariables(container, at, found);
  });
  warnOfPorts(spec, path, found);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    const why = 'must be >= 0; negative values are invalid and will be treated as 1';
    found.push(`${path.child('terminationGracePeriodSeconds')}: ${why}`);
  }
  if (spec.affinity) {
    warnOfNullSelectors(spec.affinity.podAffinity, path.child('affinity', 'podAffinity'), found);
    warnOfNullSelectors(spec.affinity.podAntiAffinity, path.child('affinity', 'podAntiAffinity'), found);
  }
  spec.dnsConfig?.nameservers?.forEach((server, i) => {
    warnOfIp(server, path.child('dnsConfig', 'nameservers').index(i), found);
  });
  spec.hostAliases?.forEach(({ ip }, i) => {
    warnOfIp(ip, path.child('hostAliases').index(i).child('ip'), found);
  });
}

const byteResources = ['memory', 'ephemeral-storage'];
const containerKinds = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Init containers first; debugging containers have the same fields. */
function forEachContainer(spec: PodSpec, path: Path, visit: (container: Container, at: Path) => void): void {
  for (const kind of containerKinds) {
    const list = spec[kind];
    if (!list) continue;
    const at = path.child(kind);
    for (let i = 0; i < list.length; i++) visit(list[i] as Container, at.index(i));
  }
}

function warnOfNodeLabels({ nodeSelector, affinity, topologySpreadConstraints }: PodSpec, path: Path, found: string[]) {
  if (nodeSelector) {
    for (const label of Object.keys(nodeSelector)) {
      const why = deprecatedNodeLabel(label);
      if (why) found.push(`${path.child('nodeSelector').key(label)}: ${why}`);
    }
  }
  if (affinity?.nodeAffinity) {
    const { requiredDuringSchedulingIgnoredDuringExecution: required } = affinity.nodeAffinity;
    const { preferredDuringSchedulingIgnoredDuringExecution: preferred } = affinity.nodeAffinity;
    const at = path.child('affinity', 'nodeAffinity');
    for (const [i, term] of (required?.nodeSelectorTerms ?? []).entries()) {
      const terms = at.child('requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms');
      nodeTermWarnings(term, false, terms.index(i), found);
    }
    for (const [i, { preference }] of (preferred ?? []).entries()) {
      const term = at.child('preferredDuringSchedulingIgnoredDuringExecution').index(i).child('preference');
      nodeTermWarnings(preference, true, term, found);
    }
  }
  topologySpreadConstraints?.forEach(({ topologyKey, labelSelector }, i) => {
    const at = path.child('topologySpreadConstraints').index(i);
    const why = deprecatedNodeLabel(topologyKey);
    if (why) found.push(`${at.child('topologyKey')}: ${topologyKey} is ${why}`);
    if (!labelSelector) found.push(`${at.child('labelSelector')}: a null labelSelector results in matching no pod`);
  });
}

/** Labels that are no longer in use, and (`checkValues`) values that no label has. */
export function nodeTermWarnings(term: NodeSelectorTerm, checkValues: boolean, path: Path, found: string[]): void {
  for (const [i, { key, values }] of (term.matchExpressions ?? []).entries()) {
    const at = path.child('matchExpressions').index(i);
    const why = deprecatedNodeLabel(key);
    if (why) found.push(`${at.child('key')}: ${key} is ${why}`);
    if (!checkValues) continue;
    for (const [j, value] of (values ?? []).entries()) {
      for (const problem of labelValueProblems(value)) {
        found.push(`${at.child('values').index(j)}: ${value} is invalid, ${problem}`);
      }
    }
  }
}

function warnOfVolume(volume: Volume, path: Path, found: string[]): void {
  for (const entry of deprecatedVolumes) {
    // Taken apart only where there is one.
    if (volume[entry[0]] === undefined) continue;
    const [source, why, name = source] = entry;
    if (source !== 'ephemeral') found.push(`${path.child(name)}: ${why}`);
    else if (volume.ephemeral?.volumeClaimTemplate?.spec) {
      const at = path.child('ephemeral', 'volumeClaimTemplate', 'spec');
      claimSpecWarnings(volume.ephemeral.volumeClaimTemplate.spec, at, found);
    }
  }
}

/** Parts of bytes that a claim asks for. */
export function claimSpecWarnings({ resources }: PersistentVolumeClaimSpec, path: Path, found: string[]): void {
  const { requests, limits } = resources ?? {};
  if (requests) warnOfFraction(requests, 'storage', () => path.child('resources', 'requests'), found);
  if (limits) warnOfFraction(limits, 'storage', () => path.child('resources', 'limits'), found);
}

const plainNumber = /^[0-9]+(?:[kMGTPE]i?)?$/;

function warnOfFraction(list: Readonly<Record<string, string>>, name: string, path: () => Path, found: string[]): void {
  const amount = list[name];
  if (amount === undefined || plainNumber.test(amount) || quantityMilliValue(amount) % 1000n === 0n) return;
  found.push(`${path().key(name)}: fractional byte value ${quote(amount)} is invalid, must be an integer`);
}

function warnOfFractions(list: Readonly<Record<string, string>>, path: () => Path, found: string[]): void {
  warnOfFraction(list, 'memory', path, found);
  warnOfFraction(list, 'ephemeral-storage', path, found);
}

function warnOfDuplicates<F extends string>(
  items: readonly { readonly [field in F]?: string }[],
  field: F,
  path: Path,
  found: string[],
): void {
  if (items.length < 2) return;
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const value = item[field] ?? '';
    if (seen.has(value)) found.push(`${path.index(i).child(field)}: duplicate ${field} ${quote(value)}`);
    seen.add(value);
  }
}

/** Up to so many are compared with each other sooner than gathered. */
const FEW = 16;

function hasRepeats(env: readonly EnvVar[]): boolean {
  if (env.length > FEW) return new Set(env.map(({ name }) => name)).size < env.length;
  for (let i = 1; i < env.length; i++) {
    for (let j = 0; j < i; j++) if (env[i]?.name === env[j]?.name) return true;
  }
  return false;
}

/** A second definition is fine where it builds on the first: PATH=$(PATH):/opt. */
function warnOfHiddenVariables({ env }: Container, path: Path, found: string[]): void {
  if (!env || !hasRepeats(env)) return;
  const names = new Set<string>();
  for (const [i, { name, value = '', valueFrom }] of env.entries()) {
    const reference = `$(${name})`;
    if (names.has(name) && (valueFrom || value === reference || !value.includes(reference))) {
      const why = `hides previous definition of ${quote(name)}, which may be dropped when using apply`;
      found.push(`${path.child('env').index(i)}: ${why}`);
    }
    names.add(name);
  }
}

/** As Go prints a structure. */
const portText = ({ name = '', hostPort = 0, containerPort, protocol, hostIP = '' }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

interface PlacedPort {
  readonly port: ContainerPort;
  readonly at: Path;
}

const noPorts: readonly PlacedPort[] = [];

function warnOfPorts(spec: PodSpec, path: Path, found: string[]): void {
  /** By number, since there may be thousands. */
  const ports = new Map<number, PlacedPort[]>();
  const names: string[] = [];
  const named = new Map<string, Path>();
  forEachContainer(spec, path, (container, where) => {
    container.ports?.forEach((port, i) => {
      const at = where.child('ports').index(i);
      const { hostPort = 0, hostIP = '' } = port;
      if (hostIP && !hostPort) found.push(`${at}: hostIP set without hostPort: ${portText(port)}`);
      const others = ports.get(port.containerPort);
      for (const other of others ?? noPorts) {
        if (other.port.protocol !== port.protocol) continue;
        const { hostPort: otherPort = 0, hostIP: otherIp = '' } = other.port;
        if (hostIP === otherIp && hostPort === otherPort)
          found.push(`${at}: duplicate port definition with ${other.at}`);
        else if (!hostPort || !otherPort) found.push(`${at}: overlapping port definition with ${other.at}`);
        else if (hostPort === otherPort && (hostIP === '') !== (otherIp === '')) {
          found.push(`${at}: dangerously ambiguous port definition with ${other.at}`);
        }
      }
      if (others) others.push({ port, at });
      else ports.set(port.containerPort, [{ port, at }]);
      if (!port.name) return;
      const first = named.get(port.name);
      if (first) {
        const which = `services and probes that select ports by name will use ${first}`;
        names.push(`${at}: duplicate port name ${quote(port.name)} with ${first}, ${which}`);
      } else named.set(port.name, at);
    });
  });
  found.push(...names);
}

function warnOfNullSelectors(affinity: PodAffinity | undefined, path: Path, found: string[]): void {
  if (!affinity) return;
  const why = 'a null labelSelector results in matching no pod';
  const required = path.child('requiredDuringSchedulingIgnoredDuringExecution');
  for (const [i, term] of (affinity.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    if (!term.labelSelector) found.push(`${required.index(i).child('labelSelector')}: ${why}`);
  }
  const preferred = path.child('preferredDuringSchedulingIgnoredDuringExecution');
  for (const [i, { podAffinityTerm }] of (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    if (!podAffinityTerm.labelSelector) {
      found.push(`${preferred.index(i).child('podAffinityTerm', 'labelSelector')}: ${why}`);
    }
  }
}

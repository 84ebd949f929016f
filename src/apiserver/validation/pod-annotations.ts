import type { AppArmorProfile, Container, Pod, PodSpec, SeccompProfile } from '../../api/core/v1.gen.ts';
import { fieldErrors, Path } from '../../schema/field-error.ts';
import { quote } from '../../schema/quote.ts';
import { checkDescendingPath, type Found } from './values.ts';

type Annotations = Readonly<Record<string, string>>;

const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const LOCALHOST = 'localhost/';

const AT = Path.of('metadata', 'annotations');
const SPEC = Path.of('spec');
const kinds = ['initContainers', 'containers', 'ephemeralContainers'] as const;

/** Annotations of pods that mean something to Kubernetes, most of them from before there were fields for it. */
export function checkPodAnnotations({ metadata, spec }: Pod, found: Found): void {
  const { annotations } = metadata;
  if (!annotations) return;
  const mirror = annotations[MIRROR];
  if (mirror !== undefined && !spec.nodeName) {
    const why = 'must set spec.nodeName if mirror pod annotation is set';
    found.push(fieldErrors.invalid(AT.key(MIRROR), mirror, why));
  }
  const cost = annotations[DELETION_COST];
  if (cost !== undefined && !isCost(cost)) {
    found.push(fieldErrors.invalid(AT.key(DELETION_COST), cost, 'must be a 32bit integer'));
  }
  for (const key of Object.keys(annotations)) {
    const value = annotations[key] ?? '';
    if (key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER)) checkSeccomp(key, value, found);
    else if (key.startsWith(APPARMOR)) checkAppArmor(key, value, spec, found);
  }
}

const isCost = (text: string): boolean =>
  /^(?:0|-?[1-9][0-9]*)$/.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;

function checkSeccomp(key: string, value: string, found: Found): void {
  if (value === 'runtime/default' || value === 'docker/default' || value === 'unconfined') return;
  if (value.startsWith(LOCALHOST)) checkDescendingPath(value.slice(LOCALHOST.length), AT.child(key), found);
  else found.push(fieldErrors.invalid(AT.child(key), value, 'must be a valid seccomp profile'));
}

function checkAppArmor(key: string, value: string, spec: PodSpec, found: Found): void {
  const name = key.slice(APPARMOR.length);
  if (!kinds.some((kind) => spec[kind]?.some((container) => container.name === name))) {
    found.push(fieldErrors.invalid(AT.key(key), name, 'container not found'));
  }
  if (value === '' || value === 'runtime/default' || value === 'unconfined' || value.startsWith(LOCALHOST)) return;
  found.push(fieldErrors.invalid(AT.key(key), value, `invalid AppArmor profile name: ${quote(value)}`));
}

const namesProfile = (key: string): boolean =>
  key === SECCOMP_POD || key.startsWith(SECCOMP_CONTAINER) || key.startsWith(APPARMOR);

type Secured = Pick<Container, 'name' | 'securityContext'>;

/** Where annotation and field both name a profile, they name the same. */
export function checkProfilesMatch({ metadata, spec }: Pod, found: Found): void {
  const { annotations } = metadata;
  if (!annotations || !Object.keys(annotations).some(namesProfile)) return;
  if (spec.os?.name !== 'windows') checkSeccompMatch(annotations, spec, found);
  if (spec.os?.name === 'windows') return;
  for (const kind of kinds) {
    spec[kind]?.forEach(({ name, securityContext }: Secured, i: number) => {
      const profile = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
      const annotation = annotations[APPARMOR + name];
      if (!profile || annotation === undefined) return;
      const at = SPEC.child(kind).index(i).child('securityContext', 'appArmorProfile');
      checkMatch(annotation, profile, ['runtime/default'], 'apparmor', at, found);
    });
  }
}

function checkSeccompMatch(annotations: Annotations, spec: PodSpec, found: Found): void {
  const defaults = ['runtime/default', 'docker/default'];
  const profile = spec.securityContext?.seccompProfile;
  const annotation = annotations[SECCOMP_POD];
  if (profile && annotation !== undefined) {
    checkMatch(annotation, profile, defaults, 'seccomp', SPEC.child('securityContext', 'seccompProfile'), found);
  }
  for (const kind of kinds) {
    spec[kind]?.forEach(({ name, securityContext }: Secured, i: number) => {
      const own = securityContext?.seccompProfile;
      const given = annotations[SECCOMP_CONTAINER + name];
      if (!own || given === undefined) return;
      const at = SPEC.child(kind).index(i).child('securityContext', 'seccompProfile');
      checkMatch(given, own, defaults, 'seccomp', at, found);
    });
  }
}

function checkMatch(
  annotation: string,
  { type, localhostProfile }: AppArmorProfile | SeccompProfile,
  defaults: readonly string[],
  what: string,
  path: Path,
  found: Found,
): void {
  const types = `${what} type in annotation and field must match`;
  const same =
    type === 'Unconfined'
      ? annotation === 'unconfined'
      : type === 'RuntimeDefault'
        ? defaults.includes(annotation)
        : type !== 'Localhost' || annotation.startsWith(LOCALHOST);
  if (!same) found.push(fieldErrors.forbidden(path.child('type'), types));
  else if (type === 'Localhost' && annotation.slice(LOCALHOST.length) !== localhostProfile) {
    const why = `${what} profile in annotation and field must match`;
    found.push(fieldErrors.forbidden(path.child('localhostProfile'), why));
  }
}

/** What an update may not do to them. */
export function checkAnnotationUpdates(pod: Pod, old: Pod, found: Found): void {
  const now = pod.metadata.annotations ?? {};
  const before = old.metadata.annotations ?? {};
  for (const [key, value] of Object.entries(before)) {
    if (now[key] === value) continue;
    if (key.startsWith(APPARMOR)) {
      found.push(fieldErrors.forbidden(AT.key(key), 'may not remove or update AppArmor annotations'));
    }
    if (key === MIRROR) {
      found.push(fieldErrors.forbidden(AT.key(key), 'may not remove or update mirror pod annotation'));
    }
  }
  for (const key of Object.keys(now)) {
    if (key in before) continue;
    if (key.startsWith(APPARMOR)) found.push(fieldErrors.forbidden(AT.key(key), 'may not add AppArmor annotations'));
    if (key === MIRROR) found.push(fieldErrors.forbidden(AT.key(key), 'may not add mirror pod annotation'));
  }
  checkPodAnnotations(pod, found);
}

/** Pods that their kubelet runs from a file. */
export const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[MIRROR] !== undefined;

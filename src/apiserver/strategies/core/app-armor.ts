import type { AppArmorProfile, Container, EphemeralContainer, Pod } from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { deepEqual } from '../../../schema/equal.ts';
import { Path } from '../../../schema/field-error.ts';

/** Before the name of a container: its profile, as it was named before there was a field. */
export const APPARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
const LOCALHOST = 'localhost/';
const MAX_PATH = 4095;

/** Undefined where the annotation makes no sense. */
export function profileOfAnnotation(value: string): AppArmorProfile | undefined {
  if (value === 'unconfined') return { type: 'Unconfined' };
  if (value === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!value.startsWith(LOCALHOST) || value.length === LOCALHOST.length) return undefined;
  return { type: 'Localhost', localhostProfile: value.slice(LOCALHOST.length) };
}

const usable = (profile: AppArmorProfile | undefined): profile is AppArmorProfile => {
  const path = profile?.localhostProfile;
  return profile !== undefined && (path === undefined || (path.trim() === path && Buffer.byteLength(path) <= MAX_PATH));
};

/**
 * Old clients annotate where new ones have a field; a new pod gets the field from the annotation.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-node/24-apparmor#version-skew-strategy
 */
export function fillInAppArmor({ metadata, spec }: Mutable<Pod>, warn: (text: string) => void): void {
  const { annotations } = metadata;
  if (!annotations || spec.os?.name === 'windows') return;
  if (!Object.keys(annotations).some((key) => key.startsWith(APPARMOR_PREFIX))) return;
  const containers: (Mutable<Container> | Mutable<EphemeralContainer>)[] = [
    ...(spec.initContainers ?? []),
    ...spec.containers,
    ...(spec.ephemeralContainers ?? []),
  ];
  for (const container of containers) {
    const key = APPARMOR_PREFIX + container.name;
    const value = annotations[key];
    if (value === undefined || container.securityContext?.appArmorProfile) continue;
    const profile = profileOfAnnotation(value);
    if (usable(profile)) {
      if (deepEqual(profile, spec.securityContext?.appArmorProfile)) continue;
      container.securityContext = { ...container.securityContext, appArmorProfile: { ...profile } };
    }
    const at = Path.of('metadata', 'annotations').key(key);
    warn(`${at}: deprecated since v1.30; use the "appArmorProfile" field instead`);
  }
}

import type { Pod } from '../../../api/core/v1.gen.ts';
import type { Check, Violation } from './checks.ts';
import * as checks from './checks.ts';

/*
 * Which checks make up a level of the Pod Security Standards, in every version of Kubernetes.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */

export type Level = 'privileged' | 'baseline' | 'restricted';
/** The minor version of a v1.x; latest is later than all. */
export type Version = number | 'latest';

export interface LevelVersion {
  readonly level: Level;
  readonly version: Version;
}

/** A check as it was from one minor version on; in the restricted level it stands in for a baseline one. */
type Since = readonly [minor: number, check: Check, insteadOf?: string];
type Series = readonly (readonly [id: string, ...Since[]])[];

/** By their ids, which is the order in which violations are told. */
const baseline: Series = [
  ['appArmorProfile', [0, checks.appArmor]],
  ['capabilities_baseline', [0, checks.baselineCapabilities]],
  ['hostNamespaces', [0, checks.hostNamespaces]],
  ['hostPathVolumes', [0, checks.hostPathVolumes]],
  ['hostPorts', [0, checks.hostPorts]],
  ['hostProbesAndHostLifecycle', [34, checks.hostProbes]],
  ['privileged', [0, checks.privileged]],
  ['procMount', [0, checks.procMount], [35, checks.unlessUserNamespace(checks.procMount)]],
  ['seLinuxOptions', [0, checks.seLinux()], [31, checks.seLinux('container_engine_t')]],
  ['seccompProfile_baseline', [0, checks.seccompAnnotations], [19, checks.seccompBaseline]],
  ['sysctls', [0, checks.sysctls(0)], [27, checks.sysctls(27)], [29, checks.sysctls(29)], [32, checks.sysctls(32)]],
  ['windowsHostProcess', [0, checks.hostProcess]],
];

const restricted: Series = [
  [
    'allowPrivilegeEscalation',
    [8, checks.allowPrivilegeEscalation],
    [25, checks.unlessWindows(checks.allowPrivilegeEscalation)],
  ],
  [
    'capabilities_restricted',
    [22, checks.restrictedCapabilities, 'capabilities_baseline'],
    [25, checks.unlessWindows(checks.restrictedCapabilities), 'capabilities_baseline'],
  ],
  ['procMount_restricted', [35, checks.procMount, 'procMount']],
  ['restrictedVolumes', [0, checks.restrictedVolumes, 'hostPathVolumes']],
  ['runAsNonRoot', [0, checks.runAsNonRoot], [35, checks.unlessUserNamespace(checks.runAsNonRoot)]],
  ['runAsUser', [23, checks.runAsUser], [35, checks.unlessUserNamespace(checks.runAsUser)]],
  [
    'seccompProfile_restricted',
    [19, checks.seccompRestricted, 'seccompProfile_baseline'],
    [25, checks.unlessWindows(checks.seccompRestricted), 'seccompProfile_baseline'],
  ],
];

/** The version in which a check last changed; what comes after it is no different. */
const newest = Math.max(...[...baseline, ...restricted].flatMap(([, ...versions]) => versions.map(([minor]) => minor)));

function checksAt({ level, version }: LevelVersion): readonly Check[] {
  const minor = version === 'latest' ? newest : version;
  const current = (series: Series) =>
    series.flatMap(([id, ...versions]) => {
      const found = versions.findLast(([since]) => since <= minor);
      return found ? [{ id, check: found[1], insteadOf: found[2] }] : [];
    });
  if (level === 'privileged') return [];
  const basic = current(baseline);
  if (level === 'baseline') return basic.map(({ check }) => check);
  const strict = current(restricted);
  const replaced = new Set(strict.map(({ insteadOf }) => insteadOf));
  return [...basic.filter(({ id }) => !replaced.has(id)), ...strict].map(({ check }) => check);
}

/** Lists of checks that have been asked for; there are no more than two for each version with a change, and one. */
const known = new Map<string, readonly Check[]>();

/** What a pod of these annotations breaks, in Kubernetes' order. */
export function violations(
  { level, version }: LevelVersion,
  spec: Pod['spec'],
  annotations: Readonly<Record<string, string>> = {},
): Violation[] {
  if (level === 'privileged') return [];
  const effective = version === 'latest' ? newest : Math.min(version, newest);
  const key = `${level}:${effective}`;
  let list = known.get(key);
  if (!list) {
    list = checksAt({ level, version: effective });
    known.set(key, list);
  }
  const subject = { spec, annotations };
  const broken: Violation[] = [];
  for (const check of list) {
    const violation = check(subject);
    if (violation) broken.push(violation);
  }
  return broken;
}

/** The violations as messages list them. */
export const describeViolations = (list: readonly Violation[]): string =>
  list.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');

/** The same without details. */
export const describeReasons = (list: readonly Violation[]): string => list.map(({ reason }) => reason).join(', ');

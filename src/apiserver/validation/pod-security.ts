import type {
  AppArmorProfile,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
  WindowsSecurityContextOptions,
} from '../../api/core/v1.gen.ts';
import { fieldErrors, type Path } from '../../schema/field-error.ts';
import { addAll, checkDescendingPath, checkSubdomain, type Found, idProblems } from './values.ts';

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const MAX_PROFILE = 4095;
const MAX_SYSCTL = 253;
const segment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctl = `^(${segment}[\\./])*${segment}$`;
const sysctlPattern = new RegExp(sysctl);

function checkId(id: number | undefined, path: Path, found: Found): void {
  if (id !== undefined) addAll(found, path, id, idProblems(id));
}

/** https://kubernetes.io/docs/tasks/configure-pod-container/security-context/ */
export function checkSecurityContext(context: SecurityContext, hostUsers: boolean, path: Path, found: Found): void {
  checkId(context.runAsUser, path.child('runAsUser'), found);
  checkId(context.runAsGroup, path.child('runAsGroup'), found);
  if (context.seccompProfile) checkSeccomp(context.seccompProfile, path.child('seccompProfile'), found);
  const { allowPrivilegeEscalation, privileged, capabilities, procMount } = context;
  if (allowPrivilegeEscalation === false) {
    if (privileged) {
      const why = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true';
      found.push(fieldErrors.invalid(path, goContext(context), why));
    }
    if (capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      const why = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
      found.push(fieldErrors.invalid(path, goContext(context), why));
    }
  }
  if (procMount !== undefined) {
    const all = ['Default', 'Unmasked'];
    if (!all.includes(procMount)) found.push(fieldErrors.notSupported(path.child('procMount'), procMount, all));
    else if (procMount === 'Unmasked' && hostUsers) {
      const why = '`hostUsers` must be false to use `Unmasked`';
      found.push(fieldErrors.invalid(path.child('procMount'), procMount, why));
    }
  }
  if (context.windowsOptions) checkWindows(context.windowsOptions, path.child('windowsOptions'), found);
  if (context.appArmorProfile) checkAppArmor(context.appArmorProfile, path.child('appArmorProfile'), found);
}

/** The value as Kubernetes shows it: every field of its Go type. */
const goContext = (context: SecurityContext): object => ({
  Capabilities: context.capabilities
    ? { Add: context.capabilities.add ?? null, Drop: context.capabilities.drop ?? null }
    : null,
  Privileged: context.privileged ?? null,
  SELinuxOptions: context.seLinuxOptions ?? null,
  WindowsOptions: context.windowsOptions ?? null,
  RunAsUser: context.runAsUser ?? null,
  RunAsGroup: context.runAsGroup ?? null,
  RunAsNonRoot: context.runAsNonRoot ?? null,
  ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
  AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
  ProcMount: context.procMount ?? null,
  SeccompProfile: context.seccompProfile ? goProfile(context.seccompProfile) : null,
  AppArmorProfile: context.appArmorProfile ? goProfile(context.appArmorProfile) : null,
});

const goProfile = ({ type, localhostProfile }: SeccompProfile | AppArmorProfile): object => ({
  Type: type,
  LocalhostProfile: localhostProfile ?? null,
});

function checkSeccomp(profile: SeccompProfile, path: Path, found: Found): void {
  const { type, localhostProfile } = profile;
  if (!type) found.push(fieldErrors.required(path.child('type'), 'type is required when seccompProfile is set'));
  else if (!profileTypes.includes(type)) found.push(fieldErrors.notSupported(path.child('type'), type, profileTypes));
  const at = path.child('localhostProfile');
  if (type === 'Localhost') {
    if (localhostProfile === undefined) {
      found.push(fieldErrors.required(at, 'must be set when seccomp type is Localhost'));
    } else checkDescendingPath(localhostProfile, at, found);
  } else if (localhostProfile !== undefined) {
    found.push(fieldErrors.invalid(at, goProfile(profile), 'can only be set when seccomp type is Localhost'));
  }
}

function checkAppArmor({ type, localhostProfile }: AppArmorProfile, path: Path, found: Found): void {
  const at = path.child('localhostProfile');
  const missing = 'must be set when AppArmor type is Localhost';
  if (type === 'Localhost') {
    if (localhostProfile === undefined) found.push(fieldErrors.required(at, missing));
    else if (localhostProfile.trim() !== localhostProfile) {
      found.push(fieldErrors.invalid(at, localhostProfile, 'must not be padded with whitespace'));
    } else if (localhostProfile === '') found.push(fieldErrors.required(at, missing));
    if (Buffer.byteLength(localhostProfile ?? '') > MAX_PROFILE) found.push(fieldErrors.tooLong(at, MAX_PROFILE));
  } else if (type === 'RuntimeDefault' || type === 'Unconfined') {
    if (localhostProfile !== undefined) {
      found.push(fieldErrors.invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost'));
    }
  } else if (!type)
    found.push(fieldErrors.required(path.child('type'), 'type is required when appArmorProfile is set'));
  else found.push(fieldErrors.notSupported(path.child('type'), type, profileTypes));
}

const MAX_CREDENTIAL_SPEC = 64 * 1024;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const control = /[\x00-\x1f\x7f]/;
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const domainName = /^[A-Za-z0-9-](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/;

/** DOMAIN\USER, or a user alone. */
function userNameProblems(name: string): readonly string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (control.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const found: string[] = [];
  if ((domain?.length ?? 0) >= MAX_DOMAIN) {
    found.push(`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`);
  }
  if (domain !== undefined && !netBios.test(domain) && !domainName.test(domain)) {
    found.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') found.push("runAsUserName's User cannot be empty");
  else if (user.length > MAX_USER) {
    found.push(`runAsUserName's User length must not be longer than ${MAX_USER} characters`);
  }
  if (/^[. ]+$/.test(user)) found.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    found.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
  return found;
}

function checkWindows(options: WindowsSecurityContextOptions, path: Path, found: Found): void {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined) {
    checkSubdomain(gmsaCredentialSpecName, path.child('gmsaCredentialSpecName'), found);
  }
  if (gmsaCredentialSpec === '') {
    const why = 'gmsaCredentialSpec cannot be an empty string';
    found.push(fieldErrors.invalid(path.child('gmsaCredentialSpec'), gmsaCredentialSpec, why));
  }
  if (gmsaCredentialSpec !== undefined && Buffer.byteLength(gmsaCredentialSpec) > MAX_CREDENTIAL_SPEC) {
    const why = `gmsaCredentialSpec size must be under ${MAX_CREDENTIAL_SPEC / 1024} KiB`;
    found.push(fieldErrors.invalid(path.child('gmsaCredentialSpec'), gmsaCredentialSpec, why));
  }
  if (runAsUserName !== undefined) {
    const at = path.child('runAsUserName');
    for (const why of userNameProblems(runAsUserName)) found.push(fieldErrors.invalid(at, runAsUserName, why));
  }
}

/** Whose namespace a kernel parameter is of; what has none cannot be set for a pod by itself. */
const netSysctl = (name: string): boolean => name.startsWith('net.');
const ipcSysctl = (name: string): boolean => /^(kernel\.(sem$|shm|msg)|fs\.mqueue\.)/.test(name);

export function checkPodSecurityContext(spec: PodSpec, path: Path, found: Found): void {
  const context = spec.securityContext;
  if (!context) return;
  checkId(context.fsGroup, path.child('fsGroup'), found);
  checkId(context.runAsUser, path.child('runAsUser'), found);
  checkId(context.runAsGroup, path.child('runAsGroup'), found);
  context.supplementalGroups?.forEach((group, i) => {
    checkId(group, path.child('supplementalGroups').index(i), found);
  });
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled';
    found.push(fieldErrors.invalid(path.child('shareProcessNamespace'), true, why));
  }
  if (context.sysctls) checkSysctls(context.sysctls, spec, path.child('sysctls'), found);
  for (const { field, allowed } of choices) {
    const value = context[field];
    if (value !== undefined && !allowed.includes(value)) {
      found.push(fieldErrors.notSupported(path.child(field), value, allowed));
    }
  }
  if (context.seccompProfile) checkSeccomp(context.seccompProfile, path.child('seccompProfile'), found);
  if (context.windowsOptions) checkWindows(context.windowsOptions, path.child('windowsOptions'), found);
  if (context.appArmorProfile) checkAppArmor(context.appArmorProfile, path.child('appArmorProfile'), found);
}

const choices: readonly {
  readonly field: 'fsGroupChangePolicy' | 'supplementalGroupsPolicy' | 'seLinuxChangePolicy';
  readonly allowed: readonly string[];
}[] = [
  { field: 'fsGroupChangePolicy', allowed: ['Always', 'OnRootMismatch'] },
  { field: 'supplementalGroupsPolicy', allowed: ['Merge', 'Strict'] },
  { field: 'seLinuxChangePolicy', allowed: ['Recursive'] },
];

function checkSysctls(sysctls: readonly Sysctl[], spec: PodSpec, path: Path, found: Found): void {
  const names = new Set<string>();
  for (const [i, { name }] of sysctls.entries()) {
    const at = path.index(i).child('name');
    const dotted =
      name.includes('.') && name.indexOf('.') < (name.indexOf('/') + 1 || Infinity) ? name : name.replaceAll('/', '.');
    if (!name) found.push(fieldErrors.required(at));
    else if (name.length > MAX_SYSCTL || !sysctlPattern.test(name)) {
      const why = `must have at most ${MAX_SYSCTL} characters and match regex ${sysctl}`;
      found.push(fieldErrors.invalid(at, name, why));
    } else if (names.has(name)) found.push(fieldErrors.duplicate(at, name));
    if (spec.hostNetwork && netSysctl(dotted)) {
      found.push(fieldErrors.invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    } else if (spec.hostIPC && ipcSysctl(dotted)) {
      found.push(fieldErrors.invalid(at, name, "may not be specified when 'hostIPC' is true"));
    }
    names.add(name);
  }
}

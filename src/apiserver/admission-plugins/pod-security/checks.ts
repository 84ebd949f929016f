import type { Container, EphemeralContainer, Pod, SecurityContext } from '../../../api/core/v1.gen.ts';
import { quote } from '../../../schema/quote.ts';

/*
 * The controls of the Pod Security Standards, each a pure function that says what a pod breaks.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */

/** What a pod breaks: the control, and the details in brackets. */
export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

type Spec = Pod['spec'];
type AnyContainer = Container | EphemeralContainer;
interface Subject {
  readonly spec: Spec;
  readonly annotations: Readonly<Record<string, string>>;
}
export type Check = (subject: Subject) => Violation | undefined;

const everyContainer = (spec: Spec): readonly AnyContainer[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...(spec.ephemeralContainers ?? []),
];

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
const plural = (names: readonly unknown[], one: string, many = `${one}s`): string => (names.length === 1 ? one : many);
const containersNamed = (names: readonly string[]): string => `${plural(names, 'container')} ${quoted(names)}`;
const violation = (reason: string, detail: string): Violation => ({ reason, detail });

/** Names of the containers for which `bad` holds. */
function offenders(
  spec: Spec,
  bad: (context: SecurityContext | undefined, container: AnyContainer) => boolean,
): string[] {
  return everyContainer(spec)
    .filter((container) => bad(container.securityContext, container))
    .map((container) => container.name);
}

export const hostNamespaces: Check = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  return used.length ? violation('host namespaces', used.map((field) => `${field}=true`).join(', ')) : undefined;
};

export const privileged: Check = ({ spec }) => {
  const bad = offenders(spec, (context) => context?.privileged === true);
  return bad.length
    ? violation('privileged', `${containersNamed(bad)} must not set securityContext.privileged=true`)
    : undefined;
};

const defaultCapabilities: ReadonlySet<string> = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

/** Capabilities that containers add beyond those allowed, and who adds them. */
function addedBeyond(spec: Spec, allowed: ReadonlySet<string>): { who: string[]; what: string[] } {
  const what = new Set<string>();
  const who = offenders(spec, (context) => {
    const added = (context?.capabilities?.add ?? []).filter((name) => !allowed.has(name));
    for (const name of added) what.add(name);
    return added.length > 0;
  });
  return { who, what: [...what].sort() };
}

export const baselineCapabilities: Check = ({ spec }) => {
  const { who, what } = addedBeyond(spec, defaultCapabilities);
  return who.length
    ? violation(
        'non-default capabilities',
        `${containersNamed(who)} must not include ${quoted(what)} in securityContext.capabilities.add`,
      )
    : undefined;
};

export const hostPathVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => volume.hostPath).map((volume) => volume.name);
  return bad.length ? violation('hostPath volumes', `${plural(bad, 'volume')} ${quoted(bad)}`) : undefined;
};

export const hostPorts: Check = ({ spec }) => {
  const ports = new Set<string>();
  const bad = offenders(spec, (_context, container) => {
    const own = (container.ports ?? []).filter((port) => port.hostPort);
    for (const port of own) ports.add(String(port.hostPort));
    return own.length > 0;
  });
  return bad.length
    ? violation(
        'hostPort',
        `${containersNamed(bad)} ${plural(bad, 'uses', 'use')} ${plural([...ports], 'hostPort')} ${[...ports].sort().join(', ')}`,
      )
    : undefined;
};

export const hostProbes: Check = ({ spec }) => {
  const hosts = new Set<string>();
  const own = offenders(spec, (_context, container) => {
    const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe];
    const hooks = [container.lifecycle?.postStart, container.lifecycle?.preStop];
    const named = [...probes, ...hooks].flatMap((h) => [h?.httpGet?.host, h?.tcpSocket?.host]).filter((host) => host);
    for (const host of named) hosts.add(host ?? '');
    return named.length > 0;
  });
  const bad = [...new Set(own)].sort();
  return bad.length
    ? violation(
        'probe or lifecycle host',
        `${containersNamed(bad)} ${plural(bad, 'uses', 'use')} probe or lifecycle ${plural([...hosts], 'host')} ${quoted([...hosts].sort())}`,
      )
    : undefined;
};

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
export const appArmor: Check = ({ spec, annotations }) => {
  const values = new Set<string>();
  const isBad = (type: string | undefined) => {
    const bad = type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
    if (bad) values.add(type);
    return bad;
  };
  const pod = isBad(spec.securityContext?.appArmorProfile?.type);
  const bad = offenders(spec, (context) => isBad(context?.appArmorProfile?.type));
  const wrong = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(appArmorPrefix) && !isAllowedAppArmor(value))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .sort();
  const setters = [
    ...(pod ? ['pod'] : []),
    ...(bad.length ? [containersNamed(bad)] : []),
    ...(wrong.length ? [plural(wrong, 'annotation')] : []),
  ];
  const listed = [...[...values].sort(), ...wrong];
  return setters.length
    ? violation(
        plural(listed, 'forbidden AppArmor profile'),
        `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(listed)}`,
      )
    : undefined;
};

const isAllowedAppArmor = (profile: string): boolean =>
  profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/');

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
/** `types`: what else is allowed. */
export const seLinux = (...types: readonly string[]): Check => {
  const allowed: ReadonlySet<string> = new Set([...seLinuxTypes, ...types]);
  return ({ spec }) => seLinuxViolation(spec, allowed);
};

function seLinuxViolation(spec: Spec, allowed: ReadonlySet<string>): Violation | undefined {
  const types = new Set<string>();
  let user = false;
  let role = false;
  const isBad = (options: SecurityContext['seLinuxOptions']) => {
    if (!options) return false;
    const badType = !allowed.has(options.type ?? '');
    if (badType) types.add(options.type ?? '');
    user ||= Boolean(options.user);
    role ||= Boolean(options.role);
    return badType || Boolean(options.user) || Boolean(options.role);
  };
  const setters = [
    ...(isBad(spec.securityContext?.seLinuxOptions) ? ['pod'] : []),
    ...[offenders(spec, (context) => isBad(context?.seLinuxOptions))].filter((l) => l.length).map(containersNamed),
  ];
  if (setters.length === 0) return undefined;
  const what = [
    ...(types.size ? [`${plural([...types], 'type')} ${quoted([...types].sort())}`] : []),
    ...(user ? ['user may not be set'] : []),
    ...(role ? ['role may not be set'] : []),
  ];
  return violation(
    'seLinuxOptions',
    `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
  );
}

export const procMount: Check = ({ spec }) => {
  const values = new Set<string>();
  const bad = offenders(spec, (context) => {
    const own = context?.procMount;
    if (own === undefined || own === 'Default') return false;
    values.add(own);
    return true;
  });
  return bad.length
    ? violation(
        'procMount',
        `${containersNamed(bad)} must not set securityContext.procMount to ${quoted([...values].sort())}`,
      )
    : undefined;
};

const podSeccomp = 'seccomp.security.alpha.kubernetes.io/pod';
const containerSeccomp = 'container.seccomp.security.alpha.kubernetes.io/';

/** How pods named their filter before v1.19. */
export const seccompAnnotations: Check = ({ spec, annotations }) => {
  const keys = [podSeccomp, ...everyContainer(spec).map(({ name }) => containerSeccomp + name)];
  const wrong = [...new Set(keys)]
    .filter((key) => Object.hasOwn(annotations, key) && !isAllowedSeccomp(annotations[key] ?? ''))
    .map((key) => `${key}=${quote(annotations[key] ?? '')}`)
    .sort();
  return wrong.length
    ? violation('seccompProfile', `forbidden ${plural(wrong, 'annotation')} ${wrong.join(', ')}`)
    : undefined;
};

const isAllowedSeccomp = (profile: string): boolean =>
  profile === 'runtime/default' || profile === 'docker/default' || profile.startsWith('localhost/');

export const seccompBaseline: Check = ({ spec }) => {
  const values = new Set<string>();
  const isBad = (type: string | undefined) => {
    const bad = type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
    if (bad) values.add(type ?? '');
    return bad;
  };
  const setters = [
    ...(isBad(spec.securityContext?.seccompProfile?.type) ? ['pod'] : []),
    ...[offenders(spec, (context) => isBad(context?.seccompProfile?.type))]
      .filter((l) => l.length)
      .map(containersNamed),
  ];
  return setters.length
    ? violation(
        'seccompProfile',
        `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${quoted([...values].sort())}`,
      )
    : undefined;
};

/** Sysctls that reach no further than their pod, by the minor version from which on they were known as such. */
const safeSysctls: readonly (readonly [since: number, name: string])[] = [
  [0, 'kernel.shm_rmid_forced'],
  [0, 'net.ipv4.ip_local_port_range'],
  [0, 'net.ipv4.tcp_syncookies'],
  [0, 'net.ipv4.ping_group_range'],
  [0, 'net.ipv4.ip_unprivileged_port_start'],
  [27, 'net.ipv4.ip_local_reserved_ports'],
  [29, 'net.ipv4.tcp_keepalive_time'],
  [29, 'net.ipv4.tcp_fin_timeout'],
  [29, 'net.ipv4.tcp_keepalive_intvl'],
  [29, 'net.ipv4.tcp_keepalive_probes'],
  [32, 'net.ipv4.tcp_rmem'],
  [32, 'net.ipv4.tcp_wmem'],
];
export const sysctls = (minor: number): Check => {
  const safe = new Set(safeSysctls.filter(([since]) => since <= minor).map(([, name]) => name));
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).map((s) => s.name).filter((name) => !safe.has(name));
    return bad.length ? violation('forbidden sysctls', bad.join(', ')) : undefined;
  };
};

export const hostProcess: Check = ({ spec }) => {
  const bad = offenders(spec, (context) => context?.windowsOptions?.hostProcess === true);
  const pod = spec.securityContext?.windowsOptions?.hostProcess === true;
  const setters = [...(pod ? ['pod'] : []), ...(bad.length ? [containersNamed(bad)] : [])];
  return setters.length
    ? violation('hostProcess', `${setters.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`)
    : undefined;
};

/* ---- restricted ---- */

/** The same check for pods that do not run on Windows, which knows nothing of what it asks for. */
export const unlessWindows =
  (check: Check): Check =>
  (subject) =>
    subject.spec.os?.name === 'windows' ? undefined : check(subject);

/** The same check for pods whose root is nobody outside of them. */
export const unlessUserNamespace =
  (check: Check): Check =>
  (subject) =>
    subject.spec.hostUsers === false ? undefined : check(subject);

export const allowPrivilegeEscalation: Check = ({ spec }) => {
  const bad = offenders(spec, (context) => context?.allowPrivilegeEscalation !== false);
  return bad.length
    ? violation(
        'allowPrivilegeEscalation != false',
        `${containersNamed(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      )
    : undefined;
};

export const restrictedCapabilities: Check = ({ spec }) => {
  const keeps = offenders(spec, (context) => !context?.capabilities?.drop?.includes('ALL'));
  const { who, what } = addedBeyond(spec, new Set(['NET_BIND_SERVICE']));
  const details = [
    ...(keeps.length ? [`${containersNamed(keeps)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(who.length
      ? [`${containersNamed(who)} must not include ${quoted(what)} in securityContext.capabilities.add`]
      : []),
  ];
  return details.length ? violation('unrestricted capabilities', details.join('; ')) : undefined;
};

const restrictedVolumeTypes: ReadonlySet<string> = new Set(
  'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' '),
);
export const restrictedVolumes: Check = ({ spec }) => {
  const types = new Set<string>();
  const bad = (spec.volumes ?? []).filter((volume) => {
    const wrong = Object.keys(volume).filter((field) => field !== 'name' && !restrictedVolumeTypes.has(field));
    for (const type of wrong) types.add(type);
    return wrong.length > 0;
  });
  const names = bad.map((volume) => volume.name);
  return names.length
    ? violation(
        'restricted volume types',
        `${plural(names, 'volume')} ${quoted(names)} ${plural(names, 'uses', 'use')} restricted volume ${plural([...types], 'type')} ${quoted([...types].sort())}`,
      )
    : undefined;
};

export const runAsNonRoot: Check = ({ spec }) => {
  const pod = spec.securityContext?.runAsNonRoot;
  const explicit = offenders(spec, (context) => context?.runAsNonRoot === false);
  const setters = [...(pod === false ? ['pod'] : []), ...(explicit.length ? [containersNamed(explicit)] : [])];
  if (setters.length)
    return violation(
      'runAsNonRoot != true',
      `${setters.join(' and ')} must not set securityContext.runAsNonRoot=false`,
    );
  if (pod === true) return undefined;
  const silent = offenders(spec, (context) => context?.runAsNonRoot === undefined);
  return silent.length
    ? violation('runAsNonRoot != true', `pod or ${containersNamed(silent)} must set securityContext.runAsNonRoot=true`)
    : undefined;
};

export const runAsUser: Check = ({ spec }) => {
  const bad = offenders(spec, (context) => context?.runAsUser === 0);
  const setters = [
    ...(spec.securityContext?.runAsUser === 0 ? ['pod'] : []),
    ...(bad.length ? [containersNamed(bad)] : []),
  ];
  return setters.length ? violation('runAsUser=0', `${setters.join(' and ')} must not set runAsUser=0`) : undefined;
};

export const seccompRestricted: Check = (subject) => {
  const { spec } = subject;
  const wrong = seccompBaseline(subject);
  if (wrong) return wrong;
  if (spec.securityContext?.seccompProfile?.type) return undefined;
  const silent = offenders(spec, (context) => !context?.seccompProfile?.type);
  return silent.length
    ? violation(
        'seccompProfile',
        `pod or ${containersNamed(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
      )
    : undefined;
};

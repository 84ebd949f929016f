import type { Container, EphemeralContainer, Pod, SecurityContext } from '../../api/core/v1.gen.ts';

/*
 * The controls of the Pod Security Standards, each a pure function that says what a pod breaks.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */

export type Level = 'privileged' | 'baseline' | 'restricted';

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
type Check = (subject: Subject) => Violation | undefined;

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

const hostNamespaces: Check = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  return used.length ? violation('host namespaces', used.map((field) => `${field}=true`).join(', ')) : undefined;
};

const privileged: Check = ({ spec }) => {
  const bad = offenders(spec, (context) => context?.privileged === true);
  return bad.length
    ? violation('privileged', `${containersNamed(bad)} must not set securityContext.privileged=true`)
    : undefined;
};

const baselineCapabilities: ReadonlySet<string> = new Set(
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

const baselineAdds: Check = ({ spec }) => {
  const { who, what } = addedBeyond(spec, baselineCapabilities);
  return who.length
    ? violation(
        'non-default capabilities',
        `${containersNamed(who)} must not include ${quoted(what)} in securityContext.capabilities.add`,
      )
    : undefined;
};

const hostPathVolumes: Check = ({ spec }) => {
  const bad = (spec.volumes ?? []).filter((volume) => volume.hostPath).map((volume) => volume.name);
  return bad.length ? violation('hostPath volumes', `${plural(bad, 'volume')} ${quoted(bad)}`) : undefined;
};

const hostPorts: Check = ({ spec }) => {
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

const hostProbes: Check = ({ spec }) => {
  const hosts = new Set<string>();
  const bad = offenders(spec, (_context, container) => {
    const probes = [container.livenessProbe, container.readinessProbe, container.startupProbe];
    const hooks = [container.lifecycle?.postStart, container.lifecycle?.preStop];
    const own = [...probes, ...hooks].flatMap((h) => [h?.httpGet?.host, h?.tcpSocket?.host]).filter((host) => host);
    for (const host of own) hosts.add(host ?? '');
    return own.length > 0;
  });
  return bad.length
    ? violation(
        'probe or lifecycle host',
        `${containersNamed(bad)} ${plural(bad, 'uses', 'use')} probe or lifecycle ${plural([...hosts], 'host')} ${quoted([...hosts].sort())}`,
      )
    : undefined;
};

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const appArmor: Check = ({ spec, annotations }) => {
  const details: string[] = [];
  const isBad = (type: string | undefined) => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const values = new Set<string>();
  if (isBad(spec.securityContext?.appArmorProfile?.type)) {
    details.push('pod must not set AppArmor profile type');
    values.add(spec.securityContext?.appArmorProfile?.type ?? '');
  }
  const bad = offenders(spec, (context) => isBad(context?.appArmorProfile?.type));
  if (bad.length) details.push(`${containersNamed(bad)} must not set AppArmor profile type`);
  for (const [key, value] of Object.entries(annotations)) {
    if (
      key.startsWith(appArmorPrefix) &&
      value !== '' &&
      value !== 'runtime/default' &&
      !value.startsWith('localhost/')
    )
      details.push(`annotation ${key}="${value}"`);
  }
  return details.length
    ? violation(plural(details, 'forbidden AppArmor profile'), details.sort().join(', '))
    : undefined;
};

const seLinuxTypes: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const seLinux: Check = ({ spec }) => {
  const types = new Set<string>();
  let user = false;
  let role = false;
  const isBad = (options: SecurityContext['seLinuxOptions']) => {
    if (!options) return false;
    const badType = !seLinuxTypes.has(options.type ?? '');
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
};

const procMount: Check = ({ spec }) => {
  if (spec.hostUsers === false) return undefined;
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

/** Whether a seccomp profile type is one that turns the filter off. */
const seccompBaseline: Check = ({ spec }) => {
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

const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);
const sysctls: Check = ({ spec }) => {
  const bad = (spec.securityContext?.sysctls ?? []).map((s) => s.name).filter((name) => !safeSysctls.has(name));
  return bad.length ? violation(plural(bad, 'forbidden sysctl'), bad.join(', ')) : undefined;
};

const hostProcess: Check = ({ spec }) => {
  const bad = offenders(spec, (context) => context?.windowsOptions?.hostProcess === true);
  const pod = spec.securityContext?.windowsOptions?.hostProcess === true;
  const setters = [...(pod ? ['pod'] : []), ...(bad.length ? [containersNamed(bad)] : [])];
  return setters.length
    ? violation('hostProcess', `${setters.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`)
    : undefined;
};

/* ---- restricted ---- */

const isWindows = (spec: Spec): boolean => spec.os?.name === 'windows';

const allowPrivilegeEscalation: Check = ({ spec }) => {
  if (isWindows(spec)) return undefined;
  const bad = offenders(spec, (context) => context?.allowPrivilegeEscalation !== false);
  return bad.length
    ? violation(
        'allowPrivilegeEscalation != false',
        `${containersNamed(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      )
    : undefined;
};

const restrictedCapabilities: Check = ({ spec }) => {
  if (isWindows(spec)) return undefined;
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
const restrictedVolumes: Check = ({ spec }) => {
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

const runAsNonRoot: Check = ({ spec }) => {
  if (spec.hostUsers === false) return undefined;
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

const runAsUser: Check = ({ spec }) => {
  if (spec.hostUsers === false) return undefined;
  const bad = offenders(spec, (context) => context?.runAsUser === 0);
  const setters = [
    ...(spec.securityContext?.runAsUser === 0 ? ['pod'] : []),
    ...(bad.length ? [containersNamed(bad)] : []),
  ];
  return setters.length ? violation('runAsUser=0', `${setters.join(' and ')} must not set runAsUser=0`) : undefined;
};

const seccompRestricted: Check = (subject) => {
  const { spec } = subject;
  if (isWindows(spec)) return undefined;
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

/** In the order in which Kubernetes names what is broken. A restricted control stands in for the baseline one it tightens. */
const baseline: readonly Check[] = [
  appArmor,
  baselineAdds,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinux,
  seccompBaseline,
  sysctls,
  hostProcess,
];
const restricted: readonly Check[] = [
  appArmor,
  hostNamespaces,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinux,
  sysctls,
  hostProcess,
  allowPrivilegeEscalation,
  restrictedCapabilities,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompRestricted,
];

/** What a pod of these annotations breaks at a level. */
export function violations(level: Level, spec: Spec, annotations: Readonly<Record<string, string>> = {}): Violation[] {
  if (level === 'privileged') return [];
  return (level === 'baseline' ? baseline : restricted).flatMap((check) => check({ spec, annotations }) ?? []);
}

/** The violations as messages list them. */
export const describeViolations = (list: readonly Violation[]): string =>
  list.map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason)).join(', ');

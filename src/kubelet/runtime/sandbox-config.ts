import { join } from 'node:path';
import type { Pod, SeccompProfile } from '../../api/core/v1.gen.ts';
import type { NamespaceOption, PodSandboxConfig, SecurityProfile } from '../cri/types.ts';
import { podUid } from '../pods/pod.ts';
import { type DnsSettings, dnsConfig } from './dns.ts';
import { podHostname } from './hosts-file.ts';
import { podLabels } from './labels.ts';

export interface SandboxSettings extends DnsSettings {
  readonly logDir: string;
}

/** `<logDir>/<namespace>_<name>_<uid>`: where the logs of a pod's containers are. */
export function podLogDir(logDir: string, pod: Pod): string {
  return join(logDir, `${pod.metadata.namespace}_${pod.metadata.name}_${podUid(pod)}`);
}

/** What the runtime needs to know to make a pod's sandbox. */
export async function sandboxConfig(
  pod: Pod,
  attempt: number,
  cgroupParent: string,
  settings: SandboxSettings,
): Promise<PodSandboxConfig> {
  const { securityContext: security = {}, hostNetwork, containers, initContainers = [] } = pod.spec;
  const privileged = [...containers, ...initContainers].some((c) => c.securityContext?.privileged);
  const { hostname, domain } = podHostname(pod, settings.clusterDomain);
  const fqdn = pod.spec.setHostnameAsFQDN && domain ? `${hostname}.${domain}` : hostname;
  const uid = podUid(pod);
  return {
    metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace ?? '', uid, attempt },
    // On the host's network the pod has the host's name too, which must not be set.
    hostname: hostNetwork ? '' : fqdn,
    logDirectory: podLogDir(settings.logDir, pod),
    dnsConfig: await dnsConfig(pod, settings),
    portMappings: hostNetwork
      ? []
      : containers.flatMap((container) =>
          (container.ports ?? [])
            .filter((port) => port.hostPort)
            .map((port) => ({
              protocol: port.protocol ?? 'TCP',
              containerPort: port.containerPort,
              hostPort: port.hostPort ?? 0,
              hostIp: port.hostIP ?? '',
            })),
        ),
    labels: { ...pod.metadata.labels, ...podLabels(pod) },
    annotations: { ...pod.metadata.annotations },
    linux: {
      cgroupParent,
      securityContext: {
        namespaceOptions: namespaceOptions(pod),
        ...(security.runAsUser !== undefined && { runAsUser: { value: security.runAsUser } }),
        ...(security.runAsGroup !== undefined && { runAsGroup: { value: security.runAsGroup } }),
        supplementalGroups: podGroups(pod),
        privileged,
        seccomp: privileged ? { profileType: 'Unconfined' } : { profileType: 'RuntimeDefault' },
      },
      sysctls: Object.fromEntries(
        (security.sysctls ?? []).map(({ name, value }) => [name.replaceAll('/', '.'), value]),
      ),
    },
  };
}

/** `targetId` is the container whose processes an ephemeral container shares. */
export function namespaceOptions(pod: Pod, targetId?: string): NamespaceOption {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec;
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    ipc: hostIPC ? 'NODE' : 'POD',
    pid: hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : targetId ? 'TARGET' : 'CONTAINER',
    ...(targetId && { targetId }),
  };
}

/** Groups that all of a pod's processes are in beside their own. */
export function podGroups(pod: Pod): number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {};
  return fsGroup === undefined ? [...supplementalGroups] : [fsGroup, ...supplementalGroups];
}

export function securityProfile(profile: SeccompProfile | undefined): SecurityProfile {
  if (!profile) return { profileType: 'Unconfined' };
  if (profile.type !== 'Localhost') return { profileType: profile.type };
  return { profileType: 'Localhost', localhostRef: profile.localhostProfile ?? '' };
}

import { readFile, writeFile } from 'node:fs/promises';
import type { Pod } from '../../api/core/v1.gen.ts';

/** The hostname inside the pod, and its domain where it has one. */
export function podHostname(pod: Pod, clusterDomain: string): { hostname: string; domain: string } {
  if (pod.spec.hostnameOverride) return { hostname: pod.spec.hostnameOverride, domain: '' };
  // A name may be longer than a hostname; it must not end in a separator where it is cut.
  const hostname = pod.spec.hostname || pod.metadata.name.slice(0, 63).replace(/[-.]+$/, '');
  const subdomain = pod.spec.subdomain;
  const domain = subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '';
  return { hostname, domain };
}

/**
 * Writes the /etc/hosts that the pod's containers share.
 * https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/
 */
export async function writeHostsFile(
  file: string,
  pod: Pod,
  podIPs: readonly string[],
  clusterDomain: string,
): Promise<void> {
  const aliases = hostAliases(pod);
  let text: string;
  if (pod.spec.hostNetwork) {
    const host = await readFile('/etc/hosts', 'utf8').catch(() => '');
    text = `# Kubernetes-managed hosts file (host network).\n${host}${aliases}`;
  } else {
    const { hostname, domain } = podHostname(pod, clusterDomain);
    const names = domain ? `${hostname}.${domain}\t${hostname}` : hostname;
    text = [
      '# Kubernetes-managed hosts file.',
      '127.0.0.1\tlocalhost',
      '::1\tlocalhost ip6-localhost ip6-loopback',
      'fe00::0\tip6-localnet',
      'fe00::0\tip6-mcastprefix',
      'fe00::1\tip6-allnodes',
      'fe00::2\tip6-allrouters',
      ...podIPs.map((ip) => `${ip}\t${names}`),
      aliases,
    ].join('\n');
  }
  await writeFile(file, text, { mode: 0o644 });
}

function hostAliases(pod: Pod): string {
  const aliases = pod.spec.hostAliases ?? [];
  if (aliases.length === 0) return '';
  const lines = aliases.map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}

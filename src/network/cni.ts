import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { familyOfRange } from '../utils/ip.ts';

export interface CniOptions {
  /** Name of the network; also of host-local's folder of leases. */
  readonly name: string;
  /** The node's own ranges of pod addresses, at most one a family (node.spec.podCIDRs). */
  readonly podCIDRs: readonly string[];
  /** Bytes; 0: the kernel's default. */
  readonly mtu: number;
  /** Folder for host-local's leases, the cluster's own. */
  readonly leasesDir: string;
}

/**
 * The network configuration list for containerd (CNI 1.0.0).
 *
 * Each pod has a cable of its own to the node ("ptp"), and the node routes. On a shared bridge two pods of a node talk
 * past the node's rules: an answer from behind a service comes back with the wrong address unless br_netfilter is
 * loaded, and network policies see nothing. A routed pod needs neither that module nor hairpin mode.
 */
export function cniConfigList(options: CniOptions): object {
  const everywhere = { IPv4: '0.0.0.0/0', IPv6: '::/0' };
  return {
    cniVersion: '1.0.0',
    name: options.name,
    plugins: [
      {
        type: 'ptp',
        ipMasq: false, // the proxy's table does it, once for all pods
        ...(options.mtu > 0 && { mtu: options.mtu }),
        ipam: {
          type: 'host-local',
          dataDir: options.leasesDir,
          ranges: options.podCIDRs.map((subnet) => [{ subnet }]),
          routes: options.podCIDRs.map((range) => ({ dst: everywhere[familyOfRange(range) ?? 'IPv4'] })),
        },
      },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  };
}

const FILE = '10-skiff.conflist';

/** Writes the list into containerd's folder of configurations, whole or not at all. */
export async function writeCniConfig(confDir: string, options: CniOptions): Promise<void> {
  await mkdir(confDir, { recursive: true, mode: 0o700 });
  // Not ".conflist": containerd watches the folder and would read a half-written one.
  const temporary = join(confDir, `.${FILE}.${process.pid}`);
  await writeFile(temporary, `${JSON.stringify(cniConfigList(options), undefined, 2)}\n`, { mode: 0o600 });
  await rename(temporary, join(confDir, FILE));
}

/** Removes the list; containerd's network is then not ready. */
export async function removeCniConfig(confDir: string): Promise<void> {
  await rm(join(confDir, FILE), { force: true });
}

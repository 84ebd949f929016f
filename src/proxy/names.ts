/** What Skiff calls its things in the kernel of a node, so that several clusters can live side by side on one. */
export interface KernelNames {
  /** nftables table, in families ip and ip6. */
  readonly table: string;
  /** Network interface that holds the routes of the service and pod ranges; at most 15 characters. */
  readonly device: string;
}

/**
 * `clusterId` is "" for a machine's only cluster; others are told apart by up to 6 letters and digits.
 * Throws for an id that would not fit an interface name.
 */
export function kernelNames(clusterId = ''): KernelNames {
  if (!/^[a-z0-9]{0,6}$/.test(clusterId)) {
    throw new Error(`cluster id ${JSON.stringify(clusterId)} must be up to 6 lower-case letters and digits`);
  }
  return clusterId === ''
    ? { table: 'skiff', device: 'skiff0' }
    : { table: `skiff-${clusterId}`, device: `skiff-${clusterId}` };
}

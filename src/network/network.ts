import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type KernelNames, kernelNames } from '../proxy/names.ts';
import { ensureDevice } from '../proxy/route.ts';
import { CommandError, type Run, run } from '../proxy/run.ts';
import { addressInRange, familyOfRange } from '../utils/ip.ts';
import type { Logger } from '../utils/log.ts';
import { removeCniConfig, writeCniConfig } from './cni.ts';
import { Sysctls } from './sysctl.ts';

export interface NetworkOptions {
  /** The node's own ranges (node.spec.podCIDRs). */
  readonly podCIDRs: readonly string[];
  /** containerd's folder of CNI configurations, the cluster's own. */
  readonly confDir: string;
  /** Folder for leases of addresses and for what kernel settings were. */
  readonly stateDir: string;
  readonly names?: KernelNames;
  readonly log: Logger;
  readonly run?: Run;
  /** Other than /proc/sys in tests only. */
  readonly sysctlRoot?: string;
}

export interface PodNetwork {
  /** The node's address inside each pod range: the pods' gateway, and a place for servers that pods and other nodes reach. */
  readonly gateways: readonly string[];
  /** Removes the configuration, cables of pods that are left, leases, and gives kernel settings back. */
  cleanup(): Promise<void>;
}

/** Makes the node ready for pods: forwarding, the gateway's addresses, and the CNI configuration, in this order. */
export async function startNetwork(options: NetworkOptions): Promise<PodNetwork> {
  const { podCIDRs, run: execute = run, names = kernelNames(), log } = options;
  const sysctls = new Sysctls(options.stateDir, options.sysctlRoot);
  const families = new Set(podCIDRs.map(familyOfRange));
  await sysctls.set({
    ...(families.has('IPv4') && { 'net/ipv4/ip_forward': '1' }),
    ...(families.has('IPv6') && { 'net/ipv6/conf/all/forwarding': '1' }),
  });
  // The proxy made the interface, unless the order was another.
  await ensureDevice(names.device, execute);
  const gateways = podCIDRs.map((range) => addressInRange(range, 1));
  for (const gateway of gateways) {
    const prefix = gateway.includes(':') ? 128 : 32;
    // Without detection of duplicates an IPv6 address can be bound at once; the interface has no neighbours anyway.
    const flags = gateway.includes(':') ? ['nodad'] : [];
    await execute('ip', ['addr', 'replace', `${gateway}/${prefix}`, 'dev', names.device, ...flags]);
  }
  await warnOfForwardDrop(execute, log);
  const leasesDir = join(options.stateDir, 'leases');
  await writeCniConfig(options.confDir, { name: names.table, podCIDRs, mtu: await uplinkMtu(execute), leasesDir });
  return {
    gateways,
    cleanup: () => removeNetwork(options),
  };
}

/** Takes away what `startNetwork` made, in this process or an earlier one; wider ranges than the node's own will do. */
export async function removeNetwork(
  options: Pick<NetworkOptions, 'podCIDRs' | 'confDir' | 'stateDir' | 'run' | 'sysctlRoot'>,
): Promise<void> {
  const { podCIDRs, run: execute = run } = options;
  await removeCniConfig(options.confDir);
  for (const cable of await podCables(podCIDRs, execute)) await execute('ip', ['link', 'del', cable]);
  await rm(join(options.stateDir, 'leases'), { recursive: true, force: true });
  await new Sysctls(options.stateDir, options.sysctlRoot).restore();
}

/** What fits the way out, in bytes; 0 when there is none. */
async function uplinkMtu(execute: Run): Promise<number> {
  for (const family of ['-4', '-6']) {
    const route = await execute('ip', [family, 'route', 'show', 'default']);
    const device = / dev (\S+)/.exec(route)?.[1];
    if (!device) continue;
    const own = / mtu (\d+)/.exec(route.split('\n')[0] ?? '')?.[1];
    const link = await execute('ip', ['-o', 'link', 'show', 'dev', device]);
    const mtu = Number(own ?? / mtu (\d+)/.exec(link)?.[1] ?? 0);
    if (mtu > 0) return mtu;
  }
  return 0;
}

/** The node's ends of pods' cables: interfaces to which an address of a pod range is routed. */
async function podCables(podCIDRs: readonly string[], execute: Run): Promise<Set<string>> {
  const cables = new Set<string>();
  for (const range of podCIDRs) {
    const family = familyOfRange(range) === 'IPv6' ? '-6' : '-4';
    const listing = await execute('ip', [family, 'route', 'show', 'root', range]);
    for (const [, device] of listing.matchAll(/ dev (veth\S+)/g)) if (device) cables.add(device);
  }
  return cables;
}

/** Docker and some firewalls drop all they do not know of; no rule of ours can overrule a drop. */
async function warnOfForwardDrop(execute: Run, log: Logger): Promise<void> {
  try {
    const chain = await execute('nft', ['list', 'chain', 'ip', 'filter', 'FORWARD']);
    if (/policy drop/.test(chain)) {
      log.warn(
        "the machine's firewall drops forwarded packets (chain FORWARD): pods will reach neither services nor the world",
      );
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error; // no such chain: nothing to warn of
  }
}

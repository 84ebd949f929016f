import { familyOf, familyOfRange } from '../utils/ip.ts';
import { CommandError, type Run, run } from './run.ts';

/** Marks routes as Skiff's own (`ip route ... proto 153`), so that nobody else's is ever replaced or taken away. */
export const ROUTE_PROTOCOL = '153';

export interface RouteOptions {
  /** The interface to make, e.g. "skiff0". */
  readonly device: string;
  readonly serviceCIDRs: readonly string[];
  readonly clusterCIDRs: readonly string[];
  /** Source addresses for the node's own connections to services. */
  readonly nodeIPs: readonly string[];
  readonly run?: Run;
}

/**
 * Keeps service and pod addresses on this machine. The kernel looks for a route before the rules see a packet, so a
 * service range without a route of its own would go to the default gateway, with the rules and (before they are there)
 * without them.
 *
 * Services: a route to a bridge without members. The lookup succeeds, rules replace the destination and the kernel
 * routes again; what no rule took ends in the bridge, which has nobody to give it to. A bridge, since every kernel
 * that runs containers has it, where dummy devices are often left out; without ARP, since nobody would answer.
 * Pods: "unreachable", which fails at once; pods and other nodes have longer prefixes, which win.
 */
export async function setUpRoutes(options: RouteOptions): Promise<void> {
  const { device, run: execute = run } = options;
  await ensureDevice(device, execute);
  for (const cidr of options.serviceCIDRs) {
    const source = options.nodeIPs.find((nodeIP) => familyOf(nodeIP) === familyOfRange(cidr));
    try {
      await replaceRoute(execute, cidr, ['dev', device, ...(source ? ['src', source] : [])], device);
    } catch (error) {
      // A node's address may be one that only others see (address translation outside); the kernel then chooses.
      if (!(error instanceof CommandError && error.message.includes('prefsrc'))) throw error;
      await replaceRoute(execute, cidr, ['dev', device], device);
    }
  }
  for (const cidr of options.clusterCIDRs) await replaceRoute(execute, cidr, ['metric', '4096'], undefined);
}

/** The inverse of `setUpRoutes`; what is gone already is no error. */
export async function takeDownRoutes(options: RouteOptions): Promise<void> {
  const { device, run: execute = run } = options;
  for (const cidr of options.clusterCIDRs) {
    await ignoring(execute('ip', [ipVersion(cidr), 'route', 'del', 'unreachable', cidr, 'proto', ROUTE_PROTOCOL]));
  }
  // The device takes its routes with it.
  await ignoring(execute('ip', ['link', 'del', device, 'type', 'bridge']));
}

/** Makes the interface, unless it is there. */
export async function ensureDevice(device: string, execute: Run): Promise<void> {
  try {
    await execute('ip', ['link', 'add', device, 'type', 'bridge']);
  } catch (error) {
    if (!(error instanceof CommandError && error.message.includes('File exists'))) throw error;
  }
  await execute('ip', ['link', 'set', device, 'arp', 'off', 'up']);
}

/** `device` undefined: an unreachable route. Throws when the range is somebody else's. */
async function replaceRoute(
  execute: Run,
  cidr: string,
  how: readonly string[],
  device: string | undefined,
): Promise<void> {
  const listing = await execute('ip', ['-d', ipVersion(cidr), 'route', 'show', 'exact', cidr]);
  for (const line of listing.split('\n').filter((text) => text.trim() !== '')) {
    const ours =
      new RegExp(`\\bproto ${ROUTE_PROTOCOL}\\b`).test(line) && (!device || line.includes(` dev ${device} `));
    if (!ours) throw new Error(`the range ${cidr} is in use on this machine (${line.trim()}); choose another`);
  }
  const type = device ? [] : ['unreachable'];
  await execute('ip', [ipVersion(cidr), 'route', 'replace', ...type, cidr, ...how, 'proto', ROUTE_PROTOCOL]);
}

function ipVersion(cidr: string): '-4' | '-6' {
  return familyOfRange(cidr) === 'IPv6' ? '-6' : '-4';
}

async function ignoring(attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt;
  } catch (error) {
    if (!(error instanceof CommandError) || error.missing) throw error;
  }
}

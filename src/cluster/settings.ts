import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { dns1123SubdomainProblems } from '../api/names.ts';
import { ConfigurationError } from '../utils/configuration-error.ts';
import { primaryAddress } from './addresses.ts';
import { checkRange, overlap } from './ip-range.ts';
import { replaceFile } from './replace-file.ts';

/** What `skiff up` was told the first time; later runs carry on with it. */
export interface ClusterSettings {
  readonly securePort: number;
  readonly nodeName: string;
  /** Set where the user gave one; else it is looked up at every start, for laptops move between networks. */
  readonly nodeIp?: string;
  readonly serviceClusterIpRange: string;
  readonly clusterCidr: string;
  /** More flags of `skiff server`, "NAME=VALUE" each: what kube-apiserver's owner would give it. */
  readonly serverFlags?: readonly string[];
}

/** How messages call them. */
const words = {
  securePort: 'port',
  nodeName: 'node name',
  nodeIp: 'node address',
  serviceClusterIpRange: 'service range',
  clusterCidr: 'pod range',
} as const satisfies Record<Exclude<keyof ClusterSettings, 'serverFlags'>, string>;

const settingNames = ['securePort', 'nodeName', 'nodeIp', 'serviceClusterIpRange', 'clusterCidr'] as const;

const fileOf = (dataDir: string) => join(dataDir, 'cluster.json');

/** Undefined where there is no cluster yet. Throws, in words for people, where they cannot be read. */
export function readSettings(dataDir: string): ClusterSettings | undefined {
  const file = fileOf(dataDir);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Error(
      code === 'EACCES' ? `Only root may read ${file}: try again with sudo.` : `Cannot read ${file}: ${message}.`,
    );
  }
  try {
    return decodeSettings(JSON.parse(text));
  } catch (error) {
    throw new Error(
      `${file} is damaged (${(error as Error).message}): write it anew, as ${JSON.stringify(example)}, with what the cluster was made with.`,
    );
  }
}

const example: ClusterSettings = {
  securePort: 6443,
  nodeName: 'NAME',
  serviceClusterIpRange: '10.96.0.0/16',
  clusterCidr: '10.244.0.0/16',
};

function decodeSettings(value: unknown): ClusterSettings {
  const from: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  const text = (key: string): string => {
    const field = from[key];
    if (typeof field !== 'string' || field === '') throw new Error(`${key} is missing`);
    return field;
  };
  const port = from.securePort;
  if (typeof port !== 'number') throw new Error('securePort is missing');
  return {
    securePort: port,
    nodeName: text('nodeName'),
    ...(from.nodeIp !== undefined && { nodeIp: text('nodeIp') }),
    serviceClusterIpRange: text('serviceClusterIpRange'),
    clusterCidr: text('clusterCidr'),
    ...(from.serverFlags !== undefined && { serverFlags: flagsOf(from.serverFlags) }),
  };
}

function flagsOf(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Error('serverFlags is not a list');
  return value.map((flag) => {
    if (typeof flag !== 'string' || !flag.includes('=')) throw new Error('serverFlags has more than "NAME=VALUE"');
    return flag;
  });
}

const nameOf = (flag: string): string => flag.split('=', 1)[0] ?? '';

/** Those asked for now take the place of those of their names; NAME= alone takes them away. */
function settleFlags(stored: readonly string[], asked: readonly string[]): string[] {
  const named = new Set(asked.map(nameOf));
  return [...stored.filter((flag) => !named.has(nameOf(flag))), ...asked.filter((flag) => !flag.endsWith('='))];
}

/**
 * The settings for this start: what was asked for now, else what the cluster was made with, else the defaults.
 * Throws for what makes no sense, where a range would change that objects of the cluster already have addresses of,
 * and, with `running`, where anything would change.
 */
export function settleSettings(
  stored: ClusterSettings | undefined,
  asked: Partial<ClusterSettings>,
  options: { readonly running: boolean },
): ClusterSettings {
  const nodeIp = asked.nodeIp ?? stored?.nodeIp;
  const serverFlags = settleFlags(stored?.serverFlags ?? [], asked.serverFlags ?? []);
  const settings: ClusterSettings = {
    securePort: asked.securePort ?? stored?.securePort ?? 6443,
    nodeName: asked.nodeName ?? stored?.nodeName ?? hostname().toLowerCase(),
    ...(nodeIp !== undefined && { nodeIp }),
    serviceClusterIpRange: asked.serviceClusterIpRange ?? stored?.serviceClusterIpRange ?? '10.96.0.0/16',
    clusterCidr: asked.clusterCidr ?? stored?.clusterCidr ?? '10.244.0.0/16',
    ...(serverFlags.length > 0 && { serverFlags }),
  };
  check(settings);
  const changed = stored ? settingNames.filter((name) => settings[name] !== stored[name]) : [];
  for (const range of changed) {
    if (range !== 'serviceClusterIpRange' && range !== 'clusterCidr') continue;
    throw new Error(
      `This cluster was made with the ${words[range]} ${stored?.[range]}, and its objects have addresses of that range; ` +
        `"skiff reset" forgets them and lets you choose ${settings[range]}.`,
    );
  }
  if (options.running && changed.length > 0) {
    const differences = changed.map(
      (name) => `${words[name]} ${stored?.[name] ?? 'by default'}, not ${settings[name]}`,
    );
    throw new Error(`The cluster runs with ${differences.join(' and ')}. To change that, stop it first: skiff down.`);
  }
  if (options.running && serverFlags.join('\n') !== (stored?.serverFlags ?? []).join('\n')) {
    throw new Error('The cluster runs with other --server-flag. To change that, stop it first: skiff down.');
  }
  return settings;
}

export function storeSettings(dataDir: string, settings: ClusterSettings): void {
  replaceFile(fileOf(dataDir), `${JSON.stringify(settings, null, 2)}\n`);
}

function check(settings: ClusterSettings): void {
  const { nodeIp, nodeName, serviceClusterIpRange, clusterCidr } = settings;
  checkRange(serviceClusterIpRange, 'service-cluster-ip-range');
  checkRange(clusterCidr, 'cluster-cidr');
  if (overlap(serviceClusterIpRange, clusterCidr)) {
    throw new ConfigurationError(
      `The service range ${serviceClusterIpRange} and the pod range ${clusterCidr} share addresses: choose ranges apart.`,
    );
  }
  if (nodeIp !== undefined && !isIPv4(nodeIp)) {
    throw new ConfigurationError(`--node-ip "${nodeIp}" is not an IPv4 address.`);
  }
  // It is a label's value too, which may not be longer.
  if (dns1123SubdomainProblems(nodeName).length > 0 || nodeName.length > 63) {
    throw new ConfigurationError(
      `"${nodeName}" cannot be the name of a node (a-z, 0-9, "-" and "." only, at most 63): choose one with --node-name.`,
    );
  }
}

export function nodeAddress(settings: ClusterSettings): string {
  return settings.nodeIp ?? primaryAddress();
}

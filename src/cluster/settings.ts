import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { primaryAddress } from './addresses.ts';

/** What `skiff up` was told the first time; later runs carry on with it. */
export interface ClusterSettings {
  readonly securePort: number;
  readonly nodeName: string;
  /** Set where the user gave one; else it is looked up at every start, for laptops move between networks. */
  readonly nodeIp?: string;
  readonly serviceClusterIpRange: string;
  readonly clusterCidr: string;
}

const fileOf = (dataDir: string) => join(dataDir, 'cluster.json');

/** Undefined where there is no cluster yet. */
export function readSettings(dataDir: string): ClusterSettings | undefined {
  let text: string;
  try {
    text = readFileSync(fileOf(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text) as ClusterSettings;
}

/**
 * The settings for this start: what was asked for now, else what the cluster was made with, else the defaults.
 * Throws where a range would change that objects of the cluster already have addresses of.
 */
export function settleSettings(dataDir: string, asked: Partial<ClusterSettings>): ClusterSettings {
  const stored = readSettings(dataDir);
  for (const range of ['serviceClusterIpRange', 'clusterCidr'] as const) {
    if (stored && asked[range] !== undefined && asked[range] !== stored[range]) {
      throw new Error(
        `This cluster was made with ${stored[range]}, and its objects have addresses of that range; ` +
          `"skiff reset" forgets them and lets you choose ${asked[range]}.`,
      );
    }
  }
  const settings: ClusterSettings = {
    securePort: asked.securePort ?? stored?.securePort ?? 6443,
    nodeName: asked.nodeName ?? stored?.nodeName ?? hostname().toLowerCase(),
    ...((asked.nodeIp ?? stored?.nodeIp) && { nodeIp: asked.nodeIp ?? stored?.nodeIp }),
    serviceClusterIpRange: asked.serviceClusterIpRange ?? stored?.serviceClusterIpRange ?? '10.96.0.0/12',
    clusterCidr: asked.clusterCidr ?? stored?.clusterCidr ?? '10.244.0.0/16',
  };
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(dataDir), `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  return settings;
}

export function nodeAddress(settings: ClusterSettings): string {
  return settings.nodeIp ?? primaryAddress();
}

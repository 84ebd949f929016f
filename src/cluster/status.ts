import { existsSync } from 'node:fs';
import { nodes, pods } from '../api/core/v1.gen.ts';
import { connect } from './connect.ts';
import { clusterPaths } from './paths.ts';
import { isOrphaned, readRecord } from './process.ts';
import { readSettings } from './settings.ts';
import { processFiles } from './up.ts';

export interface StatusReport {
  readonly lines: readonly string[];
  readonly healthy: boolean;
}

/** What of the cluster on this machine runs, in a person's words. */
export async function status(dataDir: string): Promise<StatusReport> {
  const paths = clusterPaths(dataDir);
  const settings = readSettings(paths.dataDir);
  if (!settings) return { lines: [`No cluster in ${paths.dataDir}. Start one with "skiff up".`], healthy: false };
  const records = processFiles(paths);
  const lines: string[] = [];
  let healthy = true;
  const say = (ok: boolean, what: string, text: string) => {
    lines.push(`${ok ? '✓' : '✗'} ${what.padEnd(14)} ${text}`);
    healthy &&= ok;
  };
  const server = readRecord(records.server);
  const agent = readRecord(records.agent);
  const orphans = Object.values(records).filter(isOrphaned);
  if (!server && !agent && orphans.length === 0)
    return { lines: [`The cluster in ${paths.dataDir} is stopped. "skiff up" starts it again.`], healthy: false };
  if (!existsSync(paths.adminKubeconfig)) {
    say(false, 'control plane', 'it has not made its credentials yet');
    return { lines, healthy };
  }
  const client = connect(paths.adminKubeconfig, 'skiff');
  try {
    await client.raw('/readyz', AbortSignal.timeout(3000));
    say(true, 'control plane', `ready at https://127.0.0.1:${settings.securePort}`);
    for (const node of (await client.resource(nodes).list('')).items) {
      const ready = node.status.conditions?.find((c) => c.type === 'Ready');
      say(
        ready?.status === 'True',
        `node ${node.metadata.name}`,
        ready?.status === 'True' ? 'ready' : (ready?.message ?? 'not ready'),
      );
    }
    const all = (await client.resource(pods).list('')).items;
    const running = all.filter((p) => p.status.phase === 'Running').length;
    lines.push(`  ${'pods'.padEnd(14)} ${running} running of ${all.length}`);
  } catch (error) {
    say(false, 'control plane', `does not answer: ${(error as Error).message}`);
  } finally {
    await client.close();
  }
  const watched = (file: string, what: string) => {
    if (orphans.includes(file)) say(false, what, 'would not be there again after a crash: "skiff up" mends that');
    else if (!readRecord(file)) say(false, what, 'does not run: "skiff up" starts it again');
  };
  watched(records.server, 'control plane');
  watched(records.agent, 'node agent');
  return { lines, healthy };
}

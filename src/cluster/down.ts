import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { createLogger } from '../utils/log.ts';
import { removeFromUserKubeconfig } from './connect.ts';
import { tearDownNode } from './node-teardown.ts';
import { type ClusterPaths, clusterPaths } from './paths.ts';
import { stopRecorded } from './process.ts';
import type { Progress } from './progress.ts';
import { readSettings } from './settings.ts';
import { processFiles } from './up.ts';

/** Containers are asked to end and given so long; the cluster's own order to stop is not the moment for long good-byes. */
const graceSeconds = 5;
const stopMs = 10_000;

/** Stops the cluster and leaves nothing of it running, mounted or configured on this machine. Its data stays. */
export async function down(options: { readonly dataDir: string; readonly progress: Progress }): Promise<void> {
  const { progress } = options;
  const paths = clusterPaths(options.dataDir);
  const settings = readSettings(paths.dataDir);
  if (!settings) {
    progress.say(`There is no cluster in ${paths.dataDir}: nothing to stop.`);
    return;
  }
  if (process.getuid?.() !== 0) throw new Error('Stopping containers needs root: try again with sudo.');
  await stop(paths, settings, progress);
  progress.say('The cluster is stopped. "skiff up" starts it again where it was.');
}

/** Stops the cluster and forgets everything about it. */
export async function reset(options: {
  readonly dataDir: string;
  readonly confirmed: boolean;
  readonly progress: Progress;
}): Promise<void> {
  const { progress } = options;
  const paths = clusterPaths(options.dataDir);
  const settings = readSettings(paths.dataDir);
  if (!settings) {
    progress.say(`There is no cluster in ${paths.dataDir}: nothing to forget.`);
    return;
  }
  if (process.getuid?.() !== 0) throw new Error('Removing a cluster needs root: try again with sudo.');
  if (!options.confirmed && !(await confirmed(paths.dataDir))) {
    progress.say('Nothing was changed.');
    return;
  }
  await stop(paths, settings, progress);
  await progress.step('Data', async () => rmSync(paths.dataDir, { recursive: true, force: true }));
  removeFromUserKubeconfig(paths.instance);
  progress.say('The cluster is forgotten.');
}

async function stop(
  paths: ClusterPaths,
  settings: NonNullable<ReturnType<typeof readSettings>>,
  progress: Progress,
): Promise<void> {
  const records = processFiles(paths);
  await progress.step('Node agent', () => stopRecorded(records.agent, stopMs));
  await progress.step('Containers and network', () =>
    tearDownNode(paths, settings, { graceSeconds, log: createLogger({ name: 'down', level: 'error' }) }),
  );
  await progress.step('Control plane', () => stopRecorded(records.server, stopMs));
  rmSync(paths.runDir, { recursive: true, force: true });
}

async function confirmed(dataDir: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error('Say --yes to forget a cluster without being asked.');
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`Forget the cluster in ${dataDir}: its objects, images and volumes? [y/N] `);
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}

import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { createLogger } from '../utils/log.ts';
import { removeFromUserKubeconfig } from './connect.ts';
import { withLock } from './lock.ts';
import { tearDownNode } from './node-teardown.ts';
import { type ClusterPaths, clusterPaths } from './paths.ts';
import { stopSupervised } from './process.ts';
import type { Progress } from './progress.ts';
import { type ClusterSettings, readSettings } from './settings.ts';
import { processFiles, stopMs } from './up.ts';

/** Containers are asked to end and given so long; the cluster's own order to stop is not the moment for long good-byes. */
const graceSeconds = 5;

interface StopOptions {
  readonly dataDir: string;
  readonly progress: Progress;
}

/** Stops the cluster and leaves nothing of it running, mounted or configured on this machine. Its data stays. */
export async function down(options: StopOptions): Promise<void> {
  const stopped = await withCluster(options, stop);
  options.progress.say(
    stopped
      ? 'The cluster is stopped. "skiff up" starts it again where it was.'
      : `There is no cluster in ${options.dataDir}: nothing to stop.`,
  );
}

/** Stops the cluster and forgets everything about it. */
export async function reset(options: StopOptions & { readonly confirmed: boolean }): Promise<void> {
  const { dataDir, progress } = options;
  if (readSettings(clusterPaths(dataDir).dataDir) && !options.confirmed && !(await confirmed(dataDir))) {
    progress.say('Nothing was changed.');
    return;
  }
  const forgotten = await withCluster(options, async (paths, settings) => {
    await stop(paths, settings, progress);
    await progress.step('Data', async () => rmSync(paths.dataDir, { recursive: true, force: true }));
    try {
      removeFromUserKubeconfig(paths.instance);
    } catch (error) {
      throw new Error(`The cluster is forgotten, but kubectl may still know of it: ${(error as Error).message}.`);
    }
  });
  progress.say(forgotten ? 'The cluster is forgotten.' : `There is no cluster in ${dataDir}: nothing to forget.`);
}

/** Whether there was a cluster to do `work` with, alone. */
async function withCluster(
  options: StopOptions,
  work: (paths: ClusterPaths, settings: ClusterSettings, progress: Progress) => Promise<void>,
): Promise<boolean> {
  const { progress } = options;
  const paths = clusterPaths(options.dataDir);
  if (!readSettings(paths.dataDir)) return false;
  if (process.getuid?.() !== 0) throw new Error('Stopping containers needs root: try again with sudo.');
  const done = await withLock(paths.dataDir, progress, async () => {
    const settings = readSettings(paths.dataDir);
    if (settings) await work(paths, settings, progress);
    return settings !== undefined;
  });
  return done?.result === true;
}

async function stop(paths: ClusterPaths, settings: ClusterSettings, progress: Progress): Promise<void> {
  const records = processFiles(paths);
  await progress.step('Node agent', () => stopSupervised(records.agent, stopMs));
  await progress.step('Containers and network', () =>
    tearDownNode(paths, settings, { graceSeconds, log: createLogger({ name: 'down', level: 'error' }) }),
  );
  await progress.step('Control plane', () => stopSupervised(records.server, stopMs));
  rmSync(paths.runDir, { recursive: true, force: true });
}

async function confirmed(dataDir: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error('Say --yes to forget a cluster without being asked.');
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`Forget the cluster in ${dataDir}: its objects, images and volumes? [y/N] `);
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { leases } from '../api/coordination/v1.gen.ts';
import { type Node, nodes } from '../api/core/v1.gen.ts';
import { isNotFound } from '../api/errors.ts';
import type { Client } from '../client/client.ts';
import { addToUserKubeconfig, connect, isInUserKubeconfig, userKubeconfigFile } from './connect.ts';
import { withLock } from './lock.ts';
import { type ClusterPaths, clusterPaths } from './paths.ts';
import { checkNode, checkPort } from './preflight.ts';
import {
  isOrphaned,
  isRunning,
  nodeFlags,
  type ProcessRecord,
  readRecord,
  startSupervised,
  stopSupervised,
} from './process.ts';
import type { Progress } from './progress.ts';
import { type ClusterSettings, nodeAddress, readSettings, settleSettings, storeSettings } from './settings.ts';

export interface UpOptions extends Partial<ClusterSettings> {
  readonly dataDir: string;
  readonly progress: Progress;
}

const serverDeadlineMs = 60_000;
const nodeDeadlineMs = 120_000;
/** For processes to end by themselves. */
export const stopMs = 10_000;

/**
 * Starts whatever of the cluster does not run yet and waits until it is ready. Running it again changes nothing; a
 * second one at the same time waits for the first.
 */
export async function up(options: UpOptions): Promise<void> {
  checkNode();
  const paths = clusterPaths(options.dataDir);
  for (;;) {
    mkdirSync(paths.dataDir, { recursive: true, mode: 0o700 });
    // Not there any more where a reset went ahead: once more, then.
    if (await withLock(paths.dataDir, options.progress, () => start(paths, options))) return;
  }
}

async function start(paths: ClusterPaths, options: UpOptions): Promise<void> {
  const { progress } = options;
  const records = processFiles(paths);
  // Without their supervisors they would not be there again after a crash.
  for (const file of Object.values(records)) if (isOrphaned(file)) await stopSupervised(file, stopMs);
  const server = readRecord(records.server);
  const agent = readRecord(records.agent);
  const settings = settleSettings(readSettings(paths.dataDir), options, { running: server !== undefined });
  if (!server) await checkPort(settings.securePort, '0.0.0.0');
  storeSettings(paths.dataDir, settings);

  const client = await progress.step('Control plane', (detail) =>
    waitForServer(paths, server ?? startServerProcess(paths, settings), detail),
  );
  try {
    await progress.step(`Node ${settings.nodeName}`, async (detail) => {
      const startedAt = Date.now();
      await waitForNode(
        client,
        {
          name: settings.nodeName,
          agent: agent ?? startAgentProcess(paths, settings),
          heardSince: agent ? 0 : startedAt,
          logFile: join(paths.logs, 'agent.log'),
        },
        detail,
      );
    });
  } finally {
    await client.close();
  }
  const running = server !== undefined && agent !== undefined;
  const file = addContext(paths, running);
  const where = `https://127.0.0.1:${settings.securePort}, context "${paths.instance}" in ${file}.`;
  if (running) progress.say(`The cluster runs already, nothing was changed: ${where}`);
  else {
    progress.say(`The cluster is ready: ${where}

Try:
  kubectl get nodes
  kubectl create deployment web --image=IMAGE --replicas=3
  ${process.env.npm_command ? './skiff' : 'skiff'} image load FILE    (brings an image along where there is no registry)`);
  }
}

/** Who has chosen another context since the cluster started keeps it. */
function addContext(paths: ClusterPaths, running: boolean): string {
  try {
    if (running && isInUserKubeconfig(paths.adminKubeconfig, paths.instance)) return userKubeconfigFile();
    return addToUserKubeconfig(paths.adminKubeconfig, paths.instance);
  } catch (error) {
    throw new Error(
      `The cluster runs, but kubectl cannot be told of it: ${(error as Error).message}. ` +
        `Mend that file or move it away, then "skiff up" again; or: export KUBECONFIG=${paths.adminKubeconfig}`,
    );
  }
}

export function processFiles(paths: ClusterPaths): { readonly server: string; readonly agent: string } {
  return { server: join(paths.runDir, 'server.pid'), agent: join(paths.runDir, 'agent.pid') };
}

function startServerProcess(paths: ClusterPaths, settings: ClusterSettings): ProcessRecord {
  return startSelf(paths, 'server', [
    '--secure-port',
    String(settings.securePort),
    '--advertise-address',
    nodeAddress(settings),
    '--service-cluster-ip-range',
    settings.serviceClusterIpRange,
    '--cluster-cidr',
    settings.clusterCidr,
    '--node-name',
    settings.nodeName,
    ...(settings.serverFlags ?? []).map((flag) => `--${flag}`),
  ]);
}

function startAgentProcess(paths: ClusterPaths, settings: ClusterSettings): ProcessRecord {
  return startSelf(paths, 'agent', [
    '--node-name',
    settings.nodeName,
    '--node-ip',
    nodeAddress(settings),
    '--service-cluster-ip-range',
    settings.serviceClusterIpRange,
    '--cluster-cidr',
    settings.clusterCidr,
  ]);
}

/** Starts this very program again, in the background. */
function startSelf(paths: ClusterPaths, part: 'server' | 'agent', flags: readonly string[]): ProcessRecord {
  return startSupervised({
    command: process.execPath,
    args: [...nodeFlags, process.argv[1] ?? '', part, '--data-dir', paths.dataDir, ...flags],
    logFile: join(paths.logs, `${part}.log`),
    pidFile: processFiles(paths)[part],
    // Containers inherit the agent's limits and may want their dumps.
    secretMemory: part === 'server',
  });
}

async function waitForServer(
  paths: ClusterPaths,
  server: ProcessRecord,
  detail: (text: string) => void,
): Promise<Client> {
  const logFile = join(paths.logs, 'server.log');
  const deadline = Date.now() + serverDeadlineMs;
  let problem = 'it has not answered yet';
  while (Date.now() < deadline) {
    if (!isRunning(server)) throw new Error(`The control plane ended: ${lastLogLine(logFile)}`);
    try {
      const client = connect(paths.adminKubeconfig, 'skiff');
      try {
        await client.raw('/readyz', AbortSignal.timeout(2000));
        return client;
      } catch (error) {
        await client.close();
        throw error;
      }
    } catch (error) {
      problem = (error as Error).message;
      detail('waiting until it answers');
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(
    `The control plane is not ready after ${serverDeadlineMs / 1000} s: ${problem}. The end of its log ${logFile}: ${lastLogLine(logFile)}`,
  );
}

/** Waits for a node that is ready and, where its agent has just been started, has been heard of since `heardSince`. */
async function waitForNode(
  client: Client,
  node: {
    readonly name: string;
    readonly agent: ProcessRecord;
    /** Milliseconds since the epoch. */
    readonly heardSince: number;
    readonly logFile: string;
  },
  detail: (text: string) => void,
): Promise<void> {
  const { name, logFile } = node;
  const deadline = Date.now() + nodeDeadlineMs;
  let state = 'it has not registered yet';
  while (Date.now() < deadline) {
    if (!isRunning(node.agent)) throw new Error(`The node agent ended: ${lastLogLine(logFile)}`);
    try {
      state = await whyNotReady(client, name, node.heardSince);
      if (state === '') return;
    } catch (error) {
      if (!isNotFound(error)) state = (error as Error).message;
    }
    detail(state);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(
    `Node ${name} is not ready after ${nodeDeadlineMs / 1000} s: ${state}. The end of its log ${logFile}: ${lastLogLine(logFile)}`,
  );
}

/** "" for a node that is ready. Its status may be from before a restart; its lease tells when it was last heard of. */
async function whyNotReady(client: Client, name: string, heardSince: number): Promise<string> {
  const lease = await client.resource(leases).get('kube-node-lease', name);
  if (Date.parse(lease.spec.renewTime ?? '') < heardSince) return 'it has not been heard of since it was started';
  const node = await client.resource(nodes).get('', name);
  const ready = node.status.conditions?.find((c) => c.type === 'Ready');
  if (ready?.status !== 'True') return ready?.message ?? 'it has not said how it is';
  return isTainted(node) ? 'waiting for its taints to go' : '';
}

/** Whether pods would still be kept off because the node was not ready a moment ago. */
function isTainted(node: Node): boolean {
  return node.spec.taints?.some((t) => t.key === 'node.kubernetes.io/not-ready') ?? false;
}

/** The message of the last log line: what a process said before it ended. */
function lastLogLine(file: string): string {
  try {
    const line = readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
    try {
      const entry = JSON.parse(line) as { msg?: string; err?: { message?: string } };
      return `${entry.msg ?? line}${entry.err?.message ? `: ${entry.err.message}` : ''}`;
    } catch {
      return line || 'it left no message';
    }
  } catch {
    return 'it left no log';
  }
}

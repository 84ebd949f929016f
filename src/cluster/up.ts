import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, nodes } from '../api/core/v1.gen.ts';
import { isNotFound } from '../api/errors.ts';
import type { Client } from '../client/client.ts';
import { addToUserKubeconfig, connect } from './connect.ts';
import { type ClusterPaths, clusterPaths } from './paths.ts';
import { checkNode, checkPort } from './preflight.ts';
import { isRunning, type ProcessRecord, readRecord, startSupervised } from './process.ts';
import type { Progress } from './progress.ts';
import { type ClusterSettings, nodeAddress, settleSettings } from './settings.ts';

export interface UpOptions extends Partial<ClusterSettings> {
  readonly dataDir: string;
  readonly progress: Progress;
}

const serverDeadlineMs = 60_000;
const nodeDeadlineMs = 120_000;

/** Starts whatever of the cluster does not run yet and waits until it is ready. Running it again changes nothing. */
export async function up(options: UpOptions): Promise<void> {
  const { progress } = options;
  checkNode();
  const paths = clusterPaths(options.dataDir);
  const settings = settleSettings(paths.dataDir, options);
  const records = processFiles(paths);
  const running = readRecord(records.server);
  if (!running) await checkPort(settings.securePort, '0.0.0.0');

  const client = await progress.step('Control plane', async (detail) => {
    const server = running ?? startServerProcess(paths, settings);
    return await waitForServer(paths, server, detail);
  });
  try {
    await progress.step(`Node ${settings.nodeName}`, async (detail) => {
      const agent = readRecord(records.agent) ?? startAgentProcess(paths, settings);
      await waitForNode(client, settings.nodeName, agent, join(paths.logs, 'agent.log'), detail);
    });
  } finally {
    await client.close();
  }
  const context = paths.instance;
  const file = addToUserKubeconfig(paths.adminKubeconfig, context);
  progress.say(
    `${running ? 'The cluster runs already' : 'The cluster is ready'}: https://127.0.0.1:${settings.securePort}, context "${context}" in ${file}.

Try:
  kubectl get nodes
  kubectl create deployment web --image=IMAGE --replicas=3
  ${process.env.npm_command ? './skiff' : 'skiff'} image load FILE    (brings an image along where there is no registry)`,
  );
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
    args: [process.argv[1] ?? '', part, '--data-dir', paths.dataDir, ...flags],
    logFile: join(paths.logs, `${part}.log`),
    pidFile: processFiles(paths)[part],
  });
}

async function waitForServer(
  paths: ClusterPaths,
  server: ProcessRecord,
  detail: (text: string) => void,
): Promise<Client> {
  const deadline = Date.now() + serverDeadlineMs;
  let problem = 'it has not answered yet';
  while (Date.now() < deadline) {
    if (!isRunning(server)) throw new Error(`The control plane ended: ${lastLogLine(join(paths.logs, 'server.log'))}`);
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
    `The control plane is not ready after ${serverDeadlineMs / 1000} s: ${problem}. Its log: ${join(paths.logs, 'server.log')}`,
  );
}

async function waitForNode(
  client: Client,
  name: string,
  agent: ProcessRecord,
  logFile: string,
  detail: (text: string) => void,
): Promise<void> {
  const deadline = Date.now() + nodeDeadlineMs;
  let state = 'it has not registered yet';
  while (Date.now() < deadline) {
    if (!isRunning(agent)) throw new Error(`The node agent ended: ${lastLogLine(logFile)}`);
    try {
      const node = await client.resource(nodes).get('', name);
      const ready = node.status.conditions?.find((c) => c.type === 'Ready');
      if (ready?.status === 'True' && !isTainted(node)) return;
      state =
        ready?.status === 'True' ? 'waiting for its taints to go' : (ready?.message ?? 'it has not said how it is');
    } catch (error) {
      if (!isNotFound(error)) state = (error as Error).message;
    }
    detail(state);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Node ${name} is not ready after ${nodeDeadlineMs / 1000} s: ${state}. Its log: ${logFile}`);
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

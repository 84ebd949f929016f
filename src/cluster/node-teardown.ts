import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createHttpClient } from '../client/http/http-client.ts';
import { InformerFactory } from '../client/informer.ts';
import { PodCgroups } from '../kubelet/cgroups.ts';
import { startContainerd } from '../kubelet/containerd/containerd.ts';
import { CriClient } from '../kubelet/cri/client.ts';
import { drainRuntime } from '../kubelet/drain.ts';
import { removeNetwork } from '../network/network.ts';
import { startNodeRoutes } from '../network/node-routes.ts';
import { kernelNames } from '../proxy/names.ts';
import { startProxy } from '../proxy/proxy.ts';
import { run as runCommand } from '../proxy/run.ts';
import { realClock } from '../utils/clock.ts';
import type { Logger } from '../utils/log.ts';
import type { ClusterPaths } from './paths.ts';
import { findCniBinDir } from './preflight.ts';
import type { ClusterSettings } from './settings.ts';

/**
 * Ends every container of the node and takes away all that its agent made on this machine: processes, mounts,
 * interfaces, rules, control groups. The agent must not run. What is gone already is no error, so that it can be run
 * again after a failure, a crash or a reboot.
 */
export async function tearDownNode(
  paths: ClusterPaths,
  settings: Pick<ClusterSettings, 'clusterCidr' | 'serviceClusterIpRange' | 'nodeName'>,
  options: { readonly graceSeconds: number; readonly log: Logger },
): Promise<void> {
  await endContainers(paths, options);
  endProcesses((command) => command.includes(paths.containerd.socket));
  await unmountBelow(paths.dataDir);
  await unmountBelow(paths.runDir);
  await new PodCgroups(`/${paths.instance}`, options.log).tearDown();
  await removeFromKernel(paths, settings, options.log);
}

async function endContainers(
  paths: ClusterPaths,
  options: { readonly graceSeconds: number; readonly log: Logger },
): Promise<void> {
  // Without shims there are no containers to end, and no need for a runtime to ask.
  const alive =
    (await answers(paths.containerd.socket)) || processes((c) => c.includes(paths.containerd.socket)).length > 0;
  if (!alive) return;
  const containerd = await startContainerd({
    dataDir: paths.containerd.dir,
    runDir: paths.containerd.runDir,
    cniBinDir: findCniBinDir() ?? '',
    cniConfDir: paths.cniConfDir,
    clock: realClock,
    log: options.log,
  });
  const cri = new CriClient(containerd.socket);
  try {
    await drainRuntime(cri, realClock, options.graceSeconds, options.log);
  } finally {
    cri.close();
    await containerd.stop();
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function processes(matches: (command: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return /^\S*containerd/.test(command) && matches(command);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Shims that lost their container, and a runtime that did not end when asked. */
function endProcesses(matches: (command: string) => boolean): void {
  for (const pid of processes(matches)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

/** Innermost first. */
async function unmountBelow(dir: string): Promise<void> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((point) => point.startsWith(`${dir}/`));
  for (const point of points.reverse()) await runCommand('umount', ['--lazy', point]);
}

/** The agent's parts know best what they made; they are put together once more, only to clean up. */
async function removeFromKernel(
  paths: ClusterPaths,
  settings: Pick<ClusterSettings, 'clusterCidr' | 'serviceClusterIpRange' | 'nodeName'>,
  log: Logger,
): Promise<void> {
  const clock = realClock;
  // Informers that are never started ask nobody.
  const client = createHttpClient({ config: { server: 'https://127.0.0.1' }, userAgent: 'skiff', clock });
  const informers = new InformerFactory(client, { clock, log });
  const { nodeName } = settings;
  const clusterCIDRs = [settings.clusterCidr];
  await startNodeRoutes({ informers, nodeName, clusterCIDRs, clock, log }).cleanup();
  await removeNetwork({ podCIDRs: clusterCIDRs, confDir: paths.cniConfDir, stateDir: paths.cniStateDir });
  const proxy = await startProxy({
    informers,
    nodeName,
    nodeIPs: [],
    clusterCIDRs,
    serviceCIDRs: [settings.serviceClusterIpRange],
    names: kernelNames(paths.clusterId),
    clock,
    log,
  });
  await proxy.cleanup();
  informers.stop();
  await client.close();
}

import { InformerFactory } from '../client/informer.ts';
import { startSimulatedNodes } from '../kubelet/simulated/simulated-nodes.ts';
import { realClock } from '../utils/clock.ts';
import { createLogger } from '../utils/log.ts';
import { connect } from './connect.ts';
import { clusterPaths } from './paths.ts';

/** Plays nodes against a running cluster until a signal ends it; the Node objects stay, and turn NotReady. */
export async function runSimulation(options: {
  readonly nodes: number;
  readonly prefix: string;
  readonly kubeconfig?: string;
  readonly dataDir: string;
}): Promise<void> {
  const client = connect(options.kubeconfig ?? clusterPaths(options.dataDir).adminKubeconfig, 'kubelet');
  const log = createLogger({ name: 'simulate', level: 'warn' });
  const informers = new InformerFactory(client, { clock: realClock, log });
  const simulated = await startSimulatedNodes({
    client,
    informers,
    clock: realClock,
    log,
    count: options.nodes,
    prefix: options.prefix,
  });
  informers.start();
  await informers.waitForSync();
  console.log(
    `${options.nodes} simulated ${options.nodes === 1 ? 'node takes' : 'nodes take'} pods. Ctrl-C ends them.`,
  );
  // Timers and connections of the client do not keep the process alive by themselves.
  const alive = setInterval(() => {}, 2 ** 30);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  clearInterval(alive);
  await simulated.stop();
  informers.stop();
  await client.close();
}

import { kubernetesVersion } from '../../utils/version.ts';
import { runComponent } from '../run.ts';
import { knownFlags, parseApiServerFlags } from './flags.ts';
import { FlagError } from './values.ts';

/** What finishes deletions that a client has begun; everything else is the test's own affair. */
const defaultControllers = 'namespace-controller,garbage-collector-controller';

/** As kube-apiserver. Further controllers are named in SKIFF_ENVTEST_CONTROLLERS, the log level in SKIFF_LOG_LEVEL. */
export async function runTestApiServer(args: readonly string[], env: Readonly<NodeJS.ProcessEnv>): Promise<void> {
  if (asksFor(args, 'help')) {
    console.log(`Skiff's API server for tests, with kube-apiserver's flags.

Usage:
  kube-apiserver [flags]

Flags:
${knownFlags.map((flag) => `      --${flag}`).join('\n')}`);
    return;
  }
  if (asksFor(args, 'version')) {
    console.log(`Kubernetes ${kubernetesVersion}`);
    return;
  }
  await orRefuse(async () => {
    const flags = parseApiServerFlags(args);
    const controllers = (env.SKIFF_ENVTEST_CONTROLLERS ?? defaultControllers).split(',').filter(Boolean);
    const { startTestApiServer } = await import('./server.ts');
    await runComponent('kube-apiserver', env.SKIFF_LOG_LEVEL ?? 'warn', (log) =>
      startTestApiServer({ flags, controllers, log }),
    );
  });
}

/** As etcd, of which it only has the answer to whether it is well. */
export async function runEtcdStandIn(args: readonly string[]): Promise<void> {
  if (asksFor(args, 'help')) {
    console.log(`A stand-in for etcd that keeps nothing: Skiff's API server for tests needs none.

Flags:
      --listen-client-urls   where to answer that all is well; etcd's other flags have no effect`);
    return;
  }
  if (asksFor(args, 'version')) {
    console.log('etcd Version: 3.6.0 (a stand-in that keeps nothing)');
    return;
  }
  await orRefuse(async () => {
    const { startEtcdStandIn } = await import('./etcd.ts');
    const server = await startEtcdStandIn(args);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void server.stop());
  });
}

const asksFor = (args: readonly string[], flag: string): boolean =>
  args.some((arg) => arg === `--${flag}` || (flag === 'help' && arg === '-h'));

async function orRefuse(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    console.error(`Error: ${error.message}`);
    process.exitCode = 1;
  }
}

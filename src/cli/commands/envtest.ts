import { Command } from 'commander';

/** For the tests of operators: see examples/envtest-go. */
export function envtestCommand(): Command {
  const command = new Command('envtest').description("an API server for controller-runtime's envtest and its like");
  command
    .command('path')
    .description('make a directory for KUBEBUILDER_ASSETS and print its path')
    .option('--dir <dir>', 'where to make it; default: in the cache directory of the user')
    .action(async (options: { readonly dir?: string }) => {
      const { ensureAssets } = await import('../../cluster/envtest/assets.ts');
      const script = process.argv[1] ?? '';
      console.log(ensureAssets({ dir: options.dir, node: process.execPath, script, env: process.env }));
    });
  for (const [name, description] of [
    ['kube-apiserver', 'run the API server for tests'],
    ['etcd', 'run what stands in for etcd'],
  ] as const) {
    command
      .command(`${name} [flags...]`, { hidden: true })
      .description(description)
      .helpOption(false)
      .action(async (flags: readonly string[]) => {
        const { runEtcdStandIn, runTestApiServer } = await import('../../cluster/envtest/run.ts');
        if (name === 'etcd') await runEtcdStandIn(flags);
        else await runTestApiServer(flags, process.env);
      });
  }
  return command;
}

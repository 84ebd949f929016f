import { Command, CommanderError } from 'commander';
import { agentCommand } from './commands/agent.ts';
import { certsCommand } from './commands/certs.ts';
import { envtestCommand } from './commands/envtest.ts';
import { explainCommand } from './commands/explain.ts';
import { imageCommand } from './commands/image.ts';
import { kubeconfigCommand } from './commands/kubeconfig.ts';
import { downCommand, resetCommand, statusCommand, upCommand } from './commands/lifecycle.ts';
import { serverCommand } from './commands/server.ts';
import { simulateCommand } from './commands/simulate.ts';
import { tokenCommand } from './commands/token.ts';
import { versionCommand } from './commands/version.ts';
import { UsageError } from './usage-error.ts';

/** Exit codes: 0 done, 1 failed, 2 wrong use, 78 a configuration that no retry mends (EX_CONFIG of sysexits.h). */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('skiff')
    .description('A Kubernetes cluster in one program.')
    .addHelpText(
      'after',
      `
First steps:
  skiff up                                  start a cluster on this machine
  kubectl get nodes                         kubectl uses it: the context is called "skiff"
  kubectl create deployment web --image=IMAGE
  skiff image load FILE                     bring an image along where there is no registry
  skiff down                                stop it; everything is kept for the next "skiff up"`,
    )
    .showHelpAfterError('Run with --help to see what is possible.')
    .exitOverride();
  for (const command of [
    upCommand(),
    downCommand(),
    resetCommand(),
    statusCommand(),
    serverCommand(),
    agentCommand(),
    simulateCommand(),
    imageCommand(),
    kubeconfigCommand(),
    certsCommand(),
    tokenCommand(),
    explainCommand(),
    envtestCommand(),
    versionCommand(),
  ]) {
    program.addCommand(command.exitOverride());
  }
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    console.error(`skiff: ${message}`);
    if (process.env.SKIFF_DEBUG && error instanceof Error) console.error(error.stack);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}

import { Command } from 'commander';
import { defaultDataDir } from '../../cluster/paths.ts';
import { UsageError } from '../usage-error.ts';

export function simulateCommand(): Command {
  return new Command('simulate')
    .description('nodes and pods that exist only in the API, in the foreground: no root, no containers')
    .option('--nodes <count>', 'how many nodes', parseCount, 1)
    .option('--prefix <name>', 'what the nodes are called, before their number', 'simulated')
    .option('--kubeconfig <file>', "server and credentials; default: the administrator's in the data directory")
    .option('--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir)
    .action(async (options: { nodes: number; prefix: string; kubeconfig?: string; dataDir: string }) => {
      const { runSimulation } = await import('../../cluster/simulate.ts');
      await runSimulation(options);
    });
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 100_000) {
    throw new UsageError(`"${text}" is not a number of nodes (1 to 100000).`);
  }
  return count;
}

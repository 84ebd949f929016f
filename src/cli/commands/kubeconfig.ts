import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { clusterPaths, defaultDataDir } from '../../cluster/paths.ts';

export function kubeconfigCommand(): Command {
  return new Command('kubeconfig')
    .description('print the kubeconfig of the cluster administrator')
    .option('--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir)
    .action((options: { dataDir: string }) => {
      const file = clusterPaths(options.dataDir).adminKubeconfig;
      try {
        process.stdout.write(readFileSync(file, 'utf8'));
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'ENOENT')
          throw new Error(`There is no cluster in ${options.dataDir} yet: start one with "skiff up".`);
        if (code === 'EACCES') throw new Error(`Only the owner may read ${file}: try again with sudo.`);
        throw error;
      }
    });
}

import { Command } from 'commander';
import { kubernetesVersion, skiffVersion } from '../../utils/version.ts';

export function versionCommand(): Command {
  return new Command('version').description('print the version').action(() => {
    console.log(`skiff ${skiffVersion}, speaks Kubernetes ${kubernetesVersion}, runs on Node ${process.version}`);
  });
}

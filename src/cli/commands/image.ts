import { Command } from 'commander';
import { defaultDataDir } from '../../cluster/paths.ts';

export function imageCommand(): Command {
  const image = new Command('image').description('images of the node on this machine');
  image
    .command('load')
    .description('load an OCI or docker archive into the node, for machines without a registry')
    .argument('<file>', 'the archive: from "docker save", "podman save", "skopeo copy ... oci-archive:"')
    .option('--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir)
    .action(async (file: string, options: { dataDir: string }) => {
      const { loadImageIntoCluster } = await import('../../cluster/images.ts');
      for (const name of await loadImageIntoCluster(options.dataDir, file)) console.log(`Loaded ${name}`);
    });
  return image;
}

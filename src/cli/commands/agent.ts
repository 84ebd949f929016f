import { Command, Option } from 'commander';
import type { AgentOptions } from '../../cluster/agent.ts';
import { defaultDataDir } from '../../cluster/paths.ts';

export function agentCommand(): Command {
  return new Command('agent')
    .description('a node in the foreground: containers, service proxy, pod network, DNS')
    .option('--data-dir <dir>', 'where the node keeps everything', defaultDataDir)
    .option('--server <url>', 'the API server, with --token')
    .option(
      '--token <token>',
      'a token of "skiff token create", with which this machine joins; or a bearer token of a node',
    )
    .option('--ca-cert-hash <hash>', 'by what the cluster is known: "sha256:...", from "skiff token create"')
    .option('--certificate-authority <file>', 'certificate authority of the API server, with --server')
    .option('--kubeconfig <file>', 'server and credentials; default: node.kubeconfig in the data directory')
    .option('--node-name <name>', 'name of this node (default: the host name)')
    .option('--node-ip <address>', 'address of this node (default: the one of the default route)')
    .option('--container-runtime-endpoint <socket>', 'a CRI socket to use instead of a containerd of its own')
    .option('--cluster-cidr <cidr>', 'addresses of pods', '10.244.0.0/16')
    .option('--service-cluster-ip-range <cidr>', 'addresses of services', '10.96.0.0/16')
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(['debug', 'info', 'warn', 'error']).default('info'),
    )
    .action(async (options: AgentOptions & { readonly logLevel: string }) => {
      const { runAgent } = await import('../../cluster/run.ts');
      await runAgent(options);
    });
}

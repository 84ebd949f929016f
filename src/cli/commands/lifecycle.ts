import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { defaultDataDir } from '../../cluster/paths.ts';
import { consoleProgress } from '../progress.ts';
import { parsePort, UsageError } from '../usage-error.ts';
import { serverCommand } from './server.ts';

const dataDirOption = ['--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir] as const;

export function upCommand(): Command {
  return new Command('up')
    .description('start a cluster on this machine, in the background, and wait until it is ready')
    .option(...dataDirOption)
    .option('--secure-port <port>', 'port of the API server (default: 6443)', parsePort)
    .option(
      '--node-ip <address>',
      'address of this machine that pods and nodes use (default: the one of the default route)',
    )
    .option('--node-name <name>', 'name of this node (default: the host name)')
    .option('--service-cluster-ip-range <cidr>', 'addresses of services (default: 10.96.0.0/16)')
    .option('--cluster-cidr <cidr>', 'addresses of pods (default: 10.244.0.0/16)')
    .addOption(
      new Option(
        '--server-flag <name=value>',
        'one more flag of "skiff server", kept for later starts (NAME= takes it away; may be repeated)',
      ).argParser((text, before?: readonly string[]) => [...(before ?? []), parseServerFlag(text)]),
    )
    .addHelpText('after', '\nA cluster that was made before carries on with what it was made with.')
    .action(async (options: UpFlags) => {
      const { up } = await import('../../cluster/up.ts');
      await up({ ...options, serverFlags: options.serverFlag, progress: consoleProgress() });
    });
}

interface UpFlags {
  readonly dataDir: string;
  readonly securePort?: number;
  readonly nodeIp?: string;
  readonly nodeName?: string;
  readonly serviceClusterIpRange?: string;
  readonly clusterCidr?: string;
  readonly serverFlag?: readonly string[];
}

/** What `skiff up` sets itself. */
const ownFlags: ReadonlySet<string> = new Set([
  'data-dir',
  'secure-port',
  'advertise-address',
  'service-cluster-ip-range',
  'cluster-cidr',
  'node-name',
]);

/** "NAME=VALUE" of a flag that `skiff server` has. Files are named from the root: later starts may be elsewhere. */
export function parseServerFlag(text: string): string {
  const flag = text.replace(/^--/, '');
  const [name = ''] = flag.split('=', 1);
  if (!flag.includes('=')) throw new UsageError(`--server-flag ${text}: write it as NAME=VALUE.`);
  if (ownFlags.has(name)) throw new UsageError(`--server-flag ${name}: "skiff up" sets it itself.`);
  const option = serverCommand().options.find(({ long }) => long === `--${name}`);
  if (!option)
    throw new UsageError(`--server-flag ${name}: "skiff server" has no such flag (see skiff server --help).`);
  const value = flag.slice(name.length + 1);
  return value !== '' && option.flags.includes('<file>') ? `${name}=${resolve(value)}` : flag;
}

export function downCommand(): Command {
  return new Command('down')
    .description('stop the cluster and its containers; nothing of it stays behind but its data')
    .option(...dataDirOption)
    .action(async (options: { dataDir: string }) => {
      const { down } = await import('../../cluster/down.ts');
      await down({ dataDir: options.dataDir, progress: consoleProgress() });
    });
}

export function resetCommand(): Command {
  return new Command('reset')
    .description('stop the cluster and forget it: its objects, images, volumes and certificates')
    .option(...dataDirOption)
    .option('--yes', 'do not ask')
    .action(async (options: { dataDir: string; yes?: boolean }) => {
      const { reset } = await import('../../cluster/down.ts');
      await reset({ dataDir: options.dataDir, confirmed: options.yes === true, progress: consoleProgress() });
    });
}

export function statusCommand(): Command {
  return new Command('status')
    .description('what runs, and whether it is well; exits 0 when it is')
    .option(...dataDirOption)
    .action(async (options: { dataDir: string }) => {
      const { status } = await import('../../cluster/status.ts');
      const report = await status(options.dataDir);
      for (const line of report.lines) console.log(line);
      process.exitCode = report.healthy ? 0 : 1;
    });
}

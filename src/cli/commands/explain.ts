import { Argument, Command } from 'commander';
import { defaultDataDir } from '../../cluster/paths.ts';
import { parseCount } from '../usage-error.ts';

interface DeniedFlags {
  readonly dataDir: string;
  readonly last: number;
  readonly user?: string;
  readonly auditLog?: string;
}

export function explainCommand(): Command {
  const denied = new Command('denied')
    .description('who said no to requests that were refused, and what would have allowed them')
    .addArgument(new Argument('[audit-id]', 'one request: the Audit-ID header of its answer'))
    .option('--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir)
    .option('--last <number>', 'how many requests', parseCount, 1)
    .option('--user <name>', 'only of this user')
    .option('--audit-log <file>', "another log of audit events in JSON, kube-apiserver's for one")
    .action(async (auditID: string | undefined, { auditLog, ...options }: DeniedFlags) => {
      const { explainDenied } = await import('../../cluster/explain/explain.ts');
      for (const line of await explainDenied({ ...options, auditID, file: auditLog })) console.log(line);
    });
  return new Command('explain').description('why things are as they are').addCommand(denied.exitOverride());
}

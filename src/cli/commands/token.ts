import { Command } from 'commander';
import { defaultDataDir } from '../../cluster/paths.ts';
import { parseDuration } from '../../schema/duration.ts';
import { table } from '../table.ts';
import { UsageError } from '../usage-error.ts';

export function tokenCommand(): Command {
  const token = new Command('token').description('with what other machines join the cluster');
  const dataDir = ['--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir] as const;
  token
    .command('create')
    .description('make a token, and print the command that has a machine join with it')
    .option('--ttl <duration>', 'how long it may be used; 0 is for ever', parseTtl, 86_400_000)
    .option('--description <text>', 'what it is for', '')
    .option(...dataDir)
    .action(async (options: { readonly dataDir: string; readonly ttl: number; readonly description: string }) => {
      const { createToken } = await import('../../cluster/tokens.ts');
      console.log((await createToken(options.dataDir, options)).command);
    });
  token
    .command('list')
    .description('the tokens that there are, without their secrets')
    .option(...dataDir)
    .action(async (options: { readonly dataDir: string }) => {
      const { listTokens } = await import('../../cluster/tokens.ts');
      const rows = (await listTokens(options.dataDir)).map(({ id, expires, description }) => [
        id,
        expires === undefined ? 'never' : new Date(expires).toISOString(),
        description,
      ]);
      console.log(table([['ID', 'EXPIRES', 'DESCRIPTION'], ...rows]));
    });
  token
    .command('delete')
    .description('take a token away; nodes that joined with it stay')
    .argument('<id>')
    .option(...dataDir)
    .action(async (id: string, options: { readonly dataDir: string }) => {
      const { deleteToken } = await import('../../cluster/tokens.ts');
      await deleteToken(options.dataDir, id);
      console.log(`Deleted ${id.split('.')[0]}.`);
    });
  return token;
}

/** Milliseconds of a duration in Go's form, 0 with or without a unit. */
function parseTtl(text: string): number {
  if (text === '0') return 0;
  try {
    const milliseconds = Number(parseDuration(text)) / 1e6;
    if (milliseconds >= 0) return milliseconds;
  } catch {
    // Told below.
  }
  throw new UsageError(`"${text}" is not a duration such as 24h0m0s.`);
}

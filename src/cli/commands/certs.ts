import { Command } from 'commander';
import { defaultDataDir } from '../../cluster/paths.ts';
import { table } from '../table.ts';
import { UsageError } from '../usage-error.ts';

interface RotateOptions {
  readonly dataDir: string;
  readonly ca?: boolean;
  readonly finish?: boolean;
}

export function certsCommand(): Command {
  const certs = new Command('certs').description('the certificates of the cluster on this machine');
  certs
    .command('status')
    .description('what there is, whose it is, and when it ends')
    .option('--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir)
    .action(async ({ dataDir }: { readonly dataDir: string }) => {
      const { certificateStatus, isAuthorityRotating } = await import('../../cluster/certs.ts');
      const rows = certificateStatus(dataDir, Date.now()).map(({ name, subject, expires, daysLeft, signedBy }) => [
        name,
        subject,
        new Date(expires).toISOString().slice(0, 10),
        String(daysLeft),
        signedBy,
      ]);
      console.log(table([['NAME', 'SUBJECT', 'EXPIRES', 'DAYS', 'SIGNED BY'], ...rows]));
      if (isAuthorityRotating(dataDir)) {
        console.log(
          '\nTwo authorities are trusted. When every client knows the new one: skiff certs rotate --ca --finish',
        );
      }
    });
  certs
    .command('rotate')
    .description('make certificates anew before their time; the server takes them up without a restart')
    .argument('[name...]', 'those to renew, as "skiff certs status" names them (all but the authorities)')
    .option('--ca', 'a new authority; the one before is trusted until --finish')
    .option('--finish', 'with --ca: trust the authority before this one no longer')
    .option('--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir)
    .action(async (names: readonly string[], options: RotateOptions) => {
      const { finishAuthorityRotation, rotateAuthority, rotateCertificates } = await import('../../cluster/certs.ts');
      const { dataDir, ca = false, finish = false } = options;
      if (finish && !ca) throw new UsageError('--finish goes with --ca.');
      if (ca && names.length > 0)
        throw new UsageError('--ca renews what the new authority signs, all of it: no names.');
      if (finish) {
        finishAuthorityRotation(dataDir);
        console.log('Only the newest authority is trusted now.');
        return;
      }
      const outcome = await (ca ? rotateAuthority(dataDir) : rotateCertificates(dataDir, names));
      const what = ca ? 'The new authority' : 'What is new';
      console.log(outcome === 'done' ? `${what} is in force.` : `${what} is made when the server starts.`);
      if (!ca) return;
      console.log(`Clients that know only the one before are still served. Renew them (kubeconfigs: "skiff up" or "skiff kubeconfig";
nodes that joined renew themselves; pods when they start anew), then: skiff certs rotate --ca --finish`);
    });
  return certs;
}

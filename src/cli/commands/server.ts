import { Command, Option } from 'commander';
import { defaultDataDir } from '../../cluster/paths.ts';
import type { ServerOptions } from '../../cluster/server.ts';
import { addAdmissionFlags } from '../flags/admission.ts';
import { addAuditFlags } from '../flags/audit.ts';
import { addAuthenticationFlags } from '../flags/authentication.ts';
import { addAuthorizationFlags } from '../flags/authorization.ts';
import { addEncryptionFlags } from '../flags/encryption.ts';
import { addLimitFlags } from '../flags/limits.ts';
import { addServingFlags } from '../flags/serving.ts';
import { parseMilliseconds, parsePort } from '../usage-error.ts';

/** Flags carry kube-apiserver's names where it has them. */
export function serverCommand(): Command {
  const command = new Command('server')
    .description('the control plane in the foreground: API server, controllers, scheduler')
    .option('--data-dir <dir>', 'where the cluster keeps everything', defaultDataDir)
    .option('--bind-address <address>', 'address to listen on', '0.0.0.0')
    .option('--secure-port <port>', 'port to listen on', parsePort, 6443)
    .option('--advertise-address <address>', 'address under which nodes and pods reach this server')
    .option('--service-cluster-ip-range <cidr>', 'addresses of services', '10.96.0.0/16')
    .option('--service-node-port-range <range>', 'ports of services on every node', '30000-32767')
    .option('--cluster-cidr <cidr>', 'addresses of pods', '10.244.0.0/16')
    .option('--node-name <name>', 'make credentials for a node of this name on this machine')
    .option('--tls-san <name>', 'one more name or address for the serving certificate (may be repeated)', collect, [])
    .addOption(
      new Option('--log-level <level>', 'how much to log').choices(['debug', 'info', 'warn', 'error']).default('info'),
    );
  addServingFlags(command).option(
    '--cluster-signing-duration <duration>',
    'the longest life of certificates signed on request (8760h0m0s)',
    parseMilliseconds,
  );
  addAuthenticationFlags(command);
  addAuditFlags(command);
  addAdmissionFlags(command);
  addAuthorizationFlags(command);
  addEncryptionFlags(command);
  addLimitFlags(command);
  return command.action(async (options: ServerOptions & { readonly logLevel: string }) => {
    const { runServer } = await import('../../cluster/run.ts');
    await runServer(options);
  });
}

function collect(value: string, previous: readonly string[]): string[] {
  return [...previous, value];
}

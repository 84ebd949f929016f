import type { Command } from 'commander';
import { listOption, repeatedOption } from './values.ts';

/** kube-apiserver's flags about TLS: ServingFlags of the API server. */
export function addServingFlags(command: Command): Command {
  return command
    .optionsGroup('Serving:')
    .option(
      '--tls-cert-file <file>',
      'certificate to serve with, with those that lead to its authority (one of its own)',
    )
    .option('--tls-private-key-file <file>', 'its key')
    .addOption(
      repeatedOption(
        '--tls-sni-cert-key <cert,key[:names]>',
        'a certificate for clients that ask for one of its names',
      ),
    )
    .option('--tls-min-version <version>', 'VersionTLS10, VersionTLS11, VersionTLS12 or VersionTLS13 (VersionTLS12)')
    .addOption(listOption('--tls-cipher-suites <list>', "of TLS 1.2, by Go's names (what Go offers)"));
}

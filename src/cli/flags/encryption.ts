import type { Command } from 'commander';

/** kube-apiserver's flags about what is encrypted on disk: EncryptionFlags of the API server. */
export function addEncryptionFlags(command: Command): Command {
  return command
    .optionsGroup('Encryption at rest:')
    .option('--encryption-provider-config <file>', 'an EncryptionConfiguration: which resources are encrypted, and how')
    .option(
      '--encryption-provider-config-automatic-reload',
      'put changes of the file in force without a restart (false)',
      false,
    );
}

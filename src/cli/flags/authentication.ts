import type { Command } from 'commander';
import { parseMilliseconds } from '../usage-error.ts';
import { booleanOption, listOption, repeatedOption } from './values.ts';

/** kube-apiserver's flags about who asks: AuthenticationFlags of the API server. */
export function addAuthenticationFlags(command: Command): Command {
  return command
    .optionsGroup('Authentication:')
    .option('--token-auth-file <file>', 'static bearer tokens, a line each: token,user,uid,"group1,group2"')
    .addOption(booleanOption('anonymous-auth', 'whether who shows no credentials is system:anonymous (true)'))
    .addOption(
      listOption('--api-audiences <list>', 'what tokens have to be for (the issuers of service account tokens)'),
    )
    .addOption(
      repeatedOption(
        '--service-account-issuer <url>',
        'issuer of service account tokens; the first signs, all are good',
      ),
    )
    .option('--service-account-jwks-uri <url>', 'where discovery says that the keys are (at this server)')
    .option('--service-account-signing-key-file <file>', 'private key that signs service account tokens')
    .addOption(repeatedOption('--service-account-key-file <file>', 'keys whose service account tokens are good, too'))
    .option('--service-account-max-token-expiration <duration>', 'the longest life of a token', parseMilliseconds)
    .addOption(
      booleanOption(
        'service-account-extend-token-expiration',
        'whether the tokens of pods live a year, for clients that read them once (true)',
      ),
    );
}

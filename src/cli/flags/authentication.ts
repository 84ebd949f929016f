import type { Command } from 'commander';
import { parseMilliseconds, parseWait } from '../usage-error.ts';
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
    .option('--authentication-config <file>', 'AuthenticationConfiguration: issuers of tokens, and anonymous requests')
    .option('--authentication-token-webhook-config-file <file>', 'kubeconfig of who is asked whose a token is')
    .option('--authentication-token-webhook-version <version>', 'of its TokenReviews: v1, v1beta1 (v1beta1)')
    .option('--authentication-token-webhook-cache-ttl <duration>', 'how long its answers count (2m0s)', parseWait)
    .addOption(booleanOption('enable-bootstrap-token-auth', 'whether bootstrap tokens let machines join').default(true))
    .option('--oidc-issuer-url <url>', 'issuer of OpenID Connect, where there is but one')
    .option('--oidc-client-id <id>', 'whom its tokens have to be for')
    .option('--oidc-ca-file <file>', 'who signs its certificate')
    .option('--oidc-username-claim <claim>', 'what its users are named by (sub)')
    .option('--oidc-username-prefix <prefix>', 'what their names begin with (the issuer and #; - for nothing)')
    .option('--oidc-groups-claim <claim>', 'what groups they are in')
    .option('--oidc-groups-prefix <prefix>', "what their groups' names begin with")
    .addOption(repeatedOption('--oidc-required-claim <claim=value>', 'what its tokens have to say'))
    .addOption(listOption('--oidc-signing-algs <list>', 'how it may sign (RS256)'))
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

import type { Command } from 'commander';
import { parseMilliseconds } from '../usage-error.ts';

/** kube-apiserver's flags about who may do what: AuthorizationFlags of the API server. */
export function addAuthorizationFlags(command: Command): Command {
  return command
    .optionsGroup('Authorization:')
    .option('--authorization-mode <modes>', 'in order: Node, RBAC, Webhook, ABAC, AlwaysAllow, AlwaysDeny (Node,RBAC)')
    .option('--authorization-config <file>', 'AuthorizationConfiguration, instead of modes; may change at any time')
    .option('--authorization-policy-file <file>', 'policies of the mode ABAC, a JSON object a line')
    .option('--authorization-webhook-config-file <file>', 'kubeconfig: whom the mode Webhook asks')
    .option('--authorization-webhook-version <version>', 'of the SubjectAccessReview that is sent (v1beta1)')
    .option(
      '--authorization-webhook-cache-authorized-ttl <duration>',
      'how long a yes of the webhook is good (5m0s)',
      parseMilliseconds,
    )
    .option(
      '--authorization-webhook-cache-unauthorized-ttl <duration>',
      'how long a no of the webhook is good (30s)',
      parseMilliseconds,
    );
}

import type {
  MutatingWebhookConfiguration,
  RuleWithOperations,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../../api/admissionregistration/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { validateMutatingWebhooks, validateValidatingWebhooks } from '../../validation/admission.ts';
import { age } from '../cells.ts';
import { define } from '../define.ts';
import { countsChanges } from '../spec-and-status.ts';

export function setRuleDefaults(rules: readonly Mutable<RuleWithOperations>[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

/** Of both kinds of webhooks. */
function setWebhookDefaults(webhook: Mutable<ValidatingWebhook>): void {
  webhook.failurePolicy ??= 'Fail';
  webhook.matchPolicy ??= 'Equivalent';
  webhook.namespaceSelector ??= {};
  webhook.objectSelector ??= {};
  webhook.timeoutSeconds ??= 10;
  setRuleDefaults(webhook.rules);
  const { service } = webhook.clientConfig;
  if (service) service.port ??= 443;
}

/** https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ */
export const validatingWebhookConfiguration = define<ValidatingWebhookConfiguration>({
  validateCreate: (configuration) => validateValidatingWebhooks(configuration),
  validateUpdate: validateValidatingWebhooks,
  ...countsChanges,
  setDefaults: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) setWebhookDefaults(webhook);
  },
  tableCells: (config, now) => [config.metadata.name, config.webhooks?.length ?? 0, age(config, now)],
  allowUnconditionalUpdate: false,
});

export const mutatingWebhookConfiguration = define<MutatingWebhookConfiguration>({
  validateCreate: (configuration) => validateMutatingWebhooks(configuration),
  validateUpdate: validateMutatingWebhooks,
  ...countsChanges,
  setDefaults: ({ webhooks }) => {
    for (const webhook of webhooks ?? []) {
      setWebhookDefaults(webhook);
      webhook.reinvocationPolicy ??= 'Never';
    }
  },
  tableCells: (config, now) => [config.metadata.name, config.webhooks?.length ?? 0, age(config, now)],
  allowUnconditionalUpdate: false,
});

import type { AdmissionOperation } from '../admission.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { Surroundings } from '../policies/attributes.ts';
import type { WebhookClient } from './client.ts';
import type { InvocationOptions } from './invocation.ts';
import type { WebhookMetrics } from './metrics.ts';

/** What both plugins of webhooks need. */
export interface WebhookOptions extends Surroundings, InvocationOptions {
  readonly objects: ObjectReader;
  readonly client: WebhookClient;
  readonly metrics: WebhookMetrics;
}

const configurations: ReadonlySet<string> = new Set([
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
]);

/** All but what webhooks and policies are configured with: a webhook that fails must not keep others from mending it. */
export const handlesWebhooks = (_: AdmissionOperation, group: string, resource: string): boolean =>
  group !== 'admissionregistration.k8s.io' || !configurations.has(resource);

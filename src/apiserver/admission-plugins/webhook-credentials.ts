import { isAbsolute } from 'node:path';
import { aggregate, fieldErrors, Path } from '../../schema/field-error.ts';
import { configKind } from '../config-file/kinds.ts';
import { type KubeconfigUser, readKubeconfigUsers } from '../config-file/kubeconfig.ts';
import type { PluginConfigurations } from './configuration.ts';

const kind = configKind<{ readonly kubeConfigFile?: string }>('WebhookAdmissionConfiguration', {
  'apiserver.config.k8s.io/v1': { WebhookAdmissionConfiguration: { kubeConfigFile: { type: 'string' } } },
});

/** What webhooks are shown, by where they are: "HOST:PORT". */
export type WebhookCredentials = (host: string) => KubeconfigUser | undefined;

/**
 * The users of the kubeconfig that a plugin of webhooks is given. They are named like the servers they are for:
 * "webhook.ns.svc", "webhook.example.com:8443", "*.example.com", "*".
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#authenticate-apiservers
 */
export function readWebhookCredentials(
  configurations: PluginConfigurations,
  plugin: 'MutatingAdmissionWebhook' | 'ValidatingAdmissionWebhook',
): WebhookCredentials | undefined {
  const { kubeConfigFile: file } = configurations.of(plugin, kind) ?? {};
  if (!file) return undefined;
  if (!isAbsolute(file)) {
    const complaint = fieldErrors.invalid(Path.of('kubeConfigFile'), file, 'must be an absolute file path');
    throw configurations.refuse(plugin, aggregate([complaint]));
  }
  const { users, current } = readKubeconfigUsers(file, `--admission-control-config-file: ${plugin}`);
  return (host) => {
    const bare = host.endsWith(':443') ? host.slice(0, -':443'.length) : undefined;
    for (const name of [...namesFor(host), ...(bare === undefined ? [] : namesFor(bare)), '*']) {
      const user = users.get(name);
      if (user) return user;
    }
    return current === undefined ? undefined : users.get(current);
  };
}

/** "a.b.c", "*.b.c", "*.c" */
function namesFor(host: string): string[] {
  const parts = host.split('.');
  return [host, ...parts.slice(1).map((_, i) => `*.${parts.slice(i + 1).join('.')}`)];
}

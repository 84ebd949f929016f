import { ConfigurationError } from '../../utils/configuration-error.ts';
import { PluginConfigurations } from './configuration.ts';
import { type EventLimit, readEventLimits } from './event-rate-limit.ts';
import { type ImagePolicySettings, readImagePolicy } from './image-policy.ts';
import { type PluginName, selectPlugins } from './names.ts';
import { decodeNodeSelectors, type NodeSelectors } from './pod-node-selector.ts';
import { type PodSecuritySettings, readPodSecuritySettings } from './pod-security/configuration.ts';
import { readTolerationRestrictions, type TolerationRestrictions } from './pod-toleration-restriction.ts';
import { type LimitedResource, readLimitedResources } from './quota/configuration.ts';
import { readWebhookCredentials, type WebhookCredentials } from './webhook-credentials.ts';

/** kube-apiserver's flags about admission, by their names. */
export interface AdmissionFlags {
  readonly enableAdmissionPlugins?: readonly string[];
  readonly disableAdmissionPlugins?: readonly string[];
  readonly admissionControlConfigFile?: string;
  /** Seconds that pods stay on a node that is not ready or not reachable, unless they say otherwise. */
  readonly defaultNotReadyTolerationSeconds?: number;
  readonly defaultUnreachableTolerationSeconds?: number;
}

/** Which plugins work, and how. */
export interface AdmissionSettings {
  readonly plugins: ReadonlySet<PluginName>;
  readonly notReadyTolerationSeconds?: number;
  readonly unreachableTolerationSeconds?: number;
  readonly podSecurity?: PodSecuritySettings;
  readonly limitedResources?: readonly LimitedResource[];
  readonly eventLimits?: readonly EventLimit[];
  readonly nodeSelectors?: NodeSelectors;
  readonly tolerationRestrictions?: TolerationRestrictions;
  readonly imagePolicy?: ImagePolicySettings;
  readonly mutatingWebhookCredentials?: WebhookCredentials;
  readonly validatingWebhookCredentials?: WebhookCredentials;
}

/**
 * Reads the file that the flags name, as far as it is about plugins that work. `on`: those that work unless they are
 * disabled. Throws a ConfigurationError for what makes no sense, in words that name flag, file and plugin.
 */
export function readAdmissionFlags(flags: AdmissionFlags, on: ReadonlySet<PluginName>): AdmissionSettings {
  const { admissionControlConfigFile: file } = flags;
  const plugins = selectPlugins(flags.enableAdmissionPlugins ?? [], flags.disableAdmissionPlugins ?? [], on);
  const configurations = file === undefined ? PluginConfigurations.none : PluginConfigurations.read(file);
  const of = <T>(plugin: PluginName, read: () => T): T | undefined => (plugins.has(plugin) ? read() : undefined);
  return {
    plugins,
    notReadyTolerationSeconds: flags.defaultNotReadyTolerationSeconds,
    unreachableTolerationSeconds: flags.defaultUnreachableTolerationSeconds,
    podSecurity: of('PodSecurity', () => readPodSecuritySettings(configurations)),
    limitedResources: of('ResourceQuota', () => readLimitedResources(configurations)),
    eventLimits: of('EventRateLimit', () => readEventLimits(configurations)),
    nodeSelectors: of('PodNodeSelector', () => configurations.check('PodNodeSelector', decodeNodeSelectors)),
    tolerationRestrictions: of('PodTolerationRestriction', () => readTolerationRestrictions(configurations)),
    imagePolicy: of('ImagePolicyWebhook', () => {
      const policy = readImagePolicy(configurations);
      if (!policy)
        throw new ConfigurationError(
          'enable-admission-plugins: ImagePolicyWebhook: no config specified: name its file with --admission-control-config-file',
        );
      return policy;
    }),
    mutatingWebhookCredentials: of('MutatingAdmissionWebhook', () =>
      readWebhookCredentials(configurations, 'MutatingAdmissionWebhook'),
    ),
    validatingWebhookCredentials: of('ValidatingAdmissionWebhook', () =>
      readWebhookCredentials(configurations, 'ValidatingAdmissionWebhook'),
    ),
  };
}

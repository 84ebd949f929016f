import { ConfigurationError } from '../../utils/configuration-error.ts';

/** Every built-in plugin in the order in which Kubernetes v1.36 asks them, whatever the order in flags. */
export const allOrderedPlugins = [
  'AlwaysAdmit',
  'NamespaceAutoProvision',
  'NamespaceLifecycle',
  'NamespaceExists',
  'LimitPodHardAntiAffinityTopology',
  'LimitRanger',
  'ServiceAccount',
  'NodeRestriction',
  'TaintNodesByCondition',
  'AlwaysPullImages',
  'ImagePolicyWebhook',
  'PodSecurity',
  'PodNodeSelector',
  'Priority',
  'DefaultTolerationSeconds',
  'PodTolerationRestriction',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'DefaultStorageClass',
  'StorageObjectInUseProtection',
  'PodGroupProtection',
  'OwnerReferencesPermissionEnforcement',
  'PersistentVolumeClaimResize',
  'RuntimeClass',
  'CertificateApproval',
  'CertificateSigning',
  'ClusterTrustBundleAttest',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'DenyServiceExternalIPs',
  'PodTopologyLabels',
  'PodGroupWorkloadExists',
  'NodeDeclaredFeatureValidator',
  'JobValidation',
  'PodResizeValidator',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
  'AlwaysDeny',
] as const;

export type PluginName = (typeof allOrderedPlugins)[number];

/** Those that only work where somebody has asked for them. */
const defaultOff: ReadonlySet<PluginName> = new Set([
  'AlwaysAdmit',
  'AlwaysDeny',
  'AlwaysPullImages',
  'DenyServiceExternalIPs',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'ImagePolicyWebhook',
  'LimitPodHardAntiAffinityTopology',
  'NamespaceAutoProvision',
  'NamespaceExists',
  'NodeRestriction',
  'OwnerReferencesPermissionEnforcement',
  'PodNodeSelector',
  'PodTolerationRestriction',
]);

/** What kube-apiserver turns on by itself. */
export const defaultOnPlugins: ReadonlySet<PluginName> = new Set(
  allOrderedPlugins.filter((name) => !defaultOff.has(name)),
);

const isPlugin = (name: string): name is PluginName => allOrderedPlugins.some((known) => known === name);

/**
 * The plugins of --enable-admission-plugins and --disable-admission-plugins, on top of those that are on by themselves.
 * Throws a ConfigurationError, in kube-apiserver's words, for names that are unknown or in both.
 */
export function selectPlugins(
  enable: readonly string[],
  disable: readonly string[],
  on: ReadonlySet<PluginName> = defaultOnPlugins,
): ReadonlySet<PluginName> {
  const known = (flag: string, names: readonly string[]): PluginName[] =>
    names.map((name) => {
      if (!isPlugin(name)) throw new ConfigurationError(`${flag} plugin "${name}" is unknown`);
      return name;
    });
  const [more, fewer] = [
    known('enable-admission-plugins', enable),
    new Set(known('disable-admission-plugins', disable)),
  ];
  const both = [...new Set(more.filter((name) => fewer.has(name)))].sort();
  if (both.length > 0)
    throw new ConfigurationError(
      `[${both.join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`,
    );
  return new Set([...[...on].filter((name) => !fewer.has(name)), ...more]);
}

import type { Clock } from '../../utils/clock.ts';
import type { Registry } from '../../utils/metrics.ts';
import type { AdmissionPlugin, Authorizer } from '../admission.ts';
import { RemoteWebhook } from '../config-file/remote-webhook.ts';
import type { ResourceTable } from '../core.ts';
import { alwaysAdmit, alwaysDeny } from './always.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { limitPodHardAntiAffinityTopology } from './anti-affinity.ts';
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from './certificates.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { denyServiceExternalIPs } from './deny-service-external-ips.ts';
import { eventRateLimit } from './event-rate-limit.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import type { AdmissionSettings } from './flags.ts';
import { imagePolicyWebhook } from './image-policy.ts';
import { limitRanger } from './limit-ranger.ts';
import { allOrderedPlugins, type PluginName } from './names.ts';
import { namespaceAutoProvision, namespaceExists } from './namespace-existence.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeDeclaredFeatureValidator } from './node-declared-features.ts';
import { nodeRestriction } from './node-restriction.ts';
import { ownerReferencesPermissionEnforcement } from './owner-references.ts';
import { podNodeSelector } from './pod-node-selector.ts';
import { podResizeValidator } from './pod-resize.ts';
import { PodSecurityMetrics } from './pod-security/metrics.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { podTolerationRestriction } from './pod-toleration-restriction.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { type QuotaWriter, resourceQuota } from './quota/resource-quota.ts';
import type { AdmissionReaders } from './readers.ts';
import { runtimeClass } from './runtime-class.ts';
import { type ServiceAccountPluginOptions, serviceAccount } from './service-account.ts';
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

export interface PluginParts {
  readonly readers: AdmissionReaders;
  readonly settings: AdmissionSettings;
  readonly authorizer: Authorizer;
  readonly quotaWriter: QuotaWriter;
  readonly serviceAccount: ServiceAccountPluginOptions;
  readonly resources: () => ResourceTable | undefined;
  readonly makeNamespace: (name: string) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly registry?: Registry;
  /** Plugins that have folders of their own. */
  readonly others: Readonly<Partial<Record<PluginName, () => AdmissionPlugin>>>;
  /** What Kubernetes' storage checks, between the plugins that change objects and those that look at the result. */
  readonly beforeValidation: AdmissionPlugin;
}

/** For a review of images, its retries included. Milliseconds. */
const REVIEW_MS = 30_000;

/**
 * The plugins of the settings in Kubernetes' order. Some have no effect in v1.36 as it comes: what they are about is
 * behind feature gates that are off.
 */
export function buildPlugins(parts: PluginParts): readonly AdmissionPlugin[] {
  const { readers, settings, authorizer, clock, random, others } = parts;
  const makers: Readonly<Partial<Record<PluginName, () => AdmissionPlugin>>> = {
    AlwaysAdmit: alwaysAdmit,
    NamespaceAutoProvision: () => namespaceAutoProvision(readers, parts.makeNamespace),
    NamespaceLifecycle: () => namespaceLifecycle(readers),
    NamespaceExists: () => namespaceExists(readers),
    LimitPodHardAntiAffinityTopology: limitPodHardAntiAffinityTopology,
    LimitRanger: () => limitRanger(readers),
    ServiceAccount: () => serviceAccount(readers, parts.serviceAccount),
    NodeRestriction: () => nodeRestriction({ readers, authorizer }),
    TaintNodesByCondition: taintNodesByCondition,
    AlwaysPullImages: alwaysPullImages,
    ImagePolicyWebhook: () => {
      const policy = settings.imagePolicy;
      if (!policy) throw new Error('ImagePolicyWebhook has no configuration');
      const { kubeconfig, retryBackoffMs: retryMs } = policy;
      const webhook = new RemoteWebhook(kubeconfig, { clock, random, timeoutMs: REVIEW_MS, retryMs });
      return imagePolicyWebhook({ settings: policy, clock, ask: (review) => webhook.post(review) });
    },
    PodSecurity: () =>
      podSecurity({
        readers,
        settings: settings.podSecurity,
        clock,
        metrics: new PodSecurityMetrics(parts.registry),
      }),
    PodNodeSelector: () => podNodeSelector(readers, settings.nodeSelectors ?? {}),
    Priority: () => priority(readers),
    DefaultTolerationSeconds: () =>
      defaultTolerationSeconds(settings.notReadyTolerationSeconds, settings.unreachableTolerationSeconds),
    PodTolerationRestriction: () => podTolerationRestriction(readers, settings.tolerationRestrictions ?? {}),
    EventRateLimit: () => eventRateLimit(settings.eventLimits ?? [], clock),
    ExtendedResourceToleration: extendedResourceToleration,
    DefaultStorageClass: () => defaultStorageClass(readers),
    StorageObjectInUseProtection: storageObjectInUseProtection,
    OwnerReferencesPermissionEnforcement: () => ownerReferencesPermissionEnforcement(authorizer, parts.resources),
    PersistentVolumeClaimResize: () => persistentVolumeClaimResize(readers),
    RuntimeClass: () => runtimeClass(readers),
    CertificateApproval: () => certificateApproval(authorizer),
    CertificateSigning: () => certificateSigning(authorizer),
    ClusterTrustBundleAttest: () => clusterTrustBundleAttest(authorizer),
    CertificateSubjectRestriction: certificateSubjectRestriction,
    DefaultIngressClass: () => defaultIngressClass(readers),
    DenyServiceExternalIPs: denyServiceExternalIPs,
    PodTopologyLabels: () => podTopologyLabels(readers),
    NodeDeclaredFeatureValidator: () => nodeDeclaredFeatureValidator(readers),
    PodResizeValidator: () => podResizeValidator(readers),
    ResourceQuota: () => resourceQuota(readers, parts.quotaWriter, settings.limitedResources),
    AlwaysDeny: alwaysDeny,
    ...others,
  };
  const validating = allOrderedPlugins.indexOf('ValidatingAdmissionPolicy');
  const made = (names: readonly PluginName[]) =>
    names.filter((name) => settings.plugins.has(name)).flatMap((name) => makers[name]?.() ?? []);
  return [
    ...made(allOrderedPlugins.slice(0, validating)),
    parts.beforeValidation,
    ...made(allOrderedPlugins.slice(validating)),
  ];
}

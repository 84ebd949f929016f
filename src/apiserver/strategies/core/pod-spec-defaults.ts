import type {
  Container,
  ContainerPort,
  DownwardAPIVolumeFile,
  EphemeralContainer,
  HTTPGetAction,
  LifecycleHandler,
  PersistentVolumeClaimSpec,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Volume,
} from '../../../api/core/v1.gen.ts';
import type { Mutable } from '../../../api/resource.ts';
import { defaultPullPolicy } from './image-tag.ts';
import { roundQuantities } from './resource-list.ts';

/** Permission bits of files that volumes are made of, where nothing else is said: 0644. */
const FILE_MODE = 0o644;
const TERMINATION_GRACE_SECONDS = 30;
const TOKEN_SECONDS = 3600;

/** What a pod spec means by what it leaves out, in pods and in templates of pods. */
export function setPodSpecDefaults(spec: Mutable<PodSpec>): void {
  // A pod without containers is for validation to refuse; until then nobody trips over it.
  spec.containers ??= [];
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= TERMINATION_GRACE_SECONDS;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ??= 'default-scheduler';
  // serviceAccount is the old name of the field; both are always shown.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  spec.volumes?.forEach(setVolumeDefaults);
  spec.initContainers?.forEach(setContainerDefaults);
  spec.containers.forEach(setContainerDefaults);
  spec.ephemeralContainers?.forEach(setContainerDefaults);
  if (spec.overhead) roundQuantities(spec.overhead);
  if (spec.resources?.limits) roundQuantities(spec.resources.limits);
  if (spec.resources?.requests) roundQuantities(spec.resources.requests);
}

/** The same for a template; one that is missing is for validation to find. */
export function setPodTemplateDefaults(template: Mutable<PodTemplateSpec> | undefined): void {
  if (template?.spec) setPodSpecDefaults(template.spec);
}

function setContainerDefaults(container: Mutable<Container> | Mutable<EphemeralContainer>): void {
  for (const port of container.ports ?? []) (port as Partial<Mutable<ContainerPort>>).protocol ??= 'TCP';
  for (const { valueFrom } of container.env ?? []) if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1';
  const { limits, requests } = container.resources;
  if (limits) roundQuantities(limits);
  if (requests) roundQuantities(requests);
  if (container.livenessProbe) setProbeDefaults(container.livenessProbe);
  if (container.readinessProbe) setProbeDefaults(container.readinessProbe);
  if (container.startupProbe) setProbeDefaults(container.startupProbe);
  if (container.lifecycle) {
    setHandlerDefaults(container.lifecycle.postStart);
    setHandlerDefaults(container.lifecycle.preStop);
  }
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= defaultPullPolicy(container.image);
}

function setProbeDefaults(probe: Mutable<Probe>): void {
  if (probe.httpGet) setHttpGetDefaults(probe.httpGet);
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
}

function setHandlerDefaults(handler: Mutable<LifecycleHandler> | undefined): void {
  if (handler?.httpGet) setHttpGetDefaults(handler.httpGet);
}

function setHttpGetDefaults(get: Mutable<HTTPGetAction>): void {
  get.path ??= '/';
  get.scheme ??= 'HTTP';
}

function setVolumeDefaults(volume: Mutable<Volume>): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.secret) volume.secret.defaultMode ??= FILE_MODE;
  if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE;
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= FILE_MODE;
    setFieldVersions(volume.downwardAPI.items);
  }
  if (volume.projected) {
    volume.projected.defaultMode ??= FILE_MODE;
    for (const { downwardAPI, serviceAccountToken } of volume.projected.sources ?? []) {
      setFieldVersions(downwardAPI?.items);
      if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= TOKEN_SECONDS;
    }
  }
  if (volume.azureDisk) {
    volume.azureDisk.cachingMode ??= 'ReadWrite';
    volume.azureDisk.kind ??= 'Shared';
  }
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) setClaimSpecDefaults(claim);
  if (volume.image) volume.image.pullPolicy ??= defaultPullPolicy(volume.image.reference);
}

function setFieldVersions(files: Mutable<DownwardAPIVolumeFile>[] | undefined): void {
  for (const { fieldRef } of files ?? []) if (fieldRef) fieldRef.apiVersion ??= 'v1';
}

/** Of claims, and of templates of claims. */
export function setClaimSpecDefaults(spec: Mutable<PersistentVolumeClaimSpec>): void {
  spec.volumeMode ??= 'Filesystem';
  if (spec.resources?.limits) roundQuantities(spec.resources.limits);
  if (spec.resources?.requests) roundQuantities(spec.resources.requests);
}

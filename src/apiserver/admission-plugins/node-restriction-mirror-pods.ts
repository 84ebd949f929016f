import type { Container, Pod, ProjectedVolumeSource, Volume } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import { quote } from '../../schema/quote.ts';
import type { AdmissionRequest } from '../admission.ts';
import { type AdmissionReaders, objectOf, refusal } from './readers.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';

/** A kubelet shows the pods of its own manifests as mirror pods: bound to it, and with nothing to read in the API. */
export function checkMirrorPod(request: AdmissionRequest, node: string, readers: Pick<AdmissionReaders, 'node'>): void {
  const pod = objectOf<Pod>(request);
  const { spec, metadata } = pod;
  const quoted = quote(node);
  if (metadata.annotations?.[mirrorAnnotation] === undefined)
    throw refusal(
      request,
      `pod does not have ${quote(mirrorAnnotation)} annotation, node ${quoted} can only create mirror pods`,
    );
  if (spec.nodeName !== node)
    throw refusal(request, `node ${quoted} can only create pods with spec.nodeName set to itself`);
  const [owner, another] = metadata.ownerReferences ?? [];
  if (another)
    throw refusal(request, `node ${quoted} can only create pods with a single owner reference set to itself`);
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    throw refusal(request, `node ${quoted} can only create pods with an owner reference set to itself`);
  if (!owner.controller)
    throw refusal(request, `node ${quoted} can only create pods with a controller owner reference set to itself`);
  if (owner.blockOwnerDeletion)
    throw refusal(request, `node ${quoted} must not set blockOwnerDeletion on an owner reference`);
  const itself = readers.node(node);
  if (!itself) throw errors.notFound({ group: '', resource: 'node' }, node);
  if (owner.uid !== itself.metadata.uid)
    throw refusal(request, `node ${node} UID mismatch: expected ${owner.uid} got ${itself.metadata.uid}`);
  const referred = referredObjects(pod);
  if (referred !== undefined) throw refusal(request, `node ${quoted} can not create pods that reference ${referred}`);
}

/** The first sort of API objects that a pod needs; undefined where it needs none. */
function referredObjects({ spec }: Pod): string | undefined {
  if (spec.serviceAccountName) return 'serviceaccounts';
  if (refersToSecrets(spec)) return 'secrets';
  if (refersToConfigMaps(spec)) return 'configmaps';
  if (spec.resourceClaims?.length) return 'resourceclaims';
  for (const volume of spec.volumes ?? []) {
    const referred = volume.projected ? ofProjection(volume.projected) : ofVolume(volume);
    if (referred !== undefined) return referred;
  }
  return undefined;
}

const containersOf = (spec: Pod['spec']): readonly Pick<Container, 'env' | 'envFrom'>[] => [
  ...(spec.initContainers ?? []),
  ...spec.containers,
  ...(spec.ephemeralContainers ?? []),
];

function refersToSecrets(spec: Pod['spec']): boolean {
  return (
    (spec.imagePullSecrets ?? []).length > 0 ||
    containersOf(spec).some(
      ({ env, envFrom }) =>
        envFrom?.some((from) => from.secretRef) || env?.some(({ valueFrom }) => valueFrom?.secretKeyRef),
    ) ||
    (spec.volumes ?? []).some(
      (v) =>
        v.secret ||
        v.azureFile ||
        v.cephfs?.secretRef ||
        v.cinder?.secretRef ||
        v.flexVolume?.secretRef ||
        v.rbd?.secretRef ||
        v.scaleIO?.secretRef ||
        v.iscsi?.secretRef ||
        v.storageos?.secretRef ||
        v.csi?.nodePublishSecretRef ||
        v.projected?.sources?.some((source) => source.secret),
    )
  );
}

function refersToConfigMaps(spec: Pod['spec']): boolean {
  return (
    containersOf(spec).some(
      ({ env, envFrom }) =>
        envFrom?.some((from) => from.configMapRef) || env?.some(({ valueFrom }) => valueFrom?.configMapKeyRef),
    ) || (spec.volumes ?? []).some((v) => v.configMap || v.projected?.sources?.some((source) => source.configMap))
  );
}

function ofVolume(volume: Volume): string | undefined {
  if (volume.csi) return 'csidrivers (via CSI volumes)';
  if (volume.glusterfs) return 'endpoints (via glusterFS volumes)';
  if (volume.persistentVolumeClaim) return 'persistentvolumeclaims';
  if (volume.ephemeral) return 'persistentvolumeclaims (via ephemeral volumes)';
  return undefined;
}

function ofProjection({ sources }: ProjectedVolumeSource): string | undefined {
  for (const source of sources ?? []) {
    if (source.serviceAccountToken) return 'serviceaccounts (via projected volumes)';
    if (source.clusterTrustBundle) return 'clustertrustbundles';
    if (source.podCertificate) return 'podcertificates';
  }
  return undefined;
}

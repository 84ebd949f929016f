import type { Container, Pod, ProjectedVolumeSource, ServiceAccount, VolumeProjection } from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { Mutable } from '../../api/resource.ts';
import { deepFreeze } from '../../schema/freeze.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { type AdmissionReaders, isTrue, mutableOf, objectOf, refusal } from './readers.ts';

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const enforceMountableAnnotation = 'kubernetes.io/enforce-mountable-secrets';
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour and a bit: by the odd number the token request is known to come from here (see the token subresource). */
const podTokenSeconds = 3607;

export interface ServiceAccountPluginOptions {
  /**
   * Projects the config map "openshift-service-ca.crt" beside the cluster's CA, as the recorded v1.36 answers have it.
   * Pods then start only where something publishes that config map in every namespace. Default false: Kubernetes' own
   * three sources.
   */
  readonly projectServiceCa?: boolean;
  /** The characters after "kube-api-access-". */
  readonly suffix: () => string;
}

/**
 * Every pod runs as a service account, and sees its token unless somebody does not want that.
 * https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#serviceaccount
 */
export function serviceAccount(
  readers: Pick<AdmissionReaders, 'serviceAccount' | 'fresh'>,
  options: ServiceAccountPluginOptions,
): AdmissionPlugin {
  // What all pods have is one value, which nobody changes.
  const projected = deepFreeze({ sources: tokenSources(options), defaultMode: 0o644 });
  return {
    name: 'ServiceAccount',
    handles: (operation, group, resource, subresource) =>
      group === '' &&
      resource === 'pods' &&
      ((operation === 'CREATE' && subresource === '') ||
        (operation === 'UPDATE' && subresource === 'ephemeralcontainers')),

    admit(request) {
      if (request.operation !== 'CREATE') return;
      const pod = mutableOf<Pod>(request);
      if (isMirror(pod)) {
        checkMirror(request);
        return;
      }
      const { spec } = pod;
      spec.serviceAccountName ||= 'default';
      // The alias of old follows.
      spec.serviceAccount = spec.serviceAccountName;
      const { namespace } = request.target;
      const name = spec.serviceAccountName;
      const account = readers.serviceAccount(namespace, name);
      if (account || !readers.fresh) return use(request, account);
      return readers.fresh.serviceAccount(namespace, name).then((found) => use(request, found));
    },

    validate(request) {
      const pod = objectOf<Pod>(request);
      if (request.operation === 'CREATE' && isMirror(pod)) {
        checkMirror(request);
        return;
      }
      const { serviceAccountName: name } = pod.spec;
      if (!name)
        throw refusal(
          request,
          `no service account specified for pod ${request.target.namespace}/${pod.metadata.name ?? ''}`,
        );
      const account = readers.serviceAccount(request.target.namespace, name);
      if (account || !readers.fresh) return check(request, account);
      return readers.fresh.serviceAccount(request.target.namespace, name).then((found) => check(request, found));
    },
  };

  function check(request: AdmissionRequest, account: ServiceAccount | undefined): void {
    const pod = objectOf<Pod>(request);
    if (!account) throw lookupError(request, pod.spec.serviceAccountName ?? '');
    if (!isTrue(account.metadata.annotations?.[enforceMountableAnnotation])) return;
    const why =
      request.operation === 'UPDATE'
        ? limitEnvironment('ephemeral container', pod.spec.ephemeralContainers ?? [], account)
        : limitSecrets(account, pod);
    if (why) throw refusal(request, why);
  }

  function use(request: AdmissionRequest, account: ServiceAccount | undefined): void {
    const pod = mutableOf<Pod>(request);
    const { spec } = pod;
    if (!account) throw lookupError(request, spec.serviceAccountName ?? '');
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
      mountToken(pod, options, projected);
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
      spec.imagePullSecrets = account.imagePullSecrets.map((ref) => ({ ...ref }));
    check(request, account);
  }

  function lookupError(request: AdmissionRequest, name: string) {
    const missing = errors.notFound({ group: '', resource: 'serviceaccount' }, name).message;
    return refusal(request, `error looking up service account ${request.target.namespace}/${name}: ${missing}`);
  }
}

const isMirror = ({ metadata }: Pick<Pod, 'metadata'>): boolean =>
  metadata.annotations?.[mirrorAnnotation] !== undefined;

function checkMirror(request: AdmissionRequest): void {
  const why = mirrorPodProblem(objectOf<Pod>(request));
  if (why) throw refusal(request, why);
}

function mirrorPodProblem({ spec }: Pod): string | undefined {
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts';
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const usesSecret =
    spec.volumes?.some((volume) => volume.secret) ||
    spec.imagePullSecrets?.length ||
    containers.some((c) => c.env?.some((e) => e.valueFrom?.secretKeyRef) || c.envFrom?.some((e) => e.secretRef));
  if (usesSecret) return 'a mirror pod may not reference secrets';
  const tokens = spec.volumes?.some((volume) => volume.projected?.sources?.some((s) => s.serviceAccountToken));
  return tokens ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined;
}

type Reader = Pick<Container, 'name' | 'env' | 'envFrom'>;

/** What containers read of secrets that the account does not mention. */
function limitEnvironment(what: string, containers: readonly Reader[], account: ServiceAccount): string | undefined {
  const mountable = new Set(account.secrets?.map((ref) => ref.name));
  const refused = (where: string, secret: string) =>
    `${where} referencing secret.secretName="${secret}" is not allowed because service account ${account.metadata.name} does not reference that secret`;
  for (const container of containers) {
    for (const { name, valueFrom } of container.env ?? []) {
      const secret = valueFrom?.secretKeyRef && (valueFrom.secretKeyRef.name ?? '');
      if (secret !== undefined && !mountable.has(secret))
        return refused(`${what} ${container.name} with envVar ${name}`, secret);
    }
    for (const { secretRef } of container.envFrom ?? []) {
      const secret = secretRef && (secretRef.name ?? '');
      if (secret !== undefined && !mountable.has(secret))
        return refused(`${what} ${container.name} with envFrom`, secret);
    }
  }
  return undefined;
}

function limitSecrets(account: ServiceAccount, { spec }: Pod): string | undefined {
  const mountable = new Set(account.secrets?.map((ref) => ref.name));
  for (const { secret } of spec.volumes ?? []) {
    if (secret && !mountable.has(secret.secretName ?? ''))
      return `volume with secret.secretName="${secret.secretName ?? ''}" is not allowed because service account ${account.metadata.name} does not reference that secret`;
  }
  const read =
    limitEnvironment('init container', spec.initContainers ?? [], account) ??
    limitEnvironment('container', spec.containers, account);
  if (read !== undefined) return read;
  const pull = new Set(account.imagePullSecrets?.map((ref) => ref.name));
  const index = (spec.imagePullSecrets ?? []).findIndex((ref) => !pull.has(ref.name));
  if (index < 0) return undefined;
  return `imagePullSecrets[${index}].name="${spec.imagePullSecrets?.[index]?.name}" is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`;
}

function mountToken(
  { spec }: Mutable<Pod>,
  options: ServiceAccountPluginOptions,
  projected: Mutable<ProjectedVolumeSource>,
): void {
  const volumes = spec.volumes ?? [];
  const existing = volumes.find((volume) => volume.name.startsWith('kube-api-access-'));
  const name = existing?.name ?? `kube-api-access-${options.suffix()}`;
  let needed = false;
  const mount = (container: Mutable<Container>) => {
    if (container.volumeMounts?.some((m) => m.mountPath === mountPath)) return;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
    needed = true;
  };
  for (const container of spec.initContainers ?? []) mount(container);
  for (const container of spec.containers) mount(container);
  if (existing || !needed) return;
  spec.volumes = [...volumes, { name, projected }];
}

function tokenSources({ projectServiceCa }: ServiceAccountPluginOptions): Mutable<VolumeProjection>[] {
  return [
    { serviceAccountToken: { expirationSeconds: podTokenSeconds, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
      },
    },
    ...(projectServiceCa
      ? [
          {
            configMap: { name: 'openshift-service-ca.crt', items: [{ key: 'service-ca.crt', path: 'service-ca.crt' }] },
          },
        ]
      : []),
  ];
}

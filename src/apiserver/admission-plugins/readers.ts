import type {
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  Secret,
  ServiceAccount,
} from '../../api/core/v1.gen.ts';
import { errors } from '../../api/errors.ts';
import type { IngressClass } from '../../api/networking/v1.gen.ts';
import type { RuntimeClass } from '../../api/node/v1.gen.ts';
import type { KubeObject, Mutable } from '../../api/resource.ts';
import type { PriorityClass } from '../../api/scheduling/v1.gen.ts';
import type { CSIDriver, StorageClass } from '../../api/storage/v1.gen.ts';
import type { AdmissionRequest } from '../admission.ts';

/** What the plugins look up: synchronous reads of the watch cache. Undefined for what does not exist. */
export interface AdmissionReaders {
  namespace(name: string): Namespace | undefined;
  serviceAccount(namespace: string, name: string): ServiceAccount | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  pod(namespace: string, name: string): Pod | undefined;
  pods(namespace: string): Iterable<Pod>;
  node(name: string): Node | undefined;
  persistentVolumeClaim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
  csiDriver(name: string): CSIDriver | undefined;
  priorityClass(name: string): PriorityClass | undefined;
  priorityClasses(): Iterable<PriorityClass>;
  runtimeClass(name: string): RuntimeClass | undefined;
  storageClass(name: string): StorageClass | undefined;
  storageClasses(): Iterable<StorageClass>;
  ingressClasses(): Iterable<IngressClass>;
  limitRanges(namespace: string): Iterable<LimitRange>;
  resourceQuotas(namespace: string): Iterable<ResourceQuota>;
  /** Asked once the cache has said no: what was made a moment ago may not have arrived there yet. */
  readonly fresh?: {
    namespace(name: string): Promise<Namespace | undefined>;
    /** Waits about a second for an account that its controller is about to make. */
    serviceAccount(namespace: string, name: string): Promise<ServiceAccount | undefined>;
  };
}

/** The 403 with which a plugin refuses a request. */
export function refusal(request: AdmissionRequest, why: string) {
  const { target, object } = request;
  const { group, data } = target.resource;
  const metadata = object?.metadata;
  const name = target.name || metadata?.name || metadata?.generateName || 'Unknown';
  return errors.forbidden({ group, resource: data.resource }, name, why);
}

export const resourceOf = ({ target }: AdmissionRequest): string => target.resource.data.resource;

/**
 * The request's new object as T. A plugin's `handles` has let only T's resource through, and the resource's schema has
 * decoded the object.
 */
export const objectOf = <T extends KubeObject>(request: AdmissionRequest): T => request.object as T;
export const oldObjectOf = <T extends KubeObject>(request: AdmissionRequest): T => request.oldObject as T;
/** The same in the mutating phase, where the object may be changed. */
export const mutableOf = <T extends KubeObject>(request: AdmissionRequest): Mutable<T> => request.object as Mutable<T>;

/** Go's `%t`-like reading of an annotation: what strconv.ParseBool takes for true. */
export const isTrue = (text: string | undefined): boolean =>
  text !== undefined && ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text);

/** The newest object of those given, by name where they are of one age: how Kubernetes picks between two defaults. */
export function newest<T extends KubeObject>(objects: readonly T[]): T | undefined {
  const sorted = [...objects].sort(
    (a, b) =>
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? '') ||
      (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  return sorted[0];
}

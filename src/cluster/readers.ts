import {
  limitranges,
  type Namespace,
  namespaces,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  resourcequotas,
  type ServiceAccount,
  secrets,
  serviceaccounts,
} from '../api/core/v1.gen.ts';
import { isNotFound } from '../api/errors.ts';
import { ingressclasses } from '../api/networking/v1.gen.ts';
import { runtimeclasses } from '../api/node/v1.gen.ts';
import type { KubeObject, ResourceType } from '../api/resource.ts';
import { priorityclasses } from '../api/scheduling/v1.gen.ts';
import { storageclasses } from '../api/storage/v1.gen.ts';
import type { AdmissionReaders } from '../apiserver/admission-plugins/readers.ts';
import type { Identity, TokenReaders } from '../apiserver/authentication/service-account-tokens.ts';
import type { ObjectReader } from '../apiserver/server-core.ts';
import type { Client } from '../client/client.ts';
import type { Clock } from '../utils/clock.ts';

/** What admission, authorization and authentication look up on every request; the server keeps these in its cache. */
export const lookedUp: readonly ResourceType[] = [
  namespaces,
  serviceaccounts,
  secrets,
  pods,
  nodes,
  persistentvolumeclaims,
  persistentvolumes,
  limitranges,
  resourcequotas,
  priorityclasses,
  runtimeclasses,
  storageclasses,
  ingressclasses,
];

export type TypedReader = ReturnType<typeof typedReader>;

/** The object reader with the types that the resource constants carry. */
export function typedReader(objects: ObjectReader) {
  return {
    // The reader gives what is stored under the resource, and that is what the constant's type says.
    get: <T extends KubeObject>(type: ResourceType<T>, namespace: string, name: string): T | undefined =>
      objects.get(type.group, type.version, type.resource, namespace, name) as T | undefined,
    list: <T extends KubeObject>(type: ResourceType<T>, namespace: string): readonly T[] =>
      objects.list(type.group, type.version, type.resource, namespace) as readonly T[],
  };
}

/** How long a pod waits for the account that the controller of its new namespace is about to make. */
const accountWaitMs = 1000;
const accountPauseMs = 20;

export function admissionReaders(read: TypedReader, client: () => Client, clock: Clock): AdmissionReaders {
  const fresh = async <T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string,
    name: string,
  ): Promise<T | undefined> => {
    try {
      return await client().resource(type).get(namespace, name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  };
  return {
    namespace: (name) => read.get(namespaces, '', name),
    serviceAccount: (namespace, name) => read.get(serviceaccounts, namespace, name),
    secret: (namespace, name) => read.get(secrets, namespace, name),
    pod: (namespace, name) => read.get(pods, namespace, name),
    persistentVolumeClaim: (namespace, name) => read.get(persistentvolumeclaims, namespace, name),
    priorityClass: (name) => read.get(priorityclasses, '', name),
    priorityClasses: () => read.list(priorityclasses, ''),
    runtimeClass: (name) => read.get(runtimeclasses, '', name),
    storageClass: (name) => read.get(storageclasses, '', name),
    storageClasses: () => read.list(storageclasses, ''),
    ingressClasses: () => read.list(ingressclasses, ''),
    limitRanges: (namespace) => read.list(limitranges, namespace),
    resourceQuotas: (namespace) => read.list(resourcequotas, namespace),
    fresh: {
      namespace: (name): Promise<Namespace | undefined> => fresh(namespaces, '', name),
      async serviceAccount(namespace, name): Promise<ServiceAccount | undefined> {
        const deadline = clock.now() + accountWaitMs;
        for (;;) {
          const account = await fresh(serviceaccounts, namespace, name);
          if (account || clock.now() >= deadline) return account;
          await clock.sleep(accountPauseMs);
        }
      },
    },
  };
}

/** Whether what a service account token hangs on is still there. */
export function tokenReaders(read: TypedReader): TokenReaders {
  const identity = (object: KubeObject | undefined): Identity | undefined =>
    object && {
      uid: object.metadata.uid,
      ...(object.metadata.deletionTimestamp && { deleted: Date.parse(object.metadata.deletionTimestamp) }),
    };
  return {
    serviceAccount: (namespace, name) => identity(read.get(serviceaccounts, namespace, name)),
    pod: (namespace, name) => identity(read.get(pods, namespace, name)),
    secret: (namespace, name) => identity(read.get(secrets, namespace, name)),
    node: (name) => identity(read.get(nodes, '', name)),
  };
}

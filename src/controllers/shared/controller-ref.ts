import { isNotFound, isReason } from '../../api/errors.ts';
import type { Selector } from '../../api/labels.ts';
import type { OwnerReference } from '../../api/meta/v1.gen.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';

/** The owner that manages an object, if it has one (metav1.GetControllerOf). */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}

/** The reference that makes `owner` the manager of an object. */
export function newControllerRef(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

const INDEX = 'controller';

/** Indexes objects by the uid of their controller, and those without one by their namespace. */
export function indexByController<T extends KubeObject>(informer: Informer<T>): Informer<T> {
  return informer.addIndex(INDEX, (object) => [
    controllerOf(object)?.uid ?? `orphans in ${object.metadata.namespace ?? ''}`,
  ]);
}

/** Objects that `owner` controls. Needs `indexByController`. */
export function controlledBy<T extends KubeObject>(informer: Informer<T>, owner: KubeObject): T[] {
  return informer.store.byIndex(INDEX, owner.metadata.uid);
}

/** The owner a reference means, unless another object has taken its name. */
export function resolveControllerRef<T extends KubeObject>(
  owners: Informer<T>,
  namespace: string,
  reference: OwnerReference | undefined,
): T | undefined {
  const { kind, group } = owners.type;
  if (!reference || reference.kind !== kind || groupOf(reference.apiVersion) !== group) return undefined;
  const owner = owners.store.get(namespace, reference.name);
  return owner?.metadata.uid === reference.uid ? owner : undefined;
}

const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

export interface ClaimOptions<T extends KubeObject, O extends KubeObject> {
  readonly client: Client;
  readonly objects: Informer<T>;
  readonly owner: O;
  readonly owners: ResourceType<O>;
  readonly selector: Selector;
  /** Objects for which this is false are let go but never adopted. */
  readonly adoptable?: (object: T) => boolean;
  /** Added to what is adopted, taken off what is let go. */
  readonly finalizer?: string;
}

/**
 * The objects that an owner controls, after adopting orphans that match its selector and letting go of objects that
 * no longer do (ControllerRefManager). Adoption asks the server first whether the owner still is what the informer
 * shows, because a deleted owner must not gain anything:
 * https://github.com/kubernetes/design-proposals-archive/blob/main/api-machinery/controller-ref.md
 */
export async function claim<T extends KubeObject, O extends KubeObject>(options: ClaimOptions<T, O>): Promise<T[]> {
  const { client, objects, owner, selector, adoptable } = options;
  const namespace = owner.metadata.namespace ?? '';
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  const claimed: T[] = [];
  for (const object of controlledBy(objects, owner)) {
    if (selector.matches(object.metadata.labels)) claimed.push(object);
    else if (!deleting) await release(options, object);
  }
  if (deleting) return claimed;
  let checked = false;
  for (const object of objects.store.byIndex(INDEX, `orphans in ${namespace}`)) {
    if (object.metadata.deletionTimestamp || !selector.matches(object.metadata.labels)) continue;
    if (adoptable && !adoptable(object)) continue;
    if (!checked) {
      const fresh = await client.resource(options.owners).get(namespace, owner.metadata.name);
      if (fresh.metadata.uid !== owner.metadata.uid || fresh.metadata.deletionTimestamp) return claimed;
      checked = true;
    }
    const adopted = await adopt(options, object);
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

async function adopt<T extends KubeObject, O extends KubeObject>(
  { client, objects, owner, finalizer }: ClaimOptions<T, O>,
  object: T,
): Promise<T | undefined> {
  const { namespace = '', name, uid, finalizers = [] } = object.metadata;
  const body = {
    metadata: {
      uid,
      ownerReferences: [newControllerRef(owner)],
      ...(finalizer && { finalizers: [...new Set([...finalizers, finalizer])] }),
    },
  };
  try {
    return await client.resource(objects.type).patch(namespace, name, { type: 'strategic', body });
  } catch (error) {
    // Gone, or another object by now: nothing to adopt.
    if (isNotFound(error) || isReason(error, 'Conflict', 'Invalid')) return undefined;
    throw error;
  }
}

async function release<T extends KubeObject, O extends KubeObject>(
  { client, objects, owner, finalizer }: ClaimOptions<T, O>,
  object: T,
): Promise<void> {
  const { namespace = '', name, uid, finalizers = [] } = object.metadata;
  const body = {
    metadata: {
      uid,
      ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
      ...(finalizer && finalizers.includes(finalizer) && { '$deleteFromPrimitiveList/finalizers': [finalizer] }),
    },
  };
  try {
    await client.resource(objects.type).patch(namespace, name, { type: 'strategic', body });
  } catch (error) {
    if (isNotFound(error) || isReason(error, 'Conflict', 'Invalid')) return;
    throw error;
  }
}

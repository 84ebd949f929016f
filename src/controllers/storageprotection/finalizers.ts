import { isNotFound } from '../../api/errors.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';

/** Adds a finalizer to an object as it was seen; a conflict with a later change is thrown. */
export function withFinalizer<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  const { finalizers = [] } = object.metadata;
  return finalizers.includes(finalizer) ? Promise.resolve() : write(client, type, object, [...finalizers, finalizer]);
}

/** Takes it away again. */
export function withoutFinalizer<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
): Promise<void> {
  const { finalizers = [] } = object.metadata;
  const left = finalizers.filter((name) => name !== finalizer);
  return left.length === finalizers.length ? Promise.resolve() : write(client, type, object, left);
}

async function write<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  finalizers: readonly string[],
): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = object.metadata;
  const body = { metadata: { uid, resourceVersion, finalizers } };
  try {
    await client.resource(type).patch(namespace, name, { type: 'merge', body });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

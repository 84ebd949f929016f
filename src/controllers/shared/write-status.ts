import { isConflict, isNotFound } from '../../api/errors.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';

/**
 * Writes an object with a new status; once more over the newest version when somebody was faster. An object that is
 * gone, or made anew under the same name, is left alone.
 */
export async function writeStatus<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
  withStatus: (object: T) => T,
): Promise<void> {
  const resource = client.resource(type);
  try {
    await resource.updateStatus(withStatus(object));
  } catch (error) {
    if (isNotFound(error)) return;
    if (!isConflict(error)) throw error;
    const { namespace = '', name, uid } = object.metadata;
    const fresh = await resource.get(namespace, name);
    if (fresh.metadata.uid === uid) await resource.updateStatus(withStatus(fresh));
  }
}

import { type ControllerRevision, controllerrevisions } from '../../api/apps/v1.gen.ts';
import type { PodTemplateSpec } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import type { KubeObject, ResourceType } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { controllerOf, newControllerRef } from './controller-ref.ts';
import { stable, templateHash } from './hash.ts';

/** On pods and revisions: which revision of their owner's template they are of. */
export const REVISION_LABEL = 'controller-revision-hash';

/** A DaemonSet or a StatefulSet. */
interface Versioned extends KubeObject {
  readonly spec: { readonly template: PodTemplateSpec };
  readonly status: { readonly collisionCount?: number };
}

/** What a revision keeps: a patch that gives its owner this template back, as `kubectl rollout undo` applies it. */
const templatePatch = ({ spec }: Versioned): object => ({
  spec: { template: { ...spec.template, $patch: 'replace' } },
});

/** Whether a revision keeps the owner's present template. */
export const holdsTemplate = (revision: ControllerRevision, owner: Versioned): boolean =>
  stable(revision.data) === stable(templatePatch(owner));

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  // Written by `templatePatch`, and revisions cannot be changed.
  const { $patch: _, ...template } = (revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } })
    .spec.template;
  return template;
}

/**
 * Makes the revision of the owner's present template. Where another template has its name already, the owner's
 * collision count goes up, so that the next pass tries another name, and the error is thrown.
 */
export async function createRevision<T extends Versioned>(
  client: Client,
  type: ResourceType<T>,
  owner: T,
  revision: number,
): Promise<ControllerRevision> {
  const { namespace = '', name: ownerName, uid, annotations } = owner.metadata;
  const hash = templateHash(owner.spec.template, owner.status.collisionCount);
  const name = `${ownerName}-${hash}`;
  const resource = client.resource(controllerrevisions);
  try {
    return await resource.create(namespace, {
      metadata: {
        name,
        namespace,
        labels: { ...owner.spec.template.metadata.labels, [REVISION_LABEL]: hash },
        ...(annotations && { annotations }),
        ownerReferences: [newControllerRef(owner)],
      },
      data: templatePatch(owner),
      revision,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const taken = await resource.get(namespace, name);
    if (controllerOf(taken)?.uid === uid && holdsTemplate(taken, owner)) return taken;
    const owners = client.resource(type);
    const fresh = await owners.get(namespace, ownerName);
    if (fresh.metadata.uid === uid && fresh.status.collisionCount === owner.status.collisionCount) {
      const status = { ...fresh.status, collisionCount: (fresh.status.collisionCount ?? 0) + 1 };
      await owners.updateStatus({ ...fresh, status });
    }
    throw error;
  }
}

/** Deletes it if it is still there, and still itself. */
export async function deleteRevision(client: Client, { metadata }: ControllerRevision): Promise<void> {
  const { namespace = '', name, uid } = metadata;
  try {
    await client.resource(controllerrevisions).delete(namespace, name, { preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

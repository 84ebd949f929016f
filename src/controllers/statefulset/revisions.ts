import { type ControllerRevision, controllerrevisions, type StatefulSet, statefulsets } from '../../api/apps/v1.gen.ts';
import type { Pod, PodTemplateSpec } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { claim, controllerOf, newControllerRef } from '../shared/controller-ref.ts';
import { stable, templateHash } from '../shared/hash.ts';
import { REVISION_LABEL, revisionOf } from './identity.ts';

export interface Revisions {
  /** Before the update that is under way; the same as `update` when none is. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly all: readonly ControllerRevision[];
}

/** A patch that gives a StatefulSet this template back, as `kubectl rollout undo` applies it. */
const templatePatch = ({ spec }: StatefulSet): object => ({
  spec: { template: { ...spec.template, $patch: 'replace' } },
});

const holds = (revision: ControllerRevision, set: StatefulSet): boolean =>
  stable(revision.data) === stable(templatePatch(set));

/** The template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  // Written by `templatePatch`, and revisions cannot be changed.
  const { $patch: _, ...template } = (revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } })
    .spec.template;
  return template;
}

/** Finds or makes the revision of the present template, and gives it the highest number. */
export async function syncRevisions(
  client: Client,
  revisions: Informer<ControllerRevision>,
  set: StatefulSet,
): Promise<Revisions> {
  const selector = labelSelector(set.spec.selector);
  const known = await claim({ client, objects: revisions, owner: set, owners: statefulsets, selector });
  known.sort((a, b) => a.revision - b.revision);
  const same = known.findLast((revision) => holds(revision, set));
  const number = (known.at(-1)?.revision ?? 0) + 1;
  const update = !same
    ? await create(client, set, number)
    : same === known.at(-1)
      ? same
      : await client.resource(controllerrevisions).update({ ...same, revision: number });
  const current = known.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
  return { current, update, all: known };
}

async function create(client: Client, set: StatefulSet, revision: number): Promise<ControllerRevision> {
  const { namespace = '', name, annotations } = set.metadata;
  const hash = templateHash(set.spec.template, set.status.collisionCount);
  const resource = client.resource(controllerrevisions);
  try {
    return await resource.create(namespace, {
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels: { ...set.spec.template.metadata.labels, [REVISION_LABEL]: hash },
        ...(annotations && { annotations }),
        ownerReferences: [newControllerRef(set)],
      },
      data: templatePatch(set),
      revision,
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const taken = await resource.get(namespace, `${name}-${hash}`);
    if (controllerOf(taken)?.uid === set.metadata.uid && holds(taken, set)) return taken;
    // Another template has this hash: the next pass tries with another one.
    const status = { ...set.status, collisionCount: (set.status.collisionCount ?? 0) + 1 };
    await client.resource(statefulsets).updateStatus({ ...set, status });
    throw error;
  }
}

/** Deletes old revisions beyond the limit, lowest number first, but none that is in use. */
export async function cleanUpRevisions(
  client: Client,
  set: StatefulSet,
  { current, update, all }: Revisions,
  pods: readonly Pod[],
): Promise<void> {
  const live = new Set([current.metadata.name, update.metadata.name, ...pods.map(revisionOf)]);
  const old = all.filter(({ metadata }) => !live.has(metadata.name));
  const excess = old.length - (set.spec.revisionHistoryLimit ?? 10);
  for (const { metadata } of old.slice(0, Math.max(0, excess))) {
    try {
      await client.resource(controllerrevisions).delete(metadata.namespace ?? '', metadata.name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

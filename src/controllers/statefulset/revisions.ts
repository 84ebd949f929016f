import { type ControllerRevision, controllerrevisions, type StatefulSet, statefulsets } from '../../api/apps/v1.gen.ts';
import type { Pod } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { claim } from '../shared/controller-ref.ts';
import { createRevision, deleteRevision, holdsTemplate } from '../shared/revisions.ts';
import { revisionOf } from './identity.ts';

export interface Revisions {
  /** Before the update that is under way; the same as `update` when none is. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly all: readonly ControllerRevision[];
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
  const same = known.findLast((revision) => holdsTemplate(revision, set));
  const number = (known.at(-1)?.revision ?? 0) + 1;
  const update = !same
    ? await createRevision(client, statefulsets, set, number)
    : same === known.at(-1)
      ? same
      : await client.resource(controllerrevisions).update({ ...same, revision: number });
  const current = known.find(({ metadata }) => metadata.name === set.status.currentRevision) ?? update;
  return { current, update, all: known };
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
  for (const revision of old.slice(0, Math.max(0, excess))) await deleteRevision(client, revision);
}

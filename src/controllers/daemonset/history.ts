import { type ControllerRevision, controllerrevisions, type DaemonSet, daemonsets } from '../../api/apps/v1.gen.ts';
import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { claim } from '../shared/controller-ref.ts';
import { createRevision, deleteRevision, holdsTemplate, REVISION_LABEL } from '../shared/revisions.ts';

export interface History {
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

export const hashOf = (revision: ControllerRevision): string => revision.metadata.labels?.[REVISION_LABEL] ?? '';

/** Finds the revision of a DaemonSet's present template among those it has, or makes it, and gives it the highest number. */
export async function syncHistory(
  client: Client,
  revisions: Informer<ControllerRevision>,
  set: DaemonSet,
  daemonPods: readonly Pod[],
): Promise<History> {
  const all = await claim({
    client,
    objects: revisions,
    owner: set,
    owners: daemonsets,
    selector: labelSelector(set.spec.selector),
  });
  const same = all.filter((revision) => holdsTemplate(revision, set));
  const old = all.filter((revision) => !same.includes(revision));
  const number = old.reduce((highest, { revision }) => Math.max(highest, revision), 0) + 1;
  const [first, ...others] = same.sort((a, b) => b.revision - a.revision);
  if (!first) return { current: await createRevision(client, daemonsets, set, number), old };
  if (others.length > 0) await merge(client, first, others, daemonPods);
  if (first.revision >= number) return { current: first, old };
  return { current: await client.resource(controllerrevisions).update({ ...first, revision: number }), old };
}

/** Of several revisions with one template one remains, and pods of the others become its own. */
async function merge(
  client: Client,
  kept: ControllerRevision,
  others: readonly ControllerRevision[],
  daemonPods: readonly Pod[],
): Promise<void> {
  const doubles = new Set(others.map(hashOf));
  for (const pod of daemonPods) {
    if (!doubles.has(pod.metadata.labels?.[REVISION_LABEL] ?? '')) continue;
    const body = { metadata: { labels: { [REVISION_LABEL]: hashOf(kept) } } };
    await client.resource(pods).patch(pod.metadata.namespace ?? '', pod.metadata.name, { type: 'merge', body });
  }
  for (const revision of others) await deleteRevision(client, revision);
}

/** Deletes old revisions beyond the limit, lowest number first, but none that a pod still has. */
export async function cleanUpHistory(
  client: Client,
  set: DaemonSet,
  old: readonly ControllerRevision[],
  daemonPods: readonly Pod[],
): Promise<void> {
  let excess = old.length - (set.spec.revisionHistoryLimit ?? 10);
  if (excess <= 0) return;
  const live = new Set(daemonPods.map((pod) => pod.metadata.labels?.[REVISION_LABEL]));
  for (const revision of [...old].sort((a, b) => a.revision - b.revision)) {
    if (excess <= 0) return;
    if (live.has(hashOf(revision))) continue;
    await deleteRevision(client, revision);
    excess--;
  }
}

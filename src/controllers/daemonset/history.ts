import { type ControllerRevision, controllerrevisions, type DaemonSet, daemonsets } from '../../api/apps/v1.gen.ts';
import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import { claim, controllerOf, newControllerRef } from '../shared/controller-ref.ts';
import { stable, templateHash } from '../shared/hash.ts';
import { REVISION_LABEL } from './placement.ts';

export interface History {
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
}

/** What a revision keeps: a patch that gives a DaemonSet this template back, as `kubectl rollout undo` applies it. */
function templatePatch(set: DaemonSet): object {
  return { spec: { template: { ...set.spec.template, $patch: 'replace' } } };
}

const holds = (revision: ControllerRevision, set: DaemonSet): boolean =>
  stable(revision.data) === stable(templatePatch(set));

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
  const same = all.filter((revision) => holds(revision, set));
  const old = all.filter((revision) => !same.includes(revision));
  const number = old.reduce((highest, { revision }) => Math.max(highest, revision), 0) + 1;
  const [first, ...others] = same.sort((a, b) => b.revision - a.revision);
  if (!first) return { current: await create(client, set, number), old };
  if (others.length > 0) await merge(client, first, others, daemonPods);
  if (first.revision >= number) return { current: first, old };
  return { current: await client.resource(controllerrevisions).update({ ...first, revision: number }), old };
}

async function create(client: Client, set: DaemonSet, revision: number): Promise<ControllerRevision> {
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
    const fresh = await client.resource(daemonsets).get(namespace, name);
    if (fresh.metadata.uid === set.metadata.uid && fresh.status.collisionCount === set.status.collisionCount) {
      const status = { ...fresh.status, collisionCount: (fresh.status.collisionCount ?? 0) + 1 };
      await client.resource(daemonsets).updateStatus({ ...fresh, status });
    }
    throw error;
  }
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
  for (const revision of others) await remove(client, revision);
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
    await remove(client, revision);
    excess--;
  }
}

async function remove(client: Client, revision: ControllerRevision): Promise<void> {
  const { namespace = '', name, uid } = revision.metadata;
  try {
    await client.resource(controllerrevisions).delete(namespace, name, { preconditions: { uid } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

import { persistentvolumes, pods } from '../../api/core/v1.gen.ts';
import { clusterrolebindings, clusterroles, rolebindings, roles } from '../../api/rbac/v1.gen.ts';
import { resourceslices } from '../../api/resource/v1.gen.ts';
import { volumeattachments } from '../../api/storage/v1.gen.ts';
import type { Clock } from '../../utils/clock.ts';
import type { ApiCore } from '../core.ts';
import { feedObjects } from '../object-feed.ts';
import type { NodeGraph } from './node-graph.ts';
import type { RbacAuthorizer, RbacObject } from './rbac.ts';

/** Keeps what the authorizers know up to date from the core; `ready` resolves when they know all there is. */
export function feedAuthorizers(
  core: ApiCore,
  to: { readonly rbac: RbacAuthorizer; readonly graph: NodeGraph },
  clock: Clock,
): { readonly ready: Promise<unknown>; stop(): void } {
  const { rbac, graph } = to;
  const rules = {
    set: (object: RbacObject) => rbac.set(object),
    delete: (object: RbacObject) => rbac.delete(object),
  };
  const feeds = [
    feedObjects(core, clusterroles, rules, clock),
    feedObjects(core, clusterrolebindings, rules, clock),
    feedObjects(core, roles, rules, clock),
    feedObjects(core, rolebindings, rules, clock),
    feedObjects(core, pods, { set: (pod) => graph.setPod(pod), delete: (pod) => graph.deletePod(pod) }, clock),
    feedObjects(
      core,
      persistentvolumes,
      { set: (volume) => graph.setVolume(volume), delete: (volume) => graph.deleteVolume(volume) },
      clock,
    ),
    feedObjects(
      core,
      volumeattachments,
      {
        set: ({ metadata, spec }) => graph.setObject('volumeattachments', metadata.name, spec.nodeName),
        delete: ({ metadata }) => graph.deleteObject('volumeattachments', metadata.name),
      },
      clock,
    ),
    feedObjects(
      core,
      resourceslices,
      {
        set: ({ metadata, spec }) => graph.setObject('resourceslices', metadata.name, spec.nodeName ?? ''),
        delete: ({ metadata }) => graph.deleteObject('resourceslices', metadata.name),
      },
      clock,
    ),
  ];
  return {
    ready: Promise.all(feeds.map((feed) => feed.ready)),
    stop() {
      for (const feed of feeds) feed.stop();
    },
  };
}

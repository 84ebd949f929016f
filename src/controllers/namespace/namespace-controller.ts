import { type Namespace, namespaces, pods } from '../../api/core/v1.gen.ts';
import { isConflict, isNotFound } from '../../api/errors.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { timeToMs } from '../../schema/time.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { ResourceCatalog } from '../shared/resource-catalog.ts';
import { startReconciler } from '../shared/start.ts';
import { deletionConditions, discoveryProblem } from './conditions.ts';
import { deleteContent } from './content.ts';

const WORKERS = 10;
const FINALIZER = 'kubernetes';

/**
 * Empties namespaces that are being deleted, and then lets them go.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/ and KEP-5080 for the order
 */
export function startNamespaceController(context: ControllerContext): ControllerHandle {
  const { client, clock, extensions, namespaceGraceMs = 5000 } = context;
  const spaces = context.informers.informer(namespaces);
  // Only to hear at once when the last one is gone.
  const allPods = context.informers.informer(pods);
  const catalog = new ResourceCatalog(context);

  async function reconcile(name: string, queue: WorkQueue): Promise<void> {
    if (!spaces.store.get('', name)?.metadata.deletionTimestamp) return;
    const namespace = await live(name);
    if (!namespace?.metadata.deletionTimestamp || !namespace.spec.finalizers?.includes(FINALIZER)) return;
    const deletedAt = timeToMs(namespace.metadata.deletionTimestamp);
    const now = clock.now();
    if (now < deletedAt + namespaceGraceMs) {
      queue.addAfter(name, deletedAt + namespaceGraceMs - now);
      return;
    }
    const resources = catalog.list();
    const left = await deleteContent({ client, namespace: name, deletedAt, now, resources, extensions });
    const conditions = deletionConditions(namespace.status.conditions ?? [], left, now);
    const told = await tell(namespace, conditions);
    const problems = [...(left.undiscovered.length > 0 ? [discoveryProblem(left.undiscovered)] : []), ...left.errors];
    if (problems.length > 0) throw new Error(`deletion of namespace ${name} failed: ${problems.join(', ')}`);
    if (left.estimate > 0) {
      queue.addAfter(name, (Math.floor(left.estimate / 2) + 1) * 1000);
      return;
    }
    await finalize(told);
  }

  async function live(name: string): Promise<Namespace | undefined> {
    try {
      return await client.resource(namespaces).get('', name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function tell(namespace: Namespace, conditions: Namespace['status']['conditions']): Promise<Namespace> {
    if (conditions === namespace.status.conditions) return namespace;
    const status = { ...namespace.status, phase: 'Terminating' as const, conditions };
    return client.resource(namespaces).updateStatus({ ...namespace, status });
  }

  /** Somebody else may write at the same time; what was found out stays true. */
  async function finalize(namespace: Namespace): Promise<void> {
    const { name, uid } = namespace.metadata;
    for (let fresh: Namespace | undefined = namespace; fresh?.metadata.uid === uid; fresh = await live(name)) {
      const finalizers = fresh.spec.finalizers?.filter((finalizer) => finalizer !== FINALIZER);
      try {
        await client
          .resource(namespaces)
          .updateSubresource('', name, 'finalize', { ...fresh, spec: { ...fresh.spec, finalizers } });
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error)) throw error;
      }
    }
  }

  const handle = startReconciler(context, {
    name: 'namespace',
    workers: WORKERS,
    waitFor: [spaces, allPods, catalog],
    observe: (queue) => {
      const look = ({ metadata }: Namespace) => {
        if (metadata.deletionTimestamp) queue.add(metadata.name);
      };
      return [
        spaces.addHandler({ onAdd: look, onUpdate: (_, namespace) => look(namespace) }),
        allPods.addHandler({
          onDelete: ({ metadata: { namespace = '' } }) => {
            const space = spaces.store.get('', namespace);
            if (space?.metadata.deletionTimestamp && allPods.store.list(namespace).length === 0) queue.add(namespace);
          },
        }),
      ];
    },
    reconcile,
  });
  return {
    async stop() {
      catalog.stop();
      await handle.stop();
    },
  };
}

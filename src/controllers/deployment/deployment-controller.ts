import { type Deployment, deployments, type ReplicaSet, replicasets } from '../../api/apps/v1.gen.ts';
import { type Pod, pods } from '../../api/core/v1.gen.ts';
import { labelSelector } from '../../api/labels.ts';
import type { Informer } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import {
  claim,
  controlledBy,
  controllerOf,
  indexByController,
  resolveControllerRef,
} from '../shared/controller-ref.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { startReconciler } from '../shared/start.ts';
import { DeploymentSync } from './deployment-sync.ts';

const WORKERS = 5;

/** Rolls out each Deployment's template by creating and sizing ReplicaSets. */
export function startDeploymentController(context: ControllerContext): ControllerHandle {
  const deploymentInformer = context.informers.informer(deployments);
  const sets = indexByController(context.informers.informer(replicasets));
  const podInformer = indexByController(context.informers.informer(pods));
  const recorder = context.recorder.as('deployment-controller');

  async function reconcile(key: string, queue: WorkQueue): Promise<void> {
    const { namespace, name } = splitKey(key);
    const deployment = deploymentInformer.store.get(namespace, name);
    if (!deployment) return;
    const { client, clock } = context;
    const selector = labelSelector(deployment.spec.selector);
    if (selector.everything) {
      const message = 'This deployment is selecting all pods. A non-empty selector is required.';
      recorder.event(deployment, 'Warning', 'SelectingAll', message);
      const { generation = 0 } = deployment.metadata;
      if ((deployment.status.observedGeneration ?? 0) < generation) {
        const status = { ...deployment.status, observedGeneration: generation };
        await client.resource(deployments).updateStatus({ ...deployment, status });
      }
      return;
    }
    const owned = await claim({
      client,
      objects: sets,
      owner: deployment,
      owners: deployments,
      selector,
    });
    const sync = new DeploymentSync({ client, clock, recorder, hasRunningPods }, deployment, owned);
    await sync.run();
    const wait = sync.again();
    if (wait !== undefined) queue.addAfter(key, wait);
  }

  /** For Recreate: whether pods of these ReplicaSets may still be running. */
  const hasRunningPods = (of: readonly ReplicaSet[]) =>
    of.some((set) => controlledBy(podInformer, set).some((pod) => !isPodTerminal(pod)));

  return startReconciler(context, {
    name: 'deployment',
    workers: WORKERS,
    waitFor: [deploymentInformer, sets, podInformer],
    observe: (queue) => observe(queue, deploymentInformer, sets, podInformer),
    reconcile,
  });
}

function observe(
  queue: WorkQueue,
  owners: Informer<Deployment>,
  sets: Informer<ReplicaSet>,
  podInformer: Informer<Pod>,
): (() => void)[] {
  const ownerOf = (set: ReplicaSet) => resolveControllerRef(owners, set.metadata.namespace ?? '', controllerOf(set));
  const wake = (deployment: Deployment | undefined) => {
    if (deployment) queue.add(keyOf(deployment));
  };
  const wakeAdopters = (set: ReplicaSet) => {
    for (const deployment of owners.store.list(set.metadata.namespace)) {
      const selector = labelSelector(deployment.spec.selector);
      if (!selector.everything && selector.matches(set.metadata.labels)) wake(deployment);
    }
  };
  return [
    owners.addHandler({ onAdd: wake, onUpdate: (_, deployment) => wake(deployment), onDelete: wake }),
    sets.addHandler({
      onAdd: (set) => (controllerOf(set) ? wake(ownerOf(set)) : wakeAdopters(set)),
      onUpdate: (before, set) => {
        if (controllerOf(before)?.uid !== controllerOf(set)?.uid) wake(ownerOf(before));
        if (controllerOf(set)) wake(ownerOf(set));
        else wakeAdopters(set);
      },
      onDelete: (set) => wake(ownerOf(set)),
    }),
    podInformer.addHandler({
      // Recreate waits for the old pods to be gone; nothing else depends on pods.
      onUpdate: (before, pod) => {
        if (!isPodTerminal(before) && isPodTerminal(pod)) wakeRecreate(pod);
      },
      onDelete: (pod) => wakeRecreate(pod),
    }),
  ];

  function wakeRecreate(pod: Pod): void {
    const set = resolveControllerRef(sets, pod.metadata.namespace ?? '', controllerOf(pod));
    const deployment = set && ownerOf(set);
    if (deployment?.spec.strategy.type === 'Recreate') wake(deployment);
  }
}

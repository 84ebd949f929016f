import { type ReplicationController, replicationcontrollers } from '../../api/core/v1.gen.ts';
import { type Replicas, startReplicaController } from '../replicaset/replica-controller.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';

/**
 * Keeps as many pods as each ReplicationController asks for: a ReplicaSet with a simpler selector.
 * https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/
 */
export function startReplicationController(context: ControllerContext): ControllerHandle {
  return startReplicaController<ReplicationController>(context, {
    name: 'replicationmanager',
    component: 'replication-controller',
    type: replicationcontrollers,
    replicas: asReplicaSet,
    withStatus: (controller, { terminatingReplicas: _, ...status }) => ({ ...controller, status }),
  });
}

function asReplicaSet({ metadata, spec, status }: ReplicationController): Replicas {
  const { replicas, minReadySeconds, selector = {}, template } = spec;
  if (!template) throw new Error(`ReplicationController ${metadata.namespace}/${metadata.name} has no pod template`);
  return { metadata, spec: { replicas, minReadySeconds, selector: { matchLabels: selector }, template }, status };
}

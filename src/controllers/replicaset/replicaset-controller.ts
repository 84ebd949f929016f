import { type ReplicaSet, replicasets } from '../../api/apps/v1.gen.ts';
import type { ControllerContext, ControllerHandle } from '../shared/context.ts';
import { startReplicaController } from './replica-controller.ts';

/**
 * Keeps as many pods as each ReplicaSet asks for.
 * https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
 */
export function startReplicaSetController(context: ControllerContext): ControllerHandle {
  return startReplicaController<ReplicaSet>(context, {
    name: 'replicaset',
    component: 'replicaset-controller',
    type: replicasets,
    replicas: (set) => set,
    withStatus: (set, status) => ({ ...set, status }),
  });
}

import { startBootstrapSignerController } from './bootstrapsigner/bootstrap-signer-controller.ts';
import { startClusterRoleAggregationController } from './clusterroleaggregation/cluster-role-aggregation-controller.ts';
import { startCronJobController } from './cronjob/cronjob-controller.ts';
import { startCsrApprovingController } from './csrapproving/csr-approving-controller.ts';
import { startKubeletServingApprover } from './csrapproving/kubelet-serving-approver.ts';
import { startCsrCleanerController } from './csrcleaner/csr-cleaner-controller.ts';
import { startCsrSigningController } from './csrsigning/csr-signing-controller.ts';
import { startDaemonSetController } from './daemonset/daemonset-controller.ts';
import { startDeploymentController } from './deployment/deployment-controller.ts';
import { startDisruptionController } from './disruption/disruption-controller.ts';
import { startEndpointsController } from './endpoints/endpoints-controller.ts';
import { startEndpointSliceController } from './endpointslice/endpointslice-controller.ts';
import { startEndpointSliceMirroringController } from './endpointslice/mirroring-controller.ts';
import { startFlowSchemaStatusController } from './flowschemastatus/flow-schema-status-controller.ts';
import { startGarbageCollector } from './garbage-collector/garbage-collector.ts';
import { startJobController } from './job/job-controller.ts';
import { startTtlAfterFinishedController } from './job/ttl-controller.ts';
import { startNamespaceController } from './namespace/namespace-controller.ts';
import { startNodeIpamController } from './nodeipam/node-ipam-controller.ts';
import { startNodeLifecycleController } from './nodelifecycle/node-lifecycle-controller.ts';
import { startPodGarbageCollector } from './podgc/pod-garbage-collector.ts';
import { startReplicaSetController } from './replicaset/replicaset-controller.ts';
import { startReplicationController } from './replicationcontroller/replication-controller.ts';
import { startResourceQuotaController } from './resourcequota/resource-quota-controller.ts';
import { startRootCaPublisher, startServiceCaPublisher } from './rootca/root-ca-publisher.ts';
import { startServiceAccountController } from './serviceaccount/serviceaccount-controller.ts';
import { startServiceAccountTokensController } from './serviceaccount/tokens-controller.ts';
import { startIpRepairController } from './servicecidrs/ip-repair-controller.ts';
import { startServiceCidrsController } from './servicecidrs/service-cidrs-controller.ts';
import type { ControllerContext, ControllerHandle } from './shared/context.ts';
import { startStatefulSetController } from './statefulset/statefulset-controller.ts';
import { startPvProtectionController } from './storageprotection/pv-protection-controller.ts';
import { startPvcProtectionController } from './storageprotection/pvc-protection-controller.ts';
import { startVacProtectionController } from './storageprotection/vac-protection-controller.ts';
import { startTaintEvictionController } from './tainteviction/taint-eviction-controller.ts';
import { startTokenCleanerController } from './tokencleaner/token-cleaner-controller.ts';
import { startValidatingAdmissionPolicyStatusController } from './validatingadmissionpolicystatus/validating-admission-policy-status-controller.ts';

export type { ControllerContext, ControllerHandle } from './shared/context.ts';

export interface ControllerDescriptor {
  /** As kube-controller-manager's --controllers names it. */
  readonly name: string;
  readonly start: (context: ControllerContext) => ControllerHandle;
}

/** Every controller, in the order in which they are started. */
export const controllers: readonly ControllerDescriptor[] = [
  { name: 'garbage-collector-controller', start: startGarbageCollector },
  { name: 'pod-garbage-collector-controller', start: startPodGarbageCollector },
  { name: 'clusterrole-aggregation-controller', start: startClusterRoleAggregationController },
  { name: 'resourcequota-controller', start: startResourceQuotaController },
  { name: 'namespace-controller', start: startNamespaceController },
  { name: 'serviceaccount-controller', start: startServiceAccountController },
  { name: 'serviceaccount-token-controller', start: startServiceAccountTokensController },
  { name: 'root-ca-certificate-publisher-controller', start: startRootCaPublisher },
  { name: 'service-ca-certificate-publisher-controller', start: startServiceCaPublisher },
  { name: 'node-ipam-controller', start: startNodeIpamController },
  { name: 'node-lifecycle-controller', start: startNodeLifecycleController },
  { name: 'taint-eviction-controller', start: startTaintEvictionController },
  { name: 'endpoints-controller', start: startEndpointsController },
  { name: 'endpointslice-controller', start: startEndpointSliceController },
  { name: 'endpointslice-mirroring-controller', start: startEndpointSliceMirroringController },
  { name: 'deployment-controller', start: startDeploymentController },
  { name: 'replicaset-controller', start: startReplicaSetController },
  { name: 'replicationcontroller-controller', start: startReplicationController },
  { name: 'daemonset-controller', start: startDaemonSetController },
  { name: 'statefulset-controller', start: startStatefulSetController },
  { name: 'disruption-controller', start: startDisruptionController },
  { name: 'persistentvolumeclaim-protection-controller', start: startPvcProtectionController },
  { name: 'persistentvolume-protection-controller', start: startPvProtectionController },
  { name: 'volumeattributesclass-protection-controller', start: startVacProtectionController },
  { name: 'service-cidr-controller', start: startServiceCidrsController },
  { name: 'service-ip-repair-controller', start: startIpRepairController },
  { name: 'job-controller', start: startJobController },
  { name: 'cronjob-controller', start: startCronJobController },
  { name: 'ttl-after-finished-controller', start: startTtlAfterFinishedController },
  { name: 'certificatesigningrequest-signing-controller', start: startCsrSigningController },
  { name: 'certificatesigningrequest-approving-controller', start: startCsrApprovingController },
  // Kubernetes leaves serving certificates to people; a cluster of Skiff's own approves what it can check.
  { name: 'kubelet-serving-approver-controller', start: startKubeletServingApprover },
  { name: 'certificatesigningrequest-cleaner-controller', start: startCsrCleanerController },
  { name: 'bootstrap-signer-controller', start: startBootstrapSignerController },
  { name: 'token-cleaner-controller', start: startTokenCleanerController },
  { name: 'validatingadmissionpolicy-status-controller', start: startValidatingAdmissionPolicyStatusController },
  // Of the API server in Kubernetes.
  { name: 'flow-schema-status-controller', start: startFlowSchemaStatusController },
];

/** Starts the controllers, all or those named; `stop` stops them all. The informers are started by the caller. */
export function startControllers(
  context: ControllerContext,
  list: readonly ControllerDescriptor[] = controllers,
): ControllerHandle {
  const handles = list.map(({ start }) => start(context));
  return {
    async stop() {
      await Promise.all(handles.map((handle) => handle.stop()));
    },
  };
}

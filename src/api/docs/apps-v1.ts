/** What apps/v1's types and fields are for. */
export const appsV1Docs = `
ControllerRevision: A former or present state of what a controller makes, to go back to.
  data: The state.
  revision: Its number; higher is newer.
DaemonSet: Runs a pod on every node, or on those of a kind.
DaemonSetCondition: Something that holds of a DaemonSet.
DaemonSetSpec: What pods, and where.
  selector: Labels of its pods; those of the template must match.
  template: A pod to be made on each node; its node selector and affinity say on which.
  updateStrategy: How pods are replaced when the template changes.
  minReadySeconds: Seconds a pod must be ready to be available.
  revisionHistoryLimit: How many former templates are kept to go back to; 10 by default.
DaemonSetStatus: How many nodes have their pod.
  currentNumberScheduled: Nodes that have it and should.
  numberMisscheduled: Nodes that have it and should not.
  desiredNumberScheduled: Nodes that should have it.
  numberReady: Nodes whose pod is ready.
  updatedNumberScheduled: Nodes whose pod is of the newest template.
  numberAvailable: Nodes whose pod has been ready for minReadySeconds.
  numberUnavailable: Nodes that should have it available and have not.
  collisionCount: How often a name for a revision was taken.
DaemonSetUpdateStrategy: How pods of a DaemonSet are replaced.
  type: RollingUpdate (the default), or OnDelete, which leaves it to you.
  rollingUpdate: How many at a time.
Deployment: Keeps a number of pods alike, and replaces them little by little when they are to change.
DeploymentCondition: Something that holds of a Deployment.
  type: Available, Progressing or ReplicaFailure.
DeploymentSpec: What pods, and how many.
  replicas: How many; 1 by default.
  selector: Labels of its pods; those of the template must match. Fixed.
  template: A pod to be made.
  strategy: How pods are replaced when the template changes.
  minReadySeconds: Seconds a pod must be ready to be available.
  revisionHistoryLimit: How many former templates are kept to go back to; 10 by default.
  paused: Whether changes of the template wait.
  progressDeadlineSeconds: Seconds without progress after which it is said to have failed; 600 by default.
DeploymentStatus: How many pods there are.
  replicas: All that are not being stopped.
  updatedReplicas: Those of the newest template.
  readyReplicas: Those that are ready.
  availableReplicas: Those that have been ready for minReadySeconds.
  unavailableReplicas: How many more must become available.
  terminatingReplicas: Those that are being stopped.
  collisionCount: How often a name for a ReplicaSet was taken.
DeploymentStrategy: How pods of a Deployment are replaced.
  type: RollingUpdate (the default), or Recreate, which stops all before it starts any.
  rollingUpdate: How many at a time.
ReplicaSet: Keeps a number of pods alike. Deployments make them.
ReplicaSetCondition: Something that holds of a ReplicaSet.
ReplicaSetSpec: What pods, and how many.
  replicas: How many; 1 by default.
  minReadySeconds: Seconds a pod must be ready to be available.
  selector: Labels of its pods; those of the template must match. Fixed.
  template: A pod to be made.
ReplicaSetStatus: How many pods there are.
  replicas: All that are not being stopped.
  fullyLabeledReplicas: Those with all labels of the template.
  readyReplicas: Those that are ready.
  availableReplicas: Those that have been ready for minReadySeconds.
  terminatingReplicas: Those that are being stopped.
RollingUpdateDaemonSet: How many pods are replaced at a time.
  maxUnavailable: How many nodes may be without, a number or a percentage; 1 by default.
  maxSurge: How many nodes may have the old pod and the new one, a number or a percentage; 0 by default.
RollingUpdateDeployment: How many pods are replaced at a time.
  maxUnavailable: How many may be missing, a number or a percentage; 25% by default.
  maxSurge: How many there may be too many, a number or a percentage; 25% by default.
RollingUpdateStatefulSetStrategy: Which pods are replaced, and how many at a time.
  partition: Only pods from this number on.
  maxUnavailable: How many may be missing, a number or a percentage; 1 by default.
StatefulSet: Keeps numbered pods, each with a name and storage that stay its own.
StatefulSetCondition: Something that holds of a StatefulSet.
StatefulSetOrdinals: The pods' numbers.
  start: The first; 0 by default.
StatefulSetPersistentVolumeClaimRetentionPolicy: What becomes of claims that were made for pods.
  whenDeleted: When the StatefulSet goes: Retain (the default) or Delete.
  whenScaled: When there are to be fewer pods: Retain (the default) or Delete.
StatefulSetSpec: What pods, and how many.
  replicas: How many; 1 by default.
  selector: Labels of its pods; those of the template must match. Fixed.
  template: A pod to be made; it is called after the StatefulSet and its number.
  volumeClaimTemplates: Claims to be made for each pod.
  serviceName: Headless Service that gives the pods names in DNS.
  podManagementPolicy: OrderedReady (the default) goes one by one, Parallel does not wait.
  updateStrategy: How pods are replaced when the template changes.
  revisionHistoryLimit: How many former templates are kept to go back to; 10 by default.
  minReadySeconds: Seconds a pod must be ready to be available.
  persistentVolumeClaimRetentionPolicy: What becomes of the claims.
  ordinals: The pods' numbers.
StatefulSetStatus: How many pods there are.
  replicas: All.
  readyReplicas: Those that are ready.
  currentReplicas: Those of currentRevision.
  updatedReplicas: Those of updateRevision.
  currentRevision: State from which an update comes.
  updateRevision: State to which it goes.
  collisionCount: How often a name for a revision was taken.
  availableReplicas: Those that have been ready for minReadySeconds.
StatefulSetUpdateStrategy: How pods of a StatefulSet are replaced.
  type: RollingUpdate (the default), or OnDelete, which leaves it to you.
  rollingUpdate: Which, and how many at a time.
`;

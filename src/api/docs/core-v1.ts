/** What core/v1's types and fields are for. */
export const coreV1Docs = `
AWSElasticBlockStoreVolumeSource: A disk of AWS EBS; deprecated, its CSI driver serves it.
  volumeID: Which disk.
  partition: Number of the partition to mount; 0 is the whole disk.
Affinity: Where a pod would like to be, by nodes and by other pods.
  nodeAffinity: Which nodes the pod must or would like to run on.
  podAffinity: Which pods it must or would like to be near.
  podAntiAffinity: Which pods it must or would like to keep away from.
AppArmorProfile: Which AppArmor profile confines a container.
  type: Whether the profile is one of the node's (Localhost), the runtime's own, or none.
  localhostProfile: Name of a profile that is loaded on the node; only with type Localhost.
AttachedVolume: A volume that is attached to a node.
  name: Which volume.
  devicePath: The device on the node.
AvoidPods: Pods that a node would rather not have.
  preferAvoidPods: The pods, by who made them.
AzureDiskVolumeSource: A data disk of Azure; deprecated, its CSI driver serves it.
  diskName: Name of the disk among the blobs.
  diskURI: Where the disk is.
  cachingMode: How the host caches it: None, ReadOnly or ReadWrite.
  kind: Shared, Dedicated or Managed: whose disk it is.
AzureFilePersistentVolumeSource: A share of Azure Files for a PersistentVolume; deprecated, its CSI driver serves it.
  secretName: Secret with the storage account's name and key.
  shareName: Name of the share.
  secretNamespace: Namespace of the secret; the claim's by default.
AzureFileVolumeSource: A share of Azure Files; deprecated, its CSI driver serves it.
  secretName: Secret with the storage account's name and key.
  shareName: Name of the share.
Binding: Puts a pod on a node; what schedulers send.
  target: The node.
CSIPersistentVolumeSource: A volume that a CSI driver serves to a PersistentVolume.
  driver: Name of the driver.
  volumeHandle: What the driver calls the volume.
  volumeAttributes: What the driver wants to know to publish it.
  controllerPublishSecretRef: Secret for attaching and detaching it.
  nodeStageSecretRef: Secret for preparing it on a node.
  nodePublishSecretRef: Secret for mounting it into a pod.
  controllerExpandSecretRef: Secret for growing it.
  nodeExpandSecretRef: Secret for growing it on the node.
CSIVolumeSource: A volume that a CSI driver makes for one pod and removes with it.
  driver: Name of the driver.
  volumeAttributes: What the driver wants to know to make it.
  nodePublishSecretRef: Secret, of the pod's namespace, for mounting it.
Capabilities: Linux capabilities beyond and short of the runtime's usual ones.
  add: Capabilities to have in addition.
  drop: Capabilities to go without; ALL for none at all.
CephFSPersistentVolumeSource < CephFSVolumeSource: A Ceph file system for a PersistentVolume; no longer served.
CephFSVolumeSource: A Ceph file system; no longer served.
  monitors: Addresses of Ceph's monitors.
  path: Directory to mount; the root by default.
  user: User to come as; admin by default.
  secretFile: File on the node with the user's key.
CinderPersistentVolumeSource < CinderVolumeSource: A disk of OpenStack Cinder for a PersistentVolume; deprecated, its CSI driver serves it.
CinderVolumeSource: A disk of OpenStack Cinder; deprecated, its CSI driver serves it.
  volumeID: Which disk.
ClientIPConfig: How a client is kept with one endpoint by its address.
  timeoutSeconds: Seconds after its last connection for which a client stays with its endpoint; 10800, three hours, by default.
ClusterTrustBundleProjection: Certificates of ClusterTrustBundles as one file in a volume.
  name: One bundle by name; excludes signerName and labelSelector.
  signerName: All bundles of this signer.
  labelSelector: Only those of the signer's bundles that have these labels.
  path: File to write, relative to the volume.
ComponentCondition: Whether a component of the control plane is well.
  type: Healthy.
  status: True, False or Unknown.
  error: What went wrong when it was asked.
ComponentStatus: How a component of the control plane does; deprecated, ask the component's own health check.
  conditions: What was found.
ConfigMap: Settings for pods to read, as texts or bytes by name.
  immutable: Whether the contents may never change again; nodes then need not watch it.
  data: Contents that are text.
  binaryData: Contents that are bytes, in Base64; their names must not be in data too.
ConfigMapEnvSource: All of a ConfigMap as environment variables.
ConfigMapKeySelector: One content of a ConfigMap.
  key: Name of the content.
ConfigMapNodeConfigSource: A ConfigMap with a kubelet's settings; no longer used.
  namespace: Its namespace.
  uid: Its UID.
  resourceVersion: In which state.
  kubeletConfigKey: Name of the content that holds them.
ConfigMapProjection: Contents of a ConfigMap as files in a volume together with others.
  items: Which contents become which files; all, under their own names, when nothing is said.
ConfigMapVolumeSource: Contents of a ConfigMap as files.
  items: Which contents become which files; all, under their own names, when nothing is said.
Container: A program, in an image of its own, as part of a pod.
  name: Name of the container, unique in the pod.
  image: Image to run, with registry, tag or digest.
  command: Program to run instead of the image's entry point. $(NAME) stands for environment variables.
  args: Arguments instead of those of the image. $(NAME) stands for environment variables.
  workingDir: Directory to start in; the image's by default.
  ports: Ports it listens on. For readers and for names; other ports can be reached as well.
  envFrom: Whole ConfigMaps and Secrets to take environment variables from; a later one wins.
  env: Environment variables.
  resources: How much CPU, memory and the like it asks for, and may use at most.
  resizePolicy: Whether a change of resources restarts it, for each resource.
  restartPolicy: For this container only, instead of the pod's. Always makes an init container a sidecar, which runs as long as the pod.
  restartPolicyRules: What to do about certain exit codes before restartPolicy is asked.
  volumeMounts: Where it sees which of the pod's volumes.
  volumeDevices: Block volumes it has as devices.
  livenessProbe: Asked again and again while it runs; when it fails the container is restarted.
  readinessProbe: Asked again and again; while it fails Services send nothing here.
  startupProbe: Asked until it succeeds for the first time; the other probes wait for it.
  lifecycle: What to do just after it starts and just before it stops.
  terminationMessagePath: File in the container whose content becomes its last message; /dev/termination-log by default.
  terminationMessagePolicy: Whether the end of the log will do for a message when the file is empty and it failed.
  imagePullPolicy: When to pull the image. IfNotPresent by default, Always for images tagged latest.
  securityContext: Privileges and users; what is said here goes before what the pod says.
  stdin: Keep standard input open, for attach.
  stdinOnce: Close standard input for good after the first client has gone.
  tty: Give it a terminal; needs stdin.
ContainerExtendedResourceRequest: Which device request stands for an extended resource of a container.
  containerName: The container.
  resourceName: The extended resource.
  requestName: The request in the claim that was made for it.
ContainerImage: An image that a node has.
  names: Its names, with tags and digests.
  sizeBytes: Its size in bytes.
ContainerPort: A port that a container listens on.
  name: Name by which Services and probes can mean it, unique in the pod.
  hostPort: Port of the node that leads here. Few need it.
  containerPort: The port in the pod.
  protocol: TCP by default.
  hostIP: Address of the node to bind hostPort to; all by default.
ContainerResizePolicy: What a change of a resource means to a running container.
  resourceName: cpu or memory.
  restartPolicy: NotRequired changes it on the fly, RestartContainer starts it anew.
ContainerRestartRule: What to do about an exit of a container.
  action: Restart restarts the container, RestartAllContainers all of the pod.
  exitCodes: Which exit codes it is for.
ContainerRestartRuleOnExitCodes: A set of exit codes.
  operator: In or NotIn the values.
  values: The exit codes.
ContainerState: What a container is doing: one of the three.
  waiting: It has yet to start.
  running: It runs.
  terminated: It has ended.
ContainerStateRunning: A container that runs.
  startedAt: Since when.
ContainerStateTerminated: A container that has ended.
  exitCode: What it exited with.
  signal: The signal that ended it.
  startedAt: When it began.
  finishedAt: When it ended.
  containerID: The runtime's name of it.
ContainerStateWaiting: A container that has yet to start.
ContainerStatus: How a container of a pod does.
  name: Which container.
  state: What it does now.
  lastState: How it ended before it was last restarted.
  ready: Whether it passes its readiness probe.
  restartCount: How often it was restarted.
  image: The image it runs.
  imageID: What the runtime calls that image, usually by digest.
  containerID: What the runtime calls the container: TYPE://ID.
  started: Whether it has passed its startup probe and its postStart hook.
  allocatedResources: What the node has set aside for it.
  resources: The requests and limits that it runs with.
  volumeMounts: How its volumes are mounted.
  user: As whom its first process was started.
  allocatedResourcesStatus: Health of the devices it was given.
  stopSignal: The signal that stops it.
ContainerUser: As whom a container runs.
  linux: On Linux.
DaemonEndpoint: A port of a daemon on a node.
  Port: The port.
DownwardAPIProjection: Facts of the pod as files in a volume together with others.
  items: The files.
DownwardAPIVolumeFile: A file with one fact of the pod.
  path: The file, relative to the volume.
  fieldRef: A field of the pod: labels, annotations, name, namespace, uid.
  resourceFieldRef: A request or limit of a container.
  mode: Permissions of this file, instead of defaultMode.
DownwardAPIVolumeSource: Facts of the pod as files.
  items: The files.
EmptyDirVolumeSource: A directory that is empty when the pod starts and gone when it ends.
  medium: Memory keeps it in memory; by default it is on the node's disk.
  sizeLimit: How much it may hold; the pod is evicted beyond.
EndpointAddress: An address of an endpoint.
  ip: The address. Neither loopback nor link-local.
  hostname: The endpoint's host name.
  nodeName: The node that it is on.
  targetRef: What it is, usually a pod.
EndpointPort: A port of the endpoints in a subset.
  name: Name of the Service's port that it belongs to.
  port: The number.
  protocol: TCP by default.
  appProtocol: What is spoken over it: kubernetes.io/h2c, kubernetes.io/ws, or a registered name.
EndpointSubset: Addresses that have the same ports.
  addresses: Those that are ready.
  notReadyAddresses: Those that are not, or not yet.
  ports: Their ports.
Endpoints: The addresses behind a Service, all in one object; deprecated for EndpointSlices.
  subsets: The addresses, by their ports.
EnvFromSource: A ConfigMap or Secret whose contents become environment variables.
  prefix: Put before each name.
  configMapRef: The ConfigMap.
  secretRef: The Secret.
EnvVar: An environment variable.
  name: Its name.
  value: Its value. $(NAME) stands for variables that come before it, $$(NAME) for the text itself.
  valueFrom: Where the value comes from, when it is not given.
EnvVarSource: Where the value of an environment variable comes from: one of these.
  fieldRef: A field of the pod: its name, namespace, labels, annotations, node, service account, addresses.
  resourceFieldRef: A request or limit of a container.
  configMapKeyRef: A content of a ConfigMap.
  secretKeyRef: A content of a Secret.
  fileKeyRef: A variable of an environment file in a volume.
EphemeralContainer < Container: A container that joins a running pod, for debugging. It is never restarted and has no resources of its own.
  targetContainerName: The container whose processes it sees.
EphemeralContainerCommon < Container: What ephemeral containers share with others.
EphemeralVolumeSource: A volume with a claim of its own that lives as long as the pod.
  volumeClaimTemplate: The claim to make; its name is the pod's and the volume's with a hyphen between.
Event: Something that happened to an object. Kept for a while; do not build on it.
  involvedObject: To what it happened.
  source: Who says so.
  firstTimestamp: When it first happened.
  lastTimestamp: When it last happened.
  count: How often it happened.
  type: Normal or Warning.
  eventTime: When it was first seen, exactly.
  series: How it has gone on, for one that repeats.
  action: What was done about it.
  related: Another object that has to do with it.
  reportingComponent: Name of the controller that says so.
  reportingInstance: Which instance of that controller.
EventSeries: How an event has gone on.
  count: How often it has happened.
  lastObservedTime: When it was last seen.
EventSource: Who reports an event.
  component: Which component.
  host: On which node.
ExecAction: A program to run in the container; exit code 0 is success.
  command: Program and arguments; no shell is involved.
FCVolumeSource: A disk on Fibre Channel.
  targetWWNs: Names of the targets.
  lun: Number of the unit.
  wwids: Names of the disk itself, instead of target and unit.
FileKeySelector: A variable in an environment file.
  volumeName: Volume that the file is in.
  path: The file, relative to the volume.
  key: Name of the variable.
FlexPersistentVolumeSource < FlexVolumeSource: A volume by a FlexVolume plugin for a PersistentVolume; deprecated for CSI.
FlexVolumeSource: A volume by a FlexVolume plugin; deprecated for CSI.
  driver: Name of the plugin.
  options: What the plugin wants to know.
FlockerVolumeSource: A dataset of Flocker; no longer served.
  datasetName: Name of the dataset.
  datasetUUID: Its UID.
GCEPersistentDiskVolumeSource: A disk of Google Compute Engine; deprecated, its CSI driver serves it.
  pdName: Name of the disk.
  partition: Number of the partition to mount; 0 is the whole disk.
GRPCAction: A question after gRPC's health checking protocol.
  port: Port to ask at.
  service: Service to ask about; the server as a whole by default.
GitRepoVolumeSource: A clone of a Git repository; no longer served, an init container can clone into an emptyDir.
  repository: Where from.
  revision: Which commit.
  directory: Where to, in the volume.
GlusterfsPersistentVolumeSource < GlusterfsVolumeSource: A volume of GlusterFS for a PersistentVolume; no longer served.
  endpointsNamespace: Namespace of the endpoints; the claim's by default.
GlusterfsVolumeSource: A volume of GlusterFS; no longer served.
  endpoints: Name of the Endpoints with the servers.
  path: Name of the volume.
HTTPGetAction: A GET; an answer from 200 to 399 is success.
  path: Path to ask for.
  port: Port, by number or by name.
  host: Host to ask; the pod's address by default.
  scheme: HTTP by default. With HTTPS the certificate is not checked.
  httpHeaders: Headers to send.
HTTPHeader: A header of a probe's request.
  name: Its name.
  value: Its value.
HostAlias: A line of the pod's /etc/hosts.
  ip: The address.
  hostnames: Its names.
HostIP: An address of a pod's node.
  ip: The address.
HostPathVolumeSource: A file or directory of the node itself. Whoever may use it may do much harm.
  path: Path on the node.
  type: What must be there, or is made: DirectoryOrCreate, File, Socket and so on. Nothing is checked by default.
ISCSIPersistentVolumeSource < ISCSIVolumeSource: A disk over iSCSI for a PersistentVolume.
ISCSIVolumeSource: A disk over iSCSI.
  targetPortal: Address of the target, with its port unless that is 3260.
  iqn: Qualified name of the target.
  lun: Number of the unit.
  iscsiInterface: Interface to go through.
  portals: More addresses of the target.
  chapAuthDiscovery: Whether discovery asks for CHAP.
  chapAuthSession: Whether sessions ask for CHAP.
  initiatorName: Name to come as.
ImageVolumeSource: The files of an image, read-only.
  reference: The image, as for a container.
  pullPolicy: When to pull it, as for a container.
ImageVolumeStatus: How a volume of an image does.
  imageRef: The image that is mounted, by digest.
KeyToPath: A content that becomes a file.
  key: Name of the content.
  path: The file, relative to the volume.
  mode: Permissions of this file, instead of defaultMode.
Lifecycle: What is done around the life of a container.
  postStart: Done just after it starts, beside its program. When it fails the container is restarted.
  preStop: Done before it is stopped; the grace period is already running.
  stopSignal: The signal that asks it to stop; the image's, or SIGTERM, by default.
LifecycleHandler: Something to do: one of these.
  exec: Run a program in the container.
  httpGet: Ask for a path.
  tcpSocket: Open a connection; kept for old manifests, it does nothing here.
  sleep: Wait.
LimitRange: Bounds and defaults of the resources that single objects of a namespace ask for.
  spec: The bounds.
LimitRangeItem: Bounds for one type of object.
  type: Container, Pod or PersistentVolumeClaim.
  max: Most that may be asked for.
  min: Least that must be asked for.
  default: Limits of those that say nothing.
  defaultRequest: Requests of those that say nothing.
  maxLimitRequestRatio: How many times its request a limit may be.
LimitRangeSpec: The bounds of a LimitRange.
  limits: One for each type of object.
LinuxContainerUser: Users and groups of a container's first process.
  uid: The user.
  gid: The group.
  supplementalGroups: Further groups.
LoadBalancerIngress: An address at which a load balancer takes traffic.
  ip: Its address, where it has one.
  hostname: Its name, where it goes by name.
  ipMode: VIP delivers with the load balancer's address as destination, Proxy with a node's or a pod's.
  ports: How each port does.
LoadBalancerStatus: What a load balancer has come to.
  ingress: Where traffic enters.
LocalObjectReference: An object of the same namespace.
  name: Its name.
LocalVolumeSource: A disk or directory of one node; needs nodeAffinity.
  path: Path on the node.
ModifyVolumeStatus: How a change of a volume's attributes is getting on.
  targetVolumeAttributesClassName: The class that it is changing to.
  status: Pending, InProgress, or Infeasible where the driver refused.
NFSVolumeSource: A directory of an NFS server.
  server: The server's name or address.
  path: The directory it exports.
Namespace: A part of the cluster with names of its own.
NamespaceCondition: Something that holds of a namespace.
NamespaceSpec: What is wanted of a namespace.
  finalizers: What must be done before it may go.
NamespaceStatus: How a namespace does.
  phase: Active, or Terminating while its content is removed.
Node: A machine that runs pods.
NodeAddress: An address of a node.
  type: Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.
  address: The address.
NodeAffinity: Which nodes a pod must or would like to run on.
  requiredDuringSchedulingIgnoredDuringExecution: Nodes it must run on; a pod that runs already stays.
  preferredDuringSchedulingIgnoredDuringExecution: Nodes it would like, each with a weight.
NodeAllocatableResourceClaimStatus: Resources of the node that a claim stands for.
  resourceClaimName: The claim.
  containers: The containers that have it.
  resources: What it stands for.
NodeCondition: Something that holds of a node.
  type: Ready, MemoryPressure, DiskPressure, PIDPressure, NetworkUnavailable or another's own.
  lastHeartbeatTime: When the node last said so.
NodeConfigSource: Where a kubelet took its settings from; no longer used.
  configMap: The ConfigMap.
NodeConfigStatus: Which settings a kubelet used; no longer used.
  assigned: What it was told to use.
  active: What it used.
  lastKnownGood: What it fell back to.
  error: What was wrong with what it was told.
NodeDaemonEndpoints: Ports of a node's daemons.
  kubeletEndpoint: The kubelet's.
NodeFeatures: What a node's runtime can do.
  supplementalGroupsPolicy: It knows supplementalGroupsPolicy.
NodeProxyOptions: What a request through the API server to a node is for.
  path: Path to ask the node for.
NodeRuntimeHandler: A way in which a node can run containers.
  name: Its name; empty for the default.
  features: What it can do.
NodeRuntimeHandlerFeatures: What a runtime handler can do.
  recursiveReadOnlyMounts: Mounts that are read-only all the way down.
  userNamespaces: User namespaces.
NodeSelector: Nodes that satisfy any of the terms.
  nodeSelectorTerms: The terms.
NodeSelectorRequirement: Something that a node's label or field must satisfy.
  key: Which label or field.
  operator: How it relates to the values; Gt and Lt compare integers.
  values: The values; none for Exists and DoesNotExist, one for Gt and Lt.
NodeSelectorTerm: Nodes that satisfy all of this. An empty term selects none.
  matchExpressions: About labels.
  matchFields: About fields; metadata.name only.
NodeSpec: What is wanted of a node.
  podCIDR: The pods' addresses on it.
  podCIDRs: The same, one range of each address family.
  providerID: What the cloud calls the machine.
  unschedulable: Whether no new pods come here.
  taints: What keeps pods away that do not tolerate it.
  configSource: No longer used.
  externalID: No longer used.
NodeStatus: How a node does.
  capacity: All that it has.
  allocatable: What of it pods can have.
  phase: No longer used.
  addresses: Where it can be reached.
  daemonEndpoints: Ports of its daemons.
  nodeInfo: What it is.
  images: Images that it has.
  volumesInUse: Volumes that pods on it use.
  volumesAttached: Volumes that are attached to it.
  config: No longer used.
  runtimeHandlers: In which ways it can run containers.
  features: What its runtime can do.
  declaredFeatures: Features that it says it has, for the scheduler.
NodeSwapStatus: A node's swap.
  capacity: Its size in bytes.
NodeSystemInfo: What a node is.
  machineID: The machine's ID.
  systemUUID: The system's UUID.
  bootID: Changes with each boot.
  kernelVersion: The kernel's version.
  osImage: The distribution.
  containerRuntimeVersion: Runtime and version.
  kubeletVersion: The kubelet's version.
  kubeProxyVersion: Deprecated; it was never right.
  operatingSystem: linux or windows.
  architecture: The processors' architecture.
  swap: Its swap.
ObjectFieldSelector: A field of the pod.
  apiVersion: Version in which the path is written; v1 by default.
  fieldPath: The field: metadata.name, metadata.labels['x'], spec.nodeName, status.podIP, ...
ObjectReference: An object, or a part of one.
  kind: Its kind.
  namespace: Its namespace.
  name: Its name.
  uid: Its UID.
  apiVersion: Group and version of the kind.
  resourceVersion: In which state.
  fieldPath: Which part of it.
PersistentVolume: A piece of storage, for a claim to use.
PersistentVolumeClaim: A wish for storage, which a PersistentVolume comes to serve.
PersistentVolumeClaimCondition: Something that holds of a claim.
  type: Resizing, FileSystemResizePending, ModifyingVolume and the like.
  lastProbeTime: When it was last looked at.
PersistentVolumeClaimSpec: What storage is wanted.
  accessModes: How it will be used: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.
  selector: Labels that the volume must have.
  resources: How much of it.
  volumeName: The volume; filled in when one was found.
  storageClassName: Class that the volume is of or is made by; empty for none, nothing for the default class.
  volumeMode: A file system, or a bare block device.
  dataSource: What it begins with: a snapshot or another claim.
  dataSourceRef: What it begins with; of any kind, and of another namespace where that is allowed.
  volumeAttributesClassName: Class of the attributes that may change while it is in use.
PersistentVolumeClaimStatus: How a claim does.
  phase: Pending until it has a volume, then Bound; Lost when the volume is gone.
  accessModes: How the volume can be used.
  capacity: How much it really has.
  allocatedResources: What has been set aside while it grows.
  allocatedResourceStatuses: How far growing is.
  currentVolumeAttributesClassName: Class of attributes that it has now.
  modifyVolumeStatus: A change of attributes that is under way.
PersistentVolumeClaimTemplate: A claim to be made.
  spec: What storage is wanted.
PersistentVolumeClaimVolumeSource: The storage of a claim.
  claimName: Name of the claim, in the pod's namespace.
PersistentVolumeSource: What kind of storage a volume is: one of these.
  gcePersistentDisk: A disk of Google Compute Engine; deprecated.
  awsElasticBlockStore: A disk of AWS EBS; deprecated.
  hostPath: A directory of the node; for clusters of one node.
  glusterfs: No longer served.
  nfs: A directory of an NFS server.
  rbd: No longer served.
  iscsi: A disk over iSCSI.
  cinder: A disk of OpenStack Cinder; deprecated.
  cephfs: No longer served.
  fc: A disk on Fibre Channel.
  flocker: No longer served.
  flexVolume: By a FlexVolume plugin; deprecated.
  azureFile: A share of Azure Files; deprecated.
  vsphereVolume: A disk of vSphere; deprecated.
  quobyte: No longer served.
  azureDisk: A data disk of Azure; deprecated.
  photonPersistentDisk: No longer served.
  portworxVolume: A volume of Portworx; deprecated.
  scaleIO: No longer served.
  local: A disk or directory of one node.
  storageos: No longer served.
  csi: By a CSI driver.
PersistentVolumeSpec: What a volume is.
  capacity: How much it holds.
  accessModes: How it can be used.
  claimRef: The claim that it serves, or is kept for.
  persistentVolumeReclaimPolicy: What becomes of it when its claim goes: Retain, Delete, or Recycle, which is deprecated.
  storageClassName: Class that it is of.
  mountOptions: Options for mount.
  volumeMode: A file system, or a bare block device.
  nodeAffinity: From which nodes it can be reached.
  volumeAttributesClassName: Class of its attributes that may change.
PersistentVolumeStatus: How a volume does.
  phase: Pending, Available, Bound, Released when its claim is gone, or Failed.
  lastPhaseTransitionTime: When the phase last changed.
PhotonPersistentDiskVolumeSource: A disk of Photon; no longer served.
  pdID: Which disk.
Pod: One or more containers that run together on one node, with one network address and shared volumes.
PodAffinity: Which pods a pod must or would like to be near.
  requiredDuringSchedulingIgnoredDuringExecution: Pods it must be near; a pod that runs already stays.
  preferredDuringSchedulingIgnoredDuringExecution: Pods it would like to be near, each with a weight.
PodAffinityTerm: Pods, and what near means.
  labelSelector: Labels of the pods.
  namespaces: Namespaces to look in; the pod's own by default.
  topologyKey: Nodes with the same value of this label are one place.
  namespaceSelector: Labels of further namespaces to look in; an empty one means all.
  matchLabelKeys: Labels in which the pods must have the same values as this one.
  mismatchLabelKeys: Labels in which they must have other values than this one.
PodAntiAffinity: Which pods a pod must or would like to keep away from.
  requiredDuringSchedulingIgnoredDuringExecution: Pods it must not be near; a pod that runs already stays.
  preferredDuringSchedulingIgnoredDuringExecution: Pods it would rather not be near, each with a weight.
PodAttachOptions: How to attach to a container.
  stdin: Pass standard input on.
  stdout: Pass standard output on.
  stderr: Pass standard error on.
  tty: The container has a terminal.
  container: Which container; needed where the pod has several.
PodCertificateProjection: A key and a certificate for it, made for the pod, as files in a volume.
  signerName: Who is to sign.
  keyType: What kind of key to make.
  maxExpirationSeconds: Longest the certificate may be good for.
  credentialBundlePath: File with key and certificates together.
  keyPath: File with the key.
  certificateChainPath: File with the certificates.
  userAnnotations: What the signer is told in addition.
PodCondition: Something that holds of a pod.
  type: PodScheduled, Initialized, ContainersReady, Ready or another's own.
  lastProbeTime: When it was last looked at.
PodDNSConfig: Settings of name resolution, merged with those that dnsPolicy makes.
  nameservers: More name servers.
  searches: More search domains.
  options: Resolver options; a later one wins.
PodDNSConfigOption: A resolver option.
  name: Its name.
  value: Its value.
PodExecOptions: How to run a program in a container.
  stdin: Pass standard input on.
  stdout: Pass standard output on.
  stderr: Pass standard error on.
  tty: Give the program a terminal.
  container: Which container; needed where the pod has several.
  command: Program and arguments.
PodExtendedResourceClaimStatus: The claim made for a pod's extended resources that devices serve.
  requestMappings: Which request serves which container.
  resourceClaimName: The claim.
PodIP: An address of a pod.
  ip: The address.
PodLogOptions: Which part of a container's log.
  container: Which container; needed where the pod has several.
  follow: Go on with what is yet to be written.
  previous: Of the container that ran before this one.
  sinceSeconds: Only lines younger than this.
  sinceTime: Only lines from then on.
  timestamps: Put the time before each line.
  tailLines: Only so many lines from the end.
  limitBytes: Most bytes to send.
  insecureSkipTLSVerifyBackend: Do not check the node's certificate.
  stream: All, Stdout or Stderr.
PodOS: The operating system that a pod is for.
  name: linux or windows.
PodPortForwardOptions: Which ports to forward.
  ports: The ports, over WebSocket.
PodProxyOptions: What a request through the API server to a pod is for.
  path: Path to ask the pod for.
PodReadinessGate: A further condition for a pod to be ready.
  conditionType: The condition that must be True.
PodResourceClaim: A claim to devices that containers of a pod can name.
  name: Name for the containers, unique in the pod.
  resourceClaimName: A ResourceClaim that is there.
  resourceClaimTemplateName: A template that a claim is made from, for this pod only.
PodResourceClaimStatus: The claim that was made from a template.
  name: As in the pod's spec.
  resourceClaimName: The claim.
PodSchedulingGate: Something that must be taken away before a pod is scheduled.
  name: Its name.
PodSchedulingGroup: Pods that are scheduled together.
  podGroupName: The PodGroup.
PodSecurityContext: Privileges and users of all containers of a pod, and of its volumes.
  seLinuxOptions: SELinux context of the containers; the runtime picks one by default.
  windowsOptions: On Windows.
  runAsUser: User to run as; the image's by default.
  runAsGroup: Group to run as.
  runAsNonRoot: Refuse to start containers that would run as root.
  supplementalGroups: Further groups of the first processes.
  supplementalGroupsPolicy: Whether groups of the image's user count too (Merge) or not (Strict).
  fsGroup: Group that owns the volumes, and that the containers are in.
  sysctls: Kernel settings of the pod's namespaces.
  fsGroupChangePolicy: Whether volumes get their group at every mount or only when their root has another.
  seccompProfile: Which system calls the containers may make.
  appArmorProfile: Which AppArmor profile confines them.
  seLinuxChangePolicy: Whether volumes get their SELinux label by mount option or file by file.
PodSignature: Pods of one controller.
  podController: The controller.
PodSpec: What a pod is to be.
  volumes: Volumes that containers can mount.
  initContainers: Containers that run before the others, one after the other, each to its end.
  containers: The containers. At least one.
  ephemeralContainers: Containers for debugging, added while it runs.
  restartPolicy: Whether containers that end are restarted: Always (the default), OnFailure or Never.
  terminationGracePeriodSeconds: Seconds between asking it to stop and killing it; 30 by default.
  activeDeadlineSeconds: Seconds after which it is stopped and has failed.
  dnsPolicy: Where names are resolved. ClusterFirst by default; with hostNetwork one wants ClusterFirstWithHostNet.
  nodeSelector: Labels that its node must have.
  serviceAccountName: ServiceAccount it runs as; default by default.
  serviceAccount: Deprecated for serviceAccountName.
  automountServiceAccountToken: Whether it gets a token of its service account as a file.
  nodeName: The node it runs on. Set by the scheduler; who sets it goes past the scheduler.
  hostNetwork: Share the node's network.
  hostPID: See the node's processes.
  hostIPC: Share the node's IPC namespace.
  shareProcessNamespace: Let its containers see each other's processes.
  securityContext: Privileges and users of all its containers.
  imagePullSecrets: Secrets with credentials for registries.
  hostname: Host name; the pod's name by default.
  subdomain: Subdomain, which with the host name makes a name in DNS where a headless Service is called so.
  affinity: Where it would like to be.
  schedulerName: Which scheduler places it.
  tolerations: Taints it can live with.
  hostAliases: Lines for its /etc/hosts.
  priorityClassName: PriorityClass that says how important it is.
  priority: How important it is; filled in from the class.
  dnsConfig: Settings of name resolution beyond dnsPolicy.
  readinessGates: Further conditions for it to be ready.
  runtimeClassName: RuntimeClass that says how it is run.
  enableServiceLinks: Whether it has environment variables for each Service of its namespace.
  preemptionPolicy: Whether less important pods make way for it; Never or PreemptLowerPriority.
  overhead: What running it takes beyond its containers; filled in from the RuntimeClass.
  topologySpreadConstraints: How evenly it and its like are spread.
  setHostnameAsFQDN: Whether the full name in DNS is its host name.
  os: Operating system it is for.
  hostUsers: Share the node's users; false gives it a user namespace of its own.
  schedulingGates: What must be taken away before it is scheduled.
  resourceClaims: Claims to devices that its containers can name.
  resources: Resources of the pod as a whole.
  hostnameOverride: Host name as it is, instead of hostname and subdomain.
  schedulingGroup: Pods that it is scheduled together with.
PodStatus: How a pod does.
  phase: Pending, Running, Succeeded, Failed or Unknown.
  nominatedNodeName: Node on which others are making way for it.
  hostIP: Address of its node.
  hostIPs: Addresses of its node.
  podIP: Its address.
  podIPs: Its addresses, one of each family at most.
  startTime: When the kubelet took it on.
  initContainerStatuses: How its init containers do.
  containerStatuses: How its containers do.
  qosClass: Guaranteed, Burstable or BestEffort, by its requests and limits.
  ephemeralContainerStatuses: How its ephemeral containers do.
  resize: Deprecated; conditions say how a resize is getting on.
  resourceClaimStatuses: Claims made for it.
  extendedResourceClaimStatus: The claim made for its extended resources.
  allocatedResources: What the node has set aside for it.
  resources: Requests and limits it runs with, of the pod as a whole.
  nodeAllocatableResourceClaimStatuses: Resources of the node that its claims stand for.
PodStatusResult: A pod's status alone; no longer used.
PodTemplate: A template of pods that stands by itself.
  template: The pod.
PodTemplateSpec: A pod to be made.
  spec: What the pod is to be.
PortStatus: How a port of a load balancer does.
  port: The port.
  protocol: Its protocol.
  error: What is wrong with it.
PortworxVolumeSource: A volume of Portworx; deprecated, its CSI driver serves it.
  volumeID: Which volume.
Preconditions: What must hold for a change to be made.
  uid: The object's UID.
PreferAvoidPodsEntry: Pods that a node would rather not have.
  podSignature: The pods.
  evictionTime: Since when.
PreferredSchedulingTerm: Nodes that are liked.
  weight: How much, from 1 to 100.
  preference: Which nodes.
Probe: A question to a container, asked again and again.
  initialDelaySeconds: Seconds to wait after it started.
  timeoutSeconds: Seconds an answer may take; 1 by default.
  periodSeconds: Seconds from one question to the next; 10 by default.
  successThreshold: How many successes in a row make it pass; 1 by default.
  failureThreshold: How many failures in a row make it fail; 3 by default.
  terminationGracePeriodSeconds: Seconds it is given when this probe has failed, instead of the pod's.
ProbeHandler: How to ask: one of these.
  exec: Run a program in the container.
  httpGet: Ask for a path over HTTP.
  tcpSocket: Open a connection.
  grpc: Ask after gRPC's health checking protocol.
ProjectedVolumeSource: Files from several places in one volume.
  sources: The places.
QuobyteVolumeSource: A volume of Quobyte; no longer served.
  registry: Addresses of its registries.
  volume: Name of the volume.
  user: User to come as.
  group: Group to come as.
  tenant: Whose volume.
RBDPersistentVolumeSource < RBDVolumeSource: A block device of Ceph for a PersistentVolume; no longer served.
RBDVolumeSource: A block device of Ceph; no longer served.
  monitors: Addresses of Ceph's monitors.
  image: Name of the device.
  pool: Pool it is in.
  user: User to come as.
  keyring: File on the node with the user's key.
RangeAllocation: A range and what of it is taken; not served.
  range: The range.
  data: What is taken, a bit each.
ReplicationController: Keeps a number of pods alike; ReplicaSets do the same and more.
ReplicationControllerCondition: Something that holds of a ReplicationController.
ReplicationControllerSpec: What pods, and how many.
  replicas: How many; 1 by default.
  minReadySeconds: Seconds a pod must be ready to be available.
  selector: Labels of its pods; those of the template by default.
  template: A pod to be made.
ReplicationControllerStatus: How many pods there are.
  replicas: All.
  fullyLabeledReplicas: Those with all labels of the template.
  readyReplicas: Those that are ready.
  availableReplicas: Those that have been ready for minReadySeconds.
ResourceClaim: A claim of the pod that a container uses.
  name: Its name in the pod's resourceClaims.
  request: Which request of the claim; all by default.
ResourceFieldSelector: A request or limit of a container.
  containerName: The container; needed in volumes.
  resource: Which one: limits.cpu, requests.memory, ...
  divisor: In units of this; 1 by default.
ResourceHealth: Whether a device is well.
  resourceID: Which device.
  health: Healthy, Unhealthy or Unknown.
ResourceQuota: Bounds on what all objects of a namespace ask for together.
ResourceQuotaSpec: The bounds.
  hard: The most of each resource: requests.cpu, pods, count/deployments.apps, ...
  scopes: Which objects count; all by default.
  scopeSelector: Which objects count, in more words.
ResourceQuotaStatus: The bounds and what is used.
  hard: The bounds that hold.
  used: What is used of each.
ResourceRequirements: How much of each resource a container needs and may use.
  limits: The most it may use.
  requests: What is set aside for it; as much as limits by default.
  claims: Claims of the pod that it uses.
ResourceStatus: Health of the devices of one resource.
  name: The resource.
  resources: The devices.
SELinuxOptions: An SELinux label.
  user: Its user.
  role: Its role.
  type: Its type.
  level: Its level.
ScaleIOPersistentVolumeSource < ScaleIOVolumeSource: A volume of ScaleIO for a PersistentVolume; no longer served.
ScaleIOVolumeSource: A volume of ScaleIO; no longer served.
  gateway: Address of the gateway.
  system: Name of the system.
  sslEnabled: Whether to use TLS.
  protectionDomain: Its protection domain.
  storagePool: Its storage pool.
  storageMode: Thick or thin provisioning.
  volumeName: Name of the volume.
ScopeSelector: Objects that count towards a quota.
  matchExpressions: What they must satisfy; all of it.
ScopedResourceSelectorRequirement: Something that objects must satisfy to count towards a quota.
  scopeName: Which property: Terminating, BestEffort, PriorityClass, ...
  operator: How it relates to the values.
  values: The values; for In and NotIn.
SeccompProfile: Which system calls a container may make.
  type: Whether the profile is a file of the node's (Localhost), the runtime's own, or none.
  localhostProfile: File below the kubelet's seccomp directory; only with type Localhost.
Secret: Passwords, keys and the like, as bytes by name.
  immutable: Whether the contents may never change again; nodes then need not watch it.
  data: Contents, in Base64.
  stringData: Contents as plain text; written to data, never read back.
  type: What it is for, which says what it must contain. Opaque by default.
SecretEnvSource: All of a Secret as environment variables.
SecretKeySelector: One content of a Secret.
  key: Name of the content.
SecretProjection: Contents of a Secret as files in a volume together with others.
  items: Which contents become which files; all, under their own names, when nothing is said.
SecretReference: A Secret, in any namespace.
  name: Its name.
  namespace: Its namespace.
SecretVolumeSource: Contents of a Secret as files, which are kept in memory.
  secretName: Name of the Secret.
  items: Which contents become which files; all, under their own names, when nothing is said.
SecurityContext: Privileges and users of a container.
  capabilities: Linux capabilities beyond and short of the runtime's usual ones.
  privileged: Give it all that root on the node has.
  seLinuxOptions: SELinux context.
  windowsOptions: On Windows.
  runAsUser: User to run as; the image's by default.
  runAsGroup: Group to run as.
  runAsNonRoot: Refuse to start it as root.
  readOnlyRootFilesystem: Whether it cannot write to its root file system.
  allowPrivilegeEscalation: Whether a program may get more privileges than the one that started it.
  procMount: How /proc is mounted: Default hides parts of it, Unmasked shows all.
  seccompProfile: Which system calls it may make.
  appArmorProfile: Which AppArmor profile confines it.
SerializedReference: A reference to an object as a document.
  reference: The object.
Service: One address and name for a set of pods.
ServiceAccount: Somebody for programs to be.
  secrets: Secrets that its pods may use, where that is enforced.
  imagePullSecrets: Secrets with credentials for registries, for its pods.
  automountServiceAccountToken: Whether its pods get a token as a file, unless they say themselves.
ServiceAccountTokenProjection: A token of the pod's service account as a file.
  audience: Whom it is meant for; the API server by default.
  expirationSeconds: Seconds it is good for; renewed in time. 3600 by default, 600 at least.
  path: The file, relative to the volume.
ServicePort: A port of a Service.
  name: Its name; needed where there are several.
  protocol: TCP by default.
  appProtocol: What is spoken over it: kubernetes.io/h2c, kubernetes.io/ws, or a registered name.
  port: The number.
  targetPort: Port of the pods, by number or by name; the same number by default.
  nodePort: Port of every node that leads here; given out where the type needs it.
ServiceProxyOptions: What a request through the API server to a service is for.
  path: Path, with its query, to ask the service for.
ServiceSpec: What a Service is to be.
  ports: Its ports.
  selector: Labels of its pods. Without one, somebody else says where its endpoints are.
  clusterIP: Its address. Given out unless asked for; None makes it headless, with the pods' addresses in DNS.
  clusterIPs: Its addresses, one of each family at most; the first is clusterIP.
  type: ClusterIP is reached in the cluster, NodePort at every node too, LoadBalancer from outside; ExternalName is another name in DNS.
  externalIPs: Addresses, looked after by others, that lead here when they reach a node.
  sessionAffinity: ClientIP keeps a client with one endpoint; None by default.
  loadBalancerIP: Deprecated wish for an address of the load balancer.
  loadBalancerSourceRanges: Addresses that the load balancer lets in, where it can.
  externalName: The other name, with type ExternalName.
  externalTrafficPolicy: Cluster sends what comes from outside anywhere; Local only to endpoints of the node, and keeps the client's address.
  healthCheckNodePort: Port at which nodes say whether they have endpoints; with type LoadBalancer and policy Local.
  publishNotReadyAddresses: Whether endpoints that are not ready count too.
  sessionAffinityConfig: How sessionAffinity works.
  ipFamilies: Address families, in order.
  ipFamilyPolicy: One family, both if the cluster has them, or both or nothing.
  allocateLoadBalancerNodePorts: Whether type LoadBalancer comes with node ports.
  loadBalancerClass: Which load balancer is to serve it; fixed once set.
  internalTrafficPolicy: Cluster sends what comes from pods anywhere; Local only to endpoints of the same node.
  trafficDistribution: PreferSameZone or PreferSameNode: where to send traffic if there is a choice.
ServiceStatus: How a Service does.
  loadBalancer: What the load balancer has come to.
SessionAffinityConfig: How sessionAffinity works.
  clientIP: For ClientIP.
SleepAction: Waiting.
  seconds: For so long.
StorageOSPersistentVolumeSource < StorageOSVolumeSource: A volume of StorageOS for a PersistentVolume; no longer served.
StorageOSVolumeSource: A volume of StorageOS; no longer served.
  volumeName: Name of the volume.
  volumeNamespace: Its namespace in StorageOS.
Sysctl: A kernel setting.
  name: Its name.
  value: Its value.
TCPSocketAction: Opening a connection; that it opens is success.
  port: Port, by number or by name.
  host: Host to connect to; the pod's address by default.
Taint: Keeps pods away that do not tolerate it.
  key: Its name.
  value: Its value.
  effect: NoSchedule, PreferNoSchedule, or NoExecute, which also evicts.
  timeAdded: When it was added.
Toleration: A taint that a pod can live with.
  key: Name of the taint; none with Exists means all.
  operator: Equal (the default) compares values, Exists does not; Lt and Gt compare integers.
  value: Value of the taint.
  effect: Effect of the taint; all by default.
  tolerationSeconds: How long it can live with NoExecute; for ever by default.
TopologySelectorLabelRequirement: Values of a label.
  key: The label.
  values: One of them.
TopologySelectorTerm: Places, by labels.
  matchLabelExpressions: What they must satisfy; all of it.
TopologySpreadConstraint: How evenly pods are spread.
  maxSkew: How many more pods one place may have than the one with fewest.
  topologyKey: Nodes with the same value of this label are one place.
  whenUnsatisfiable: DoNotSchedule waits, ScheduleAnyway does the best it can.
  labelSelector: Labels of the pods that are counted.
  minDomains: Count as if there were at least so many places.
  nodeAffinityPolicy: Whether nodes that its affinity rules out are counted: Honor leaves them out.
  nodeTaintsPolicy: Whether nodes with taints it does not tolerate are counted: Honor leaves them out.
  matchLabelKeys: Labels in which counted pods must have the same values as this one.
TypedLocalObjectReference: An object of some kind in the same namespace.
  apiGroup: Group of the kind; core by default.
  kind: Its kind.
  name: Its name.
TypedObjectReference: An object of some kind.
  apiGroup: Group of the kind; core by default.
  kind: Its kind.
  name: Its name.
  namespace: Its namespace; the same by default.
Volume: Storage that containers of a pod can mount: a name, and one source.
  name: Name by which containers mount it, unique in the pod.
VolumeDevice: A block volume as a device in a container.
  name: Which of the pod's volumes; one of a claim.
  devicePath: The device in the container.
VolumeMount: A volume in a container.
  name: Which of the pod's volumes.
  recursiveReadOnly: Whether read-only goes all the way down: Disabled, IfPossible or Enabled.
  mountPath: Where in the container.
  subPath: Which part of the volume; all by default.
  mountPropagation: Whether mounts made later show through: None, HostToContainer or Bidirectional.
  subPathExpr: As subPath, with $(NAME) for environment variables.
VolumeMountStatus: How a volume is mounted.
  name: Which volume.
  mountPath: Where in the container.
  recursiveReadOnly: Whether read-only goes all the way down.
  volumeStatus: More about the volume.
VolumeNodeAffinity: From which nodes a volume can be reached.
  required: The nodes.
VolumeProjection: One of the places that files of a volume come from.
  secret: Contents of a Secret.
  downwardAPI: Facts of the pod.
  configMap: Contents of a ConfigMap.
  serviceAccountToken: A token of the pod's service account.
  clusterTrustBundle: Certificates to trust.
  podCertificate: A key and a certificate for it.
VolumeResourceRequirements: How much storage.
  limits: The most it may become.
  requests: The least it must be.
VolumeSource < PersistentVolumeSource: What a volume is: one of these.
  hostPath: A file or directory of the node.
  emptyDir: A directory that lives as long as the pod.
  gitRepo: No longer served.
  secret: Contents of a Secret as files.
  persistentVolumeClaim: The storage of a claim.
  downwardAPI: Facts of the pod as files.
  configMap: Contents of a ConfigMap as files.
  projected: Files from several places.
  ephemeral: Storage with a claim of its own that lives as long as the pod.
  image: The files of an image.
VolumeStatus: More about a mounted volume.
  image: For a volume of an image.
VsphereVirtualDiskVolumeSource: A disk of vSphere; deprecated, its CSI driver serves it.
  volumePath: Path of the disk.
  storagePolicyName: Name of its storage policy.
  storagePolicyID: ID of its storage policy.
WeightedPodAffinityTerm: Pods that are liked near, or far.
  weight: How much, from 1 to 100.
  podAffinityTerm: The pods, and what near means.
WindowsSecurityContextOptions: What Windows has of users and privileges.
  gmsaCredentialSpecName: Name of the group-managed account's credentials.
  gmsaCredentialSpec: Those credentials themselves.
  runAsUserName: User to run as.
  hostProcess: Run as a process of the host.
`;

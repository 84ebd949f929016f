/**
 * How Kubernetes' own types of pods, volumes, devices and jobs' policies name their fields, in the order they have: messages show values as
 * Go's encoding/json writes them. A field is its Go name, `=` its JSON name where that is more than the first letter
 * in lower case, and `:` what it is: nothing a string, `b` a boolean, `i` a number, `q` a quantity, `n` a number or
 * string, all of which are shown as zero where they are absent; `l` a label selector or null, `r` an
 * object as it was sent, `o` an object's metadata, which stands among the others without a name, `p` a pod's spec, `?` anything
 * else or null; `T` a structure
 * of type T, `*T` one that may be null, `[]T` a list of them.
 */
export const goTypes: Readonly<Record<string, string>> = {
  AWSElasticBlockStoreVolumeSource: 'VolumeID FSType=fsType Partition:i ReadOnly:b',
  Affinity: 'NodeAffinity:*NodeAffinity PodAffinity:*PodAffinity PodAntiAffinity:*PodAntiAffinity',
  AllocationResult: 'Devices:DeviceAllocationResult NodeSelector:*NodeSelector AllocationTimestamp:?',
  AppArmorProfile: 'Type LocalhostProfile:?',
  AzureDiskVolumeSource: 'DiskName DataDiskURI=diskURI CachingMode:? FSType=fsType:? ReadOnly:? Kind:?',
  AzureFilePersistentVolumeSource: 'SecretName ShareName ReadOnly:b SecretNamespace:?',
  AzureFileVolumeSource: 'SecretName ShareName ReadOnly:b',
  CELDeviceSelector: 'Expression',
  CSIPersistentVolumeSource:
    'Driver VolumeHandle ReadOnly:b FSType=fsType VolumeAttributes:? ControllerPublishSecretRef:*SecretReference ' +
    'NodeStageSecretRef:*SecretReference NodePublishSecretRef:*SecretReference ' +
    'ControllerExpandSecretRef:*SecretReference NodeExpandSecretRef:*SecretReference',
  CSIVolumeSource: 'Driver ReadOnly:? FSType=fsType:? VolumeAttributes:? NodePublishSecretRef:*LocalObjectReference',
  Capabilities: 'Add:? Drop:?',
  CapacityRequirements: 'Requests:?',
  CephFSPersistentVolumeSource: 'Monitors:? Path User SecretFile SecretRef:*SecretReference ReadOnly:b',
  CephFSVolumeSource: 'Monitors:? Path User SecretFile SecretRef:*LocalObjectReference ReadOnly:b',
  CinderPersistentVolumeSource: 'VolumeID FSType=fsType ReadOnly:b SecretRef:*SecretReference',
  CinderVolumeSource: 'VolumeID FSType=fsType ReadOnly:b SecretRef:*LocalObjectReference',
  ClusterTrustBundleProjection: 'Name:? SignerName:? LabelSelector:l Optional:? Path',
  ConfigMapEnvSource: 'Name Optional:?',
  ConfigMapKeySelector: 'Name Key Optional:?',
  ConfigMapProjection: 'Name Items:[]KeyToPath Optional:?',
  ConfigMapVolumeSource: 'Name Items:[]KeyToPath DefaultMode:? Optional:?',
  Container:
    'Name Image Command:? Args:? WorkingDir Ports:[]ContainerPort EnvFrom:[]EnvFromSource Env:[]EnvVar ' +
    'Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy RestartPolicy:? ' +
    'RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount VolumeDevices:[]VolumeDevice ' +
    'LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath ' +
    'TerminationMessagePolicy ImagePullPolicy SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY=tty:b',
  ContainerPort: 'Name HostPort:i ContainerPort:i Protocol HostIP',
  ContainerResizePolicy: 'ResourceName RestartPolicy',
  ContainerRestartRule: 'Action ExitCodes:*ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'Operator Values:?',
  DeviceAllocationConfiguration: 'Source Requests:? Opaque:*OpaqueDeviceConfiguration',
  DeviceAllocationResult: 'Results:[]DeviceRequestAllocationResult Config:[]DeviceAllocationConfiguration',
  DeviceClaim: 'Requests:[]DeviceRequest Constraints:[]DeviceConstraint Config:[]DeviceClaimConfiguration',
  DeviceClaimConfiguration: 'Requests:? Opaque:*OpaqueDeviceConfiguration',
  DeviceConstraint: 'Requests:? MatchAttribute:? DistinctAttribute:?',
  DeviceRequest: 'Name Exactly:*ExactDeviceRequest FirstAvailable:[]DeviceSubRequest',
  DeviceRequestAllocationResult:
    'Request Driver Pool Device AdminAccess:? Tolerations:[]DeviceToleration BindingConditions:? ' +
    'BindingFailureConditions:? ShareID:? ConsumedCapacity:?',
  DeviceSelector: 'CEL=cel:*CELDeviceSelector',
  DeviceSubRequest:
    'Name DeviceClassName Selectors:[]DeviceSelector AllocationMode Count:i Tolerations:[]DeviceToleration ' +
    'Capacity:*CapacityRequirements',
  DeviceToleration: 'Key Operator Value Effect TolerationSeconds:?',
  DownwardAPIProjection: 'Items:[]DownwardAPIVolumeFile',
  DownwardAPIVolumeFile: 'Path FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector Mode:?',
  DownwardAPIVolumeSource: 'Items:[]DownwardAPIVolumeFile DefaultMode:?',
  EmptyDirVolumeSource: 'Medium SizeLimit:?',
  EnvFromSource: 'Prefix ConfigMapRef:*ConfigMapEnvSource SecretRef:*SecretEnvSource',
  EnvVar: 'Name Value ValueFrom:*EnvVarSource',
  EnvVarSource:
    'FieldRef:*ObjectFieldSelector ResourceFieldRef:*ResourceFieldSelector ConfigMapKeyRef:*ConfigMapKeySelector ' +
    'SecretKeyRef:*SecretKeySelector FileKeyRef:*FileKeySelector',
  EphemeralContainer:
    'Name Image Command:? Args:? WorkingDir Ports:[]ContainerPort EnvFrom:[]EnvFromSource Env:[]EnvVar ' +
    'Resources:ResourceRequirements ResizePolicy:[]ContainerResizePolicy RestartPolicy:? ' +
    'RestartPolicyRules:[]ContainerRestartRule VolumeMounts:[]VolumeMount VolumeDevices:[]VolumeDevice ' +
    'LivenessProbe:*Probe ReadinessProbe:*Probe StartupProbe:*Probe Lifecycle:*Lifecycle TerminationMessagePath ' +
    'TerminationMessagePolicy ImagePullPolicy SecurityContext:*SecurityContext Stdin:b StdinOnce:b TTY=tty:b ' +
    'TargetContainerName',
  EphemeralVolumeSource: 'VolumeClaimTemplate:*PersistentVolumeClaimTemplate',
  ExactDeviceRequest:
    'DeviceClassName Selectors:[]DeviceSelector AllocationMode Count:i AdminAccess:? Tolerations:[]DeviceToleration ' +
    'Capacity:*CapacityRequirements',
  ExecAction: 'Command:?',
  FCVolumeSource: 'TargetWWNs:? Lun:? FSType=fsType ReadOnly:b WWIDs=wwids:?',
  FileKeySelector: 'VolumeName Path Key Optional:?',
  FlexPersistentVolumeSource: 'Driver FSType=fsType SecretRef:*SecretReference ReadOnly:b Options:?',
  FlexVolumeSource: 'Driver FSType=fsType SecretRef:*LocalObjectReference ReadOnly:b Options:?',
  FlockerVolumeSource: 'DatasetName DatasetUUID',
  GCEPersistentDiskVolumeSource: 'PDName=pdName FSType=fsType Partition:i ReadOnly:b',
  GRPCAction: 'Port:i Service:?',
  GitRepoVolumeSource: 'Repository Revision Directory',
  GlusterfsPersistentVolumeSource: 'EndpointsName=endpoints Path ReadOnly:b EndpointsNamespace:?',
  GlusterfsVolumeSource: 'EndpointsName=endpoints Path ReadOnly:b',
  HTTPGetAction: 'Path Port:n Host Scheme HTTPHeaders=httpHeaders:[]HTTPHeader',
  HTTPHeader: 'Name Value',
  HostAlias: 'IP=ip Hostnames:?',
  HostPathVolumeSource: 'Path Type:?',
  ISCSIPersistentVolumeSource:
    'TargetPortal IQN=iqn Lun:i ISCSIInterface=iscsiInterface FSType=fsType ReadOnly:b Portals:? ' +
    'DiscoveryCHAPAuth=chapAuthDiscovery:b SessionCHAPAuth=chapAuthSession:b SecretRef:*SecretReference ' +
    'InitiatorName:?',
  ISCSIVolumeSource:
    'TargetPortal IQN=iqn Lun:i ISCSIInterface=iscsiInterface FSType=fsType ReadOnly:b Portals:? ' +
    'DiscoveryCHAPAuth=chapAuthDiscovery:b SessionCHAPAuth=chapAuthSession:b SecretRef:*LocalObjectReference ' +
    'InitiatorName:?',
  ImageVolumeSource: 'Reference PullPolicy',
  KeyToPath: 'Key Path Mode:?',
  Lifecycle: 'PostStart:*LifecycleHandler PreStop:*LifecycleHandler StopSignal:?',
  LifecycleHandler:
    'Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction Sleep:*SleepAction',
  LocalObjectReference: 'Name',
  LocalVolumeSource: 'Path FSType=fsType:?',
  NFSVolumeSource: 'Server Path ReadOnly:b',
  NodeAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:*NodeSelector ' +
    'PreferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm',
  NodeSelector: 'NodeSelectorTerms:[]NodeSelectorTerm',
  NodeSelectorRequirement: 'Key Operator Values:?',
  NodeSelectorTerm: 'MatchExpressions:[]NodeSelectorRequirement MatchFields:[]NodeSelectorRequirement',
  ObjectFieldSelector: 'APIVersion=apiVersion FieldPath',
  ObjectReference: 'Kind Namespace Name UID=uid APIVersion=apiVersion ResourceVersion FieldPath',
  OpaqueDeviceConfiguration: 'Driver Parameters:r',
  PersistentVolumeClaimSpec:
    'AccessModes:? Selector:l Resources:VolumeResourceRequirements VolumeName StorageClassName:? VolumeMode:? ' +
    'DataSource:*TypedLocalObjectReference DataSourceRef:*TypedObjectReference VolumeAttributesClassName:?',
  PersistentVolumeClaimTemplate: 'Spec:PersistentVolumeClaimSpec',
  PersistentVolumeClaimVolumeSource: 'ClaimName ReadOnly:b',
  PersistentVolumeSource:
    'GCEPersistentDisk=gcePersistentDisk:*GCEPersistentDiskVolumeSource ' +
    'AWSElasticBlockStore=awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource HostPath:*HostPathVolumeSource ' +
    'Glusterfs:*GlusterfsPersistentVolumeSource NFS=nfs:*NFSVolumeSource RBD=rbd:*RBDPersistentVolumeSource ' +
    'Quobyte:*QuobyteVolumeSource ISCSI=iscsi:*ISCSIPersistentVolumeSource FlexVolume:*FlexPersistentVolumeSource ' +
    'Cinder:*CinderPersistentVolumeSource CephFS=cephfs:*CephFSPersistentVolumeSource FC=fc:*FCVolumeSource ' +
    'Flocker:*FlockerVolumeSource AzureFile:*AzureFilePersistentVolumeSource ' +
    'VsphereVolume:*VsphereVirtualDiskVolumeSource AzureDisk:*AzureDiskVolumeSource ' +
    'PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource PortworxVolume:*PortworxVolumeSource ' +
    'ScaleIO:*ScaleIOPersistentVolumeSource Local:*LocalVolumeSource ' +
    'StorageOS=storageos:*StorageOSPersistentVolumeSource CSI=csi:*CSIPersistentVolumeSource',
  PhotonPersistentDiskVolumeSource: 'PdID FSType=fsType',
  PodAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm ' +
    'PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm',
  PodAffinityTerm: 'LabelSelector:l Namespaces:? TopologyKey NamespaceSelector:l MatchLabelKeys:? MismatchLabelKeys:?',
  PodAntiAffinity:
    'RequiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm ' +
    'PreferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm',
  PodCertificateProjection:
    'SignerName KeyType MaxExpirationSeconds:? CredentialBundlePath KeyPath CertificateChainPath ' +
    'UserAnnotations:?',
  PodDNSConfig: 'Nameservers:? Searches:? Options:[]PodDNSConfigOption',
  PodDNSConfigOption: 'Name Value:?',
  PodFailurePolicy: 'Rules:[]PodFailurePolicyRule',
  PodFailurePolicyOnExitCodesRequirement: 'ContainerName:? Operator Values:?',
  PodFailurePolicyOnPodConditionsPattern: 'Type Status',
  PodFailurePolicyRule:
    'Action OnExitCodes:*PodFailurePolicyOnExitCodesRequirement OnPodConditions:[]PodFailurePolicyOnPodConditionsPattern',
  PodOS: 'Name',
  PodReadinessGate: 'ConditionType',
  PodResourceClaim: 'Name ResourceClaimName:? ResourceClaimTemplateName:?',
  PodSchedulingGate: 'Name',
  PodSchedulingGroup: 'PodGroupName:?',
  PodSecurityContext:
    'HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace:? HostUsers:? ' +
    'SELinuxOptions=seLinuxOptions:*SELinuxOptions WindowsOptions:*WindowsSecurityContextOptions RunAsUser:? ' +
    'RunAsGroup:? RunAsNonRoot:? SupplementalGroups:? SupplementalGroupsPolicy:? FSGroup=fsGroup:? ' +
    'FSGroupChangePolicy=fsGroupChangePolicy:? Sysctls:[]Sysctl SeccompProfile:*SeccompProfile ' +
    'AppArmorProfile:*AppArmorProfile SELinuxChangePolicy=seLinuxChangePolicy:?',
  PodSpec:
    'Volumes:[]Volume InitContainers:[]Container Containers:[]Container EphemeralContainers:[]EphemeralContainer ' +
    'RestartPolicy TerminationGracePeriodSeconds:? ActiveDeadlineSeconds:? DNSPolicy=dnsPolicy NodeSelector:? ' +
    'ServiceAccountName AutomountServiceAccountToken:? NodeName SecurityContext:*PodSecurityContext ' +
    'ImagePullSecrets:[]LocalObjectReference Hostname Subdomain SetHostnameAsFQDN:? Affinity:*Affinity ' +
    'SchedulerName Tolerations:[]Toleration HostAliases:[]HostAlias PriorityClassName Priority:? ' +
    'PreemptionPolicy:? DNSConfig=dnsConfig:*PodDNSConfig ReadinessGates:[]PodReadinessGate RuntimeClassName:? ' +
    'Overhead:? EnableServiceLinks:? TopologySpreadConstraints:[]TopologySpreadConstraint OS=os:*PodOS ' +
    'SchedulingGates:[]PodSchedulingGate ResourceClaims:[]PodResourceClaim Resources:*ResourceRequirements ' +
    'HostnameOverride:? SchedulingGroup:*PodSchedulingGroup',
  PodTemplateSpec: 'metadata:o Spec:p',
  PortworxVolumeSource: 'VolumeID FSType=fsType ReadOnly:b',
  PreferredSchedulingTerm: 'Weight:i Preference:NodeSelectorTerm',
  Probe:
    'Exec:*ExecAction HTTPGet=httpGet:*HTTPGetAction TCPSocket=tcpSocket:*TCPSocketAction GRPC=grpc:*GRPCAction ' +
    'InitialDelaySeconds:i TimeoutSeconds:i PeriodSeconds:i SuccessThreshold:i FailureThreshold:i ' +
    'TerminationGracePeriodSeconds:?',
  ProjectedVolumeSource: 'Sources:[]VolumeProjection DefaultMode:?',
  QuobyteVolumeSource: 'Registry Volume ReadOnly:b User Group Tenant',
  RBDPersistentVolumeSource:
    'CephMonitors=monitors:? RBDImage=image FSType=fsType RBDPool=pool RadosUser=user Keyring SecretRef:*SecretReference ReadOnly:b',
  RBDVolumeSource:
    'CephMonitors=monitors:? RBDImage=image FSType=fsType RBDPool=pool RadosUser=user Keyring SecretRef:*LocalObjectReference ReadOnly:b',
  ResourceClaim: 'Name Request',
  ResourceClaimSpec: 'Devices:DeviceClaim',
  ResourceClaimTemplateSpec: 'metadata:o Spec:ResourceClaimSpec',
  ResourceFieldSelector: 'ContainerName Resource Divisor:q',
  ResourceRequirements: 'Limits:? Requests:? Claims:[]ResourceClaim',
  SELinuxOptions: 'User Role Type Level',
  ScaleIOPersistentVolumeSource:
    'Gateway System SecretRef:*SecretReference SSLEnabled=sslEnabled:b ProtectionDomain StoragePool StorageMode ' +
    'VolumeName FSType=fsType ReadOnly:b',
  ScaleIOVolumeSource:
    'Gateway System SecretRef:*LocalObjectReference SSLEnabled=sslEnabled:b ProtectionDomain StoragePool ' +
    'StorageMode VolumeName FSType=fsType ReadOnly:b',
  SeccompProfile: 'Type LocalhostProfile:?',
  SecretEnvSource: 'Name Optional:?',
  SecretKeySelector: 'Name Key Optional:?',
  SecretProjection: 'Name Items:[]KeyToPath Optional:?',
  SecretReference: 'Name Namespace',
  SecretVolumeSource: 'SecretName Items:[]KeyToPath DefaultMode:? Optional:?',
  SecurityContext:
    'Capabilities:*Capabilities Privileged:? SELinuxOptions=seLinuxOptions:*SELinuxOptions ' +
    'WindowsOptions:*WindowsSecurityContextOptions RunAsUser:? RunAsGroup:? RunAsNonRoot:? ' +
    'ReadOnlyRootFilesystem:? AllowPrivilegeEscalation:? ProcMount:? SeccompProfile:*SeccompProfile ' +
    'AppArmorProfile:*AppArmorProfile',
  ServiceAccountTokenProjection: 'Audience ExpirationSeconds:i Path',
  SleepAction: 'Seconds:i',
  StorageOSPersistentVolumeSource: 'VolumeName VolumeNamespace FSType=fsType ReadOnly:b SecretRef:*ObjectReference',
  StorageOSVolumeSource: 'VolumeName VolumeNamespace FSType=fsType ReadOnly:b SecretRef:*LocalObjectReference',
  SuccessPolicy: 'Rules:[]SuccessPolicyRule',
  SuccessPolicyRule: 'SucceededIndexes:? SucceededCount:?',
  Sysctl: 'Name Value',
  TCPSocketAction: 'Port:n Host',
  Toleration: 'Key Operator Value Effect TolerationSeconds:?',
  TopologySpreadConstraint:
    'MaxSkew:i TopologyKey WhenUnsatisfiable LabelSelector:l MinDomains:? NodeAffinityPolicy:? NodeTaintsPolicy:? ' +
    'MatchLabelKeys:?',
  TypedLocalObjectReference: 'APIGroup=apiGroup:? Kind Name',
  TypedObjectReference: 'APIGroup=apiGroup:? Kind Name Namespace:?',
  Volume:
    'Name HostPath:*HostPathVolumeSource EmptyDir:*EmptyDirVolumeSource ' +
    'GCEPersistentDisk=gcePersistentDisk:*GCEPersistentDiskVolumeSource ' +
    'AWSElasticBlockStore=awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource GitRepo:*GitRepoVolumeSource ' +
    'Secret:*SecretVolumeSource NFS=nfs:*NFSVolumeSource ISCSI=iscsi:*ISCSIVolumeSource ' +
    'Glusterfs:*GlusterfsVolumeSource PersistentVolumeClaim:*PersistentVolumeClaimVolumeSource ' +
    'RBD=rbd:*RBDVolumeSource Quobyte:*QuobyteVolumeSource FlexVolume:*FlexVolumeSource ' +
    'Cinder:*CinderVolumeSource CephFS=cephfs:*CephFSVolumeSource Flocker:*FlockerVolumeSource ' +
    'DownwardAPI:*DownwardAPIVolumeSource FC=fc:*FCVolumeSource AzureFile:*AzureFileVolumeSource ' +
    'ConfigMap:*ConfigMapVolumeSource VsphereVolume:*VsphereVirtualDiskVolumeSource ' +
    'AzureDisk:*AzureDiskVolumeSource PhotonPersistentDisk:*PhotonPersistentDiskVolumeSource ' +
    'Projected:*ProjectedVolumeSource PortworxVolume:*PortworxVolumeSource ScaleIO:*ScaleIOVolumeSource ' +
    'StorageOS=storageos:*StorageOSVolumeSource CSI=csi:*CSIVolumeSource Ephemeral:*EphemeralVolumeSource ' +
    'Image:*ImageVolumeSource',
  VolumeDevice: 'Name DevicePath',
  VolumeMount: 'Name ReadOnly:b RecursiveReadOnly:? MountPath SubPath MountPropagation:? SubPathExpr',
  VolumeProjection:
    'Secret:*SecretProjection DownwardAPI:*DownwardAPIProjection ConfigMap:*ConfigMapProjection ' +
    'ServiceAccountToken:*ServiceAccountTokenProjection ClusterTrustBundle:*ClusterTrustBundleProjection ' +
    'PodCertificate:*PodCertificateProjection',
  VolumeResourceRequirements: 'Limits:? Requests:?',
  VsphereVirtualDiskVolumeSource: 'VolumePath FSType=fsType StoragePolicyName StoragePolicyID',
  WeightedPodAffinityTerm: 'Weight:i PodAffinityTerm:PodAffinityTerm',
  WindowsSecurityContextOptions:
    'GMSACredentialSpecName=gmsaCredentialSpecName:? GMSACredentialSpec=gmsaCredentialSpec:? RunAsUserName:? ' +
    'HostProcess:?',
};

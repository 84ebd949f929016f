/** What storage/v1's types and fields are for. */
export const storageV1Docs = `
CSIDriver: A CSI driver, and how it is to be used.
CSIDriverSpec: How a driver is to be used.
  attachRequired: Whether volumes are attached before they are mounted; true by default.
  podInfoOnMount: Whether it is told about the pod.
  volumeLifecycleModes: Persistent, Ephemeral or both.
  storageCapacity: Whether the scheduler asks how much room it has.
  fsGroupPolicy: Whether volumes get the pod's fsGroup.
  tokenRequests: Tokens of the pod's service account it is given.
  requiresRepublish: Whether volumes are published again from time to time.
  seLinuxMount: Whether it can mount with an SELinux label.
  nodeAllocatableUpdatePeriodSeconds: How often to ask how many volumes nodes can take.
  serviceAccountTokenInSecrets: Whether tokens come among the secrets.
  preventPodSchedulingIfMissing: Whether pods wait for nodes that have it.
CSINode: The CSI drivers of a node.
CSINodeDriver: A CSI driver on a node.
  name: The driver.
  nodeID: What it calls the node.
  topologyKeys: Labels of the node that say where it is.
  allocatable: How many volumes it can take.
CSINodeSpec: The drivers.
  drivers: One by one.
CSIStorageCapacity: How much room a driver has, somewhere.
  nodeTopology: Nodes that can reach it.
  storageClassName: For volumes of this class.
  capacity: How much.
  maximumVolumeSize: How large one volume can be.
StorageClass: A kind of volume, and who makes it.
  provisioner: Who makes volumes.
  parameters: What the provisioner is told.
  reclaimPolicy: What becomes of a volume when its claim goes; Delete by default.
  mountOptions: Options for mount.
  allowVolumeExpansion: Whether volumes can grow.
  volumeBindingMode: Immediate, or WaitForFirstConsumer, which makes volumes where their pod will be.
  allowedTopologies: Where volumes may be.
TokenRequest: A token that a driver is given.
  audience: Whom it is meant for.
  expirationSeconds: Seconds it is good for.
VolumeAttachment: Asks for a volume to be attached to a node.
VolumeAttachmentSource: The volume: one of the two.
  persistentVolumeName: A PersistentVolume.
  inlineVolumeSpec: A volume written out.
VolumeAttachmentSpec: What to attach, and where.
  attacher: Who does it.
  source: The volume.
  nodeName: The node.
VolumeAttachmentStatus: How it went.
  attached: Whether it is attached.
  attachmentMetadata: What mounting has to know.
  attachError: Why it could not be attached.
  detachError: Why it could not be detached.
VolumeAttributesClass: Attributes of volumes that may change while they are in use.
  driverName: The driver they are for.
  parameters: The attributes; fixed.
VolumeError: Something that went wrong.
  time: When.
  errorCode: The driver's code for it.
VolumeNodeResources: How many volumes a node can take.
  count: The number; without it there is no bound.
`;

/** What resource/v1's types and fields are for. */
export const resourceV1Docs = `
AllocatedDeviceStatus: How a device does that a claim has.
  driver: Driver of the device.
  pool: Pool that it is in.
  device: Its name.
  shareID: Which share of it.
  conditions: What holds of it.
  data: What the driver says.
  networkData: For a network device.
AllocationResult: What a claim has been given.
  devices: The devices.
  nodeSelector: Nodes that can reach them.
  allocationTimestamp: Since when.
CELDeviceSelector: Devices for which an expression is true.
  expression: The CEL; device is the device.
CapacityRequestPolicy: How much of a device's capacity can be asked for.
  default: What is taken when nothing is said.
  validValues: What can be asked for.
  validRange: What can be asked for, as a range.
CapacityRequestPolicyRange: A range.
  min: The least.
  max: The most.
  step: In steps of this.
CapacityRequirements: How much of a device is wanted.
  requests: By capacity.
Counter: Something that devices use up.
  value: How much there is.
CounterSet: Counters that devices share.
  name: Name of the set.
  counters: The counters.
Device: A device that claims can have.
  name: Its name, unique in the pool.
  attributes: What can be said of it.
  capacity: How much it has of what.
  consumesCounters: What it uses up that others share.
  nodeName: The node that can reach it.
  nodeSelector: The nodes that can reach it.
  allNodes: Whether all nodes can reach it.
  taints: What keeps claims away that do not tolerate it.
  bindsToNode: Whether having it ties a claim to a node.
  bindingConditions: What must be true of it before a pod is bound.
  bindingFailureConditions: What means that it will not be.
  allowMultipleAllocations: Whether several claims can share it.
  nodeAllocatableResourceMappings: Resources of the node that it stands for.
DeviceAllocationConfiguration: Settings of devices that were given.
  source: Whether they come from the class or the claim.
  requests: For which requests; all by default.
DeviceAllocationResult: The devices that a claim has been given.
  results: The devices.
  config: Their settings.
DeviceAttribute: A value: one of these.
  int: A number.
  bool: True or false.
  string: A text.
  version: A version, as semver has them.
  ints: Numbers.
  bools: Truth values.
  strings: Texts.
  versions: Versions.
DeviceCapacity: How much a device has of something.
  value: How much.
  requestPolicy: How much can be asked for, where it is shared.
DeviceClaim: Devices that are wanted.
  requests: One by one.
  constraints: What must hold between them.
  config: Their settings.
DeviceClaimConfiguration: Settings of devices.
  requests: For which requests; all by default.
DeviceClass: A kind of device.
DeviceClassConfiguration: Settings of devices of a class.
DeviceClassSpec: Which devices.
  selectors: What must be true of them; all of it.
  config: Their settings.
  extendedResourceName: Extended resource by which pods can ask for them.
DeviceConfiguration: Settings of devices.
  opaque: For one driver.
DeviceConstraint: What must hold between devices.
  requests: Of which requests; all by default.
  matchAttribute: Attribute in which they must be the same.
  distinctAttribute: Attribute in which they must differ.
DeviceCounterConsumption: What a device uses up of a set of counters.
  counterSet: The set.
  counters: How much of each.
DeviceRequest: A device, or several, that are wanted.
  name: Its name, unique in the claim.
  exactly: Just this.
  firstAvailable: The first of these that can be had.
DeviceRequestAllocationResult: A device that was given.
  request: For which request.
  driver: Driver of the device.
  pool: Pool that it is in.
  device: Its name.
  adminAccess: Whether it is given beside its user, for looking after it.
  tolerations: Taints of the device that the request can live with.
  bindingConditions: What must be true of it before a pod is bound.
  bindingFailureConditions: What means that it will not be.
  shareID: Which share of it.
  consumedCapacity: How much of it was given.
DeviceSelector: Devices.
  cel: By expression.
DeviceSubRequest < ExactDeviceRequest: One of several requests that would do.
  name: Its name, unique among them.
DeviceTaint: Keeps claims away that do not tolerate it.
  key: Its name.
  value: Its value.
  effect: NoSchedule, or NoExecute, which also evicts; None does nothing.
  timeAdded: When it was added.
DeviceToleration: A taint that a request can live with.
  key: Name of the taint; none with Exists means all.
  operator: Equal (the default) compares values, Exists does not.
  value: Value of the taint.
  effect: Effect of the taint; all by default.
  tolerationSeconds: How long it can live with NoExecute; for ever by default.
ExactDeviceRequest: A device, or several alike.
  deviceClassName: Class of the devices.
  selectors: What must be true of them; all of it.
  allocationMode: ExactCount (the default), or All that there are.
  count: How many; 1 by default.
  adminAccess: Whether they are wanted beside their user, for looking after them.
  tolerations: Taints it can live with.
  capacity: How much of each is wanted.
NetworkDeviceData: A network device.
  interfaceName: Its interface in the pod.
  ips: Its addresses.
  hardwareAddress: Its hardware address.
NodeAllocatableResourceMapping: How a device stands for a resource of the node.
  capacityKey: Capacity that counts.
  allocationMultiplier: How much of the resource one of it is.
OpaqueDeviceConfiguration: Settings that only a driver understands.
  driver: The driver.
  parameters: The settings.
ResourceClaim: Asks for devices, for pods to use.
ResourceClaimConsumerReference: Somebody who uses a claim.
  apiGroup: Group of the resource; core by default.
  resource: The resource.
  name: Its name.
  uid: Its UID.
ResourceClaimSpec: What is wanted.
  devices: The devices.
ResourceClaimStatus: What was given.
  allocation: The devices.
  reservedFor: Who may use it now.
  devices: How the devices do.
ResourceClaimTemplate: A claim to be made for each pod.
ResourceClaimTemplateSpec: A claim to be made.
ResourcePool: The pool that devices are in.
  name: Its name.
  generation: Which state of it.
  resourceSliceCount: How many slices this state has.
ResourceSlice: Some of the devices of a pool.
ResourceSliceSpec: Which devices.
  driver: Their driver.
  pool: Their pool.
  nodeName: The node that can reach them.
  nodeSelector: The nodes that can reach them.
  allNodes: Whether all nodes can reach them.
  devices: The devices.
  perDeviceNodeSelection: Whether each device says which nodes can reach it.
  sharedCounters: What they share.
`;

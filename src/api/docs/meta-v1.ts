/** What meta/v1's types and fields are for. */
export const metaV1Docs = `
APIGroup: A group of the API.
  name: Its name.
  versions: Its versions.
  preferredVersion: The best of them.
  serverAddressByClientCIDRs: Where to reach the server, from where.
APIGroupList: The groups of the API.
  groups: The groups.
APIResource: A resource.
  name: Its name in paths.
  singularName: Its name for one.
  namespaced: Whether it is in namespaces.
  group: Group of its kind, where that is another.
  version: Version of its kind, where that is another.
  kind: Kind of its objects.
  verbs: What can be done with it.
  shortNames: Its names for people in a hurry.
  categories: Sets that it belongs to.
  storageVersionHash: Changes with the version it is stored in.
APIResourceList: The resources of a group-version.
  groupVersion: The group and version.
  resources: The resources.
APIVersions: The versions of the core group.
  versions: The versions.
  serverAddressByClientCIDRs: Where to reach the server, from where.
ApplyOptions: How to apply.
  dryRun: All: go through every stage and store nothing.
  force: Take fields over that others own.
  fieldManager: Who makes the change.
Condition: Something that holds, or does not.
CreateOptions: How to create.
  dryRun: All: go through every stage and store nothing.
  fieldManager: Who makes the change.
  fieldValidation: What to do about unknown and duplicate fields: Ignore, Warn or Strict.
DeleteOptions: How to delete.
  gracePeriodSeconds: Seconds it may take to stop; 0 is at once.
  preconditions: What must hold for it to be deleted.
  orphanDependents: Deprecated for propagationPolicy: whether dependents stay.
  propagationPolicy: What becomes of dependents: Orphan, Background or Foreground.
  dryRun: All: go through every stage and store nothing.
  ignoreStoreReadErrorWithClusterBreakingPotential: Remove it although the store can no longer read it.
FieldSelectorRequirement: Something that a field must satisfy.
  key: The field.
  operator: How it relates to the values.
  values: The values.
GetOptions: How to get.
  resourceVersion: How new the answer must be.
GroupKind: A kind, whatever the version.
  group: Its group.
  kind: The kind.
GroupResource: A resource, whatever the version.
  group: Its group.
  resource: The resource.
GroupVersion: A version of a group.
  group: The group.
  version: The version.
GroupVersionForDiscovery: A version of a group.
  groupVersion: Both: apps/v1.
  version: The version alone.
GroupVersionKind: A kind.
  group: Its group.
  version: Its version.
  kind: The kind.
GroupVersionResource: A resource.
  group: Its group.
  version: Its version.
  resource: The resource.
LabelSelector: Objects with labels that satisfy all of this. An empty one means all objects, none at all means none.
  matchLabels: Values that labels must have.
  matchExpressions: What else labels must satisfy.
LabelSelectorRequirement: Something that a label must satisfy.
  key: The label.
  operator: In, NotIn, Exists or DoesNotExist.
  values: The values; none for Exists and DoesNotExist.
List: Objects of any kinds.
  items: The objects.
ListMeta: What every list has.
  selfLink: No longer used.
  resourceVersion: State that the list is of; a watch can start from it.
  continue: Ask with this for the next page.
  remainingItemCount: How many more there are.
  shardInfo: Which shard was listed.
ListOptions: How to list or watch.
  labelSelector: Only objects with these labels.
  fieldSelector: Only objects with these values in their fields.
  watch: Follow changes instead of listing.
  allowWatchBookmarks: Ask for BOOKMARK events, which say how far a watch has come.
  resourceVersion: How new the answer must be, or where a watch starts.
  resourceVersionMatch: How resourceVersion is meant.
  timeoutSeconds: How long the call may last.
  limit: Most objects in one page.
  continue: Where the page before ended.
  sendInitialEvents: Begin a watch with the objects that are there.
  shardSelector: Only objects of these shards.
ManagedFieldsEntry: Fields that somebody has set.
  manager: Who.
  operation: Apply or Update.
  apiVersion: Version in which the fields are named.
  time: When.
  fieldsType: FieldsV1.
  fieldsV1: The fields.
  subresource: Through which subresource.
ObjectMeta: What every object has.
  name: Its name, unique among its kind in its namespace. Fixed.
  generateName: Beginning of a name that the server makes up, where there is no name.
  namespace: Its namespace. Fixed.
  selfLink: No longer used.
  uid: Tells it from all others, also from those that had its name before. The server's.
  resourceVersion: Changes with every write; who sends an old one is refused. The server's.
  generation: Counts changes of what is wanted. The server's.
  creationTimestamp: CreationTimestamp is a timestamp of when it was made. The server's.
  deletionTimestamp: When it is to be gone; set once somebody deletes it. The server's.
  deletionGracePeriodSeconds: Seconds it is given to stop. The server's.
  labels: Names and values to select objects by.
  annotations: Names and values for anything else.
  ownerReferences: Objects it belongs to; it goes when all of them have gone.
  finalizers: What must be done before it may go; whoever has done it takes the entry away.
  managedFields: Who has set which fields. Not for people.
OwnerReference: An object that another belongs to.
  apiVersion: Group and version of its kind.
  kind: Its kind.
  name: Its name.
  uid: Its UID.
  controller: Whether it looks after the other; one does at most.
  blockOwnerDeletion: Whether it waits for the other when it is deleted in the foreground.
PartialObjectMetadata: An object of any kind, without what is its own.
Patch: A change, in the form that the media type says.
PatchOptions: How to patch.
  dryRun: All: go through every stage and store nothing.
  force: Take fields over that others own; for apply only.
  fieldManager: Who makes the change; apply cannot do without.
  fieldValidation: What to do about unknown and duplicate fields: Ignore, Warn or Strict.
Preconditions: What must hold for a change to be made.
  uid: The object's UID.
  resourceVersion: The object's resourceVersion.
RootPaths: Paths that there are.
  paths: The paths.
ServerAddressByClientCIDR: Where to reach the server.
  clientCIDR: From these addresses.
  serverAddress: There.
ShardInfo: Which part of a list was asked for.
  selector: The part.
Status: How a request went, where there is nothing else to answer.
  status: Success or Failure.
  message: What went wrong, for people.
  reason: What went wrong, in one word.
  details: More about it.
  code: HTTP status code.
StatusCause: One of the things that went wrong.
  reason: What, in one word.
  message: What, for people.
  field: Which field.
StatusDetails: More about what went wrong.
  name: Object that it is about.
  group: Its group.
  kind: Its kind, or resource.
  uid: Its UID.
  causes: All that went wrong.
  retryAfterSeconds: Seconds to wait before asking again.
TableOptions: How to answer with a table.
  includeObject: What of each object comes with its row: None, Metadata or Object.
TypeMeta: What an object is.
UpdateOptions: How to update.
  dryRun: All: go through every stage and store nothing.
  fieldManager: Who makes the change.
  fieldValidation: What to do about unknown and duplicate fields: Ignore, Warn or Strict.
WatchEvent: Something that happened to an object that is watched.
  type: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
  object: The object as it is, or was; a Status for ERROR.
`;

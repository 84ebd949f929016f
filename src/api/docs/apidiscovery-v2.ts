/** What apidiscovery/v2's types and fields are for. */
export const apidiscoveryV2Docs = `
APIGroupDiscovery: A group, with all that is in it.
  versions: Its versions, the best first.
APIResourceDiscovery: A resource.
  resource: Its name in paths.
  responseKind: Kind of its objects.
  scope: Namespaced or Cluster.
  singularResource: Its name for one.
  verbs: What can be done with it.
  shortNames: Its names for people in a hurry.
  categories: Sets that it belongs to.
  subresources: Its subresources.
APISubresourceDiscovery: A subresource.
  subresource: Its name in paths.
  responseKind: Kind of the answer.
  acceptedTypes: Kinds that it takes.
  verbs: What can be done with it.
APIVersionDiscovery: A version of a group.
  version: The version.
  resources: What is in it.
  freshness: Current, or Stale where its server cannot be reached.
`;

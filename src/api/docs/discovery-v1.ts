/** What discovery/v1's types and fields are for. */
export const discoveryV1Docs = `
Endpoint: Somewhere that traffic can go, usually a pod.
  addresses: Its addresses; only the first counts.
  conditions: How it does.
  hostname: Its host name.
  targetRef: What it is.
  deprecatedTopology: Labels of the former version.
  nodeName: The node that it is on.
  zone: The zone that it is in.
  hints: Who should use it.
EndpointConditions: How an endpoint does.
  ready: Whether to send traffic there; unknown counts as yes.
  serving: Whether it can serve, even while it is being stopped.
  terminating: Whether it is being stopped.
EndpointHints: Who should use an endpoint.
  forZones: Clients in these zones.
  forNodes: Clients on these nodes.
EndpointPort: A port of the endpoints.
  name: Name of the Service's port that it belongs to.
  protocol: TCP by default.
  port: The number.
  appProtocol: What is spoken over it: kubernetes.io/h2c, kubernetes.io/ws, or a registered name.
EndpointSlice: Some of the endpoints of a Service.
  addressType: IPv4, IPv6 or FQDN.
  endpoints: The endpoints.
  ports: The ports of each.
ForNode: A node.
  name: Its name.
ForZone: A zone.
  name: Its name.
`;

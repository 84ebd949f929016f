/** What networking/v1's types and fields are for. */
export const networkingV1Docs = `
HTTPIngressPath: Where requests for a path go.
  path: The path.
  pathType: Exact, Prefix by its elements, or as the controller likes.
  backend: Where they go.
HTTPIngressRuleValue: Where requests go by their paths.
  paths: The paths.
IPAddress: An address that somebody has.
IPAddressSpec: Who has it.
  parentRef: The object that has it.
IPBlock: A range of addresses.
  cidr: The range.
  except: Ranges in it that are not meant.
Ingress: Where HTTP requests from outside go, by host and path.
IngressBackend: Where requests go: one of the two.
  service: A Service.
  resource: Another object, which the controller knows how to use.
IngressClass: A controller for Ingresses, and how it is to be.
IngressClassParametersReference: An object with settings for a controller.
  apiGroup: Group of its kind; core by default.
  kind: Its kind.
  name: Its name.
  scope: Cluster or Namespace.
  namespace: Its namespace.
IngressClassSpec: Which controller.
  controller: Its name: example.com/ingress-controller.
  parameters: Its settings.
IngressLoadBalancerIngress: An address at which a load balancer takes traffic.
  ip: Its address, where it has one.
  hostname: Its name, where it goes by name.
  ports: How each port does.
IngressLoadBalancerStatus: What a load balancer has come to.
  ingress: Where traffic enters.
IngressPortStatus: How a port of a load balancer does.
  port: The port.
  protocol: Its protocol.
  error: What is wrong with it.
IngressRule: Where requests for a host go.
  host: The host; a first label of * stands for any one. All hosts by default.
  http: By their paths.
IngressRuleValue: What a rule says.
  http: By paths.
IngressServiceBackend: A Service that requests go to.
  name: Its name.
  port: Its port.
IngressSpec: Where requests go.
  ingressClassName: IngressClass whose controller serves it.
  defaultBackend: Where requests go that no rule is for.
  tls: Hosts with their certificates.
  rules: Rules.
IngressStatus: How it does.
  loadBalancer: What the load balancer has come to.
IngressTLS: A certificate and its hosts.
  hosts: The hosts.
  secretName: Secret with certificate and key.
NetworkPolicy: Which traffic pods may have. Pods that none is about may have any.
NetworkPolicyEgressRule: Traffic that may go out.
  ports: To these ports; all by default.
  to: To these peers; all by default.
NetworkPolicyIngressRule: Traffic that may come in.
  ports: At these ports; all by default.
  from: From these peers; all by default.
NetworkPolicyPeer: Who is at the other end.
  podSelector: Pods with these labels, of the same namespace unless namespaceSelector says otherwise.
  namespaceSelector: Namespaces with these labels.
  ipBlock: Addresses; instead of the selectors.
NetworkPolicyPort: Ports.
  protocol: TCP by default.
  port: Port, by number or by name; all by default.
  endPort: Last of a range that begins with port.
NetworkPolicySpec: Which traffic which pods may have.
  podSelector: The pods, by labels; an empty one means all of the namespace.
  ingress: What may come in.
  egress: What may go out.
  policyTypes: Which directions it is about: Ingress, Egress.
ParentReference: An object.
  group: Its group; core by default.
  resource: Its resource.
  namespace: Its namespace.
  name: Its name.
ServiceBackendPort: A port of a Service: one of the two.
  name: By name.
  number: By number.
ServiceCIDR: Addresses for Services to have.
ServiceCIDRSpec: Which addresses.
  cidrs: The ranges, one of each address family at most.
ServiceCIDRStatus: Whether addresses are given from it.
`;

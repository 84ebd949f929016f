import type { GroupVersionData } from '../../schema/model.ts';

/** networking.k8s.io/v1. */
export const networkingV1: GroupVersionData = {
  group: 'networking.k8s.io',
  version: 'v1',
  package: 'k8s.io.api.networking.v1',
  resources: [
    {
      resource: 'ingressclasses',
      singular: 'ingressclass',
      kind: 'IngressClass',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Controller', 'string', '', 0],
        ['Parameters', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'ingresses',
      singular: 'ingress',
      kind: 'Ingress',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['ing'],
      subresources: {
        status: { kind: 'Ingress', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['Class', 'string', '', 0],
        ['Hosts', 'string', '', 0],
        ['Address', 'string', '', 0],
        ['Ports', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'ipaddresses',
      singular: 'ipaddress',
      kind: 'IPAddress',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['ip'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['ParentRef', 'string', '', 0],
      ],
    },
    {
      resource: 'networkpolicies',
      singular: 'networkpolicy',
      kind: 'NetworkPolicy',
      namespaced: true,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['netpol'],
      columns: [
        ['Name', 'string', 'name', 0],
        ['Pod-Selector', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
    {
      resource: 'servicecidrs',
      singular: 'servicecidr',
      kind: 'ServiceCIDR',
      namespaced: false,
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      subresources: {
        status: { kind: 'ServiceCIDR', verbs: ['get', 'patch', 'update'] },
      },
      columns: [
        ['Name', 'string', 'name', 0],
        ['CIDRs', 'string', '', 0],
        ['Age', 'string', '', 0],
      ],
    },
  ],
  types: {
    HTTPIngressPath: {
      fields: {
        path: { tag: 1, type: 'string' },
        pathType: { tag: 3, type: 'string', required: true, pointer: true, always: true, enum: ['Exact', 'ImplementationSpecific', 'Prefix'] },
        backend: { tag: 2, type: 'IngressBackend', required: true, always: true },
      },
    },
    HTTPIngressRuleValue: {
      fields: {
        paths: { tag: 1, list: 'HTTPIngressPath', required: true, always: true, listType: 'atomic' },
      },
    },
    IPAddress: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'IPAddressSpec', required: true, always: true },
      },
    },
    IPAddressList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'IPAddress', required: true, always: true },
      },
    },
    IPAddressSpec: {
      fields: {
        parentRef: { tag: 1, type: 'ParentReference', required: true, pointer: true },
      },
    },
    IPBlock: {
      fields: {
        cidr: { tag: 1, type: 'string', required: true, always: true },
        except: { tag: 2, list: 'string', listType: 'atomic' },
      },
    },
    Ingress: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'IngressSpec', always: true },
        status: { tag: 3, type: 'IngressStatus', always: true },
      },
    },
    IngressBackend: {
      fields: {
        service: { tag: 4, type: 'IngressServiceBackend', pointer: true },
        resource: { tag: 3, type: 'core/v1.TypedLocalObjectReference', pointer: true },
      },
    },
    IngressClass: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'IngressClassSpec', always: true },
      },
    },
    IngressClassList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'IngressClass', required: true, always: true },
      },
    },
    IngressClassParametersReference: {
      fields: {
        apiGroup: { tag: 1, type: 'string', pointer: true },
        kind: { tag: 2, type: 'string', required: true, always: true },
        name: { tag: 3, type: 'string', required: true, always: true },
        scope: { tag: 4, type: 'string', pointer: true, always: true },
        namespace: { tag: 5, type: 'string', pointer: true },
      },
    },
    IngressClassSpec: {
      fields: {
        controller: { tag: 1, type: 'string' },
        parameters: { tag: 2, type: 'IngressClassParametersReference', pointer: true },
      },
    },
    IngressList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'Ingress', required: true, always: true },
      },
    },
    IngressLoadBalancerIngress: {
      fields: {
        ip: { tag: 1, type: 'string' },
        hostname: { tag: 2, type: 'string' },
        ports: { tag: 4, list: 'IngressPortStatus', listType: 'atomic' },
      },
    },
    IngressLoadBalancerStatus: {
      fields: {
        ingress: { tag: 1, list: 'IngressLoadBalancerIngress', listType: 'atomic' },
      },
    },
    IngressPortStatus: {
      fields: {
        port: { tag: 1, type: 'int32', required: true, always: true },
        protocol: { tag: 2, type: 'string', required: true, always: true, enum: ['SCTP', 'TCP', 'UDP'] },
        error: { tag: 3, type: 'string', pointer: true },
      },
    },
    IngressRule: {
      fields: {
        host: { tag: 1, type: 'string' },
        ingressRuleValue: { tag: 2, type: 'IngressRuleValue', inline: true },
      },
    },
    IngressRuleValue: {
      fields: {
        http: { tag: 1, type: 'HTTPIngressRuleValue', pointer: true },
      },
    },
    IngressServiceBackend: {
      fields: {
        name: { tag: 1, type: 'string', required: true, always: true },
        port: { tag: 2, type: 'ServiceBackendPort', always: true },
      },
    },
    IngressSpec: {
      fields: {
        ingressClassName: { tag: 4, type: 'string', pointer: true },
        defaultBackend: { tag: 1, type: 'IngressBackend', pointer: true },
        tls: { tag: 2, list: 'IngressTLS', listType: 'atomic' },
        rules: { tag: 3, list: 'IngressRule', listType: 'atomic' },
      },
    },
    IngressStatus: {
      fields: {
        loadBalancer: { tag: 1, type: 'IngressLoadBalancerStatus', always: true },
      },
    },
    IngressTLS: {
      fields: {
        hosts: { tag: 1, list: 'string', listType: 'atomic' },
        secretName: { tag: 2, type: 'string' },
      },
    },
    NetworkPolicy: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'NetworkPolicySpec', always: true },
      },
    },
    NetworkPolicyEgressRule: {
      fields: {
        ports: { tag: 1, list: 'NetworkPolicyPort', listType: 'atomic' },
        to: { tag: 2, list: 'NetworkPolicyPeer', listType: 'atomic' },
      },
    },
    NetworkPolicyIngressRule: {
      fields: {
        ports: { tag: 1, list: 'NetworkPolicyPort', listType: 'atomic' },
        from: { tag: 2, list: 'NetworkPolicyPeer', listType: 'atomic' },
      },
    },
    NetworkPolicyList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'NetworkPolicy', required: true, always: true },
      },
    },
    NetworkPolicyPeer: {
      fields: {
        podSelector: { tag: 1, type: 'meta/v1.LabelSelector', pointer: true },
        namespaceSelector: { tag: 2, type: 'meta/v1.LabelSelector', pointer: true },
        ipBlock: { tag: 3, type: 'IPBlock', pointer: true },
      },
    },
    NetworkPolicyPort: {
      fields: {
        protocol: { tag: 1, type: 'string', pointer: true, enum: ['SCTP', 'TCP', 'UDP'] },
        port: { tag: 2, type: 'IntOrString', pointer: true },
        endPort: { tag: 3, type: 'int32', pointer: true },
      },
    },
    NetworkPolicySpec: {
      fields: {
        podSelector: { tag: 1, type: 'meta/v1.LabelSelector', always: true },
        ingress: { tag: 2, list: 'NetworkPolicyIngressRule', listType: 'atomic' },
        egress: { tag: 3, list: 'NetworkPolicyEgressRule', listType: 'atomic' },
        policyTypes: { tag: 4, list: 'string', enum: ['Egress', 'Ingress'], listType: 'atomic' },
      },
    },
    ParentReference: {
      fields: {
        group: { tag: 1, type: 'string' },
        resource: { tag: 2, type: 'string', required: true },
        namespace: { tag: 3, type: 'string' },
        name: { tag: 4, type: 'string', required: true },
      },
    },
    ServiceBackendPort: {
      atomic: true,
      fields: {
        name: { tag: 1, type: 'string' },
        number: { tag: 2, type: 'int32' },
      },
    },
    ServiceCIDR: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ObjectMeta', always: true },
        spec: { tag: 2, type: 'ServiceCIDRSpec', always: true },
        status: { tag: 3, type: 'ServiceCIDRStatus', always: true },
      },
    },
    ServiceCIDRList: {
      fields: {
        metadata: { tag: 1, type: 'meta/v1.ListMeta', always: true },
        items: { tag: 2, list: 'ServiceCIDR', required: true, always: true },
      },
    },
    ServiceCIDRSpec: {
      fields: {
        cidrs: { tag: 1, list: 'string', listType: 'atomic' },
      },
    },
    ServiceCIDRStatus: {
      fields: {
        conditions: { tag: 1, list: 'meta/v1.Condition', listType: 'map', keys: ['type'], patch: 'merge', mergeKey: 'type' },
      },
    },
  },
};

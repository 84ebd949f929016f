import { type Service, services } from '../api/core/v1.gen.ts';
import { type EndpointSlice, endpointslices } from '../api/discovery/v1.gen.ts';
import { isAlreadyExists, isNotFound } from '../api/errors.ts';
import type { Draft } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import { SERVICE_NAME_LABEL } from '../proxy/service-slices.ts';
import { familyOf } from '../utils/ip.ts';

export interface DnsServiceOptions {
  /** The cluster's DNS address, e.g. 10.96.0.10. */
  readonly clusterIP: string;
  readonly nodeName: string;
  /** Where this node's server listens: an address that other nodes reach, not of the node's loopback or link. */
  readonly address: string;
  readonly port: number;
}

const NAMESPACE = 'kube-system';
const SERVICE = 'kube-dns';
const PORTS = [
  { name: 'dns', protocol: 'UDP' },
  { name: 'dns-tcp', protocol: 'TCP' },
] as const;

/** Name of a node's slice of the DNS service. */
function dnsSliceName(nodeName: string): string {
  return `${SERVICE}-${nodeName}`;
}

/**
 * Makes kube-system/kube-dns, where it is missing, and this node's slice of it. The service has no selector: every node
 * runs a server and keeps a slice with it; the hint says that the node's own pods should use it (KEP-3015), and when
 * it is gone they use another node's. Idempotent; call it again when the address changed.
 */
export async function ensureDnsService(client: Client, options: DnsServiceOptions): Promise<void> {
  const family = familyOf(options.address);
  if (!family) throw new Error(`${JSON.stringify(options.address)} is not an IP address`);
  const service: Draft<Service> = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: SERVICE,
      namespace: NAMESPACE,
      labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: {
      clusterIP: options.clusterIP,
      ports: PORTS.map((port) => ({ ...port, port: 53, targetPort: options.port })),
    },
  };
  if (!(await serviceExists(client))) {
    try {
      await client.resource(services).create(NAMESPACE, service);
    } catch (error) {
      // Another node was faster. The complaint need not be AlreadyExists: its address, taken by now, is looked at first.
      if (!(await serviceExists(client))) throw error;
    }
  }
  const slice: Draft<EndpointSlice> = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: dnsSliceName(options.nodeName),
      namespace: NAMESPACE,
      labels: { [SERVICE_NAME_LABEL]: SERVICE, 'endpointslice.kubernetes.io/managed-by': 'skiff-dns' },
    },
    addressType: family,
    endpoints: [
      {
        addresses: [options.address],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: options.nodeName,
        hints: { forNodes: [{ name: options.nodeName }] },
      },
    ],
    ports: PORTS.map((port) => ({ ...port, port: options.port })),
  };
  const slices = client.resource(endpointslices);
  try {
    await slices.create(NAMESPACE, slice);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const { endpoints, ports, metadata } = slice;
    await slices.patch(NAMESPACE, dnsSliceName(options.nodeName), {
      type: 'merge',
      body: { metadata: { labels: metadata?.labels }, endpoints, ports },
    });
  }
}

async function serviceExists(client: Client): Promise<boolean> {
  try {
    await client.resource(services).get(NAMESPACE, SERVICE);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Takes this node's server out of the service; the service stays for the others. */
export async function removeDnsEndpoint(client: Client, nodeName: string): Promise<void> {
  try {
    await client.resource(endpointslices).delete(NAMESPACE, dnsSliceName(nodeName));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

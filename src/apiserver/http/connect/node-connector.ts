import type { ConnectionOptions } from 'node:tls';

/** How to reach the kubelet of a node. */
export interface KubeletAddress {
  readonly host: string;
  readonly port: number;
  /** The authority that signs kubelets, and the certificate that the API server shows them. */
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
}

export interface NodeConnector {
  /** Throws ApiError where the node is not known or says no address. */
  kubeletFor(nodeName: string): KubeletAddress | Promise<KubeletAddress>;
}

import type { Node } from '../api/core/v1.gen.ts';
import { errors } from '../api/errors.ts';
import type { NodeConnector } from '../apiserver/http/connect/node-connector.ts';
import type { KeyPair } from '../utils/x509.ts';

/** Where kubelets listen, from their Node objects. */
export function kubeletConnector(options: {
  readonly node: (name: string) => Node | undefined;
  /** Asked for each connection, for certificates are renewed. */
  readonly credentials: () => { readonly certificateAuthority: string; readonly client: KeyPair };
}): NodeConnector {
  return {
    kubeletFor(name) {
      const node = options.node(name);
      if (!node) throw errors.notFound({ group: '', resource: 'nodes' }, name);
      const addresses = node.status.addresses ?? [];
      // Not its host name, which often only the node itself knows.
      const address = ['InternalIP', 'ExternalIP']
        .map((type) => addresses.find((a) => a.type === type)?.address)
        .find((a) => a !== undefined);
      const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port;
      if (!address || !port)
        throw errors.unknown(`no preferred addresses found; known addresses: ${JSON.stringify(addresses)}`);
      const { certificateAuthority, client } = options.credentials();
      return { host: address, port, tls: { ca: certificateAuthority, cert: client.cert, key: client.key } };
    },
  };
}

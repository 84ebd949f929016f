import { createServer, type Server } from 'node:http';
import type { Service } from '../api/core/v1.gen.ts';
import type { EndpointSlice } from '../api/discovery/v1.gen.ts';
import type { Logger } from '../utils/log.ts';

/** What a load balancer outside is to know of a service with externalTrafficPolicy Local. */
export interface HealthCheck {
  readonly port: number;
  /** Ready endpoints on this node. */
  readonly localEndpoints: number;
}

/** Undefined: the service has no health check. */
export function healthCheckOf(
  service: Service,
  slices: readonly EndpointSlice[],
  nodeName: string,
): HealthCheck | undefined {
  const { type, externalTrafficPolicy, healthCheckNodePort } = service.spec;
  if (type !== 'LoadBalancer' || externalTrafficPolicy !== 'Local' || !healthCheckNodePort) return undefined;
  const local = new Set<string>();
  for (const slice of slices) {
    for (const { addresses, conditions, nodeName: on } of slice.endpoints ?? []) {
      if (on === nodeName && conditions?.ready !== false && addresses[0] !== undefined) local.add(addresses[0]);
    }
  }
  return { port: healthCheckNodePort, localEndpoints: local.size };
}

const LONGEST_REQUEST_MS = 5000;
const MOST_CONNECTIONS = 32;

/**
 * Answers load balancers that ask whether this node has endpoints of a service (spec.healthCheckNodePort): 200 when it
 * has, 503 when not, with the same body and headers as kube-proxy.
 */
export class HealthCheckServers {
  readonly #addresses: readonly string[];
  readonly #log: Logger;
  readonly #servers = new Map<string, { port: number; servers: Server[]; state: { localEndpoints: number } }>();

  constructor(addresses: readonly string[], log: Logger) {
    this.#addresses = addresses;
    this.#log = log;
  }

  /** `service` is namespace/name; `check` undefined: it has none any more. */
  set(service: string, check: HealthCheck | undefined): void {
    const known = this.#servers.get(service);
    if (known && check?.port === known.port) {
      known.state.localEndpoints = check.localEndpoints;
      return;
    }
    if (known) {
      this.#servers.delete(service);
      for (const server of known.servers) stop(server);
    }
    if (!check) return;
    const state = { localEndpoints: check.localEndpoints };
    const servers = this.#addresses.map((address) => this.#serve(service, state, address, check.port));
    this.#servers.set(service, { port: check.port, servers, state });
  }

  close(): void {
    for (const service of [...this.#servers.keys()]) this.set(service, undefined);
  }

  #serve(key: string, state: { readonly localEndpoints: number }, address: string, port: number): Server {
    const [namespace, name] = key.split('/');
    const server = createServer({ requestTimeout: LONGEST_REQUEST_MS }, (request, response) => {
      request.resume();
      const { localEndpoints } = state;
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'Content-Type': 'application/json',
        'X-Content-Type-Options': 'nosniff',
        'X-Load-Balancing-Endpoint-Weight': `${localEndpoints}`,
      });
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }));
    });
    server.maxConnections = MOST_CONNECTIONS;
    server.on('error', (error) =>
      this.#log.error({ err: error, service: key, port }, 'no health checks for a service'),
    );
    server.listen({ host: address, port });
    server.unref();
    return server;
  }
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

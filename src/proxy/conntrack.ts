import type { Logger } from '../utils/log.ts';
import { CommandError, type Run, run } from './run.ts';
import type { ServicePortInfo } from './service-ports.ts';

/** What `conntrack -D` is to forget: UDP flows to an address and port that were sent on to an endpoint. */
export interface StaleFlow {
  /** Undefined for a node port, which answers at several addresses. */
  readonly address?: string;
  readonly port: number;
  readonly endpoint: string;
}

/**
 * The UDP flows that still go to endpoints which a service no longer has. TCP ends by itself; UDP has no end, and a
 * client that keeps its source port would be sent to the old endpoint for ever.
 */
export function staleFlows(before: readonly ServicePortInfo[], after: readonly ServicePortInfo[]): StaleFlow[] {
  const flows: StaleFlow[] = [];
  for (const old of before) {
    if (old.protocol !== 'udp') continue;
    const now = after.find((port) => port.portName === old.portName && port.protocol === 'udp');
    const kept = new Set(
      now?.endpoints.filter((e) => e.ready || (e.serving && e.terminating)).map((e) => `${e.ip} ${e.port}`),
    );
    for (const { ip, port } of old.endpoints) {
      if (kept.has(`${ip} ${port}`)) continue;
      for (const address of [old.clusterIP, ...old.externalIPs, ...old.loadBalancerIPs]) {
        flows.push({ address, port: old.port, endpoint: ip });
      }
      if (old.nodePort > 0) flows.push({ port: old.nodePort, endpoint: ip });
    }
  }
  return flows;
}

/** Forgets flows with the `conntrack` program; without it they end by the kernel's own time limits. */
export class ConntrackCleaner {
  readonly #log: Logger;
  readonly #run: Run;
  #available = true;

  constructor(log: Logger, execute: Run = run) {
    this.#log = log;
    this.#run = execute;
  }

  async forget(flows: readonly StaleFlow[]): Promise<void> {
    for (const { address, port, endpoint } of flows) {
      if (!this.#available) return;
      const family = endpoint.includes(':') ? 'ipv6' : 'ipv4';
      const to = address === undefined ? [] : ['--orig-dst', address];
      const args = ['-D', '-f', family, '-p', 'udp', ...to, '--orig-port-dst', `${port}`, '--dst-nat', endpoint];
      try {
        await this.#run('conntrack', args);
      } catch (error) {
        if (error instanceof CommandError && error.missing) {
          this.#available = false;
          this.#log.info(
            'conntrack is not installed: UDP clients of removed endpoints wait for the kernel to forget them',
          );
        } else if (!(error instanceof CommandError && /\b0 flow entries\b/.test(error.message))) {
          this.#log.warn({ err: error }, 'could not forget a UDP flow');
        }
      }
    }
  }
}

import { type Node, nodes } from '../api/core/v1.gen.ts';
import type { Client } from '../client/client.ts';
import { runController } from '../client/controller.ts';
import type { InformerFactory } from '../client/informer.ts';
import { WorkQueue } from '../client/work-queue.ts';
import { ensureDnsService, removeDnsEndpoint } from '../dns/dns-service.ts';
import type { Clock } from '../utils/clock.ts';
import { addressInRange } from '../utils/ip.ts';
import type { Logger } from '../utils/log.ts';

export const dnsPort = 53;

/** Where a node's name server listens: on the first address of its pod range, which pods and other nodes reach. */
export function dnsAddress(podCIDR: string): string {
  return addressInRange(podCIDR, 1);
}

/** Keeps the Service kube-dns, and in it every node that has a name server: all that are not simulated. */
export function startDnsEndpointsController(options: {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clusterIP: string;
  readonly clock: Clock;
  readonly log: Logger;
}): { stop(): Promise<void> } {
  const { client, clock, log, clusterIP } = options;
  const informer = options.informers.informer(nodes);
  const queue = new WorkQueue({ name: 'dns-endpoints', clock });
  const enqueue = (node: Node) => queue.add(node.metadata.name);
  const removeHandler = informer.addHandler({
    onAdd: enqueue,
    onUpdate: (before, node) => {
      if (before.spec.podCIDR !== node.spec.podCIDR) enqueue(node);
    },
    onDelete: enqueue,
  });
  const controller = runController({
    name: 'dns-endpoints',
    queue,
    workers: 1,
    log,
    async reconcile(name) {
      const node = informer.store.get('', name);
      if (!node) return removeDnsEndpoint(client, name);
      const { podCIDR } = node.spec;
      if (!podCIDR || node.metadata.labels?.['skiff.dev/simulated'] === 'true') return;
      await ensureDnsService(client, { clusterIP, nodeName: name, address: dnsAddress(podCIDR), port: dnsPort });
    },
  });
  return {
    async stop() {
      removeHandler();
      await controller.stop();
    },
  };
}

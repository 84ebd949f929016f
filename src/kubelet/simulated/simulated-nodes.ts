import { type Lease, leases } from '../../api/coordination/v1.gen.ts';
import { type Node, type NodeCondition, nodes, type Pod, pods } from '../../api/core/v1.gen.ts';
import { isAlreadyExists, isNotFound } from '../../api/errors.ts';
import type { Draft } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { runController } from '../../client/controller.ts';
import type { InformerFactory } from '../../client/informer.ts';
import { keyOf, splitKey } from '../../client/store.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { formatMicroTime, formatTime } from '../../schema/time.ts';
import type { Clock, Timer } from '../../utils/clock.ts';
import type { Logger } from '../../utils/log.ts';
import { kubernetesVersion } from '../../utils/version.ts';
import { nextStep, type PodLife, type PodPlace } from './pod-life.ts';

export interface SimulatedNodesOptions {
  readonly client: Client;
  readonly informers: InformerFactory;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many nodes to make; they are called `prefix`-0 and so on. */
  readonly count: number;
  readonly prefix?: string;
  readonly capacity?: { readonly cpu?: string; readonly memory?: string; readonly pods?: string };
  readonly labels?: Readonly<Record<string, string>>;
  readonly life?: Partial<PodLife>;
}

export interface SimulatedNodes {
  readonly names: readonly string[];
  /** A node falls silent (no heartbeats, its pods no longer answer) until `revive`. */
  silence(name: string): void;
  revive(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** A tenth of the default grace period of the node lifecycle controller would be 5 s; at thousands of nodes that is too dear. */
const heartbeatMs = 20_000;
const leaseSeconds = 40;
const parallelWrites = 64;

/**
 * Nodes that exist only in the API: they register, send heartbeats, and play the life of every pod that is bound to
 * them. One informer, one queue and one timer serve them all, so that thousands cost little.
 */
export async function startSimulatedNodes(options: SimulatedNodesOptions): Promise<SimulatedNodes> {
  const { client, clock, log } = options;
  const prefix = options.prefix ?? 'node';
  const life: PodLife = { startupMs: 0, jobRunMs: 0, ...options.life };
  const names = Array.from({ length: options.count }, (_, i) => `${prefix}-${i}`);
  const indexOf = new Map(names.map((name, i) => [name, i]));
  const silent = new Set<string>();
  const podApi = client.resource(pods);
  const leaseApi = client.resource(leases);

  await inParallel(names, async (name) => {
    await createUnlessThere(() =>
      client.resource(nodes).create('', simulatedNode(name, indexOf.get(name) ?? 0, options, clock.now())),
    );
    await createUnlessThere(() =>
      leaseApi.create('kube-node-lease', {
        metadata: { name, namespace: 'kube-node-lease' },
        spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime: formatMicroTime(clock.now()) },
      } satisfies Draft<Lease>),
    );
  });

  const queue = new WorkQueue({ name: 'simulated-pods', clock });
  const informer = options.informers.informer(pods);
  const firstSeen = new Map<string, number>();
  const addresses = new Map<string, string>();
  let lastAddress = 0;
  const mine = (pod: Pod) =>
    pod.spec.nodeName !== undefined && indexOf.has(pod.spec.nodeName) && !silent.has(pod.spec.nodeName);
  const enqueue = (pod: Pod) => {
    if (mine(pod)) queue.add(keyOf(pod));
  };
  const removeHandler = informer.addHandler({
    onAdd: enqueue,
    onUpdate: (_, pod) => enqueue(pod),
    onDelete: (pod) => {
      firstSeen.delete(pod.metadata.uid);
      addresses.delete(pod.metadata.uid);
    },
  });

  const placeOf = (pod: Pod): PodPlace => {
    let podIP = addresses.get(pod.metadata.uid) ?? pod.status.podIP;
    if (!podIP) podIP = addressNumber(10 * 2 ** 24 + 128 * 2 ** 16, ++lastAddress);
    addresses.set(pod.metadata.uid, podIP);
    return { podIP, hostIP: nodeAddress(indexOf.get(pod.spec.nodeName ?? '') ?? 0) };
  };

  const controller = runController({
    name: 'simulated-nodes',
    queue,
    workers: parallelWrites,
    log,
    async reconcile(key) {
      const { namespace, name } = splitKey(key);
      const pod = informer.store.get(namespace, name);
      if (!pod || !mine(pod)) return;
      const { uid } = pod.metadata;
      const since = firstSeen.get(uid) ?? clock.now();
      firstSeen.set(uid, since);
      const step = nextStep(pod, placeOf(pod), life, since, clock.now());
      try {
        if (step.do === 'delete') {
          await podApi.delete(namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
        } else if (step.do === 'wait') {
          queue.addAfter(key, step.ms);
        } else if (step.do === 'status') {
          await podApi.patch(
            namespace,
            name,
            { type: 'merge', body: { metadata: { uid }, status: step.status } },
            { subresource: 'status' },
          );
        }
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    },
  });

  const renew = (name: string) =>
    leaseApi.patch('kube-node-lease', name, {
      type: 'merge',
      body: { spec: { renewTime: formatMicroTime(clock.now()) } },
    });
  let beat: Timer | undefined;
  let stopped = false;
  const scheduleBeat = () => {
    beat = clock.after(heartbeatMs, () => {
      void inParallel(
        names.filter((name) => !silent.has(name)),
        async (name) => {
          await renew(name).catch((error: unknown) => log.warn({ err: error, node: name }, 'heartbeat failed'));
        },
      ).then(() => {
        if (!stopped) scheduleBeat();
      });
    });
  };
  scheduleBeat();

  return {
    names,
    silence: (name) => void silent.add(name),
    async revive(name) {
      silent.delete(name);
      await client
        .resource(nodes)
        .patch(
          '',
          name,
          { type: 'strategic', body: { status: { conditions: [readyCondition(clock.now())] } } },
          { subresource: 'status' },
        );
      await renew(name);
      for (const pod of informer.store.list()) enqueue(pod);
    },
    async stop() {
      stopped = true;
      beat?.stop();
      removeHandler();
      await controller.stop();
    },
  };
}

function readyCondition(now: number): NodeCondition {
  const at = formatTime(now);
  return {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'the node is simulated',
    lastHeartbeatTime: at,
    lastTransitionTime: at,
  };
}

function simulatedNode(name: string, index: number, options: SimulatedNodesOptions, now: number): Draft<Node> {
  const capacity = { cpu: '32', memory: '256Gi', pods: '110', 'ephemeral-storage': '1Ti', ...options.capacity };
  return {
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'skiff.dev/simulated': 'true',
        ...options.labels,
      },
    },
    status: {
      capacity,
      allocatable: capacity,
      phase: 'Running',
      addresses: [
        { type: 'InternalIP', address: nodeAddress(index) },
        { type: 'Hostname', address: name },
      ],
      conditions: [readyCondition(now)],
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        kubeletVersion: kubernetesVersion,
        kubeProxyVersion: '',
        containerRuntimeVersion: 'simulated://1',
        kernelVersion: '',
        osImage: 'simulated',
        machineID: name,
        systemUUID: name,
        bootID: name,
      },
    },
  };
}

/** From 172.16.0.0/12, a range for private use. */
const nodeAddress = (index: number) => addressNumber(172 * 2 ** 24 + 16 * 2 ** 16, index + 1);

function addressNumber(base: number, offset: number): string {
  const n = base + offset;
  return [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.');
}

async function createUnlessThere(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Works on a list with a bounded number of items under way. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: Math.min(parallelWrites, items.length) }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

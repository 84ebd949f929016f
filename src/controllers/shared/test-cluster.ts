/** For tests of controllers: an API server in memory, a clock that is turned by hand, and pods that do as they are told. */
import {
  type Event,
  events,
  nodes,
  type Pod,
  type PodStatus,
  pods,
  type ResourceQuota,
  resourcequotas,
  type Taint,
} from '../../api/core/v1.gen.ts';
import { errors, isNotFound } from '../../api/errors.ts';
import type { Draft, KubeObject, ResourceType } from '../../api/resource.ts';
import { resourceQuota } from '../../apiserver/admission-plugins/quota/resource-quota.ts';
import type { Client } from '../../client/client.ts';
import { InformerFactory } from '../../client/informer.ts';
import { memoryServer } from '../../client/memory-server.ts';
import { createEventRecorder } from '../../client/recorder.ts';
import { formatTime } from '../../schema/time.ts';
import { FakeClock, settle } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import type { ControllerContext, ControllerHandle } from './context.ts';
import { FlakyClient } from './flaky-client.ts';

export const NAMESPACE = 'test';

export interface TestCluster {
  readonly client: Client;
  readonly clock: FakeClock;
  /** The part of the controllers' requests that fail, half of them after they have taken effect; 0 to 1. */
  failures: number;
  /** How late the controllers' informers are, in milliseconds, by resource. */
  lag: Readonly<Record<string, number>>;
  /** Stops the controllers where they stand and starts new ones that know nothing. */
  restart(): Promise<void>;
  /** While set, no pod can be created, and this is why. */
  refusePods: string;
  /** Runs until nothing changes any more without time passing. */
  quiet(): Promise<void>;
  /** Lets time pass, and then `quiet`. */
  advance(ms: number): Promise<void>;
  create<T extends KubeObject>(type: ResourceType<T>, object: Draft<T>): Promise<T>;
  get<T extends KubeObject>(type: ResourceType<T>, name: string): Promise<T>;
  list<T extends KubeObject>(type: ResourceType<T>): Promise<readonly T[]>;
  update<T extends KubeObject>(type: ResourceType<T>, name: string, change: (object: T) => T): Promise<T>;
  /** "reason: message" of all events, in the order of their names' times. */
  events(): Promise<string[]>;
  node(name: string, labels?: Record<string, string>, taints?: readonly Taint[]): Promise<void>;
  /** What a kubelet would report. Does nothing when the pod is gone. */
  report(name: string, status: Draft<PodStatus>): Promise<void>;
  /** Makes pods ready: all that are not, or those named. */
  ready(...names: string[]): Promise<void>;
  /** Ends pods: all that run, or those named. */
  finish(phase: 'Succeeded' | 'Failed', ...names: string[]): Promise<void>;
  /** Completes the deletion of pods that are being deleted, as kubelets do. */
  reap(): Promise<void>;
  stop(): Promise<void>;
}

export async function testCluster(
  ...start: readonly ((context: ControllerContext) => ControllerHandle)[]
): Promise<TestCluster> {
  const clock = new FakeClock();
  const log = silent;
  const server = await memoryServer({
    clock,
    namespaces: [NAMESPACE],
    admission: (objects) => [
      {
        name: 'Refuse',
        handles: (operation, group, resource) => operation === 'CREATE' && group === '' && resource === 'pods',
        validate() {
          if (cluster.refusePods) throw errors.forbidden(pods, '', cluster.refusePods);
        },
      },
      resourceQuota(
        // The cache holds ResourceQuotas under that name.
        { resourceQuotas: (name) => objects.list('', 'v1', 'resourcequotas', name) as readonly ResourceQuota[] },
        {
          get: (namespace, name) => client.resource(resourcequotas).get(namespace, name),
          updateStatus: (quota) => client.resource(resourcequotas).updateStatus(quota),
        },
      ),
    ],
  });
  const { client } = server;
  const quotas = server.core.resources.find('', 'v1', 'resourcequotas');
  if (quotas) await server.core.preload([quotas]);
  const recorder = createEventRecorder({ client, component: 'test', clock, log, random: () => 0 });
  const flaky = new FlakyClient(client, clock, () => cluster);
  const startAll = async () => {
    const informers = new InformerFactory(flaky, { clock, log, random: () => 0 });
    const handles = start.map((run) => run({ client: flaky, informers, clock, log, recorder }));
    informers.start();
    await informers.waitForSync();
    return async () => {
      await Promise.all(handles.map((handle) => handle.stop()));
      informers.stop();
    };
  };

  const cluster: TestCluster = {
    client,
    clock,
    failures: 0,
    lag: {},
    refusePods: '',
    async restart() {
      await stopAll();
      stopAll = await startAll();
      await cluster.quiet();
    },
    async quiet() {
      for (let calm = 0, last = -1, round = 0; calm < 3; round++) {
        if (round > 5000) throw new Error('the cluster does not come to rest');
        await settle();
        const now = await server.revision();
        calm = now === last ? calm + 1 : 0;
        last = now;
      }
    },
    async advance(ms) {
      await clock.advance(ms);
      await cluster.quiet();
    },
    async create(type, object) {
      const created = await client.resource(type).create(type.namespaced ? NAMESPACE : '', object);
      await cluster.quiet();
      return created;
    },
    get: (type, name) => client.resource(type).get(type.namespaced ? NAMESPACE : '', name),
    async list(type) {
      return (await client.resource(type).list('')).items;
    },
    async update(type, name, change) {
      const updated = await client.resource(type).update(change(await cluster.get(type, name)));
      await cluster.quiet();
      return updated;
    },
    async events() {
      const byTime = (a: Event, b: Event) => (stamp(a) < stamp(b) ? -1 : 1);
      return [...(await cluster.list(events))].sort(byTime).map(({ reason, message }) => `${reason}: ${message}`);
    },
    async node(name, labels = {}, taints = []) {
      await cluster.create(nodes, {
        metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
        ...(taints.length > 0 && { spec: { taints } }),
      });
    },
    async report(name, status) {
      try {
        await client
          .resource(pods)
          .patch(NAMESPACE, name, { type: 'strategic', body: { status } }, { subresource: 'status' });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      await cluster.quiet();
    },
    async ready(...names) {
      for (const pod of await chosen(names, (p) => p.status.phase !== 'Running' && !ended(p))) {
        const lastTransitionTime = formatTime(clock.now());
        const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }];
        await cluster.report(pod.metadata.name, { phase: 'Running', conditions });
      }
    },
    async finish(phase, ...names) {
      for (const pod of await chosen(names, (p) => !ended(p))) {
        const lastTransitionTime = formatTime(clock.now());
        const conditions = [{ type: 'Ready', status: 'False', lastTransitionTime }];
        await cluster.report(pod.metadata.name, { phase, conditions });
      }
    },
    async reap() {
      for (const pod of await cluster.list(pods)) {
        if (!pod.metadata.deletionTimestamp) continue;
        await client.resource(pods).delete(NAMESPACE, pod.metadata.name, { gracePeriodSeconds: 0 });
      }
      await cluster.quiet();
    },
    async stop() {
      await stopAll();
      await recorder.stop();
      await server.close();
    },
  };

  async function chosen(names: readonly string[], otherwise: (pod: Pod) => boolean): Promise<Pod[]> {
    const all = await cluster.list(pods);
    return all.filter((pod) => (names.length > 0 ? names.includes(pod.metadata.name) : otherwise(pod)));
  }

  let stopAll = await startAll();
  await cluster.quiet();
  return cluster;
}

const ended = (pod: Pod): boolean => pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
const stamp = (event: Event): string => event.metadata.name.slice(event.metadata.name.lastIndexOf('.') + 1);

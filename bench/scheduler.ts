/**
 * The scheduler by itself: API server, scheduler and store (in memory) in this process, no HTTP and no disk.
 * node bench/scheduler.ts [NODES] [PODS]
 */
import { generateKeyPairSync } from 'node:crypto';
import { type Node, nodes, type Pod, pods, serviceaccounts } from '../src/api/core/v1.gen.ts';
import type { Draft } from '../src/api/resource.ts';
import { InformerFactory } from '../src/client/informer.ts';
import { createEventRecorder } from '../src/client/recorder.ts';
import { createControlPlane } from '../src/cluster/control-plane.ts';
import { startScheduler } from '../src/scheduler/scheduler.ts';
import { MemoryStore } from '../src/store/memory.ts';
import { realClock } from '../src/utils/clock.ts';
import { silent } from '../src/utils/log.ts';
import { node, smallPod } from './objects.ts';

const NODES = Number(process.argv[2] ?? 5_000);
const PODS = Number(process.argv[3] ?? 10_000);
const IN_FLIGHT = 128;

const clock = realClock;
const log = silent;
const store = new MemoryStore({ clock });
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const plane = await createControlPlane({
  store,
  clock,
  log,
  serviceAccountKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  authorizationMode: 'Node,RBAC',
  serviceClusterIpRange: '10.96.0.0/16',
  serviceNodePorts: [30000, 32767],
});
const client = plane.client('kube-scheduler');
const informers = new InformerFactory(client, { clock, log });
const recorder = createEventRecorder({ client, component: 'default-scheduler', clock, log });
const scheduler = startScheduler({ client, informers, clock, log, recorder });
let bound = 0;
let finished = (): void => {};
const end = new Promise<void>((resolve) => {
  finished = resolve;
});
informers.informer(pods).addHandler({
  onUpdate(before, pod) {
    if (pod.spec.nodeName && !before.spec.nodeName && ++bound === PODS) finished();
  },
});
informers.start();

async function createAll(count: number, create: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await create(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

const user = plane.client('bench');
// No controller makes the account that every pod needs.
await user.resource(serviceaccounts).create('default', { metadata: { name: 'default' } });
// The benchmark's objects are written as JSON, without types.
await createAll(NODES, (i) => user.resource(nodes).create('', node(i) as Draft<Node>));

const cpu = process.cpuUsage();
const start = performance.now();
await createAll(PODS, () => user.resource(pods).create('default', smallPod as Draft<Pod>));
await end;
const seconds = (performance.now() - start) / 1000;
const { user: inUser, system } = process.cpuUsage(cpu);
const each = Math.round((inUser + system) / PODS);
console.log(`${PODS} pods on ${NODES} nodes: ${Math.round(PODS / seconds)}/s, ${each} µs of CPU each`);
await scheduler.stop();
await recorder.stop();
informers.stop();
await plane.close();
await store.close();

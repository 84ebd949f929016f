import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Node, namespaces, nodes as nodeType, serviceaccounts } from '../api/core/v1.gen.ts';
import { isNotFound } from '../api/errors.ts';
import { createHttpServer } from '../apiserver/http/server.ts';
import type { Client } from '../client/client.ts';
import { InformerFactory } from '../client/informer.ts';
import { createEventRecorder } from '../client/recorder.ts';
import { ensureCertificates } from '../cluster/certificates.ts';
import { type ControlPlane, createControlPlane } from '../cluster/control-plane.ts';
import { extensionResources } from '../cluster/extension-resources.ts';
import { buildKubeconfig } from '../cluster/kubeconfig.ts';
import { startControllers } from '../controllers/index.ts';
import {
  type SimulatedNodes,
  type SimulatedNodesOptions,
  startSimulatedNodes,
} from '../kubelet/simulated/simulated-nodes.ts';
import { startScheduler } from '../scheduler/scheduler.ts';
import { MemoryStore } from '../store/memory.ts';
import { type Clock, realClock } from '../utils/clock.ts';
import { type Logger, silent } from '../utils/log.ts';

export type { Client } from '../client/client.ts';
export { InformerFactory } from '../client/informer.ts';
export { type Clock, FakeClock, realClock } from '../utils/clock.ts';

export interface TestClusterOptions extends Partial<Pick<SimulatedNodesOptions, 'capacity' | 'labels' | 'life'>> {
  /** How many simulated nodes; default 1. */
  readonly nodes?: number;
  /** Serve HTTPS on a free port of 127.0.0.1 too, for clients in other processes and other languages. */
  readonly https?: boolean;
  /** A `FakeClock` makes time stand still until the test turns it; default: real time. */
  readonly clock?: Clock;
  /** Default: nothing is logged. */
  readonly log?: Logger;
  /** In [0, 1): give a seeded one for a run that repeats exactly. */
  readonly random?: () => number;
}

export interface TestCluster {
  /** As a member of system:masters. */
  readonly client: Client;
  readonly clock: Clock;
  readonly nodes: SimulatedNodes;
  /** Set with `https`. */
  readonly https: { readonly url: string; readonly kubeconfig: string } | undefined;
  /** Makes a namespace of its own for a test and waits until pods can be created in it. Answers with its name. */
  createNamespace(prefix?: string): Promise<string>;
  /** Deletes a namespace and everything in it, and waits until it is gone. */
  deleteNamespace(name: string): Promise<void>;
  /** Asks again and again until there is an answer; rejects after `withinMs` (default 10 s, in real time). */
  waitFor<T>(ask: () => Promise<T | undefined>, withinMs?: number): Promise<T>;
  stop(): Promise<void>;
}

/** Between two questions of `waitFor`. */
const pauseMs = 5;

/**
 * A whole cluster in this process: API server over a store in memory, all controllers, the scheduler, and simulated
 * nodes on which pods run. Namespaces empty themselves and owned objects go with their owners, as in a real cluster.
 */
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { clock = realClock, log = silent, random } = options;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const store = new MemoryStore({ clock, log });
  const plane = await createControlPlane({
    store,
    clock,
    log,
    random,
    serviceAccountKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    authorizationMode: 'Node,RBAC',
    serviceClusterIpRange: '10.96.0.0/16',
    serviceNodePorts: [30000, 32767],
  });
  const client = plane.client('test');
  const https = options.https ? await serveHttps(plane, log) : undefined;
  const controllerClient = plane.client('kube-controller-manager');
  const informers = new InformerFactory(controllerClient, { clock, log, random });
  const recorder = createEventRecorder({
    client: controllerClient,
    clock,
    log,
    component: 'kube-controller-manager',
    random,
  });
  const controllers = startControllers({
    client: controllerClient,
    informers,
    clock,
    log,
    recorder,
    rootCA: { current: () => https?.certificateAuthority ?? '' },
    extensions: extensionResources(plane.aggregator),
    namespaceGraceMs: 0,
  });
  const scheduler = startScheduler({
    client: plane.client('kube-scheduler'),
    informers,
    clock,
    log,
    random,
    recorder: recorder.as('default-scheduler'),
  });
  informers.start();
  const nodes = await startSimulatedNodes({
    client: plane.client('kubelet'),
    informers,
    clock,
    log,
    count: options.nodes ?? 1,
    capacity: options.capacity,
    labels: options.labels,
    life: options.life,
  });
  await informers.waitForSync();
  await until((ready) => {
    const waiting = new Set(nodes.names);
    // New nodes are tainted until the node lifecycle controller has seen that they are well.
    const look = (node: Node) => {
      if (!node.spec.taints?.length) waiting.delete(node.metadata.name);
      if (waiting.size === 0) ready();
    };
    if (waiting.size === 0) ready();
    return informers.informer(nodeType).addHandler({ onAdd: look, onUpdate: (_, node) => look(node) });
  });

  let serial = 0;
  return {
    client,
    clock,
    nodes,
    https: https && { url: https.url, kubeconfig: https.kubeconfig },
    async createNamespace(prefix = 'test') {
      const name = `${prefix}-${++serial}`;
      await client.resource(namespaces).create('', { metadata: { name } });
      await until((found) => {
        const watch = client.resource(serviceaccounts).watch(
          name,
          { fieldSelector: 'metadata.name=default' },
          {
            event: (type) => type === 'ADDED' && found(),
            end: () => {},
          },
        );
        return () => watch.stop();
      });
      return name;
    },
    async deleteNamespace(name) {
      const api = client.resource(namespaces);
      await until((gone) => {
        const watch = api.watch(
          '',
          { fieldSelector: `metadata.name=${name}` },
          {
            event: (type) => type === 'DELETED' && gone(),
            end: () => {},
          },
        );
        api.delete('', name).catch((error: unknown) => {
          if (isNotFound(error)) gone();
        });
        return () => watch.stop();
      });
    },
    async waitFor(ask, withinMs = 10_000) {
      const deadline = realClock.now() + withinMs;
      for (;;) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        if (realClock.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${ask}`);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    },
    async stop() {
      await nodes.stop();
      await Promise.all([controllers.stop(), scheduler.stop()]);
      informers.stop();
      await recorder.stop();
      await https?.close();
      await plane.close();
      await store.close();
    },
  };
}

/** Waits for something that a watch sees; `start` gets what to call then, and answers with how to end the watch. */
async function until(start: (done: () => void) => () => void): Promise<void> {
  let stop: (() => void) | undefined;
  await new Promise<void>((resolve) => {
    stop = start(resolve);
  });
  stop?.();
}

async function serveHttps(plane: ControlPlane, log: Logger) {
  const dir = mkdtempSync(join(tmpdir(), 'skiff-testing-'));
  try {
    const certificates = ensureCertificates(dir, { hostnames: [], ips: [] });
    const server = createHttpServer({
      core: plane.core,
      authenticate: plane.authenticate,
      authorizer: plane.authorizer,
      aggregator: plane.aggregator,
      tls: { ...certificates.serving, ca: certificates.ca.cert },
      log,
    });
    const port = await server.listen(0, '127.0.0.1');
    const url = `https://127.0.0.1:${port}`;
    const kubeconfig = buildKubeconfig({
      name: 'skiff-testing',
      server: url,
      certificateAuthority: certificates.ca.cert,
      credentials: { certificate: certificates.admin },
    });
    return { url, kubeconfig, certificateAuthority: certificates.ca.cert, close: () => server.close() };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** For tests: the kubelet's server over a fake runtime, and the certificates of a cluster that it believes. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../api/core/v1.gen.ts';
import type { Client } from '../client/client.ts';
import { type ControlPlane, createControlPlane } from '../cluster/control-plane.ts';
import { type FakeRuntime, type FakeSession, fakeRuntime } from '../kubelet/server/fake-runtime.ts';
import { createStreamsServer } from '../kubelet/server/server.ts';
import type { ContainerRef, ServerBackend, StreamsServer } from '../kubelet/server/types.ts';
import { MemoryStore } from '../store/memory.ts';
import { realClock } from '../utils/clock.ts';
import { silent } from '../utils/log.ts';
import {
  createCertificate,
  generateKey,
  type KeyPair,
  loadAuthority,
  privateKeyPem,
  type Subject,
} from '../utils/x509.ts';

export interface TestKubelet extends AsyncDisposable {
  readonly port: number;
  readonly server: StreamsServer;
  readonly runtime: FakeRuntime;
  readonly logDir: string;
  /** Of the API server. */
  readonly client: KeyPair;
  readonly ca: string;
  /** Somebody whom the cluster knows. */
  certificate(subject: Subject): KeyPair;
  readonly plane: ControlPlane;
  readonly serving: KeyPair;
  /** A client of the API server that may do everything. */
  readonly api: Client;
  /** What was asked of the runtime. */
  readonly asked: { readonly method: string; readonly request: unknown }[];
  /** Containers by name; the log of each is `<logDir>/<name>.log`. */
  readonly containers: Map<string, ContainerRef>;
  pod: Pod;
  /** Tells those who wait that the pod's containers have changed. */
  changed(): void;
  readonly listeners: ReadonlySet<() => void>;
}

function testPod(): Pod {
  const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-1',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'main', image: 'busybox', resources: {} }],
    },
    status: {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'main',
          image: 'busybox',
          imageID: '',
          containerID: 'containerd://c1',
          ready: true,
          restartCount: 0,
          lastState: {},
          state: running,
        },
      ],
    },
  };
}

export async function testKubelet(serve: (session: FakeSession) => void = () => {}): Promise<TestKubelet> {
  const runtime = await fakeRuntime(serve, (request) => (request.url === '/missing' ? 'no such stream' : undefined));
  const plane = await createControlPlane({
    store: new MemoryStore({ clock: realClock }),
    clock: realClock,
    log: silent,
    serviceAccountKey: generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString(),
    authorizationMode: 'RBAC',
    serviceClusterIpRange: '10.96.0.0/16',
    serviceNodePorts: [30000, 32767],
  });
  const api = plane.client('kubelet');
  const logDir = await mkdtemp(join(tmpdir(), 'skiff-kubelet-server-'));
  const authority = newAuthority();
  const listeners = new Set<() => void>();
  const asked: TestKubelet['asked'] = [];
  const containers = new Map<string, ContainerRef>([
    [
      'main',
      {
        id: 'c1',
        state: 'CONTAINER_RUNNING',
        logPath: join(logDir, 'main.log'),
        restartCount: 0,
        tty: false,
        stdin: true,
      },
    ],
  ]);
  const url = (method: string) => async (request: unknown) => {
    asked.push({ method, request });
    return `${runtime.url}/${method}/token`;
  };
  const kubelet = { pod: testPod() };
  const backend: ServerBackend = {
    nodeName: 'node-1',
    logDir,
    cri: {
      exec: url('exec'),
      attach: url('attach'),
      portForward: (sandbox, port) => url('portforward')({ sandbox, port }),
      execSync: async (containerId, cmd) => {
        asked.push({ method: 'execSync', request: { containerId, cmd } });
        return { stdout: Buffer.from('out'), stderr: Buffer.from('err'), exitCode: 0 };
      },
      listContainerStats: async () => [
        {
          attributes: {
            id: 'c1',
            metadata: { name: 'main', attempt: 0 },
            labels: { 'io.kubernetes.pod.uid': 'uid-1' },
          },
          cpu: { timestamp: '1767225600000000000', usageCoreNanoSeconds: { value: '2500000000' } },
          memory: { timestamp: '1767225600000000000', workingSetBytes: { value: '1048576' } },
          writableLayer: null,
        },
      ],
    },
    pods: () => [kubelet.pod],
    pod: (namespace, name) => (namespace === 'default' && name === 'web' ? kubelet.pod : undefined),
    container: (_pod, name, previous) => containers.get(previous ? `${name}-previous` : name),
    sandbox: () => 'sandbox-1',
    onPodChange(_uid, changed) {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
  };
  const serving = authority.issue({ commonName: 'system:node:node-1', organizations: ['system:nodes'] }, 'server auth');
  const start = createStreamsServer({
    client: api,
    tls: { ...serving, clientCa: authority.cert },
    address: '127.0.0.1',
    port: 0,
    clock: realClock,
    log: silent,
  });
  const server = await start(backend);
  const issue = (subject: Subject) => authority.issue(subject, 'client auth');
  return {
    port: server.port,
    server,
    runtime,
    logDir,
    ca: authority.cert,
    client: issue({ commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] }),
    certificate: issue,
    plane,
    serving,
    api,
    asked,
    containers,
    get pod() {
      return kubelet.pod;
    },
    set pod(pod: Pod) {
      kubelet.pod = pod;
    },
    changed: () => {
      for (const listener of listeners) listener();
    },
    listeners,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await runtime.close();
      await plane.close();
      await rm(logDir, { recursive: true, force: true });
    },
  };
}

function newAuthority() {
  const { publicKey, privateKey } = generateKey();
  const window = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + 3_600_000 };
  const cert = createCertificate({
    subject: { commonName: 'test-ca', organizations: [] },
    publicKey,
    signingKey: privateKey,
    ...window,
    isCa: true,
    usages: ['digital signature', 'cert sign'],
  });
  const authority = loadAuthority({ cert, key: privateKeyPem(privateKey) });
  return {
    cert,
    issue(subject: Subject, usage: 'server auth' | 'client auth'): KeyPair {
      const own = generateKey();
      const signed = createCertificate({
        subject,
        publicKey: own.publicKey,
        signingKey: authority.key,
        issuer: authority,
        ...window,
        usages: ['digital signature'],
        extendedUsages: [usage],
        ...(usage === 'server auth' && { names: { ips: ['127.0.0.1'] } }),
      });
      return { cert: signed, key: privateKeyPem(own.privateKey) };
    },
  };
}

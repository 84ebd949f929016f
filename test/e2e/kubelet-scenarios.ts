/**
 * A node by itself: control plane over memory, the real kubelet, its own containerd. Run inside a network namespace by
 * kubelet.e2e.test.ts; prints a line for each scenario: `ok NAME` or `not ok NAME: why`.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  configmaps,
  events,
  namespaces,
  nodes,
  type Pod,
  type PodSpec,
  pods,
  serviceaccounts,
  services,
} from '../../src/api/core/v1.gen.ts';
import { isNotFound } from '../../src/api/errors.ts';
import type { Draft } from '../../src/api/resource.ts';
import { InformerFactory } from '../../src/client/informer.ts';
import { createControlPlane } from '../../src/cluster/control-plane.ts';
import { createEnvResolver } from '../../src/kubelet/env/env.ts';
import { loadImage } from '../../src/kubelet/images/load.ts';
import { type Kubelet, type KubeletOptions, startKubelet } from '../../src/kubelet/kubelet.ts';
import { machineResources } from '../../src/kubelet/node/machine.ts';
import { createVolumeManager } from '../../src/kubelet/volumes/volume-manager.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { realClock } from '../../src/utils/clock.ts';
import { createLogger } from '../../src/utils/log.ts';
import { busyboxImageName } from './busybox-image.ts';

const [dir = '', image = '', nodeIP = '', cgroupRoot = ''] = process.argv.slice(2);
const log = createLogger({ level: process.env.LOG_LEVEL ?? 'warn' });
const clock = realClock;
// Timers of the clock do not keep a process alive.
const alive = setInterval(() => {}, 1000);

const plane = await createControlPlane({
  store: new MemoryStore({ clock }),
  clock,
  log,
  serviceAccountKey: generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
  authorizationMode: 'RBAC',
  serviceClusterIpRange: '10.96.0.0/16',
  serviceNodePorts: [30000, 32767],
});
const client = plane.client('e2e');
for (const name of ['default', 'kube-node-lease']) {
  await client
    .resource(namespaces)
    .create('', { metadata: { name } })
    .catch(() => {});
}
await client.resource(serviceaccounts).create('default', { metadata: { name: 'default', namespace: 'default' } });

const confDir = join(dir, 'cni');
await mkdir(confDir, { recursive: true });
await writeFile(
  join(confDir, '10-test.conflist'),
  JSON.stringify({
    cniVersion: '1.0.0',
    name: `skiff-e2e-${process.pid}`,
    plugins: [
      {
        type: 'ptp',
        ipam: {
          type: 'host-local',
          dataDir: join(dir, 'leases'),
          ranges: [[{ subnet: '10.199.0.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  }),
);
const runtime = {
  dataDir: join(dir, 'containerd'),
  runDir: join(dir, 'run'),
  cniBinDir: '/usr/lib/cni',
  cniConfDir: confDir,
};
const podsDir = join(dir, 'kubelet', 'pods');
const allocatable = machineResources(dir);
const informers = new InformerFactory(client, { clock, log });
const serviceInformer = informers.informer(services);
informers.start();
await informers.waitForSync();
const options: KubeletOptions = {
  client: plane.client('kubelet'),
  nodeName: 'node-1',
  nodeIPs: [nodeIP],
  runtime,
  rootDir: join(dir, 'kubelet'),
  logDir: join(dir, 'logs'),
  cgroupRoot,
  volumes: createVolumeManager({ client: plane.client('kubelet'), podsDir, allocatable, clock, log }),
  resolveEnv: createEnvResolver({ client: plane.client('kubelet'), services: serviceInformer, allocatable }),
  clusterDns: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  clock,
  log,
};
let kubelet: Kubelet = await startKubelet(options);
await loadImage({ socket: kubelet.socket, dataDir: runtime.dataDir }, image);

const api = client.resource(pods);

async function eventually<T>(what: string, look: () => Promise<T | undefined | false>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`${what} did not come about${last ? `: ${last}` : ''}`);
    await clock.sleep(50);
  }
}

const shell = (script: string, more: object = {}) => ({
  name: 'main',
  image: busyboxImageName,
  command: ['sh', '-c', script],
  ...more,
});

function run(name: string, spec: Draft<PodSpec>): Promise<Pod> {
  return api.create('default', {
    metadata: { name, namespace: 'default' },
    spec: { nodeName: 'node-1', automountServiceAccountToken: false, terminationGracePeriodSeconds: 5, ...spec },
  });
}

const podWith = (name: string, test: (pod: Pod) => boolean | undefined, what: string, timeoutMs?: number) =>
  eventually(
    `${name}: ${what}`,
    async () => {
      const pod = await api.get('default', name);
      return test(pod) && pod;
    },
    timeoutMs,
  ).catch(async (error: unknown) => {
    const pod = await api.get('default', name).catch(() => undefined);
    throw new Error(`${error}; it is ${JSON.stringify(pod?.status)}`);
  });

const gone = (name: string) =>
  eventually(`end of ${name}`, () => api.get('default', name).then(() => false, isNotFound));

async function reasons(name: string): Promise<string[]> {
  const list = await client.resource(events).list('default');
  return list.items.filter((e) => e.involvedObject.name === name).map((e) => `${e.reason}: ${e.message}`);
}

const isReady = (pod: Pod) => pod.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
const logOf = (pod: Pod, container: string, n = 0) =>
  readFileSync(join(options.logDir, `default_${pod.metadata.name}_${pod.metadata.uid}`, container, `${n}.log`), 'utf8');

const scenarios: Record<string, () => Promise<void>> = {
  'the node registers and becomes ready': async () => {
    const node = await eventually('the node', async () => {
      const found = await client.resource(nodes).get('', 'node-1');
      return found.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') && found;
    });
    assert.equal(node.status.capacity?.pods, '110');
    assert.equal(node.metadata.labels?.['kubernetes.io/hostname'], 'node-1');
    assert.deepEqual(node.status.addresses, [
      { type: 'InternalIP', address: nodeIP },
      { type: 'Hostname', address: 'node-1' },
    ]);
  },

  'a pod runs, is ready, and ends when it is deleted': async () => {
    const started = Date.now();
    await run('web', {
      containers: [
        shell(
          'trap "exit 0" TERM; mkdir /www; echo hello > /www/index.html; httpd -p 8080 -h /www; sleep 1000 & wait',
          {
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
            lifecycle: { preStop: { exec: { command: ['true'] } } },
            resources: { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
          },
        ),
      ],
    });
    const pod = await podWith('web', isReady, 'readiness');
    console.log(`# ready after ${Date.now() - started} ms`);
    assert.equal(pod.status.phase, 'Running');
    assert.equal(pod.status.qosClass, 'Burstable');
    assert.match(pod.status.podIP ?? '', /^10\.199\.0\.\d+$/);
    assert.match(pod.status.containerStatuses?.[0]?.containerID ?? '', /^containerd:\/\/[0-9a-f]{64}$/);
    assert.equal(pod.status.containerStatuses?.[0]?.started, true);
    const seen = await eventually('events', async () => {
      const list = await reasons('web');
      return list.some((e) => e.startsWith('Started')) && list;
    });
    assert.deepEqual(
      seen.filter((e) => !e.startsWith('Unhealthy')),
      [
        `Pulled: Container image "${busyboxImageName}" already present on machine and can be accessed by the pod`,
        'Created: Container created',
        'Started: Container started',
      ],
    );
    await api.delete('default', 'web');
    await gone('web');
    assert.ok((await reasons('web')).includes('Killing: Stopping container main'));
  },

  'init containers run in order, a sidecar beside the rest, and the pod succeeds': async () => {
    await run('steps', {
      restartPolicy: 'Never',
      initContainers: [
        { ...shell('echo one'), name: 'one' },
        { ...shell('trap "exit 0" TERM; sleep 1000 & wait'), name: 'side', restartPolicy: 'Always' },
        { ...shell('echo three'), name: 'three' },
      ],
      containers: [shell('echo done; echo last words > /dev/termination-log')],
    });
    const pod = await podWith('steps', (p) => p.status.phase === 'Succeeded', 'success');
    const [one, side, three] = pod.status.initContainerStatuses ?? [];
    assert.equal(one?.state.terminated?.reason, 'Completed');
    assert.equal(three?.state.terminated?.exitCode, 0);
    assert.ok(side?.state.terminated);
    const main = pod.status.containerStatuses?.[0]?.state.terminated;
    assert.equal(main?.message, 'last words\n');
    assert.match(logOf(pod, 'main'), /stdout F done\n/);
    await api.delete('default', 'steps');
    await gone('steps');
  },

  'a container that fails is started again, with backoff': async () => {
    await run('crash', { containers: [shell('exit 3')] });
    const pod = await podWith(
      'crash',
      (p) => p.status.containerStatuses?.[0]?.state.waiting?.reason === 'CrashLoopBackOff',
      'backoff',
    );
    const status = pod.status.containerStatuses?.[0];
    assert.equal(status?.restartCount, 1);
    assert.equal(status?.lastState.terminated?.exitCode, 3);
    assert.equal(
      status?.state.waiting?.message,
      `back-off 10s restarting failed container=main pod=crash_default(${pod.metadata.uid})`,
    );
    assert.equal(pod.status.phase, 'Running');
    await api.delete('default', 'crash', { gracePeriodSeconds: 0 });
    await gone('crash');
  },

  'a failing liveness probe restarts the container': async () => {
    await run('unwell', {
      terminationGracePeriodSeconds: 0,
      containers: [
        shell('sleep 1000', {
          livenessProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 },
        }),
      ],
    });
    const pod = await podWith('unwell', (p) => (p.status.containerStatuses?.[0]?.restartCount ?? 0) > 0, 'restart');
    assert.equal(pod.status.containerStatuses?.[0]?.lastState.terminated?.exitCode, 137);
    const seen = await reasons('unwell');
    assert.ok(seen.includes('Killing: Container main failed liveness probe, will be restarted'), seen.join('\n'));
    assert.ok(
      seen.some((e) => e.startsWith('Unhealthy: Liveness probe failed: ')),
      seen.join('\n'),
    );
    await api.delete('default', 'unwell', { gracePeriodSeconds: 0 });
    await gone('unwell');
  },

  'a pod on the network of the host is probed at the address of the host': async () => {
    await run('host', {
      hostNetwork: true,
      terminationGracePeriodSeconds: 1,
      containers: [
        shell('httpd -f -p 8081', {
          ports: [{ containerPort: 8081, hostPort: 8081 }],
          readinessProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1 },
        }),
      ],
    });
    const pod = await podWith('host', isReady, 'readiness');
    assert.equal(pod.status.podIP, nodeIP);
    await api.delete('default', 'host');
    await gone('host');
  },

  'an image that may not be pulled and is not there is told': async () => {
    await run('absent', { containers: [{ name: 'main', image: 'nowhere.invalid/x:1', imagePullPolicy: 'Never' }] });
    const pod = await podWith(
      'absent',
      (p) => p.status.containerStatuses?.[0]?.state.waiting?.reason === 'ErrImageNeverPull',
      'the reason',
    );
    assert.equal(pod.status.phase, 'Pending');
    assert.equal(
      pod.status.containerStatuses?.[0]?.state.waiting?.message,
      'Container image "nowhere.invalid/x:1" is not present with pull policy of Never',
    );
    await api.delete('default', 'absent');
    await gone('absent');
  },

  'security context, hosts and resolver reach the container': async () => {
    await run('inside', {
      restartPolicy: 'Never',
      hostname: 'inner',
      hostAliases: [{ ip: '10.1.2.3', hostnames: ['alias.example'] }],
      securityContext: { runAsUser: 1000, runAsGroup: 2000, fsGroup: 3000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        shell('id; hostname; cat /etc/hosts /etc/resolv.conf; grep CapEff /proc/self/status; touch /x; echo "$WHO"', {
          env: [{ name: 'WHO', value: 'me' }],
          securityContext: {
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
            allowPrivilegeEscalation: false,
          },
        }),
      ],
    });
    const pod = await podWith('inside', (p) => p.status.phase === 'Succeeded', 'success');
    const text = logOf(pod, 'main');
    for (const words of [
      /uid=1000 gid=2000 groups=2000,3000/,
      /F inner\n/,
      /10\.1\.2\.3\talias\.example/,
      /nameserver 10\.96\.0\.10/,
      /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/,
      /options ndots:5/,
      /CapEff:\t0000000000000000/,
      /Read-only file system/,
      /F me\n/,
    ]) {
      assert.match(text, words);
    }
    await api.delete('default', 'inside');
    await gone('inside');
  },

  'config maps and an emptyDir that two containers share are mounted': async () => {
    await client.resource(configmaps).create('default', {
      metadata: { name: 'conf', namespace: 'default' },
      data: { greeting: 'good day' },
    });
    const shared = { name: 'shared', mountPath: '/shared' };
    await run('mounts', {
      restartPolicy: 'Never',
      volumes: [
        { name: 'conf', configMap: { name: 'conf' } },
        { name: 'shared', emptyDir: {} },
      ],
      initContainers: [{ ...shell('echo written > /shared/file'), name: 'writer', volumeMounts: [shared] }],
      containers: [
        shell('cat /conf/greeting /shared/file; echo $GREETING', {
          volumeMounts: [{ name: 'conf', mountPath: '/conf' }, shared],
          env: [{ name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'conf', key: 'greeting' } } }],
        }),
      ],
    });
    const pod = await podWith('mounts', (p) => p.status.phase === 'Succeeded', 'success');
    assert.match(logOf(pod, 'main'), /good day.*written.*good day/s);
    await api.delete('default', 'mounts');
    await gone('mounts');
  },

  'a pod past its deadline fails': async () => {
    await run('late', {
      activeDeadlineSeconds: 1,
      terminationGracePeriodSeconds: 1,
      containers: [shell('sleep 1000')],
    });
    const pod = await podWith('late', (p) => p.status.phase === 'Failed', 'failure');
    assert.equal(pod.status.reason, 'DeadlineExceeded');
    await podWith('late', (p) => !!p.status.containerStatuses?.[0]?.state.terminated, 'the end of its container');
    await api.delete('default', 'late');
    await gone('late');
  },

  'a new agent takes over what runs, and restarts nothing': async () => {
    await run('stays', { containers: [shell('sleep 1000')] });
    const before = await podWith('stays', isReady, 'readiness');
    await run('leaves', { terminationGracePeriodSeconds: 1, containers: [shell('sleep 1000')] });
    const leaves = await podWith('leaves', isReady, 'readiness');
    await kubelet.stop();
    await api.delete('default', 'leaves', { gracePeriodSeconds: 0 });
    // A stopped kubelet has stopped its volumes too.
    const volumes = createVolumeManager({ client: plane.client('kubelet'), podsDir, allocatable, clock, log });
    kubelet = await startKubelet({ ...options, volumes });
    await eventually('the orphan to go', async () => {
      const left = await kubelet.backend.cri.listPodSandbox({
        labelSelector: { 'io.kubernetes.pod.uid': leaves.metadata.uid ?? '' },
      });
      return left.length === 0;
    });
    const after = await api.get('default', 'stays');
    assert.deepEqual(after.status.containerStatuses, before.status.containerStatuses);
    await api.delete('default', 'stays', { gracePeriodSeconds: 1 });
    await gone('stays');
  },

  'thirty pods at once': async () => {
    const started = Date.now();
    const names = Array.from({ length: 30 }, (_, i) => `many-${i}`);
    await Promise.all(
      names.map((name) => run(name, { terminationGracePeriodSeconds: 0, containers: [shell('sleep 1000')] })),
    );
    await Promise.all(names.map((name) => podWith(name, isReady, 'readiness', 60_000)));
    console.log(`# all ready after ${Date.now() - started} ms`);
    if (process.env.TIMES) {
      const before = process.cpuUsage();
      await clock.sleep(30_000);
      const { user, system } = process.cpuUsage(before);
      console.log(`# idle with 30 pods: ${((user + system) / 300_000).toFixed(2)} % of a CPU`);
      console.log(`# ${Math.round(process.memoryUsage().rss / 1e6)} MB, API server included`);
    }
    const ending = Date.now();
    await Promise.all(names.map((name) => api.delete('default', name)));
    await Promise.all(names.map(gone));
    console.log(`# all gone after ${Date.now() - ending} ms`);
  },

  'containers outlive a containerd that is killed': async () => {
    await run('survivor', { containers: [shell('sleep 1000')] });
    const before = await podWith('survivor', isReady, 'readiness');
    process.kill(Number(readFileSync(join(runtime.runDir, 'containerd.pid'), 'utf8')), 'SIGKILL');
    await eventually('containerd to come back', () => kubelet.backend.cri.version(500));
    await run('next', { restartPolicy: 'Never', containers: [shell('true')] });
    await podWith('next', (p) => p.status.phase === 'Succeeded', 'success');
    const after = await api.get('default', 'survivor');
    assert.equal(after.status.containerStatuses?.[0]?.containerID, before.status.containerStatuses?.[0]?.containerID);
    assert.equal(after.status.containerStatuses?.[0]?.restartCount, 0);
    for (const name of ['survivor', 'next']) {
      await api.delete('default', name, { gracePeriodSeconds: 1 });
      await gone(name);
    }
  },
};

const only = process.env.ONLY;
for (const [name, scenario] of Object.entries(scenarios)) {
  if (only && !name.includes(only)) continue;
  const started = Date.now();
  try {
    await scenario();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(`not ok ${name}: ${error instanceof Error ? error.message.replaceAll('\n', ' | ') : error}`);
  }
  if (process.env.TIMES) console.log(`# ${Date.now() - started} ms`);
}
informers.stop();
await kubelet.stop();
await kubelet.drainAll(0);
await kubelet.containerd?.stop();
await plane.close();
clearInterval(alive);

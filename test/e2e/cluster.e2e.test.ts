import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImageName } from './busybox-image.ts';
import { whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of a whole cluster are skipped: ${reason}`);

/** A web server that answers with its pod's name. */
const webPod = (labels: Record<string, string>) => ({
  metadata: { labels },
  spec: {
    containers: [
      {
        name: 'web',
        image: busyboxImageName,
        command: [
          'sh',
          '-c',
          'mkdir -p /www && hostname > /www/index.html && echo ready && exec httpd -f -v -p 8080 -h /www',
        ],
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
      },
    ],
  },
});

const deployment = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: webPod({ app: 'web' }) },
});

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    type: 'NodePort',
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 'http', nodePort: 30080 }],
  },
};

describe.skipIf(reason !== undefined)('a cluster made with skiff up', () => {
  let cluster: SkiffCluster;

  beforeAll(async () => {
    cluster = await SkiffCluster.create('main');
    await cluster.up();
  });

  afterAll(async () => {
    await cluster?.remove();
  });

  it('has one ready node and its system objects', async () => {
    expect(await cluster.kubectl(['get', 'nodes', '--no-headers'])).toMatch(/^node-a\s+Ready\s/);
    expect(await cluster.kubectl(['get', 'service', 'kubernetes', '-o', 'jsonpath={.spec.clusterIP}'])).toBe(
      '10.96.0.1',
    );
    expect(
      await cluster.kubectl(['get', 'service', '-n', 'kube-system', 'kube-dns', '-o', 'jsonpath={.spec.clusterIP}']),
    ).toBe('10.96.0.10');
  });

  it('runs a Deployment behind a Service: cluster IP, node port, DNS name', async () => {
    await cluster.apply({ apiVersion: 'v1', kind: 'List', items: [deployment(3), service] });
    expect(await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain(
      'successfully rolled out',
    );
    const names = (
      await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}'])
    ).split(' ');
    expect(names).toHaveLength(3);
    const clusterIP = await cluster.kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
    const answers = new Set<string>();
    await eventually(async () => {
      answers.add((await cluster.fetch(`http://${clusterIP}/`)).trim());
      expect([...answers].sort()).toEqual([...names].sort());
    });
    expect(names).toContain((await cluster.fetch(`http://${cluster.namespace.address}:30080/`)).trim());
    const inside = await cluster.kubectl([
      'exec',
      names[0] ?? '',
      '--',
      'wget',
      '-qO-',
      'http://web.default.svc.cluster.local/',
    ]);
    expect(names).toContain(inside.trim());
    const short = await cluster.kubectl(['exec', names[0] ?? '', '--', 'wget', '-qO-', 'http://web/']);
    expect(names).toContain(short.trim());
  });

  it('never lets a packet to a service address without rules leave the machine', async () => {
    const before = await uplinkPackets();
    const result = await cluster.namespace.run('/bin/busybox', [
      'wget',
      '-q',
      '-T',
      '2',
      '-O',
      '-',
      'http://10.96.222.33/',
    ]);
    expect(result.code).not.toBe(0);
    expect(await uplinkPackets()).toBe(before);

    async function uplinkPackets(): Promise<number> {
      const { stdout } = await cluster.namespace.run('ip', ['-s', '-json', 'link', 'show', 'uplink']);
      const [link] = JSON.parse(stdout) as { stats64: { tx: { packets: number } } }[];
      return link?.stats64.tx.packets ?? -1;
    }
  });

  it('answers get all and describe', async () => {
    const all = await cluster.kubectl(['get', 'all']);
    for (const line of [
      /pod\/web-\w+-\w+\s+1\/1\s+Running\s+0/,
      /service\/web\s+NodePort/,
      /deployment.apps\/web\s+3\/3\s+3\s+3/,
      /replicaset.apps\/web-\w+\s+3\s+3\s+3/,
    ]) {
      expect(all).toMatch(line);
    }
    const described = await cluster.kubectl(['describe', 'deployment', 'web']);
    expect(described).toContain('ScalingReplicaSet');
    const pod = await cluster.kubectl(['describe', 'pod', '-l', 'app=web']);
    expect(pod).toContain('Successfully assigned default/web-');
    expect(pod).toContain('Container started');
  });

  it('shows, follows and limits logs', async () => {
    const pod = (await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'name'])).split('\n')[0] ?? '';
    expect(await cluster.kubectl(['logs', pod, '--tail=1'])).not.toBe('');
    expect((await cluster.kubectl(['logs', pod])).startsWith('ready\n')).toBe(true);
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'counter', namespace: 'default' },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'c',
            image: busyboxImageName,
            command: ['sh', '-c', 'for i in 1 2 3; do echo line $i; sleep 1; done'],
          },
        ],
      },
    });
    await cluster.kubectl([
      'wait',
      '--for=jsonpath={.status.containerStatuses[0].state}',
      'pod/counter',
      '--timeout=30s',
    ]);
    const followed = await eventually(async () => {
      const text = await cluster.kubectl(['logs', '-f', 'counter']);
      expect(text).toContain('line 1');
      return text;
    });
    expect(followed).toBe('line 1\nline 2\nline 3\n');
    expect(await cluster.kubectl(['logs', 'counter', '--since=1h', '--timestamps'])).toMatch(
      /^\d{4}-\d\d-\d\dT\S+ line 1\n/,
    );
  });

  it('executes with input, a terminal and an exit code', async () => {
    const pod = (await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'name'])).split('\n')[0] ?? '';
    expect(await cluster.kubectl(['exec', '-i', pod, '--', 'cat'], 'through and back')).toBe('through and back');
    const failed = await cluster.tryKubectl(['exec', pod, '--', 'sh', '-c', 'echo oops >&2; exit 7']);
    expect(failed.code).toBe(7);
    expect(failed.stderr).toContain('oops');
    const terminal = await cluster.namespace.run(
      'script',
      ['-qec', `kubectl exec -it ${pod} -- sh -c 'test -t 0 && echo is-a-terminal'`, '/dev/null'],
      { env: cluster.env },
    );
    expect(terminal.stdout).toContain('is-a-terminal');
  });

  it('copies files both ways', async () => {
    const pod = (
      await cluster.kubectl(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[0].metadata.name}'])
    ).trim();
    const local = join(cluster.home, 'file.bin');
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
    writeFileSync(local, bytes);
    await cluster.kubectl(['cp', local, `${pod}:/tmp/file.bin`]);
    await cluster.kubectl(['cp', `${pod}:/tmp/file.bin`, `${local}.back`]);
    expect(readFileSync(`${local}.back`).equals(bytes)).toBe(true);
  });

  it('forwards a port', async () => {
    const child = cluster.namespace.spawn('kubectl', ['port-forward', 'service/web', '18080:80'], cluster.env);
    try {
      await eventually(async () => expect(await cluster.fetch('http://127.0.0.1:18080/')).toMatch(/^web-/));
      expect(await cluster.fetch('http://127.0.0.1:18080/')).toMatch(/^web-/);
    } finally {
      child.kill();
    }
  });

  it('scales, updates and rolls back', async () => {
    await cluster.kubectl(['scale', 'deployment/web', '--replicas=5']);
    await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s']);
    expect(await cluster.kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.status.readyReplicas}'])).toBe('5');
    await cluster.kubectl(['set', 'env', 'deployment/web', 'COLOR=blue']);
    await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s']);
    expect(await cluster.kubectl(['rollout', 'history', 'deployment/web'])).toMatch(/\n2 /);
    await cluster.kubectl(['rollout', 'undo', 'deployment/web']);
    await cluster.kubectl(['rollout', 'status', 'deployment/web', '--timeout=90s']);
    expect(
      await cluster.kubectl(['get', 'deployment', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].env}']),
    ).toBe('');
    await cluster.kubectl(['scale', 'deployment/web', '--replicas=3']);
  });

  it('completes a Job', async () => {
    await cluster.apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'sum', namespace: 'default' },
      spec: {
        completions: 2,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'c', image: busyboxImageName, command: ['sh', '-c', 'echo $((6*7))'] }],
          },
        },
      },
    });
    await cluster.kubectl(['wait', '--for=condition=complete', 'job/sum', '--timeout=60s']);
    expect(await cluster.kubectl(['logs', 'job/sum'])).toBe('42\n');
    expect(await cluster.kubectl(['get', 'job', 'sum', '-o', 'jsonpath={.status.succeeded}'])).toBe('2');
  });

  it('runs a DaemonSet on the node', async () => {
    await cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'each', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'each' } }, template: webPod({ app: 'each' }) },
    });
    await cluster.kubectl(['rollout', 'status', 'daemonset/each', '--timeout=60s']);
    expect(await cluster.kubectl(['get', 'daemonset', 'each', '-o', 'jsonpath={.status.numberReady}'])).toBe('1');
  });

  it('gives config maps, secrets and the downward API to containers, and updates them live', async () => {
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'conf', namespace: 'default' },
          data: { color: 'red' },
        },
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'sec', namespace: 'default' },
          stringData: { word: 'sesame' },
        },
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'volumes', namespace: 'default', labels: { tier: 'x' } },
          spec: {
            containers: [
              {
                name: 'c',
                image: busyboxImageName,
                command: ['sleep', '3600'],
                env: [
                  { name: 'WORD', valueFrom: { secretKeyRef: { name: 'sec', key: 'word' } } },
                  { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                ],
                envFrom: [{ prefix: 'CONF_', configMapRef: { name: 'conf' } }],
                volumeMounts: [
                  { name: 'conf', mountPath: '/conf' },
                  { name: 'all', mountPath: '/all' },
                  { name: 'scratch', mountPath: '/scratch' },
                ],
              },
            ],
            volumes: [
              { name: 'conf', configMap: { name: 'conf' } },
              { name: 'scratch', emptyDir: { medium: 'Memory' } },
              {
                name: 'all',
                projected: {
                  sources: [
                    { secret: { name: 'sec' } },
                    { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
                  ],
                },
              },
            ],
          },
        },
      ],
    });
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/volumes', '--timeout=30s']);
    const sh = (script: string) => cluster.kubectl(['exec', 'volumes', '--', 'sh', '-c', script]);
    expect(await sh('echo $WORD $CONF_color; cat /conf/color /all/word /all/labels')).toBe(
      'sesame red\nredsesametier="x"',
    );
    expect(await sh('echo $IP')).toMatch(/^10\.244\.\d+\.\d+\n$/);
    expect(await sh('cat /var/run/secrets/kubernetes.io/serviceaccount/namespace')).toBe('default');
    await cluster.kubectl(['patch', 'configmap', 'conf', '-p', '{"data":{"color":"green"}}']);
    await eventually(async () => expect(await sh('cat /conf/color')).toBe('green'), { withinMs: 90_000 });
  });

  it('says what is wrong with an image that cannot be had', async () => {
    await cluster.kubectl(['run', 'nothing', '--image=localhost:1/no/such:image']);
    await eventually(async () => {
      expect(await cluster.kubectl(['get', 'pod', 'nothing', '--no-headers'])).toMatch(/ErrImagePull|ImagePullBackOff/);
    });
    expect(await cluster.kubectl(['events', '--for', 'pod/nothing'])).toContain('Failed to pull image');
    await cluster.kubectl(['delete', 'pod', 'nothing', '--now']);
  });

  it('says what is wrong with a manifest', async () => {
    const result = await cluster.tryKubectl(
      ['apply', '-f', '-'],
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containers":"no"}}',
    );
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/cannot unmarshal|ValidationError|error validating|strict decoding/i);
  });

  it('deletes what it made, and everything that belongs to it', async () => {
    await cluster.kubectl([
      'delete',
      'deployment/web',
      'service/web',
      'daemonset/each',
      'job/sum',
      'pod/counter',
      'pod/volumes',
      '--timeout=90s',
    ]);
    await eventually(async () => expect(await cluster.kubectl(['get', 'pods', '--no-headers'])).toBe(''));
    const result = await cluster.tryKubectl(['get', 'replicasets', '--no-headers']);
    expect(result.stdout).toBe('');
  });

  it('leaves nothing behind after skiff down', async () => {
    const down = await cluster.skiff('down');
    expect(down.stderr).toBe('');
    expect(down.code).toBe(0);
    expect(await cluster.leftovers()).toEqual([]);
  });
});

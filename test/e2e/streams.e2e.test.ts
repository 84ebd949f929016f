import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImageName } from './busybox-image.ts';
import { whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of streams and volumes are skipped: ${reason}`);

const pod = (name: string, script: string, more: object = {}, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: busyboxImageName, command: ['sh', '-c', script], stdin: true, ...more }],
    ...spec,
  },
});

/** What kubectl speaks to the API server: since v1.31 WebSockets, unless told otherwise. */
const transports = [
  ['WebSockets', {}],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const;

describe.skipIf(reason !== undefined)('kubectl and the pods of a real node', () => {
  let cluster: SkiffCluster;

  beforeAll(async () => {
    cluster = await SkiffCluster.create('streams');
    await cluster.up();
    const items = [
      pod('talk', 'i=0; while true; do i=$((i+1)); echo line $i; echo problem >&2; sleep 0.2; done'),
      pod('web', 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www'),
      pod('cat', 'cat; echo bye'),
    ];
    await cluster.apply({ apiVersion: 'v1', kind: 'List', items });
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s']);
  }, 180_000);

  afterAll(() => cluster?.remove(), 120_000);

  describe.each(transports)('over %s', (_, flags) => {
    const run = (args: string[], input?: string | Buffer) =>
      cluster.namespace.run('kubectl', args, { env: { ...cluster.env, ...flags }, input });

    it('exec: both outputs and the exit code', async () => {
      expect(await run(['exec', 'talk', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
        code: 7,
        stdout: 'out\n',
        stderr: 'err\ncommand terminated with exit code 7\n',
      });
    });

    it('exec: input to its end, and much of everything', async () => {
      const input = Buffer.alloc(3_000_000, 'x');
      const { code, stdout } = await run(['exec', '-i', 'talk', '--', 'cat'], input);
      expect([code, stdout.length]).toEqual([0, input.length]);
    });

    it('exec: of what is not there', async () => {
      const { code, stderr } = await run(['exec', 'talk', '--', 'nothing']);
      expect(code).toBe(1);
      expect(stderr).toContain('executable file not found in $PATH');
    });

    it('cp', async () => {
      await cluster.kubectl(['cp', '/etc/passwd', 'talk:/tmp/passwd']);
      const { stdout } = await run(['exec', 'talk', '--', 'cat', '/tmp/passwd']);
      expect(stdout).toContain('root:');
    });

    it('port-forward', async () => {
      const forward = cluster.namespace.spawn('kubectl', ['port-forward', 'pod/web', '18080:8080', '-v=6'], {
        ...cluster.env,
        ...flags,
      });
      const closed = once(forward, 'close');
      let said = '';
      for (const stream of [forward.stdout, forward.stderr]) {
        stream?.on('data', (chunk) => {
          said += chunk;
        });
      }
      try {
        const get = () => cluster.fetch('http://127.0.0.1:18080/');
        expect(await eventually(get)).toBe('hello\n');
        expect(await Promise.all([get(), get(), get()])).toEqual(['hello\n', 'hello\n', 'hello\n']);
        expect(said).not.toContain('falling back');
        expect(said).not.toContain('error');
      } finally {
        forward.kill('SIGINT');
        await closed;
      }
    });
  });

  it('attach', async () => {
    const attached = cluster.namespace.spawn('kubectl', ['attach', '-i', 'cat', '-c', 'main'], cluster.env);
    const closed = once(attached, 'close');
    // The end of the input detaches, whatever output is still on its way: it comes when the echo has been heard.
    attached.stdin?.write('hello cat\n');
    let text = '';
    for await (const chunk of attached.stdout ?? []) {
      text += chunk;
      if (text.endsWith('\n')) attached.stdin?.end();
    }
    expect(text).toBe('hello cat\n');
    expect(await closed).toEqual([0, null]);
  });

  it('logs, followed until the pod is gone', async () => {
    expect(await cluster.kubectl(['logs', 'talk', '--tail=1', '--timestamps'])).toMatch(
      /^\d{4}-\S+Z (line \d+|problem)\n$/,
    );
    const follower = cluster.namespace.spawn('kubectl', ['logs', '-f', 'talk', '--limit-bytes=100000'], cluster.env);
    const closed = once(follower, 'close');
    let text = '';
    const talking = new Promise<void>((resolve) => {
      follower.stdout?.on('data', (chunk) => {
        text += chunk;
        if (text.includes('line 3\n')) resolve();
      });
    });
    await talking;
    await cluster.kubectl(['delete', 'pod', 'talk', '--grace-period=1']);
    expect(await closed).toEqual([0, null]);
    // Which of the two streams is logged first is up to the runtime.
    expect(text.replace(/^problem\n/, '').startsWith('line 1\n')).toBe(true);
  });

  it('logs of a container before this one, and why there are none', async () => {
    await cluster.apply(pod('again', 'echo run; exit 1'));
    await eventually(async () => {
      expect(await cluster.kubectl(['logs', 'again', '--previous'])).toBe('run\n');
    });
    const { stderr } = await cluster.tryKubectl(['logs', 'cat', '--previous']);
    expect(stderr).toContain('previous terminated container "main" in pod "cat" not found');
    await cluster.kubectl(['delete', 'pod', 'again', '--grace-period=1']);
  });

  it('volumes of every kind, live', async () => {
    const volumes = [
      { name: 'conf', configMap: { name: 'conf' } },
      { name: 'secret', secret: { secretName: 'secret', defaultMode: 0o400 } },
      { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'disk', emptyDir: {} },
      { name: 'info', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      { name: 'host', hostPath: { path: '/etc', type: 'Directory' } },
    ];
    const volumeMounts = [
      ...volumes.map(({ name }) => ({ name, mountPath: `/${name}`, readOnly: name === 'host' })),
      { name: 'conf', mountPath: '/one/file', subPath: 'a' },
      { name: 'disk', mountPath: '/logs', subPathExpr: '$(NAME)/logs' },
    ];
    const env = [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
    const config = (a: string) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'conf', namespace: 'default' },
      data: { a },
    });
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        config('before'),
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'secret', namespace: 'default' },
          stringData: { p: 'pw' },
        },
        pod('vols', 'sleep 1000', { volumeMounts, env }, { volumes, securityContext: { fsGroup: 2000 } }),
      ],
    });
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/vols', '--timeout=60s']);
    const sh = (script: string) => cluster.kubectl(['exec', 'vols', '--', 'sh', '-c', script]);
    expect(await sh('cat /conf/a /one/file /secret/p /info/labels')).toBe('beforebeforepwapp="vols"');
    expect(await sh('stat -c %a%g /secret/..data/p /disk /memory')).toBe('4402000\n27772000\n27772000\n');
    expect(await sh('echo x > /logs/x; ls /disk; df -k /memory | tail -1 | tr -s " " | cut -d" " -f2')).toBe(
      'vols\n1024\n',
    );
    expect(await sh('for d in /conf /secret /info /host; do touch $d/x 2>/dev/null || echo no; done')).toBe(
      'no\n'.repeat(4),
    );
    expect(await sh('ls /var/run/secrets/kubernetes.io/serviceaccount')).toContain('token');
    await cluster.apply(config('after'));
    await cluster.kubectl(['label', 'pod', 'vols', 'more=x']);
    await eventually(async () => {
      // Files that are mounted by themselves stay as they were.
      expect(await sh('cat /conf/a /one/file /info/labels')).toBe('afterbeforeapp="vols"\nmore="x"');
    });
    const uid = await cluster.kubectl(['get', 'pod', 'vols', '-o', 'jsonpath={.metadata.uid}']);
    await cluster.kubectl(['delete', 'pod', 'vols', '--grace-period=1']);
    const { stdout } = await cluster.namespace.run('cat', ['/proc/self/mountinfo']);
    expect(stdout.split('\n').filter((line) => line.includes(uid))).toEqual([]);
    expect(existsSync(join(cluster.dataDir, 'agent', 'kubelet', 'pods'))).toBe(true);
    await eventually(async () => {
      expect(existsSync(join(cluster.dataDir, 'agent', 'kubelet', 'pods', uid))).toBe(false);
    });
  });

  it('a pod waits for what it needs', async () => {
    const volumes = [{ name: 'conf', configMap: { name: 'late' } }];
    const volumeMounts = [{ name: 'conf', mountPath: '/conf' }];
    await cluster.apply(pod('waits', 'cat /conf/a; echo; sleep 1000', { volumeMounts }, { volumes }));
    await eventually(async () => {
      expect(
        await cluster.kubectl(['get', 'events', '--field-selector=reason=FailedMount', '-o=jsonpath={..message}']),
      ).toContain('MountVolume.SetUp failed for volume "conf" : configmap "late" not found');
    });
    await cluster.kubectl(['create', 'configmap', 'late', '--from-literal=a=here']);
    await cluster.kubectl(['wait', '--for=condition=Ready', 'pod/waits', '--timeout=60s']);
    await eventually(async () => expect(await cluster.kubectl(['logs', 'waits'])).toBe('here\n'));
    await cluster.kubectl(['delete', 'pod', 'waits', '--grace-period=1']);
  });
});

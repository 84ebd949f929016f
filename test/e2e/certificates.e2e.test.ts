import { type ChildProcess, execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, busyboxImageName } from './busybox-image.ts';
import { kubectlProgram, whyNoContainers, whyNoKubectl } from './requirements.ts';
import { eventually, SkiffCluster } from './skiff-cluster.ts';

const reason = whyNoContainers() ?? whyNoKubectl();
if (reason) console.log(`end-to-end tests of certificates are skipped: ${reason}`);

const program = new URL('../../skiff', import.meta.url).pathname;
const nodeIp = '192.168.77.3';

/** A server without a node, and a machine that joins it (another address of the same network namespace). */
describe.skipIf(reason !== undefined)('certificates, users and nodes that join', () => {
  let cluster: SkiffCluster;
  let nodeDir: string;
  const running: ChildProcess[] = [];
  const start = (...args: string[]): ChildProcess => {
    const child = cluster.namespace.spawn(program, args, cluster.env);
    // Nobody reads what they say unless something fails; a full pipe would stop them.
    child.stdout?.resume();
    child.stderr?.resume();
    running.push(child);
    return child;
  };
  const stop = async (child: ChildProcess) => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill();
    await ended;
  };
  const kubectl = (line: string, input?: unknown) =>
    cluster.kubectl(line.split(' '), input === undefined ? undefined : JSON.stringify(input));
  const skiff = async (...args: string[]) => {
    const { code, stdout, stderr } = await cluster.skiff(...args);
    if (code !== 0) throw new Error(`skiff ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const agentFlags = () => ['--data-dir', nodeDir, '--node-name', 'node-b', '--node-ip', nodeIp];
  const kubeletCertificate = (name: string) =>
    new X509Certificate(readFileSync(join(nodeDir, 'agent', 'pki', `kubelet-${name}-current.pem`)));

  beforeAll(async () => {
    cluster = await SkiffCluster.create('certs');
    nodeDir = join(cluster.home, 'node');
    cluster.env.KUBECONFIG = join(cluster.dataDir, 'admin.kubeconfig');
    await cluster.namespace.run('ip', ['address', 'add', `${nodeIp}/24`, 'dev', 'uplink']);
    start('server', '--data-dir', cluster.dataDir, '--advertise-address', cluster.namespace.address);
    await eventually(() => kubectl('get --raw /readyz'), { withinMs: 60_000 });
  });

  afterAll(async () => {
    for (const child of running) if (child.exitCode === null) await stop(child);
    // What `skiff up` would have written: by that `skiff reset` takes the node's remains away.
    const settings = {
      securePort: 6443,
      nodeName: 'node-b',
      serviceClusterIpRange: '10.96.0.0/16',
      clusterCidr: '10.244.0.0/16',
    };
    if (existsSync(nodeDir)) writeFileSync(join(nodeDir, 'cluster.json'), JSON.stringify(settings));
    await cluster?.namespace.run(program, ['reset', '--yes', '--data-dir', nodeDir], { env: cluster.env });
    await cluster?.remove();
  });

  it('gives users certificates that somebody approved, and none that somebody denied', async () => {
    const file = (name: string) => join(cluster.home, name);
    const ask = async (user: string) => {
      const request = [
        'req',
        '-new',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        file(`${user}.key`),
        '-subj',
        `/O=devs/CN=${user}`,
      ];
      const pem = execFileSync('openssl', request, { stdio: ['ignore', 'pipe', 'ignore'] });
      await cluster.apply({
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name: user },
        spec: {
          request: pem.toString('base64'),
          signerName: 'kubernetes.io/kube-apiserver-client',
          expirationSeconds: 3600,
          usages: ['client auth'],
        },
      });
    };
    await ask('jane');
    await ask('mallory');
    expect(await kubectl('get csr')).toMatch(/jane .* 60m +Pending/);
    expect(await kubectl('certificate approve jane')).toContain('jane approved');
    expect(await kubectl('certificate deny mallory')).toContain('mallory denied');
    await eventually(async () => expect(await kubectl('get csr')).toMatch(/jane .* Approved,Issued/));
    expect(await kubectl('get csr mallory')).toContain('Denied');
    const certificate = await kubectl('get csr jane -o jsonpath={.status.certificate}');
    writeFileSync(file('jane.crt'), Buffer.from(certificate, 'base64'));
    const credentials = `--client-certificate=${file('jane.crt')} --client-key=${file('jane.key')} --embed-certs=true`;
    await kubectl(`config set-credentials jane ${credentials}`);
    expect(
      await kubectl('--user jane auth whoami -o jsonpath={.status.userInfo.username}{.status.userInfo.groups}'),
    ).toBe('jane["devs","system:authenticated"]');
    const { stderr } = await cluster.tryKubectl(['--user', 'jane', 'get', 'pods']);
    expect(stderr).toContain('User "jane" cannot list resource "pods"');
  });

  it('lets machines join with a token, and nobody with a wrong one', async () => {
    const command = (await skiff('token', 'create')).trim().split(' ').slice(2);
    const wrong = (from: RegExp, to: string) => command.map((word) => word.replace(from, to));
    const refused = async (args: readonly string[]) => {
      const { code, stdout, stderr } = await cluster.namespace.run(program, ['agent', ...args, ...agentFlags()], {
        env: cluster.env,
      });
      expect(code).not.toBe(0);
      return stdout + stderr;
    };
    expect(await refused(wrong(/^sha256:..../, 'sha256:0000'))).toContain('is not the one with the authority');
    expect(await refused(wrong(/^[a-z0-9]{6}\./, 'aaaaaa.'))).toContain('the token is not one of the cluster');
    start('agent', ...command, ...agentFlags());
    await eventually(async () => expect(await kubectl('get node node-b')).toMatch(/node-b +Ready/));
    await eventually(async () =>
      expect(await kubectl('get csr')).toMatch(/kubelet-serving +system:node:node-b .*Approved,Issued/),
    );
    const image = await busyboxImage();
    const loaded = await cluster.namespace.run(program, ['image', 'load', image, '--data-dir', nodeDir], {
      env: cluster.env,
    });
    rmSync(dirname(image), { recursive: true });
    expect(loaded.code, loaded.stderr).toBe(0);
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'c', image: busyboxImageName, command: ['sh', '-c', 'echo hello; exec sleep 3600'] }],
      },
    });
    await kubectl('wait --for=condition=Ready pod/web --timeout=60s');
    expect(await kubectl('logs web')).toBe('hello\n');
    expect(await kubectl('exec web -- hostname')).toBe('web\n');
  });

  it('needs no token any more once it joined', async () => {
    const agent = running.at(-1);
    if (agent) await stop(agent);
    start('agent', ...agentFlags());
    await eventually(async () => expect(await kubectl('exec web -- hostname')).toBe('web\n'));
  });

  it('changes its authority while everything runs', async () => {
    const before = kubeletCertificate('server').issuer;
    const old = readFileSync(join(cluster.dataDir, 'admin.kubeconfig'), 'utf8');
    const seen: string[] = [];
    const watch = cluster.namespace.spawn(
      kubectlProgram,
      ['get', 'configmaps', '-n', 'default', '--watch', '-o', 'name'],
      cluster.env,
    );
    watch.stdout?.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
    running.push(watch);
    await eventually(async () => expect(seen.join('')).toContain('kube-root-ca.crt'));

    expect(await skiff('certs', 'rotate', '--ca')).toContain('The new authority is in force');
    expect(await skiff('certs', 'status')).toMatch(/Two authorities are trusted/);
    // Who knows only the one before is served, and knows the server.
    const oldFile = join(cluster.home, 'old.kubeconfig');
    writeFileSync(oldFile, old, { mode: 0o600 });
    expect(await kubectl(`--kubeconfig ${oldFile} get --raw /readyz`)).toBe('ok');
    await eventually(async () => {
      for (const name of ['client', 'server']) expect(kubeletCertificate(name).issuer).not.toBe(before);
    });
    expect(await kubectl('exec web -- hostname')).toBe('web\n');

    await skiff('certs', 'rotate', '--ca', '--finish');
    await eventually(async () => {
      const { stderr } = await cluster.tryKubectl(['--kubeconfig', oldFile, 'get', '--raw', '/readyz']);
      expect(stderr).toMatch(/certificate signed by unknown authority|Unauthorized/);
    });
    await eventually(async () => expect(await kubectl('exec web -- hostname')).toBe('web\n'));
    expect(await kubectl('logs web')).toBe('hello\n');
    await kubectl('create configmap after');
    await eventually(async () => expect(seen.join('')).toContain('configmap/after'));
    await eventually(async () => expect(await kubectl('get node node-b')).toMatch(/node-b +Ready/));
  });

  it('shows what it keeps to its owner alone', () => {
    const others = execFileSync('find', [cluster.dataDir, join(nodeDir, 'agent', 'pki'), '-perm', '/077'], {
      encoding: 'utf8',
    });
    expect(others).toBe('');
    for (const dir of [cluster.dataDir, nodeDir]) expect(statSync(dir).mode & 0o777, dir).toBe(0o700);
  });
});

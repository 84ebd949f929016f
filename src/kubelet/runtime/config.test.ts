import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PodSpec } from '../../api/core/v1.gen.ts';
import type { Image } from '../cri/types.ts';
import { container, pod } from '../pods/fixtures.ts';
import { eventIds } from './cache.ts';
import { containerConfig } from './container-config.ts';
import { dnsConfig } from './dns.ts';
import { podHostname, writeHostsFile } from './hosts-file.ts';
import { readLogTail } from './log-tail.ts';
import { namespaceOptions, sandboxConfig } from './sandbox-config.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-config-'));
  writeFileSync(join(dir, 'resolv.conf'), 'search lan.example.\nnameserver 1.1.1.1\noptions timeout:2 edns0\n');
});
afterAll(() => rmSync(dir, { recursive: true }));

const settings = () => ({
  clusterDns: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  resolvConf: join(dir, 'resolv.conf'),
  logDir: '/logs',
});

describe('name resolution', () => {
  const cluster = ['ns.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan.example'];
  const host = { servers: ['1.1.1.1'], searches: ['lan.example'], options: ['timeout:2', 'edns0'] };
  const first = { servers: ['10.96.0.10'], searches: cluster, options: ['ndots:5'] };
  it.each<[string, Partial<PodSpec>, object]>([
    ['ClusterFirst', {}, first],
    ['Default', { dnsPolicy: 'Default' }, host],
    ['ClusterFirst on the network of the host', { hostNetwork: true }, host],
    ['ClusterFirstWithHostNet', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, first],
    [
      'None',
      {
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['9.9.9.9'], searches: ['x'], options: [{ name: 'ndots', value: '2' }] },
      },
      { servers: ['9.9.9.9'], searches: ['x'], options: ['ndots:2'] },
    ],
    [
      'options of its own',
      { dnsConfig: { options: [{ name: 'ndots', value: '1' }, { name: 'single-request' }] } },
      { ...first, options: ['ndots:1', 'single-request'] },
    ],
  ])('%s', async (_, spec, expected) => expect(await dnsConfig(pod(spec), settings())).toEqual(expected));
});

describe('the hosts file', () => {
  it('has the pod, its domain and its aliases', async () => {
    const p = pod({ hostname: 'h', subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['x', 'y'] }] });
    const file = join(dir, 'hosts');
    await writeHostsFile(file, p, ['10.0.0.5'], 'cluster.local');
    expect(readFileSync(file, 'utf8')).toBe(
      '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' +
        'fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n' +
        '10.0.0.5\th.sub.ns.svc.cluster.local\th\n\n# Entries added by HostAliases.\n1.2.3.4\tx\ty\n',
    );
  });

  it('cuts names that are too long for a host', () => {
    const name = `${'x'.repeat(62)}-${'y'.repeat(10)}`;
    expect(podHostname(pod({}, { name }), 'cluster.local').hostname).toBe('x'.repeat(62));
  });
});

describe('sandboxes', () => {
  it('have labels, ports and where their logs go', async () => {
    const ports = [
      { containerPort: 80, hostPort: 8080, protocol: 'TCP' as const },
      { containerPort: 81, protocol: 'TCP' as const },
    ];
    const p = pod({ containers: [container('a', { ports })] }, { labels: { app: 'x' } });
    const config = await sandboxConfig(p, 2, '/skiff/x', settings());
    expect(config).toMatchObject({
      metadata: { name: 'p', namespace: 'ns', uid: 'u1', attempt: 2 },
      hostname: 'p',
      logDirectory: '/logs/ns_p_u1',
      portMappings: [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }],
      labels: { app: 'x', 'io.kubernetes.pod.uid': 'u1' },
      linux: { cgroupParent: '/skiff/x', securityContext: { seccomp: { profileType: 'RuntimeDefault' } } },
    });
  });

  it.each<[Partial<PodSpec>, string | undefined, object]>([
    [{}, undefined, { network: 'POD', pid: 'CONTAINER', ipc: 'POD' }],
    [{ hostNetwork: true, hostPID: true, hostIPC: true }, undefined, { network: 'NODE', pid: 'NODE', ipc: 'NODE' }],
    [{ shareProcessNamespace: true }, undefined, { network: 'POD', pid: 'POD', ipc: 'POD' }],
    [{}, 'c1', { network: 'POD', pid: 'TARGET', ipc: 'POD', targetId: 'c1' }],
  ])('share %j', (spec, target, expected) => expect(namespaceOptions(pod(spec), target)).toEqual(expected));
});

describe('containers', () => {
  const image = (more: Partial<Image> = {}): Image => ({
    id: 'sha256:1',
    repoTags: [],
    repoDigests: [],
    size: '1',
    uid: null,
    username: '',
    pinned: false,
    ...more,
  });
  const config = (spec: Partial<PodSpec>, more: Parameters<typeof container>[1] = {}, of = image()) => {
    const c = container('a', more);
    return containerConfig({
      pod: pod({ ...spec, containers: [c] }),
      container: c,
      restartCount: 3,
      image: of,
      env: new Map([['NAME', 'world']]),
      mounts: [],
      devices: [],
      volumeGroups: [7],
      memoryCapacity: 1024 ** 3,
      terminationMessageFile: '/x/y',
      targetId: undefined,
    });
  };

  it('have what the pod says', () => {
    const c = config({ terminationGracePeriodSeconds: 9 }, { command: ['echo', '$(NAME)', '$$(NAME)'] });
    expect(c).toMatchObject({
      metadata: { name: 'a', attempt: 3 },
      command: ['echo', 'world', '$(NAME)'],
      logPath: 'a/3.log',
      labels: { 'io.kubernetes.container.name': 'a', 'io.kubernetes.pod.name': 'p' },
      annotations: {
        'io.kubernetes.container.restartCount': '3',
        'io.kubernetes.pod.terminationGracePeriod': '9',
      },
      mounts: [{ hostPath: '/x/y', containerPath: '/dev/termination-log' }],
    });
  });

  it('run as the container, the pod or the image says', () => {
    const user = (...args: Parameters<typeof config>) => {
      const { runAsUser, runAsUsername } = config(...args).linux.securityContext;
      return runAsUser?.value ?? runAsUsername;
    };
    expect(user({})).toBe(0);
    expect(user({}, {}, image({ uid: { value: '5' } }))).toBe(5);
    expect(user({}, {}, image({ username: 'app' }))).toBe('app');
    expect(user({ securityContext: { runAsUser: 6 } }, {}, image({ uid: { value: '5' } }))).toBe(6);
    expect(user({ securityContext: { runAsUser: 6 } }, { securityContext: { runAsUser: 7 } })).toBe(7);
  });

  it('are not made when they must not run as root and would', () => {
    const spec = { securityContext: { runAsNonRoot: true } };
    const where = '(pod: "p_ns(u1)", container: a)';
    expect(() => config(spec)).toThrow(`container has runAsNonRoot and image will run as root ${where}`);
    expect(() => config(spec, { securityContext: { runAsUser: 0 } })).toThrow(
      `container's runAsUser breaks non-root policy ${where}`,
    );
    expect(() => config(spec, {}, image({ username: 'app' }))).toThrow(
      `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root ${where}`,
    );
    expect(config(spec, {}, image({ uid: { value: '5' } })).linux.securityContext.runAsUser).toEqual({ value: 5 });
  });

  it('are shut in unless they are privileged', () => {
    const shut = config({}, {}).linux.securityContext;
    expect(shut.maskedPaths).toContain('/proc/kcore');
    expect(shut.supplementalGroups).toEqual([7]);
    const open = config({}, { securityContext: { privileged: true, seccompProfile: { type: 'RuntimeDefault' } } });
    expect(open.linux.securityContext).toMatchObject({
      privileged: true,
      maskedPaths: [],
      readonlyPaths: [],
      seccomp: { profileType: 'Unconfined' },
    });
  });
});

it('reads the ids from the events of containerd', () => {
  const field = (tag: number, text: string) => [tag, text.length, ...Buffer.from(text)];
  const id = 'a'.repeat(64);
  expect(eventIds(Uint8Array.from([...field(0x0a, id), ...field(0x12, 'exec'), 0x18, 1]))).toEqual({
    containerId: id,
    id: 'exec',
  });
  expect(eventIds(Uint8Array.from([0x0a]))).toEqual({ containerId: '', id: '' });
});

it('takes the end of a log as it was written', async () => {
  const file = join(dir, '0.log');
  const at = '2026-01-01T00:00:00.000000000Z';
  writeFileSync(file, `${at} stdout F one\n${at} stderr P tw\n${at} stderr F o\n${at} stdout F three\n`);
  expect(await readLogTail(file, 80, 2048)).toBe('one\ntwo\nthree\n');
  expect(await readLogTail(file, 1, 2048)).toBe('three\n');
  expect(await readLogTail(file, 80, 4)).toBe('ree\n');
  expect(await readLogTail(join(dir, 'none'), 80, 4)).toBe('');
});

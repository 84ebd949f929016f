import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TokenRequest } from '../../api/authentication/v1.gen.ts';
import {
  configmaps,
  namespaces,
  type Pod,
  type PodSpec,
  persistentvolumeclaims,
  persistentvolumes,
  secrets,
  type Volume,
  type VolumeMount,
} from '../../api/core/v1.gen.ts';
import type { Client } from '../../client/client.ts';
import { formatTime } from '../../schema/time.ts';
import { type CoreFixture, coreFixture } from '../../testing/core-fixture.ts';
import { settle } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { type FakeMounter, fakeMounter } from './fake-mounter.ts';
import { ContainerConfigError, type VolumeManager } from './types.ts';
import { createVolumeManager } from './volume-manager.ts';

const root = process.getuid?.() === 0;
const never = new AbortController().signal;
const none: ReadonlyMap<string, string> = new Map();

let fixture: CoreFixture;
let podsDir: string;
let mounter: FakeMounter;
let manager: VolumeManager;
let tokensAsked: object[];
let issued: () => Promise<TokenRequest>;

beforeEach(async () => {
  fixture = coreFixture();
  podsDir = await mkdtemp(join(tmpdir(), 'skiff-volumes-'));
  mounter = fakeMounter();
  tokensAsked = [];
  let serial = 0;
  issued = async () => ({
    metadata: {},
    spec: { expirationSeconds: 1000 },
    status: { token: `token-${++serial}`, expirationTimestamp: formatTime(fixture.clock.now() + 1_000_000) },
  });
  manager = newManager();
  for (const name of ['default', 'other']) {
    await fixture.client.resource(namespaces).create('', { metadata: { name } });
  }
});
afterEach(async () => {
  await manager.stop();
  await fixture[Symbol.asyncDispose]();
  await rm(podsDir, { recursive: true, force: true });
});

function newManager(): VolumeManager {
  return createVolumeManager({
    client: withTokens(fixture.client),
    podsDir,
    allocatable: { cpu: '2', memory: '1Gi', ephemeralStorage: '10Gi' },
    clock: fixture.clock,
    log: silent,
    random: () => 0,
    mounter,
  });
}

/** The same client, but tokens are the test's. */
function withTokens(client: Client): Client {
  const resource: Client['resource'] = (type) =>
    new Proxy(client.resource(type), {
      get(target, property) {
        if (property !== 'createSubresource') {
          const value = Reflect.get(target, property);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (...args: unknown[]) => {
          tokensAsked.push(args);
          return issued();
        };
      },
    });
  return { ...client, resource };
}

const pod = (volumes: Volume[], spec: Partial<PodSpec> = {}, mounts?: VolumeMount[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web',
    namespace: 'default',
    uid: 'uid-1',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web' },
  },
  spec: {
    serviceAccountName: 'robot',
    containers: [
      {
        name: 'main',
        image: 'busybox',
        resources: {},
        volumeMounts: mounts ?? volumes.map(({ name }) => ({ name, mountPath: `/${name}` })),
      },
    ],
    volumes,
    ...spec,
  },
  status: {},
});

const base64 = (text: string) => Buffer.from(text).toString('base64');
const volumeDir = (kind: string, name = 'v') => join(podsDir, 'uid-1', 'volumes', `kubernetes.io~${kind}`, name);
const text = (kind: string, path: string, name = 'v') => readFile(join(volumeDir(kind, name), path), 'utf8');
const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);
const mount = (of: Pod) => manager.mount(of, never, async (_, { image }) => `/images/${image?.reference}`);
const createConfigMap = (name: string, data: Record<string, string>, more: object = {}) =>
  fixture.client.resource(configmaps).create('default', { metadata: { name }, data, ...more });

/** Waits for what live updates bring, which may arm timers that are due already. */
async function eventually(look: () => Promise<boolean>): Promise<void> {
  while (!(await look().catch(() => false))) await fixture.clock.advance(0);
}

/** Mounts while the clock goes on, for what waits in vain. */
async function mountFails(of: Pod): Promise<string> {
  const failed = mount(of).then(
    () => 'mounted',
    (error: Error) => error.message,
  );
  await settle(10);
  await fixture.clock.advance(1000);
  return failed;
}

it('an image is whatever the kubelet says, and never written', async () => {
  const volumes = await mount(pod([{ name: 'v', image: { reference: 'kitten' } }]));
  const { mounts } = await volumes.mountsFor('main', none);
  expect(mounts).toMatchObject([{ hostPath: '/images/kitten', containerPath: '/v', readonly: true }]);
});

describe('a config map', () => {
  it('is a directory of files, in the kubelet’s place and with its modes', async () => {
    await createConfigMap('c', { a: '1', b: '2' }, { binaryData: { x: base64('\x00\xff') } });
    const volumes = await mount(pod([{ name: 'v', configMap: { name: 'c', defaultMode: 0o640 } }]));
    expect((await readdir(volumeDir('configmap'))).sort().slice(1)).toEqual(['..data', 'a', 'b', 'x']);
    expect(await text('configmap', 'b')).toBe('2');
    expect(await mode(join(volumeDir('configmap'), 'a'))).toBe('640');
    expect(await mode(volumeDir('configmap'))).toBe('777');
    expect(await mode(join(podsDir, 'uid-1'))).toBe('750');
    expect(await volumes.mountsFor('main', none)).toEqual({
      mounts: [
        { hostPath: volumeDir('configmap'), containerPath: '/v', readonly: true, propagation: 'PROPAGATION_PRIVATE' },
      ],
      devices: [],
    });
  });

  it('shows chosen keys at chosen paths', async () => {
    await createConfigMap('c', { a: '1', b: '2' });
    const items = [{ key: 'b', path: 'deep/er', mode: 0o600 }];
    await mount(pod([{ name: 'v', configMap: { name: 'c', items } }]));
    expect((await readdir(volumeDir('configmap'))).sort().slice(1)).toEqual(['..data', 'deep']);
    expect(await mode(join(volumeDir('configmap'), 'deep/er'))).toBe('600');
  });

  it('keeps current while the pod runs, and is left as it was when it is deleted', async () => {
    const map = await createConfigMap('c', { a: '1', old: 'x' });
    await mount(pod([{ name: 'v', configMap: { name: 'c' } }]));
    await fixture.client.resource(configmaps).update({ ...map, data: { a: '2', new: 'y' } });
    await eventually(async () => (await text('configmap', 'a')) === '2');
    await eventually(async () => !(await readdir(volumeDir('configmap'))).includes('old'));
    await fixture.client.resource(configmaps).delete('default', 'c');
    await settle(20);
    expect(await text('configmap', 'new')).toBe('y');
  });

  it.each<[string, Volume, string]>([
    ['missing', { name: 'v', configMap: { name: 'no' } }, 'configmap "no" not found'],
    ['missing', { name: 'v', secret: { secretName: 'no' } }, 'secret "no" not found'],
    [
      'without a key',
      { name: 'v', configMap: { name: 'c', items: [{ key: 'no', path: 'p' }] } },
      'configmap references non-existent config key: no',
    ],
    [
      'two things missing',
      {
        name: 'v',
        projected: { sources: [{ configMap: { name: 'no' } }, { secret: { name: 'no' } }, { secret: { name: 'no' } }] },
      },
      '[configmap "no" not found, secret "no" not found]',
    ],
    [
      'with a field that no file shows',
      { name: 'v', downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'spec.nodeName' } }] } },
      'unsupported fieldPath: spec.nodeName',
    ],
  ])('%s keeps the pod from starting', async (_, volume, message) => {
    await createConfigMap('c', { a: '1' });
    expect(await mountFails(pod([volume]))).toBe(`MountVolume.SetUp failed for volume "v" : ${message}`);
  });

  it('may come later', async () => {
    const of = pod([{ name: 'v', configMap: { name: 'c' } }]);
    expect(await mountFails(of)).toContain('not found');
    await createConfigMap('c', { a: '1' });
    await settle(10);
    await mount(of);
    expect(await text('configmap', 'a')).toBe('1');
  });

  it('may be missing where it is optional, and appears when it comes', async () => {
    await mount(pod([{ name: 'v', configMap: { name: 'c', optional: true } }]));
    expect(await readdir(volumeDir('configmap'))).toContain('..data');
    await createConfigMap('c', { a: '1' });
    await eventually(async () => (await text('configmap', 'a')) === '1');
  });

  it('that nobody mounts is not set up', async () => {
    await mount(pod([{ name: 'v', configMap: { name: 'no' } }], {}, []));
    expect(await manager.mountedPods()).toEqual([]);
  });
});

describe('secrets and projections', () => {
  it('are in memory', async () => {
    await fixture.client.resource(secrets).create('default', { metadata: { name: 's' }, data: { p: base64('pw') } });
    await mount(pod([{ name: 'v', secret: { secretName: 's', defaultMode: 0o400 } }]));
    expect(mounter.log).toEqual([`tmpfs ${2 ** 30}`]);
    expect(await text('secret', 'p')).toBe('pw');
    expect(await mode(join(volumeDir('secret'), 'p'))).toBe('400');
  });

  it('put several sources together, live', async () => {
    await createConfigMap('c', { a: '1' });
    const of = pod([
      {
        name: 'v',
        projected: {
          sources: [
            { configMap: { name: 'c', items: [{ key: 'a', path: 'conf/a' }] } },
            {
              downwardAPI: {
                items: [
                  { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
                  {
                    path: 'cpu',
                    resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' },
                  },
                ],
              },
            },
          ],
        },
      },
    ]);
    await mount(of);
    expect(await text('projected', 'conf/a')).toBe('1');
    expect(await text('projected', 'labels')).toBe('app="web"');
    expect(await text('projected', 'cpu')).toBe('2000');
    manager.update({ ...of, metadata: { ...of.metadata, labels: { app: 'web', more: 'x' } } });
    await eventually(async () => (await text('projected', 'labels')) === 'app="web"\nmore="x"');
  });

  const withToken = (spec: Partial<PodSpec> = {}) =>
    pod(
      [
        {
          name: 'v',
          projected: {
            sources: [{ serviceAccountToken: { audience: 'vault', expirationSeconds: 1000, path: 'token' } }],
          },
        },
      ],
      spec,
    );

  it('have tokens bound to the pod, fetched again after 80 % of their life', async () => {
    await mount(withToken());
    expect(await text('projected', 'token')).toBe('token-1');
    expect(tokensAsked).toEqual([
      [
        'default',
        'robot',
        'token',
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            audiences: ['vault'],
            expirationSeconds: 1000,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'web', uid: 'uid-1' },
          },
        },
      ],
    ]);
    await fixture.clock.advance(799_000);
    expect(tokensAsked.length).toBe(1);
    await fixture.clock.advance(1_000);
    await eventually(async () => (await text('projected', 'token')) === 'token-2');
    await fixture.clock.advance(800_000);
    await eventually(async () => (await text('projected', 'token')) === 'token-3');
  });

  it('keep a token that is still good when there is no other, and try again', async () => {
    const good = issued;
    await mount(withToken());
    issued = () => Promise.reject(new Error('no server'));
    await fixture.clock.advance(800_000);
    await eventually(async () => tokensAsked.length === 2);
    await settle(20);
    expect(await text('projected', 'token')).toBe('token-1');
    issued = good;
    await fixture.clock.advance(10_000);
    await eventually(async () => (await text('projected', 'token')) === 'token-2');
  });

  it('do not start without a token', async () => {
    issued = () => Promise.reject(new Error('no server'));
    expect(await mountFails(withToken())).toBe(
      'MountVolume.SetUp failed for volume "v" : failed to fetch token: no server',
    );
  });

  it.runIf(root)('show a token to the pod’s user or group only', async () => {
    await mount(withToken({ securityContext: { fsGroup: 2000 } }));
    const file = join(volumeDir('projected'), 'token');
    expect([await mode(file), (await stat(file)).gid]).toEqual(['640', 2000]);
    await manager.unmount('uid-1');
    await mount(withToken({ securityContext: { runAsUser: 1000 } }));
    expect([await mode(file), (await stat(file)).uid]).toEqual(['600', 1000]);
  });
});

describe('after a restart of the agent', () => {
  it('files go on changing, and nothing is mounted again', async () => {
    const map = await createConfigMap('c', { a: '1' });
    const of = pod([
      { name: 'v', configMap: { name: 'c' } },
      { name: 't', projected: { sources: [{ serviceAccountToken: { expirationSeconds: 1000, path: 'token' } }] } },
      { name: 'e', emptyDir: {} },
    ]);
    await mount(of);
    await manager.stop();
    await fixture.client.resource(configmaps).update({ ...map, data: { a: '2' } });
    manager = newManager();
    manager.update(of);
    await eventually(async () => (await text('configmap', 'a')) === '2');
    await eventually(async () => (await text('projected', 'token', 't')) === 'token-2');
    await fixture.clock.advance(800_000);
    await eventually(async () => (await text('projected', 'token', 't')) === 'token-3');
    expect(mounter.log.length).toBe(1);
    await manager.unmount('uid-1');
    expect(await manager.mountedPods()).toEqual([]);
  });

  it('is tried again until the server answers', async () => {
    const of = pod([
      { name: 't', projected: { sources: [{ serviceAccountToken: { expirationSeconds: 1000, path: 'token' } }] } },
    ]);
    await mount(of);
    await manager.stop();
    manager = newManager();
    const good = issued;
    issued = () => Promise.reject(new Error('no server'));
    manager.update(of);
    await eventually(async () => tokensAsked.length === 2);
    issued = good;
    await settle(20);
    await fixture.clock.advance(10_000);
    await eventually(async () => (await text('projected', 'token', 't')) === 'token-2');
  });

  it('pods that are new, done or going are left to their workers', async () => {
    await createConfigMap('c', { a: '1' });
    const of = pod([{ name: 'v', configMap: { name: 'c' } }]);
    manager.update(of);
    await settle(20);
    expect(await manager.mountedPods()).toEqual([]);
    await mkdir(join(podsDir, 'uid-1', 'volumes'), { recursive: true });
    manager.update({ ...of, status: { phase: 'Succeeded' } });
    manager.update({ ...of, metadata: { ...of.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    await settle(20);
    expect(await readdir(join(podsDir, 'uid-1', 'volumes'))).toEqual([]);
  });
});

describe('an empty directory', () => {
  it('is everybody’s, and keeps what is in it', async () => {
    const of = pod([{ name: 'v', emptyDir: {} }]);
    await mount(of);
    expect(await mode(volumeDir('empty-dir'))).toBe('777');
    await writeFile(join(volumeDir('empty-dir'), 'x'), 'data');
    await chmod(volumeDir('empty-dir'), 0o700);
    await manager.stop();
    manager = newManager(); // after a restart of the agent
    await mount(of);
    expect(await text('empty-dir', 'x')).toBe('data');
    expect(await mode(volumeDir('empty-dir'))).toBe('700');
  });

  it.each<[string, string | undefined, PodSpec['containers'][number]['resources'], number]>([
    ['asks for', '10Mi', { limits: { memory: '20Mi' } }, 10 * 2 ** 20],
    ['is limited to', '30Mi', { limits: { memory: '20Mi' } }, 20 * 2 ** 20],
    ['finds on the node', undefined, {}, 2 ** 30],
  ])('in memory is as large as its pod %s', async (_, sizeLimit, resources, size) => {
    const of = pod([{ name: 'v', emptyDir: { medium: 'Memory', sizeLimit } }]);
    const [container] = of.spec.containers;
    if (!container) throw new Error('no container');
    await mount({ ...of, spec: { ...of.spec, containers: [{ ...container, resources }] } });
    expect(mounter.log).toEqual([`tmpfs ${size}`]);
  });

  it.runIf(root)('is the group’s where the pod has one', async () => {
    await mount(pod([{ name: 'v', emptyDir: {} }], { securityContext: { fsGroup: 2000 } }));
    expect(await mode(volumeDir('empty-dir'))).toBe('2777');
    expect((await stat(volumeDir('empty-dir'))).gid).toBe(2000);
  });
});

describe('a path of the host', () => {
  const at = (path: string, type?: NonNullable<Volume['hostPath']>['type']) =>
    pod([{ name: 'v', hostPath: { path, ...(type && { type }) } }]);

  it('is made where that is asked for', async () => {
    const dir = join(podsDir, 'host/new');
    const file = join(podsDir, 'host/new/file');
    await mount(at(dir, 'DirectoryOrCreate'));
    expect((await stat(dir)).isDirectory()).toBe(true);
    await manager.unmount('uid-1');
    const volumes = await mount(at(file, 'FileOrCreate'));
    expect((await stat(file)).isFile()).toBe(true);
    expect((await volumes.mountsFor('main', none)).mounts[0]).toMatchObject({ hostPath: file, readonly: false });
  });

  it.each(['Directory', 'File', 'Socket', 'CharDevice', 'BlockDevice'] as const)(
    'is not taken for a %s',
    async (type) => {
      const what = {
        Directory: 'a directory',
        File: 'a file',
        Socket: 'a socket file',
        CharDevice: 'a character device',
        BlockDevice: 'a block device',
      };
      const message = `MountVolume.SetUp failed for volume "v" : hostPath type check failed: /nowhere is not ${what[type]}`;
      await expect(mount(at('/nowhere', type))).rejects.toThrow(message);
    },
  );

  it('may be anything where no type is asked for', async () => {
    await mount(at('/nowhere'));
    await mount(at('/dev/null', 'CharDevice'));
  });
});

describe('a claim', () => {
  const claimed = pod([{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }]);

  async function create(source: object, phase = 'Bound') {
    const { client } = fixture;
    const claim = await client.resource(persistentvolumeclaims).create('default', {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: 'pv-1' },
    });
    await client.resource(persistentvolumeclaims).updateStatus({ ...claim, status: { phase: phase as 'Bound' } });
    await client.resource(persistentvolumes).create('', {
      metadata: { name: 'pv-1' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        claimRef: { namespace: 'default', name: 'data', uid: claim.metadata.uid },
        ...source,
      },
    });
  }
  const unresolved = (why: string) =>
    `Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: ${why}`;

  it('leads to its volume’s directory', async () => {
    await mkdir(join(podsDir, 'disk'));
    await create({ local: { path: join(podsDir, 'disk') } });
    const { mounts } = await (await mount(claimed)).mountsFor('main', none);
    expect(mounts[0]?.hostPath).toBe(join(podsDir, 'disk'));
    await writeFile(join(podsDir, 'disk', 'keep'), '');
    await manager.unmount('uid-1');
    expect(await readdir(join(podsDir, 'disk'))).toEqual(['keep']);
  });

  it('leads to a device', async () => {
    await create({ hostPath: { path: '/dev/null' }, volumeMode: 'Block' });
    const [container] = claimed.spec.containers;
    if (!container) throw new Error('no container');
    const volumeDevices = [{ name: 'v', devicePath: '/dev/x' }];
    const spec = { ...claimed.spec, containers: [{ ...container, volumeMounts: [], volumeDevices }] };
    expect(await (await mount({ ...claimed, spec })).mountsFor('main', none)).toEqual({
      mounts: [],
      devices: [{ hostPath: '/dev/null', containerPath: '/dev/x', permissions: 'mrw' }],
    });
  });

  it('must be there, bound, and to something that this node can mount', async () => {
    await expect(mount(claimed)).rejects.toThrow(
      unresolved(
        'error processing PVC default/data: failed to fetch PVC from API server: persistentvolumeclaims "data" not found',
      ),
    );
    await create({ nfs: { server: 'x', path: '/' } }, 'Pending');
    await expect(mount(claimed)).rejects.toThrow(unresolved('error processing PVC default/data: PVC is not bound'));
    const api = fixture.client.resource(persistentvolumeclaims);
    await api.updateStatus({ ...(await api.get('default', 'data')), status: { phase: 'Bound' } });
    await expect(mount(claimed)).rejects.toThrow(
      unresolved('failed to get Plugin from volumeSpec for volume "v" err=no volume plugin matched'),
    );
  });
});

describe('mounts of a container', () => {
  const volumes = [{ name: 'v', emptyDir: {} }];
  const withMounts = (...mounts: Partial<VolumeMount>[]) =>
    pod(
      volumes,
      {},
      mounts.map((m) => ({ name: 'v', mountPath: '/v', ...m })),
    );

  it('say who may write and what is seen of later mounts', async () => {
    const of = withMounts(
      { readOnly: true, mountPath: 'v' },
      { mountPropagation: 'Bidirectional' },
      { mountPropagation: 'HostToContainer' },
    );
    const { mounts } = await (await mount(of)).mountsFor('main', none);
    expect(mounts.map(({ containerPath, readonly, propagation }) => [containerPath, readonly, propagation])).toEqual([
      ['/v', true, 'PROPAGATION_PRIVATE'],
      ['/v', false, 'PROPAGATION_BIDIRECTIONAL'],
      ['/v', false, 'PROPAGATION_HOST_TO_CONTAINER'],
    ]);
  });

  it('of sub-paths are mounts of their own, made with names from the environment', async () => {
    const of = withMounts({ subPath: 'a/b' }, { subPathExpr: '$(POD)/logs' });
    const { mounts } = await (await mount(of)).mountsFor('main', new Map([['POD', 'web']]));
    const target = (i: number) => join(podsDir, 'uid-1', 'volume-subpaths', 'v', 'main', String(i));
    expect(mounts.map((m) => m.hostPath)).toEqual([target(0), target(1)]);
    expect(mounter.log).toEqual([`bind ${volumeDir('empty-dir')}/a/b`, `bind ${volumeDir('empty-dir')}/web/logs`]);
    expect(await mode(join(volumeDir('empty-dir'), 'web/logs'))).toBe('777');
  });

  it.each<[string, Partial<VolumeMount>, string]>([
    ['a name that is not there', { subPathExpr: '$(NO)' }, 'missing value for "NO"'],
    ['a path from the root', { subPath: '/etc' }, 'error SubPath `/etc` must not be an absolute path'],
    ['a way out', { subPath: 'a/../..' }, "unable to provision SubPath `a/../..`: must not contain '..'"],
    ['another volume', { name: 'no' }, 'cannot find volume "no" to mount into container "main"'],
  ])('cannot be made of %s', async (_, mountOf, message) => {
    const mounted = await mount(withMounts(mountOf));
    await expect(mounted.mountsFor('main', none)).rejects.toEqual(new ContainerConfigError(message));
  });
});

describe('the end of a pod', () => {
  it('takes everything away, and twice is no harm', async () => {
    await createConfigMap('c', { a: '1' });
    const of = pod(
      [
        { name: 'v', configMap: { name: 'c' } },
        { name: 'm', emptyDir: { medium: 'Memory' } },
      ],
      {},
      [
        { name: 'v', mountPath: '/v', subPath: 'a' },
        { name: 'm', mountPath: '/m' },
      ],
    );
    await (await mount(of)).mountsFor('main', none);
    expect((await mounter.mountsBelow(podsDir)).length).toBe(2);
    await manager.unmount('uid-1');
    expect(await mounter.mountsBelow(podsDir)).toEqual([]);
    expect(await manager.mountedPods()).toEqual([]);
    await manager.unmount('uid-1');
  });

  it('leaves termination messages until the containers are gone', async () => {
    await mount(pod([{ name: 'v', emptyDir: {} }]));
    await mkdir(join(podsDir, 'uid-1', 'containers'));
    await manager.unmount('uid-1');
    expect(await readdir(join(podsDir, 'uid-1'))).toEqual(['containers']);
    // Of a pod that nobody knows any more nothing is kept.
    await manager.unmount('uid-1');
    expect(await manager.mountedPods()).toEqual([]);
  });

  it('removes nothing while something is mounted that cannot be unmounted', async () => {
    await mount(pod([{ name: 'v', emptyDir: { medium: 'Memory' } }]));
    await writeFile(join(volumeDir('empty-dir'), 'x'), 'data');
    const unmount = mounter.unmount;
    mounter.unmount = () => Promise.resolve();
    await expect(manager.unmount('uid-1')).rejects.toThrow('still mounted');
    expect(await text('empty-dir', 'x')).toBe('data');
    mounter.unmount = unmount;
    await manager.unmount('uid-1');
    expect(await manager.mountedPods()).toEqual([]);
  });

  it('ends watches and timers', async () => {
    await createConfigMap('c', { a: '1' });
    await mount(
      pod([
        { name: 'v', configMap: { name: 'c' } },
        { name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      ]),
    );
    await manager.unmount('uid-1');
    await fixture.clock.advance(10_000_000);
    expect(tokensAsked.length).toBe(1);
    await createConfigMap('later', {});
    await settle();
    expect(await manager.mountedPods()).toEqual([]);
  });
});

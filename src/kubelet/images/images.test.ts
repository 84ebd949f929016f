import { describe, expect, it } from 'vitest';
import type { Secret } from '../../api/core/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { CriError } from '../cri/client.ts';
import type { Image, PodSandboxConfig } from '../cri/types.ts';
import { container, pod } from '../pods/fixtures.ts';
import { credentialsFor } from './credentials.ts';
import { ImageError, ImageManager } from './manager.ts';
import { parseImageName, withDefaultTag } from './name.ts';

describe('names', () => {
  it.each([
    ['busybox', 'docker.io/library/busybox', undefined],
    ['team/app:v1', 'docker.io/team/app', 'v1'],
    ['localhost/app', 'localhost/app', undefined],
    ['registry.example:5000/a/b:c', 'registry.example:5000/a/b', 'c'],
    ['docker.io/busybox', 'docker.io/library/busybox', undefined],
  ])('%s', (text, name, tag) => {
    const parsed = parseImageName(text);
    expect(`${parsed.domain}/${parsed.path}`).toBe(name);
    expect(parsed.tag).toBe(tag);
  });

  it('get a tag where they have neither tag nor digest', () => {
    const digest = `app@sha256:${'0'.repeat(64)}`;
    expect(withDefaultTag('busybox')).toBe('busybox:latest');
    expect(withDefaultTag('localhost:5000/x')).toBe('localhost:5000/x:latest');
    expect(withDefaultTag(digest)).toBe(digest);
  });

  it.each(['', ':v1', 'UPPER', 'a//b', 'a b', '../x'])('%j is none', (text) => {
    expect(() => parseImageName(text)).toThrow(/invalid reference format/);
  });
});

describe('credentials', () => {
  const secret = (auths: object): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'ns', uid: '1', resourceVersion: '1', creationTimestamp: '' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  });
  const users = (image: string, auths: object) => credentialsFor(image, [secret(auths)]).map((a) => a.username);
  const as = (user: string) => ({ auth: Buffer.from(`${user}:secret:word`).toString('base64') });

  it('are those of the registry, the most specific first', () => {
    const auths = {
      'registry.example': as('all'),
      'registry.example/team': as('team'),
      'other.example': as('other'),
      '*.example': as('star'),
    };
    expect(users('registry.example/team/app', auths)).toEqual(['team', 'all', 'star']);
    expect(users('registry.example/teams/app', auths)).toEqual(['all', 'star']);
  });

  it('know the names of Docker Hub', () => {
    expect(users('busybox', { 'https://index.docker.io/v1/': as('me') })).toEqual(['me']);
    expect(credentialsFor('busybox', [secret({ 'docker.io': as('me') })])[0]?.password).toBe('secret:word');
  });

  it('of broken secrets are none', () => {
    const broken = { ...secret({}), data: { '.dockerconfigjson': 'bm90IGpzb24=' } };
    expect(credentialsFor('busybox', [broken])).toEqual([]);
  });
});

describe('pulling', () => {
  const image: Image = {
    id: 'sha256:1',
    repoTags: [],
    repoDigests: [],
    size: '42',
    uid: null,
    username: '',
    pinned: false,
  };
  // Only passed through to the runtime, which here is made up.
  const sandbox = {} as PodSandboxConfig;

  function set(present: boolean, pull: () => Promise<string>) {
    const clock = new FakeClock();
    const told: string[] = [];
    const recorder = {
      event: (_: unknown, type: string, reason: string, message: string) => told.push(`${type} ${reason} ${message}`),
      as: () => recorder,
    };
    let there = present;
    const manager = new ImageManager({
      clock,
      recorder,
      pullSecrets: async () => [],
      cri: {
        imageStatus: async () => (there ? image : undefined),
        pullImage: async () => {
          const id = await pull();
          there = true;
          return id;
        },
      },
    });
    const ensure = (policy: 'Always' | 'IfNotPresent' | 'Never') => {
      const c = container('a', { imagePullPolicy: policy });
      return manager.ensure(pod({ containers: [c] }), c, sandbox).catch((error: unknown) => {
        if (error instanceof ImageError) return error.reason;
        throw error;
      });
    };
    return { clock, told, ensure };
  }

  it('happens when the image is not there, and is told', async () => {
    const { told, ensure } = set(false, async () => 'sha256:1');
    expect(await ensure('IfNotPresent')).toBe(image);
    expect(told).toEqual([
      'Normal Pulling Pulling image "busybox"',
      'Normal Pulled Successfully pulled image "busybox" in 0s (0s including waiting). Image size: 42 bytes.',
    ]);
  });

  it('does not happen when it is there, unless always', async () => {
    let pulls = 0;
    const { ensure } = set(true, async () => String(++pulls));
    expect(await ensure('IfNotPresent')).toBe(image);
    expect(await ensure('Never')).toBe(image);
    expect(pulls).toBe(0);
    await ensure('Always');
    expect(pulls).toBe(1);
  });

  it('backs off after failures', async () => {
    const { clock, told, ensure } = set(false, async () => {
      throw new CriError('NotFound', 'no such image');
    });
    expect(await ensure('IfNotPresent')).toBe('ErrImagePull');
    expect(told.slice(1)).toEqual([
      'Warning Failed Failed to pull image "busybox": rpc error: code = NotFound desc = no such image',
      'Warning Failed Error: ErrImagePull',
    ]);
    expect(await ensure('IfNotPresent')).toBe('ImagePullBackOff');
    await clock.advance(10_000);
    expect(await ensure('IfNotPresent')).toBe('ErrImagePull');
    await clock.advance(19_999);
    expect(await ensure('IfNotPresent')).toBe('ImagePullBackOff');
    await clock.advance(1);
    expect(await ensure('IfNotPresent')).toBe('ErrImagePull');
    expect(await ensure('Never')).toBe('ErrImageNeverPull');
  });
});

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Pod, PodSpec } from '../../api/core/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { container, pod } from '../pods/fixtures.ts';
import { EvictionManager } from './manager.ts';
import { evictionMessage, rank, storageExcess } from './ranking.ts';
import { type Observations, shortages } from './thresholds.ts';
import { diskUsage, type MeasuredPod } from './usage.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const one = (name: string, requests: Record<string, string> = {}, more: Partial<PodSpec> = {}): Pod =>
  pod({ containers: [container('c', { resources: { requests } })], ...more }, { name, uid: name });
const uses = (memory: number, disk = 0): MeasuredPod => ({
  memory,
  disk,
  inodes: 1,
  pids: 1,
  containers: [{ name: 'c', memory, disk }],
  emptyDirs: new Map(),
});
const low: Observations = { 'memory.available': { available: 50 * MIB, capacity: 4 * GIB } };
const [memory] = shortages(low);

describe('what the node is short of', () => {
  it.each<[string, Observations, string]>([
    ['nothing', { 'memory.available': { available: 100 * MIB, capacity: GIB } }, ''],
    ['memory', low, 'MemoryPressure'],
    ['no disk', { 'nodefs.available': { available: 5, capacity: 100 } }, ''],
    ['disk', { 'nodefs.available': { available: 4, capacity: 100 } }, 'DiskPressure'],
    ['disk for images', { 'imagefs.available': { available: 4, capacity: 100 } }, 'DiskPressure'],
    ['inodes', { 'nodefs.inodesFree': { available: 4, capacity: 100 } }, 'DiskPressure'],
    ['processes', { 'pid.available': { available: 1, capacity: 100 } }, 'PIDPressure'],
  ])('%s', (_, seen, expected) =>
    expect(
      shortages(seen)
        .map((s) => s.condition)
        .join(),
    ).toBe(expected),
  );
});

describe('who goes first', () => {
  if (!memory) throw new Error('the memory is low');
  const order = (pods: Pod[], usage: Record<string, MeasuredPod>) =>
    rank(pods, new Map(Object.entries(usage)), memory).map((p) => p.metadata.name);

  it('those over their requests, of the lowest priority, that use most', () => {
    const within = one('within', { memory: '2Gi' });
    const high = one('high', { memory: '1Mi' }, { priority: 10 });
    const [much, some] = [one('much', { memory: '100Mi' }), one('some', { memory: '600Mi' })];
    expect(
      order([within, high, some, much], {
        within: uses(GIB),
        high: uses(GIB),
        some: uses(700 * MIB),
        much: uses(500 * MIB),
      }),
    ).toEqual(['much', 'some', 'high', 'within']);
  });

  it('those of which nothing is known', () => {
    expect(order([one('a'), one('b')], { a: uses(GIB) })).toEqual(['b', 'a']);
  });

  it('and why', () => {
    expect(evictionMessage(one('a', { memory: '1Mi' }), uses(500 * MIB), memory)).toBe(
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ' +
        'Container c was using 500Mi, request is 1Mi, has larger consumption of memory. ',
    );
    expect(evictionMessage(one('a'), uses(MIB), memory)).toContain('Container c was using 1Mi, request is 0, ');
  });
});

describe('limits on storage', () => {
  const limited = pod({
    containers: [container('c', { resources: { limits: { 'ephemeral-storage': '10Mi' } } }), container('d')],
    volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
  });
  it.each<[string, MeasuredPod, number, string | undefined]>([
    ['are kept', uses(0, MIB), MIB, undefined],
    ['of a volume', uses(0), 2 * MIB, 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '],
    [
      'of the pod',
      uses(0, 11 * MIB),
      0,
      'Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ',
    ],
    [
      'of a container',
      { ...uses(0), containers: [{ name: 'c', memory: 0, disk: 11 * MIB }] },
      0,
      'Container c exceeded its local ephemeral storage limit "10Mi". ',
    ],
  ])('%s', (_, usage, volume, expected) => {
    expect(storageExcess(limited, usage, new Map([['v', volume]]))).toBe(expected);
  });

  it('are measured without following links', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'skiff-usage-'));
    try {
      await mkdir(join(dir, 'a'));
      await writeFile(join(dir, 'a', 'file'), Buffer.alloc(100_000));
      await symlink('/usr', join(dir, 'link'));
      const { bytes, inodes } = await diskUsage(dir);
      expect(inodes).toBe(4);
      expect(bytes).toBeGreaterThanOrEqual(100_000);
      expect(bytes).toBeLessThan(200_000);
      expect(await diskUsage(join(dir, 'none'))).toEqual({ bytes: 0, inodes: 0 });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('the manager', () => {
  let clock: FakeClock;
  let seen: Observations;
  let log: string[];
  let present: Set<string>;
  let manager: EvictionManager;
  const pods = [one('calm', { memory: '1Gi' }), one('greedy'), one('critical', {}, { priority: 2_000_000_000 })];

  beforeEach(() => {
    clock = new FakeClock();
    [seen, log, present] = [{}, [], new Set(['greedy'])];
    manager = new EvictionManager({
      clock,
      log: silent,
      recorder: {
        event: (_object, _type, reason) => void log.push(reason),
        as() {
          return this;
        },
      },
      node: { kind: 'Node', name: 'n', uid: 'n' },
      observe: () => seen,
      measure: async () => new Map(pods.map((p) => [p.metadata.uid ?? '', uses(500 * MIB)])),
      pods: () => pods.filter((p) => p.metadata.name !== 'greedy' || present.has('greedy')),
      evict: (p, _message, disruption) => void log.push(`evict ${p.metadata.name} ${disruption}`),
      isPresent: (uid) => present.has(uid),
      reclaimDisk: async () => {
        log.push('reclaim');
        seen = {};
      },
    });
    manager.start();
  });
  afterEach(() => manager.stop());

  it('evicts one, waits until it is gone, and takes the next', async () => {
    await clock.advance(10_000);
    expect(log).toEqual([]);
    seen = low;
    await clock.advance(20_000);
    expect(log).toEqual(['EvictionThresholdMet', 'Evicted', 'evict greedy true']);
    present.clear();
    await clock.advance(10_000);
    expect(log.at(-1)).toBe('evict calm true');
  });

  it('makes room on disks without pods if it can', async () => {
    seen = { 'nodefs.available': { available: 1, capacity: 100 } };
    await clock.advance(10_000);
    expect(log).toEqual(['EvictionThresholdMet', 'reclaim']);
  });

  it('keeps others away, for five minutes more', async () => {
    seen = low;
    await clock.advance(10_000);
    seen = {};
    expect(manager.refuses(one('new'))).toEqual({
      reason: 'Evicted',
      message: 'The node had condition: [MemoryPressure]. ',
    });
    expect(manager.refuses(one('asks', { memory: '1Mi' }))).toBeUndefined();
    const tolerations = [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' as const }];
    expect(manager.refuses(one('tolerates', {}, { tolerations }))).toBeUndefined();
    expect(manager.refuses(one('critical', {}, { priority: 2_000_000_000 }))).toBeUndefined();
    await clock.advance(299_000);
    expect(manager.has('MemoryPressure')).toBe(true);
    await clock.advance(10_000);
    expect([manager.has('MemoryPressure'), manager.refuses(one('new'))]).toEqual([false, undefined]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '../api/core/v1.gen.ts';
import { quantityMilliValue, quantityNumber } from '../schema/quantity.ts';
import { seededRandom } from '../utils/seeded-random.ts';
import { Cache } from './cache/cache.ts';
import { podInfo } from './framework/pod-info.ts';
import { CycleState } from './framework/types.ts';
import { defaultProfile } from './profile.ts';
import { compileProfile, failureMessage, numFeasibleNodesToFind, schedulePod, scoreNodes } from './schedule-pod.ts';
import { makeNode, makePod } from './testing.ts';

const profile = compileProfile(defaultProfile);

function cacheOf(nodes: readonly Node[], pods: readonly Pod[] = []): Cache {
  const cache = new Cache();
  for (const node of nodes) cache.setNode(node);
  for (const pod of pods) cache.setPod(pod);
  return cache;
}

const decide = (cache: Cache, pod: Pod, random = seededRandom(1)) =>
  schedulePod(profile, podInfo(pod), cache.nodes, { next: 0 }, random);

function messageOf(cache: Cache, pod: Pod): string {
  const decision = decide(cache, pod);
  return decision.node ? `scheduled on ${decision.node.name}` : failureMessage(decision.failure);
}

describe('one scheduling cycle', () => {
  it('says for each reason how many nodes it kept out', () => {
    const cache = cacheOf([
      makeNode({ name: 'small', cpu: '1' }),
      makeNode({ name: 'smaller', cpu: '500m', memory: '100Mi' }),
      makeNode({ name: 'cordoned', unschedulable: true }),
      makeNode({ name: 'tainted', taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] }),
      makeNode({ name: 'full', pods: '0' }),
    ]);
    expect(messageOf(cache, makePod({ cpu: '2', memory: '1Gi' }))).toBe(
      '0/5 nodes are available: 1 Insufficient memory, 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 2 Insufficient cpu.',
    );
    expect(messageOf(cacheOf([]), makePod({}))).toBe('no nodes available to schedule pods');
  });

  it.each([
    ['nodeSelector', { nodeSelector: { disk: 'ssd' } }, 'ssd'],
    ['required affinity', required({ key: 'disk', operator: 'NotIn', values: ['ssd', 'none'] }), 'hdd'],
    ['existence', required({ key: 'gpu', operator: 'Exists' }), 'hdd'],
    ['numbers', required({ key: 'rack', operator: 'Gt', values: ['1'] }), 'ssd'],
  ])('places by %s', (_, spec, expected) => {
    const cache = cacheOf([
      makeNode({ name: 'ssd', labels: { disk: 'ssd', rack: '2' } }),
      makeNode({ name: 'hdd', labels: { disk: 'hdd', gpu: 'old', rack: '1' } }),
      makeNode({ name: 'none', labels: { disk: 'none', rack: 'x' } }),
    ]);
    expect(decide(cache, makePod({ spec })).node?.name).toBe(expected);
    expect(messageOf(cache, makePod({ spec: { nodeSelector: { disk: 'tape' } } }))).toBe(
      "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
    );
  });

  it('prefers by weight, and away from soft taints', () => {
    const cache = cacheOf([
      makeNode({ name: 'a', labels: { zone: 'a' } }),
      makeNode({ name: 'b', labels: { zone: 'b' } }),
      makeNode({ name: 'c', taints: [{ key: 'busy', effect: 'PreferNoSchedule' }] }),
    ]);
    const preference = (zone: string, weight: number) => ({
      weight,
      preference: { matchExpressions: [{ key: 'zone', operator: 'In' as const, values: [zone] }] },
    });
    const spec = {
      affinity: {
        nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preference('a', 10), preference('b', 90)] },
      },
    };
    expect(decide(cache, makePod({ spec })).node?.name).toBe('b');
    for (let seed = 0; seed < 20; seed++)
      expect(decide(cache, makePod({}), seededRandom(seed)).node?.name).not.toBe('c');
  });

  it('tolerates what the pod tolerates', () => {
    const taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' as const };
    const cache = cacheOf([makeNode({ name: 'gpu', taints: [taint] })]);
    const tolerations = (t: object) => ({ tolerations: [t] });
    expect(decide(cache, makePod({ spec: tolerations({ key: 'gpu', value: 'yes' }) })).node?.name).toBe('gpu');
    expect(decide(cache, makePod({ spec: tolerations({ key: 'gpu', operator: 'Exists' }) })).node?.name).toBe('gpu');
    expect(decide(cache, makePod({ spec: tolerations({ operator: 'Exists' }) })).node?.name).toBe('gpu');
    expect(decide(cache, makePod({ spec: tolerations({ key: 'gpu', value: 'no' }) })).node).toBeUndefined();
    expect(
      decide(cache, makePod({ spec: tolerations({ key: 'gpu', operator: 'Exists', effect: 'NoExecute' }) })).node,
    ).toBeUndefined();
  });

  it('gives a host port to one pod a node', () => {
    const cache = cacheOf(
      [makeNode({ name: 'a' }), makeNode({ name: 'b' })],
      [makePod({ hostPort: 80, nodeName: 'a' })],
    );
    expect(decide(cache, makePod({ hostPort: 80 })).node?.name).toBe('b');
    cache.setPod(makePod({ hostPort: 80, nodeName: 'b' }));
    expect(messageOf(cache, makePod({ hostPort: 80 }))).toBe(
      "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
    );
  });

  it('counts init containers, sidecars and overhead at their peak', () => {
    const cache = cacheOf([makeNode({ name: 'a', cpu: '1' })]);
    const container = (name: string, cpu: string, more: object = {}) => ({
      name,
      image: 'i',
      resources: { requests: { cpu } },
      ...more,
    });
    const spec = (init: string, sidecar: string, main: string) => ({
      initContainers: [container('s', sidecar, { restartPolicy: 'Always' }), container('i', init)],
      containers: [container('c', main)],
    });
    expect(podInfo(makePod({ spec: spec('500m', '100m', '300m') })).requests.milliCpu).toBe(600);
    expect(podInfo(makePod({ spec: spec('100m', '100m', '300m') })).requests.milliCpu).toBe(400);
    expect(
      podInfo(makePod({ spec: { ...spec('100m', '100m', '300m'), overhead: { cpu: '50m' } } })).requests.milliCpu,
    ).toBe(450);
    expect(decide(cache, makePod({ spec: spec('901m', '100m', '1m') })).node).toBeUndefined();
  });

  it('looks at enough nodes, each in its turn', () => {
    expect([50, 100, 1000, 5000, 10_000].map(numFeasibleNodesToFind)).toEqual([50, 100, 420, 500, 500]);
    const cache = cacheOf(Array.from({ length: 1000 }, (_, i) => makeNode({ name: `n${i}` })));
    const rotation = { next: 0 };
    const pod = podInfo(makePod({}));
    schedulePod(profile, pod, cache.nodes, rotation, seededRandom(1));
    expect(rotation.next).toBe(420);
    for (let i = 0; i < 2; i++) schedulePod(profile, pod, cache.nodes, rotation, seededRandom(1));
    expect(rotation.next).toBe(260);
  });

  it('forgets nothing and counts nothing twice, whatever the order of events', () => {
    const random = seededRandom(7);
    const cache = cacheOf([makeNode({ name: 'a', cpu: '64' })]);
    const known = new Map<string, Pod>();
    for (let i = 0; i < 2000; i++) {
      const pod = [...known.values()][Math.floor(random() * known.size)];
      const roll = random();
      if (roll < 0.5 || !pod) {
        const added = makePod({ cpu: `${Math.ceil(random() * 500)}m`, nodeName: 'a' });
        known.set(added.metadata.uid, added);
        if (random() < 0.5) cache.assume(podInfo(added), 'a');
        cache.setPod(added);
      } else if (roll < 0.7) cache.setPod(pod);
      else {
        known.delete(pod.metadata.uid);
        cache.removePod(pod);
        cache.removePod(pod);
      }
    }
    const sum = [...known.values()].reduce((n, pod) => n + podInfo(pod).requests.milliCpu, 0);
    expect(cache.node('a')?.requested.milliCpu).toBe(sum);
    expect(cache.node('a')?.pods.size).toBe(known.size);
  });
});

function required(expression: { key: string; operator: 'NotIn' | 'Exists' | 'Gt'; values?: string[] }) {
  return {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
      },
    },
  };
}

/** The documented rules once more, plainly: no sums kept, no plugins, everything looked up anew. */
describe('against the rules written plainly', () => {
  const cpuOf = (pod: Pod) => Number(quantityMilliValue(pod.spec.containers[0]?.resources?.requests?.cpu ?? '0'));
  const memoryOf = (pod: Pod) => quantityNumber(pod.spec.containers[0]?.resources?.requests?.memory ?? '0');
  const nonZeroCpu = (pod: Pod) => (pod.spec.containers[0]?.resources?.requests?.cpu === undefined ? 100 : cpuOf(pod));
  const nonZeroMemory = (pod: Pod) =>
    pod.spec.containers[0]?.resources?.requests?.memory === undefined ? 200 * 1024 * 1024 : memoryOf(pod);
  const total = (pods: readonly Pod[], of: (pod: Pod) => number) => pods.reduce((n, pod) => n + of(pod), 0);

  function feasible(node: Node, placed: readonly Pod[], pod: Pod): boolean {
    const { allocatable = {} } = node.status;
    const on = placed.filter((p) => p.spec.nodeName === node.metadata.name);
    const fits = (of: (pod: Pod) => number, all: number) => of(pod) === 0 || total(on, of) + of(pod) <= all;
    return (
      !node.spec.unschedulable &&
      (node.spec.taints ?? []).every(
        (t) => pod.spec.tolerations?.some((x) => x.key === t.key) || t.effect === 'PreferNoSchedule',
      ) &&
      Object.entries(pod.spec.nodeSelector ?? {}).every(([k, v]) => node.metadata.labels?.[k] === v) &&
      on.length < Number(allocatable.pods) &&
      fits(cpuOf, Number(quantityMilliValue(allocatable.cpu ?? '0'))) &&
      fits(memoryOf, quantityNumber(allocatable.memory ?? '0'))
    );
  }

  function score(node: Node, placed: readonly Pod[], pod: Pod): number {
    const on = [...placed.filter((p) => p.spec.nodeName === node.metadata.name), pod];
    const cpu = Number(quantityMilliValue(node.status.allocatable?.cpu ?? '0'));
    const memory = quantityNumber(node.status.allocatable?.memory ?? '0');
    const free = (used: number, all: number) => (used > all ? 0 : Math.floor(((all - used) * 100) / all));
    const least = Math.floor((free(total(on, nonZeroCpu), cpu) + free(total(on, nonZeroMemory), memory)) / 2);
    const share = (used: number, all: number) => Math.min(used / all, 1);
    const balanced =
      cpuOf(pod) === 0 && memoryOf(pod) === 0
        ? 0
        : Math.floor((1 - Math.abs(share(total(on, cpuOf), cpu) - share(total(on, memoryOf), memory)) / 2) * 100);
    return least + balanced;
  }

  it.each(Array.from({ length: 200 }, (_, seed) => seed))('random cluster %i', (seed) => {
    const random = seededRandom(seed);
    const upTo = (n: number) => Math.floor(random() * n);
    const maybe = <T>(chance: number, value: T): T | undefined => (random() < chance ? value : undefined);
    const nodes = Array.from({ length: 1 + upTo(12) }, (_, i) =>
      makeNode({
        name: `n${i}`,
        cpu: `${1 + upTo(8)}`,
        memory: `${1 + upTo(16)}Gi`,
        pods: `${1 + upTo(20)}`,
        labels: { zone: `z${upTo(3)}` },
        taints: maybe(0.2, [{ key: 'k', effect: 'NoSchedule' as const }]),
        unschedulable: maybe(0.1, true),
      }),
    );
    const anyPod = (nodeName?: string) =>
      makePod({
        nodeName,
        cpu: maybe(0.8, `${upTo(2000)}m`),
        memory: maybe(0.8, `${upTo(4000)}Mi`),
        spec: {
          tolerations: maybe(0.3, [{ key: 'k', operator: 'Exists' as const }]),
          nodeSelector: maybe(0.3, { zone: `z${upTo(3)}` }),
        },
      });
    const withNode = (pod: Pod, nodeName: string): Pod => ({ ...pod, spec: { ...pod.spec, nodeName } });
    const placed = Array.from({ length: upTo(30) }, () => withNode(anyPod(), `n${upTo(nodes.length)}`));
    const cache = cacheOf(nodes, placed);
    const pod = anyPod();
    const info = podInfo(pod);
    const expected = nodes.filter((node) => feasible(node, placed, pod));
    const state = new CycleState();
    const skipped = new Set(
      profile.preFilter.filter((p) => p.preFilter(state, info, cache.nodes) === 'Skip').map((p) => p.name),
    );
    const passing = cache.nodes.filter((node) =>
      profile.filter.every((p) => skipped.has(p.name) || p.filter(state, info, node) === undefined),
    );
    expect(passing.map((n) => n.name).sort()).toEqual(expected.map((n) => n.metadata.name).sort());
    const totals = scoreNodes(profile, state, info, passing);
    passing.forEach((node, i) => {
      // Soft taints and preferences add the same to every node of these clusters.
      const constant = totals[i] ?? 0;
      expect(constant, node.name).toBe(score(node.node as Node, placed, pod));
    });
    const chosen = decide(cache, pod).node;
    expect(chosen === undefined).toBe(expected.length === 0);
    if (chosen) {
      const best = Math.max(...expected.map((node) => score(node, placed, pod)));
      expect(score(chosen.node as Node, placed, pod)).toBe(best);
    }
  });
});

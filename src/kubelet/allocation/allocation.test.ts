import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Container, Node, Pod, ResourceRequirements } from '../../api/core/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { silent } from '../../utils/log.ts';
import { container, instance, pod, runtime, START } from '../pods/fixtures.ts';
import { checkNode, type Refusal } from './admission.ts';
import { amountsOf } from './amounts.ts';
import { type Checkpoint, Checkpoints } from './checkpoints.ts';
import { AllocationManager } from './manager.ts';
import { planResize } from './resize-plan.ts';

const GIB = 1024 ** 3;

const sized = (requests: Record<string, string>, limits?: Record<string, string>): ResourceRequirements => ({
  requests,
  ...(limits && { limits }),
});

const one = (name: string, resources: ResourceRequirements, more: Partial<Pod['spec']> = {}, generation = 1): Pod =>
  pod({ containers: [container('c', { resources })], nodeName: 'n', ...more }, { name, uid: name, generation });

const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'n',
    uid: 'n',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { a: 'b' },
  },
  spec: {},
  status: { allocatable: { cpu: '2', memory: '4Gi', pods: '3', 'ephemeral-storage': '1Gi' } },
} as unknown as Node; // only what is looked at

describe('what the node takes', () => {
  const busy = one('busy', sized({ cpu: '1500m', memory: '1Gi' }));
  it.each<[string, Pod, readonly Pod[], Node, string | undefined]>([
    ['what fits', one('p', sized({ cpu: '500m' })), [busy], node, undefined],
    [
      'too much CPU',
      one('p', sized({ cpu: '501m' })),
      [busy],
      node,
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000",
    ],
    [
      'too much memory',
      one('p', sized({ memory: '5Gi' })),
      [],
      node,
      `OutOfmemory: Node didn't have enough resource: memory, requested: ${5 * GIB}, used: 0, capacity: ${4 * GIB}`,
    ],
    [
      'too many pods',
      one('p', {}),
      [one('a', {}), one('b', {}), one('c', {})],
      node,
      "OutOfpods: Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    ],
    ['extended resources that it does not know', one('p', sized({ 'example.com/x': '1' })), [], node, undefined],
    [
      'labels it does not have',
      one('p', {}, { nodeSelector: { a: 'c' } }),
      [],
      node,
      "NodeAffinity: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ],
    [
      'a port that is taken',
      one('p', {}, { containers: [container('c', { ports: [{ containerPort: 1, hostPort: 80, protocol: 'TCP' }] })] }),
      [
        one(
          'q',
          {},
          { containers: [container('c', { ports: [{ containerPort: 1, hostPort: 80, protocol: 'TCP' }] })] },
        ),
      ],
      node,
      "NodePorts: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    ],
    [
      'a taint that it does not tolerate',
      one('p', {}),
      [],
      { ...node, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } },
      "TaintToleration: Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
    ],
    [
      'what another still has while it gets smaller',
      one('p', sized({ cpu: '1' })),
      [
        {
          ...one('q', sized({ cpu: '100m' })),
          status: {
            containerStatuses: [
              {
                name: 'c',
                image: '',
                imageID: '',
                ready: true,
                restartCount: 0,
                state: {},
                lastState: {},
                resources: sized({ cpu: '1500m' }),
              },
            ],
          },
        },
      ],
      node,
      "OutOfcpu: Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000",
    ],
    [
      'another system',
      one('p', {}, { os: { name: 'windows' } }),
      [],
      node,
      "PodOSNotSupported: Failed to admit pod as the OS field doesn't match node OS",
    ],
  ])('%s', (_, p, others, on, expected) => {
    const refusal = checkNode(p, others, on);
    expect(refusal && `${refusal.reason}: ${refusal.message}`).toBe(expected);
  });
});

describe('the plan of a resize', () => {
  const done = amountsOf(sized({ cpu: '100m', memory: '64Mi' }, { cpu: '200m', memory: '128Mi' }));
  const plan = (...containers: Container[]) => {
    const p = pod({ containers });
    const running = containers.map((c) => instance(c, 'running', { id: c.name }));
    return planResize(p, runtime(running), { container: () => done, pod: undefined });
  };
  const to = (name: string, requests: Record<string, string>, limits: Record<string, string>, more = {}) =>
    container(name, { resources: sized(requests, limits), ...more });

  it('does nothing where nothing differs, in whatever words', () => {
    const same = plan(to('a', { cpu: '0.1', memory: '65536Ki' }, { cpu: '0.2', memory: '128Mi' }));
    expect(same).toEqual({ restart: new Set(), memory: [], cpu: [], pod: false });
  });

  it('makes smaller before it makes larger', () => {
    const { cpu, memory } = plan(
      to('more', { cpu: '150m', memory: '64Mi' }, { cpu: '300m', memory: '128Mi' }),
      to('less', { cpu: '50m', memory: '64Mi' }, { cpu: '100m', memory: '128Mi' }),
    );
    expect(cpu.map((u) => u.id)).toEqual(['less', 'more']);
    expect(memory).toEqual([]);
  });

  it('restarts where the policy of the resource says so', () => {
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    const cpu = plan(to('a', { cpu: '50m', memory: '64Mi' }, { cpu: '200m', memory: '128Mi' }, { resizePolicy }));
    expect([[...cpu.restart], cpu.cpu.length, cpu.pod]).toEqual([[], 1, false]);
    const memory = plan(to('a', { cpu: '50m', memory: '64Mi' }, { cpu: '200m', memory: '256Mi' }, { resizePolicy }));
    expect([[...memory.restart], memory.cpu.length, memory.pod]).toEqual([['a'], 0, true]);
  });
});

describe('grants', () => {
  let clock: FakeClock;
  let active: Pod[];
  let events: string[];
  let changed: string[];
  let pressure: Refusal | undefined;
  let dir: string;
  let checkpoints: Checkpoints;
  let manager: AllocationManager;

  const start = (restored: ReadonlyMap<string, Checkpoint> = new Map()) =>
    new AllocationManager({
      clock,
      checkpoints,
      restored,
      recorder: {
        event: (_object, type, reason, message) => void events.push(`${type} ${reason} ${message}`),
        as() {
          return this;
        },
      },
      activePods: () => active,
      node: () => node,
      pressure: () => pressure,
      onChange: (uid) => void changed.push(uid),
    });
  const admit = (p: Pod) => {
    active = [...active.filter((q) => q.metadata.uid !== p.metadata.uid), p];
    return manager.admit(p);
  };
  const resize = (p: Pod) => {
    active = [...active.filter((q) => q.metadata.uid !== p.metadata.uid), p];
    manager.update(p);
  };
  const granted = (p: Pod) => manager.allocated(p).spec.containers[0]?.resources?.requests?.cpu;
  const conditions = (uid: string) =>
    manager.conditions(uid).map((c) => `${c.type} ${c.reason ?? ''} ${c.observedGeneration}`);

  beforeEach(async () => {
    clock = new FakeClock(START);
    [active, events, changed, pressure] = [[], [], [], undefined];
    dir = await mkdtemp(join(tmpdir(), 'skiff-allocation-'));
    checkpoints = new Checkpoints(dir, silent);
    manager = start();
  });
  afterEach(async () => {
    manager.stop();
    await rm(dir, { recursive: true });
  });

  it('go up where there is room, and are told', () => {
    expect(admit(one('a', sized({ cpu: '500m' })))).toBeUndefined();
    manager.setActuated('a', 'c', amountsOf(sized({ cpu: '500m' })));
    const more = one('a', sized({ cpu: '1' }), {}, 2);
    resize(more);
    expect([granted(more), changed, conditions('a')]).toEqual(['1', ['a'], ['PodResizeInProgress  2']]);
    const running = runtime([instance(container('c'), 'running')]);
    manager.observe(manager.allocated(more), running);
    expect(conditions('a')).toEqual(['PodResizeInProgress  2']);
    manager.setActuated('a', 'c', amountsOf(sized({ cpu: '1' })));
    manager.observe(manager.allocated(more), running);
    expect(conditions('a')).toEqual([]);
    const summary = '{"containers":[{"name":"c","resources":{"requests":{"cpu":"1"}}}],"generation":2}';
    expect(events).toEqual([
      `Normal ResizeStarted Pod resize started: ${summary}`,
      `Normal ResizeCompleted Pod resize completed: ${summary}`,
    ]);
  });

  it('wait for room, those of higher priority first', () => {
    admit(one('big', sized({ cpu: '1500m' })));
    admit(one('a', sized({ cpu: '200m' })));
    admit(one('b', sized({ cpu: '200m' })));
    const low = one('a', sized({ cpu: '1' }), {}, 2);
    const high = one('b', sized({ cpu: '1700m' }), { priority: 10 }, 2);
    resize(low);
    resize(high);
    expect([conditions('a'), conditions('b')]).toEqual([
      ['PodResizePending Deferred 2'],
      ['PodResizePending Deferred 2'],
    ]);
    expect(events[0]).toBe(
      'Warning ResizeDeferred Pod resize OutOfcpu: {"containers":[{"name":"c","resources":{"requests":{"cpu":"1"}}}],' +
        '"generation":2,"error":"Node didn\'t have enough resource: cpu, requested: 1000, used: 1700, capacity: 2000"}',
    );
    active = active.filter((p) => p.metadata.name !== 'big');
    manager.forget('big');
    expect([granted(high), granted(low)]).toEqual(['1700m', '200m']);
    // What is taken back does not wait any longer.
    resize(one('a', sized({ cpu: '200m' }), {}, 3));
    expect(conditions('a')).toEqual([]);
  });

  it('are tried again after three minutes', async () => {
    admit(one('a', sized({ cpu: '1' })));
    pressure = { reason: 'Evicted', message: 'short' };
    const more = one('a', sized({ cpu: '2' }), {}, 2);
    resize(more);
    pressure = undefined;
    await clock.advance(179_999);
    expect(granted(more)).toBe('1');
    await clock.advance(1);
    expect(granted(more)).toBe('2');
  });

  it('that cannot be done say why, once', () => {
    admit(one('a', sized({ cpu: '1' })));
    const more = one('a', sized({ cpu: '2' }), {}, 2);
    resize(more);
    manager.failed(more, 'no');
    manager.failed(more, 'no');
    expect(conditions('a')).toEqual(['PodResizeInProgress Error 2']);
    expect(events.filter((e) => e.includes('ResizeError'))).toEqual([
      'Warning ResizeError Pod resize error: {"containers":[{"name":"c","resources":{"requests":{"cpu":"2"}}}],' +
        '"generation":2,"error":"no"}',
    ]);
  });

  it('outlive the agent, until the pod is gone', async () => {
    const asked = one('a', sized({ cpu: '1', memory: '1Gi' }, { memory: '2Gi' }));
    admit(asked);
    manager.setActuated('a', 'c', amountsOf(asked.spec.containers[0]?.resources));
    manager.stop();
    admit(one('full', sized({ cpu: '1' })));
    manager = start(await checkpoints.load());
    const more = one('a', sized({ cpu: '2', memory: '1Gi' }, { memory: '2Gi' }), {}, 2);
    expect(admit(more)).toBeUndefined();
    expect([granted(more), conditions('a')]).toEqual(['1', ['PodResizePending Deferred 2']]);
    expect(manager.actuated('a', 'c')).toEqual(amountsOf(asked.spec.containers[0]?.resources));
    manager.forget('a');
    expect([...(await checkpoints.load()).keys()]).toEqual(['full']);
  });

  it('that cannot be read are as if they were not there', async () => {
    admit(one('a', sized({ cpu: '1' })));
    const file = join(dir, 'a', 'resources.json');
    for (const text of ['', '[]', (await readFile(file, 'utf8')).replace('{}', '{"c":{"cpuLimit":-1}}')]) {
      await writeFile(file, text);
      expect((await checkpoints.load()).size).toBe(0);
    }
  });
});

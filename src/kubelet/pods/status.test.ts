import { describe, expect, it } from 'vitest';
import type { Pod, PodStatus } from '../../api/core/v1.gen.ts';
import type { RuntimeContainer } from '../runtime/state.ts';
import { container, instance, pod, runtime, START, sandbox } from './fixtures.ts';
import { podStatus, type StatusInput } from './status.ts';

const a = container('a');
const b = container('b');
const one = container('one');
const side = container('side', { restartPolicy: 'Always' });

function status(p: Pod, containers: RuntimeContainer[] | undefined, more: Partial<StatusInput> = {}): PodStatus {
  return podStatus({
    pod: p,
    runtime: containers && runtime(containers),
    waiting: new Map(),
    started: () => undefined,
    ready: () => undefined,
    hostIPs: ['192.168.1.1'],
    terminal: false,
    now: START + 60_000,
    ...more,
  });
}

const conditions = (s: PodStatus) =>
  Object.fromEntries(
    (s.conditions ?? []).map((c) => [c.type, [c.status, c.reason, c.message].filter(Boolean).join(' ')]),
  );
const exited = (c: typeof a, exitCode: number) => instance(c, 'exited', { exitCode });

describe('the phase', () => {
  const spec = (restartPolicy: 'Always' | 'Never' | 'OnFailure') =>
    pod({ restartPolicy, initContainers: [one], containers: [a, b] });
  const done = exited(one, 0);
  it.each<[string, Pod, RuntimeContainer[] | undefined, string]>([
    ['nothing yet', spec('Always'), undefined, 'Pending'],
    ['initializing', spec('Always'), [instance(one, 'running')], 'Pending'],
    ['an init container failed for good', spec('Never'), [exited(one, 1)], 'Failed'],
    ['an init container is tried again', spec('OnFailure'), [exited(one, 1)], 'Pending'],
    ['one of two has started', spec('Always'), [instance(a, 'running'), done], 'Pending'],
    ['both run', spec('Always'), [instance(a, 'running'), instance(b, 'running'), done], 'Running'],
    ['one ended', spec('Never'), [instance(a, 'running'), exited(b, 1), done], 'Running'],
    ['both ended well', spec('Never'), [exited(a, 0), exited(b, 0), done], 'Succeeded'],
    ['one failed', spec('Never'), [exited(a, 0), exited(b, 1), done], 'Failed'],
    ['one will be tried again', spec('OnFailure'), [exited(a, 0), exited(b, 1), done], 'Running'],
    ['all will start again', spec('Always'), [exited(a, 0), exited(b, 0), done], 'Running'],
  ])('%s', (_, p, containers, phase) => expect(status(p, containers).phase).toBe(phase));

  it('waits for sidecars to end before it is the last word', () => {
    const p = pod({ restartPolicy: 'Never', initContainers: [side] });
    expect(status(p, [exited(a, 0), instance(side, 'running')]).phase).toBe('Running');
    expect(status(p, [exited(a, 0), exited(side, 137)], { terminal: true }).phase).toBe('Succeeded');
  });

  it('stands once it is the last word', () => {
    expect(status(pod({}, {}, { phase: 'Failed', reason: 'Evicted' }), []).phase).toBe('Failed');
  });

  it('of a pod that was deleted before it started is Failed, its containers unknown', () => {
    const s = status(pod(), undefined, { terminal: true });
    expect(s.phase).toBe('Failed');
    expect(s.containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
    });
  });
});

describe('containers', () => {
  it('wait with ContainerCreating, or PodInitializing behind init containers', () => {
    const waiting = (s: PodStatus) => s.containerStatuses?.[0]?.state.waiting?.reason;
    expect(waiting(status(pod(), undefined))).toBe('ContainerCreating');
    expect(waiting(status(pod({ initContainers: [one] }), [instance(one, 'running')]))).toBe('PodInitializing');
  });

  it('that wait to be started again show how they ended', () => {
    const why = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };
    const s = status(pod(), [exited(a, 3)], { waiting: new Map([['a', why]]) });
    expect(s.containerStatuses?.[0]).toMatchObject({
      state: { waiting: why },
      lastState: { terminated: { exitCode: 3, reason: 'Error' } },
      ready: false,
    });
  });

  it('that run show how the instance before ended', () => {
    const s = status(pod(), [instance(a, 'running', { restartCount: 2 }), exited(a, 1)]);
    expect(s.containerStatuses?.[0]).toMatchObject({
      state: { running: {} },
      lastState: { terminated: { exitCode: 1 } },
      restartCount: 2,
      ready: true,
      started: true,
    });
  });

  it('are not ready before their probes say so', () => {
    const probed = container('a', { readinessProbe: { exec: {} }, startupProbe: { exec: {} } });
    const p = pod({ containers: [probed] });
    const of = (started?: boolean, ready?: boolean) =>
      status(p, [instance(probed, 'running')], { started: () => started, ready: () => ready }).containerStatuses?.[0];
    expect(of(false, true)).toMatchObject({ started: false, ready: false });
    expect(of(true, undefined)).toMatchObject({ started: true, ready: false });
    expect(of(true, true)).toMatchObject({ started: true, ready: true });
  });
});

describe('conditions', () => {
  it('of a pod that starts', () => {
    expect(conditions(status(pod({ initContainers: [one] }), undefined))).toEqual({
      PodReadyToStartContainers: 'False',
      Initialized: 'False ContainersNotInitialized containers with incomplete status: [one]',
      Ready: 'False ContainersNotReady containers with unready status: [a]',
      ContainersReady: 'False ContainersNotReady containers with unready status: [a]',
      PodScheduled: 'True',
    });
  });

  it('of a pod that is ready but for a gate', () => {
    const p = pod({ readinessGates: [{ conditionType: 'example.com/gate' }] });
    expect(conditions(status(p, [instance(a, 'running')]))).toMatchObject({
      ContainersReady: 'True',
      Ready:
        'False ReadinessGatesNotReady corresponding condition of pod readiness gate "example.com/gate" does not exist.',
    });
  });

  it('of a pod that is done', () => {
    expect(conditions(status(pod({ restartPolicy: 'Never' }), [exited(a, 0)]))).toMatchObject({
      Initialized: 'True PodCompleted',
      Ready: 'False PodCompleted',
      ContainersReady: 'False PodCompleted',
    });
  });

  it('keep their time until they change', () => {
    const before = status(pod(), [instance(a, 'running')]);
    const later = status(pod({}, {}, before), [instance(a, 'running')], { now: START + 120_000 });
    expect(later.conditions).toEqual(before.conditions);
  });
});

it('keeps addresses when the sandbox has gone, and reports those of the host', () => {
  const before = status(pod(), [instance(a, 'running')]);
  expect(before).toMatchObject({ podIP: '10.0.0.5', hostIP: '192.168.1.1', qosClass: 'BestEffort' });
  const after = podStatus({
    pod: pod({}, {}, before),
    runtime: runtime([exited(a, 0)], [sandbox({ ready: false, ips: [] })]),
    waiting: new Map(),
    started: () => undefined,
    ready: () => undefined,
    hostIPs: ['192.168.1.1'],
    terminal: true,
    now: START,
  });
  expect(after.podIPs).toEqual([{ ip: '10.0.0.5' }]);
});

import { beforeEach, describe, expect, it } from 'vitest';
import type { Container, Probe } from '../../api/core/v1.gen.ts';
import { FakeClock } from '../../utils/clock.ts';
import { container, instance, pod, runtime } from '../pods/fixtures.ts';
import type { ProbeOutcome } from './handlers.ts';
import { ProbeManager } from './manager.ts';

let clock: FakeClock;
let manager: ProbeManager;
let answers: Record<string, ProbeOutcome['result']>;
let asked: string[];
let told: string[];
let changes: number;

beforeEach(() => {
  clock = new FakeClock();
  answers = {};
  asked = [];
  told = [];
  changes = 0;
  const recorder = {
    event: (_: unknown, type: string, reason: string, message: string) => told.push(`${type} ${reason} ${message}`),
    as: () => recorder,
  };
  manager = new ProbeManager({
    clock,
    random: () => 0.5,
    recorder,
    onChange: () => changes++,
    run: async (probe) => {
      const name = probe.exec?.command?.[0] ?? '';
      asked.push(name);
      return { result: answers[name] ?? 'success', message: 'words' };
    },
  });
});

const probe = (name: string, more: Partial<Probe> = {}): Probe => ({
  exec: { command: [name] },
  periodSeconds: 10,
  failureThreshold: 3,
  ...more,
});

function start(more: Partial<Container>, startedAt = clock.now()): string {
  const c = container('a', more);
  const running = instance(c, 'running', { startedAt });
  manager.update(pod({ containers: [c] }), runtime([running]), ['10.0.0.5']);
  return running.id;
}

describe('readiness', () => {
  it('is not there until the first success, and waits for the initial delay', async () => {
    const id = start({ readinessProbe: probe('ready', { initialDelaySeconds: 5 }) });
    expect(manager.readiness(id)).toBe(false);
    await clock.advance(4_999);
    expect(asked).toEqual([]);
    await clock.advance(1);
    expect(manager.readiness(id)).toBe(true);
    expect(changes).toBe(1);
  });

  it('goes after as many failures in a row as the threshold says, and comes back', async () => {
    const id = start({ readinessProbe: probe('ready') });
    await clock.advance(0);
    answers.ready = 'failure';
    await clock.advance(20_000);
    expect(manager.readiness(id)).toBe(true);
    await clock.advance(10_000);
    expect(manager.readiness(id)).toBe(false);
    expect(told).toEqual(Array(3).fill('Warning Unhealthy Readiness probe failed: words'));
    answers.ready = 'success';
    await clock.advance(10_000);
    expect(manager.readiness(id)).toBe(true);
  });

  it('needs as many successes in a row as the threshold says', async () => {
    const id = start({ readinessProbe: probe('ready', { successThreshold: 2 }) });
    await clock.advance(0);
    expect(manager.readiness(id)).toBe(false);
    await clock.advance(10_000);
    expect(manager.readiness(id)).toBe(true);
  });

  it('is unknown for containers without the probe', () => {
    expect(manager.readiness(start({ livenessProbe: probe('live') }))).toBeUndefined();
  });
});

describe('liveness', () => {
  it('is asked no more once it has failed', async () => {
    const id = start({ livenessProbe: probe('live', { failureThreshold: 2 }) });
    answers.live = 'failure';
    await clock.advance(60_000);
    expect(manager.liveness(id)).toBe(false);
    expect(asked.length).toBe(2);
  });

  it('is asked no more while the pod ends', async () => {
    start({ livenessProbe: probe('live'), readinessProbe: probe('ready') });
    await clock.advance(0);
    asked = [];
    manager.terminating('u1');
    await clock.advance(10_000);
    expect(asked).toEqual(['ready']);
  });
});

describe('start-up', () => {
  it('holds the others back until it has succeeded, and is asked no more', async () => {
    const id = start({
      startupProbe: probe('up', { periodSeconds: 1, failureThreshold: 30 }),
      livenessProbe: probe('live'),
      readinessProbe: probe('ready'),
    });
    answers.up = 'failure';
    await clock.advance(5_000);
    expect(new Set(asked)).toEqual(new Set(['up']));
    expect(manager.startup(id)).toBeUndefined();
    answers.up = 'success';
    await clock.advance(1_000);
    expect(manager.startup(id)).toBe(true);
    asked = [];
    await clock.advance(10_000);
    expect(asked).not.toContain('up');
    expect(manager.readiness(id)).toBe(true);
  });

  it('fails for good', async () => {
    const id = start({ startupProbe: probe('up', { periodSeconds: 1, failureThreshold: 2 }) });
    answers.up = 'failure';
    await clock.advance(60_000);
    expect(manager.startup(id)).toBe(false);
    expect(asked.length).toBe(2);
  });
});

it('leaves no timers behind when the container has ended', async () => {
  start({ livenessProbe: probe('live'), readinessProbe: probe('ready') });
  await clock.advance(0);
  manager.update(pod(), runtime([]), []);
  expect(clock.pending).toBe(0);
});

it('spreads the first probes of containers that ran before the agent', async () => {
  start({ livenessProbe: probe('live') }, clock.now() - 60_000);
  await clock.advance(4_999);
  expect(asked).toEqual([]);
  await clock.advance(1);
  expect(asked).toEqual(['live']);
});

describe('a container that ran before the agent was restarted', () => {
  function found(more: Partial<Container>, reported: { readonly ready: boolean; readonly started: boolean }): string {
    const c = container('a', more);
    const running = instance(c, 'running', { startedAt: clock.now() - 60_000 });
    const status = {
      name: 'a',
      image: '',
      imageID: '',
      restartCount: 0,
      state: {},
      lastState: {},
      containerID: `containerd://${running.id}`,
    };
    const before = pod({ containers: [c] }, {}, { containerStatuses: [{ ...status, ...reported }] });
    manager.update(before, runtime([running]), ['10.0.0.5']);
    return running.id;
  }

  it('is as ready as it was until a probe says otherwise', async () => {
    const ready = found({ readinessProbe: probe('ready') }, { ready: true, started: true });
    expect(manager.readiness(ready)).toBe(true);
    answers.ready = 'failure';
    await clock.advance(24_999);
    expect(manager.readiness(ready)).toBe(true);
    await clock.advance(1);
    expect(manager.readiness(ready)).toBe(false);
    expect(manager.readiness(found({ readinessProbe: probe('x') }, { ready: false, started: true }))).toBe(false);
  });

  it('has started when it had', async () => {
    const id = found({ startupProbe: probe('up'), readinessProbe: probe('ready') }, { ready: false, started: true });
    expect(manager.startup(id)).toBe(true);
    await clock.advance(10_000);
    expect(asked).toEqual(['ready']);
    expect(manager.readiness(id)).toBe(true);
  });
});

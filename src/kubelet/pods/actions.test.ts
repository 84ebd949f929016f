import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Container, Pod } from '../../api/core/v1.gen.ts';
import type { RuntimeContainer, RuntimePod } from '../runtime/state.ts';
import { computePodActions, type ProbeResults } from './actions.ts';
import { container, instance, pod, runtime, sandbox } from './fixtures.ts';

const quiet: ProbeResults = { liveness: () => undefined, startup: () => undefined };
const probes = (liveness: boolean | undefined, startup: boolean | undefined): ProbeResults => ({
  liveness: () => liveness,
  startup: () => startup,
});

/** The decision in one line: "kill-pod sandbox(1) start a b kill c". */
function decide(p: Pod, r: RuntimePod | undefined, results = quiet): string {
  const actions = computePodActions(p, r, results);
  return [
    actions.killPod && 'kill-pod',
    actions.createSandbox && `sandbox(${actions.attempt})`,
    actions.start.length && `start ${actions.start.map((c) => c.name).join(' ')}`,
    actions.kill.length && `kill ${actions.kill.map((k) => k.container.name).join(' ')}`,
  ]
    .filter(Boolean)
    .join(' ');
}

const a = container('a');
const b = container('b');
const one = container('one');
const two = container('two');
const side = container('side', { restartPolicy: 'Always' });
const gated = container('gated', { restartPolicy: 'Always', startupProbe: { exec: { command: ['x'] } } });
const exited = (c: Container, exitCode: number, more: Partial<RuntimeContainer> = {}) =>
  instance(c, 'exited', { exitCode, ...more });
const running = (c: Container, more: Partial<RuntimeContainer> = {}) => instance(c, 'running', more);

describe('sandboxes', () => {
  const p = pod({ containers: [a, b] });
  it.each<[string, Pod, RuntimePod | undefined, string]>([
    ['a new pod', p, undefined, 'kill-pod sandbox(0) start a b'],
    ['all is well', p, runtime([running(a), running(b)]), ''],
    [
      'the sandbox died',
      p,
      runtime([exited(a, 137), exited(b, 137)], [sandbox({ ready: false })]),
      'kill-pod sandbox(1) start a b',
    ],
    [
      'two are ready',
      p,
      runtime([running(a), running(b)], [sandbox({ id: 's1', attempt: 1 }), sandbox()]),
      'kill-pod sandbox(2) start a b',
    ],
    ['it lost its address', p, runtime([running(a)], [sandbox({ ips: [] })]), 'kill-pod sandbox(1) start a b'],
    [
      'none is needed on the network of the host',
      pod({ hostNetwork: true }),
      runtime([running(a)], [sandbox({ ips: [] })]),
      '',
    ],
    [
      'a pod that never restarts is over',
      pod({ restartPolicy: 'Never' }),
      runtime([exited(a, 1)], [sandbox({ ready: false })]),
      'kill-pod',
    ],
    [
      'what has succeeded stays done',
      pod({ restartPolicy: 'OnFailure', containers: [a, b] }),
      runtime([exited(a, 0), exited(b, 1)], [sandbox({ ready: false })]),
      'kill-pod sandbox(1) start b',
    ],
    [
      'all have succeeded',
      pod({ restartPolicy: 'OnFailure' }),
      runtime([exited(a, 0)], [sandbox({ ready: false })]),
      'kill-pod',
    ],
    [
      'a new one starts over with the first init container',
      pod({ initContainers: [one, two] }),
      runtime([running(a), exited(two, 0), exited(one, 0)], [sandbox({ ready: false })]),
      'kill-pod sandbox(1) start one',
    ],
  ])('%s', (_, p, r, expected) => expect(decide(p, r)).toBe(expected));
});

describe('init containers', () => {
  const p = pod({ initContainers: [one, two] });
  const never = pod({ initContainers: [one, two], restartPolicy: 'Never' });
  it.each<[string, Pod, RuntimeContainer[], string]>([
    ['the first', p, [], 'start one'],
    ['is waited for', p, [running(one)], ''],
    ['the second after the first', p, [exited(one, 0)], 'start two'],
    ['then the others', p, [exited(two, 0), exited(one, 0)], 'start a'],
    ['a failed one is tried again', p, [exited(two, 1), exited(one, 0)], 'start two'],
    ['a failed one ends a pod that never restarts', never, [exited(one, 1)], 'kill-pod'],
    ['one that could not be started', p, [instance(one, 'created')], 'start one'],
    ['an unknown one is ended first', p, [instance(one, 'unknown')], 'start one kill one'],
    ['of an earlier sandbox do not count', p, [exited(one, 0, { sandboxId: 'old' })], 'start one'],
    ['that are gone are not run again once a container was made', p, [running(a)], ''],
  ])('%s', (_, p, containers, expected) => expect(decide(p, runtime(containers))).toBe(expected));
});

describe('sidecars', () => {
  const p = pod({ initContainers: [side, two] });
  const waits = pod({ initContainers: [gated] });
  const never = pod({ initContainers: [side], restartPolicy: 'Never' });
  it.each<[string, Pod, RuntimeContainer[], ProbeResults, string]>([
    ['start first', p, [], quiet, 'start side'],
    ['let the next start once they run', p, [running(side)], quiet, 'start two'],
    ['start again beside a running init container', p, [running(two), exited(side, 1)], quiet, 'start side'],
    ['start again beside the others', p, [running(a), exited(two, 0), exited(side, 0)], quiet, 'start side'],
    ['hold the others until their start-up probe', waits, [running(gated)], quiet, ''],
    ['let go after it', waits, [running(gated)], probes(undefined, true), 'start a'],
    ['are restarted when it fails', waits, [running(gated)], probes(undefined, false), 'start gated kill gated'],
    ['do not keep a finished pod', never, [exited(a, 0), running(side)], quiet, 'kill-pod'],
    ['are not started for a finished pod', never, [exited(a, 0), exited(side, 1)], quiet, 'kill-pod'],
    ['start again in a pod that never restarts', never, [running(a), exited(side, 1)], quiet, 'start side'],
  ])('%s', (_, p, containers, results, expected) => expect(decide(p, runtime(containers), results)).toBe(expected));
});

describe('containers', () => {
  const p = (restartPolicy: 'Always' | 'Never' | 'OnFailure') => pod({ restartPolicy, containers: [a, b] });
  const rules = container('a', {
    restartPolicy: 'Never',
    restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
  });
  it.each<[string, Pod, RuntimeContainer[], ProbeResults, string]>([
    ['Always starts what ended well', p('Always'), [exited(a, 0), running(b)], quiet, 'start a'],
    ['OnFailure does not', p('OnFailure'), [exited(a, 0), running(b)], quiet, ''],
    ['OnFailure starts what failed', p('OnFailure'), [exited(a, 1), running(b)], quiet, 'start a'],
    ['Never starts nothing', p('Never'), [exited(a, 1), running(b)], quiet, ''],
    ['the end of all is the end of the pod', p('Never'), [exited(a, 1), exited(b, 0)], quiet, 'kill-pod'],
    ['one that could not be started', p('Never'), [instance(a, 'created'), running(b)], quiet, 'start a'],
    ['an unknown one is ended first', p('Always'), [instance(a, 'unknown'), running(b)], quiet, 'start a kill a'],
    ['the newest instance counts', pod(), [running(a), exited(a, 1)], quiet, ''],
    ['liveness', pod(), [running(a)], probes(false, true), 'start a kill a'],
    ['liveness where nothing restarts', pod({ restartPolicy: 'Never' }), [running(a)], probes(false, true), 'kill a'],
    ['start-up', pod(), [running(a)], probes(undefined, false), 'start a kill a'],
    ['another image', pod(), [running(a, { hash: 'other' })], quiet, 'start a kill a'],
    ['its own rules', pod({ containers: [rules, b] }), [exited(rules, 42), running(b)], quiet, 'start a'],
    ['its own policy', pod({ containers: [rules, b] }), [exited(rules, 1), running(b)], quiet, ''],
    [
      'nothing in a deleted pod',
      pod({}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      [exited(a, 1)],
      quiet,
      'kill-pod',
    ],
  ])('%s', (_, p, containers, results, expected) => expect(decide(p, runtime(containers), results)).toBe(expected));

  it('says why in the words of the event', () => {
    const text = (p: Pod, results: ProbeResults) =>
      computePodActions(p, runtime([running(a)]), results).kill.map((k) => `${k.reason}: ${k.message}`);
    expect(text(pod(), probes(false, undefined))).toEqual([
      'LivenessProbe: Container a failed liveness probe, will be restarted',
    ]);
    expect(text(pod({ restartPolicy: 'Never' }), probes(undefined, false))).toEqual([
      'StartupProbe: Container a failed startup probe',
    ]);
  });

  it('starts ephemeral containers at any time, but once', () => {
    const debug = { name: 'debug', image: 'busybox', resources: {} };
    const p = pod({ initContainers: [one], ephemeralContainers: [debug] });
    expect(decide(p, runtime([running(one)]))).toBe('start debug');
    expect(decide(p, runtime([exited({ ...debug, image: 'busybox' }, 1), running(one)]))).toBe('');
  });
});

describe('whatever the runtime has', () => {
  const state = fc.constantFrom<RuntimeContainer['state']>('created', 'running', 'exited', 'unknown');
  const some = fc.array(
    fc.record({ of: fc.constantFrom(a, b, one, side), state, exitCode: fc.constantFrom(0, 1), here: fc.boolean() }),
    { maxLength: 8 },
  );
  const policy = fc.constantFrom<'Always' | 'Never' | 'OnFailure'>('Always', 'Never', 'OnFailure');

  it('never starts what runs unless it is killed, and nothing twice', () => {
    fc.assert(
      fc.property(some, policy, fc.boolean(), (list, restartPolicy, ready) => {
        const p = pod({ restartPolicy, initContainers: [one, side], containers: [a, b] });
        // What is in the sandbox of today is newer than what is in one before it.
        const newestFirst = [...list].sort((x, y) => Number(y.here) - Number(x.here));
        const containers = newestFirst.map(({ of, state, exitCode, here }) =>
          instance(of, state, { exitCode, sandboxId: here ? 's0' : 'old' }),
        );
        const actions = computePodActions(p, runtime(containers, [sandbox({ ready })]), quiet);
        const names = actions.start.map((c) => c.name);
        expect(new Set(names).size).toBe(names.length);
        if (actions.killPod) return;
        for (const { name } of actions.start) {
          const newest = containers.find((c) => c.name === name && c.sandboxId === 's0');
          if (newest?.state === 'running') expect(actions.kill.map((k) => k.id)).toContain(newest.id);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Deployment, ReplicaSet } from '../../api/apps/v1.gen.ts';
import type { Generations } from './revisions.ts';
import {
  allOf,
  limits,
  maxUnavailable,
  replicasOf,
  scaleCurrent,
  scaleOld,
  scaleProportionally,
  sumReplicas,
} from './scaling.ts';

const metadata = (name: string, annotations?: Record<string, string>) => ({
  name,
  uid: name,
  resourceVersion: '1',
  creationTimestamp: `2026-01-01T00:00:0${name.length % 10}Z`,
  ...(annotations && { annotations }),
});
const template = { metadata: {}, spec: { containers: [] } };

function deployment(replicas: number, maxSurge: number | string, unavailable: number | string): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('d'),
    spec: {
      replicas,
      selector: {},
      template,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable: unavailable } },
    },
    status: {},
  };
}

function set(name: string, replicas: number, available: number, before?: number): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: metadata(
      name,
      before === undefined ? undefined : { 'deployment.kubernetes.io/max-replicas': `${before}` },
    ),
    spec: { replicas, selector: {}, template },
    status: { replicas, availableReplicas: available },
  };
}

const bound = fc.oneof(
  fc.nat(5),
  fc.nat(100).map((percent) => `${percent}%`),
);

test('limits: surge rounds up, unavailable rounds down, and never both are nothing', () => {
  expect(limits(deployment(10, '25%', '25%'))).toEqual({ surge: 3, unavailable: 2 });
  expect(limits(deployment(1, 0, '10%'))).toEqual({ surge: 0, unavailable: 1 });
  expect(maxUnavailable(deployment(2, 0, 5))).toBe(2);
});

test('whatever gets ready when, a rollout ends, never too large and never with too few available', () => {
  fc.assert(
    fc.property(
      fc.nat(20),
      bound,
      bound,
      fc.nat(20),
      fc.infiniteStream(fc.nat(9)),
      (replicas, surge, unavailable, split, lots) => {
        const wanted = deployment(replicas, surge, unavailable);
        const most = replicas + limits(wanted).surge;
        const least = replicas - maxUnavailable(wanted);
        const first = Math.min(split, replicas);
        let state: Generations = {
          current: set('new', 0, 0),
          old: [set('a', first, first), set('bb', replicas - first, replicas - first)],
        };
        const done = () => state.current && replicasOf(state.current) === replicas && sumReplicas(state.old) === 0;
        for (let step = 0; !done(); step++) {
          expect(step).toBeLessThan(500);
          const up = scaleCurrent(wanted, state);
          const steps = up ? [up] : scaleOld(wanted, state);
          const resize = (s: ReplicaSet): ReplicaSet => {
            const size =
              steps.filter((other) => other.set.metadata.uid === s.metadata.uid).at(-1)?.replicas ?? replicasOf(s);
            const ready = s.status.availableReplicas ?? 0;
            const lot = lots.next().value ?? 0;
            const more = s.metadata.name === 'new' && steps.length === 0 ? Math.max(1, lot) : lot > 7 ? 1 : 0;
            return set(s.metadata.name, size, Math.min(size, s.metadata.name === 'new' ? ready + more : ready));
          };
          state = { current: state.current && resize(state.current), old: state.old.map(resize) };
          expect(sumReplicas(allOf(state))).toBeLessThanOrEqual(Math.max(most, replicas));
          const available = allOf(state).reduce((sum, s) => sum + (s.status.availableReplicas ?? 0), 0);
          expect(available).toBeGreaterThanOrEqual(least);
        }
      },
    ),
  );
});

test('a change of size in a rollout gives each its part, and all of them together what is allowed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(50), fc.nat(50), fc.nat(10), (replicas, a, b, surge) => {
      fc.pre(a > 0 && b > 0);
      const wanted = deployment(replicas, surge, 0);
      const generations = { current: set('new', a, 0, a + b), old: [set('old', b, b, a + b)] };
      const steps = scaleProportionally(wanted, generations);
      const total = steps.reduce((sum, step) => sum + step.replicas, 0);
      expect(total).toBe(replicas + limits(wanted).surge);
      for (const { replicas: size } of steps) expect(size).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('a single ReplicaSet takes the whole change; when the new one is complete the old ones go', () => {
  const wanted = deployment(5, 1, 1);
  expect(scaleProportionally(wanted, { current: set('new', 3, 3), old: [set('old', 0, 0)] })).toMatchObject([
    { replicas: 5 },
  ]);
  const complete = {
    ...set('new', 5, 5),
    metadata: metadata('new', { 'deployment.kubernetes.io/desired-replicas': '5' }),
  };
  expect(scaleProportionally(wanted, { current: complete, old: [set('old', 2, 2)] })).toMatchObject([
    { set: { metadata: { name: 'old' } }, replicas: 0 },
  ]);
});

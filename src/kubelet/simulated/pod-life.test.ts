import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/core/v1.gen.ts';
import { makePod } from '../../scheduler/testing.ts';
import { nextStep, runSecondsAnnotation } from './pod-life.ts';

const place = { hostIP: '172.16.0.1', podIP: '10.128.0.1' };
const life = { startupMs: 1000, jobRunMs: 5000 };
const start = Date.UTC(2026, 0, 1);

function pod(metadata: object = {}, status: object = {}): Pod {
  const made = makePod({ name: 'a', nodeName: 'node-0' });
  return { ...made, metadata: { ...made.metadata, ...metadata }, status: { ...made.status, ...status } };
}

const ownedByJob = {
  ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'j', controller: true }],
};

describe('the life of a simulated pod', () => {
  it('starts after its start-up time', () => {
    expect(nextStep(pod(), place, life, start, start + 400)).toEqual({ do: 'wait', ms: 600 });
    const step = nextStep(pod(), place, life, start, start + 1000);
    expect(step).toMatchObject({
      do: 'status',
      status: {
        phase: 'Running',
        podIP: '10.128.0.1',
        containerStatuses: [{ name: 'c', ready: true, restartCount: 0 }],
      },
    });
  });

  it('runs until it is deleted', () => {
    expect(nextStep(pod({}, { phase: 'Running' }), place, life, start, start + 1e9)).toEqual({ do: 'nothing' });
    expect(nextStep(pod({ deletionTimestamp: 'x' }, { phase: 'Running' }), place, life, start, start)).toEqual({
      do: 'delete',
    });
  });

  it('succeeds when a Job owns it', () => {
    const running = pod(ownedByJob, { phase: 'Running', startTime: '2026-01-01T00:00:00Z' });
    expect(nextStep(running, place, life, start, start + 2000)).toEqual({ do: 'wait', ms: 3000 });
    expect(nextStep(running, place, life, start, start + 5000)).toMatchObject({
      do: 'status',
      status: { phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] },
    });
  });

  it('may say itself how long it runs', () => {
    const running = pod(
      { annotations: { [runSecondsAnnotation]: '2' } },
      { phase: 'Running', startTime: '2026-01-01T00:00:00Z' },
    );
    expect(nextStep(running, place, life, start, start + 500)).toEqual({ do: 'wait', ms: 1500 });
  });

  it('does nothing when it is over', () => {
    expect(nextStep(pod(ownedByJob, { phase: 'Succeeded' }), place, life, start, start)).toEqual({ do: 'nothing' });
  });
});

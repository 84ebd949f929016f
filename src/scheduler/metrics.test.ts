import { expect, test } from 'vitest';
import { Registry } from '../utils/metrics.ts';
import { podInfo } from './framework/pod-info.ts';
import { SchedulerMetrics } from './metrics.ts';
import { makePod } from './testing.ts';

const render = (registry: Registry) => {
  const lines: string[] = [];
  registry.render(lines);
  return lines;
};

test('attempts, queues and the time to a node, under the names of kube-scheduler', () => {
  const registry = new Registry();
  const pending = { active: 1, backoff: 0, unschedulable: 2, gated: 0 };
  const metrics = new SchedulerMetrics(registry, 'default-scheduler', () => pending);
  metrics.incoming('active', 'PodAdd');
  metrics.incoming('active', 'PodAdd');
  metrics.point('Filter', 1, 'Success');
  metrics.attempt('unschedulable', 3);
  metrics.attempt('scheduled', 3);
  const pod = makePod({});
  const item = { pod, info: podInfo(pod), added: 1000, timestamp: 5000, unschedulablePlugins: new Set<string>() };
  metrics.bound({ ...item, attempts: 2 }, 4000);
  metrics.bound({ ...item, attempts: 99 }, 4000);
  const lines = render(registry);
  expect(lines).toEqual(
    expect.arrayContaining([
      'scheduler_schedule_attempts_total{profile="default-scheduler",result="unschedulable"} 1',
      'scheduler_schedule_attempts_total{profile="default-scheduler",result="scheduled"} 1',
      'scheduler_scheduling_attempt_duration_seconds_sum{profile="default-scheduler",result="scheduled"} 0.003',
      'scheduler_framework_extension_point_duration_seconds_count{extension_point="Filter",profile="default-scheduler",status="Success"} 1',
      'scheduler_queue_incoming_pods_total{event="PodAdd",queue="active"} 2',
      'scheduler_pod_scheduling_sli_duration_seconds_sum{attempts="2"} 3',
      'scheduler_pod_scheduling_sli_duration_seconds_sum{attempts="15+"} 3',
      'scheduler_pod_scheduling_attempts_count 2',
      'scheduler_pending_pods{queue="unschedulable"} 2',
    ]),
  );
});

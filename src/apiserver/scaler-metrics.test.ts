import { expect, test } from 'vitest';
import type * as v2 from '../api/autoscaling/v2.gen.ts';
import {
  behaviorText,
  camelCased,
  metricStatusToV1,
  metricStatusToV2,
  metricToV1,
  metricToV2,
} from './scaler-metrics.ts';

const metrics: readonly v2.MetricSpec[] = [
  {
    type: 'Pods',
    pods: {
      metric: { name: 'm', selector: { matchLabels: { a: 'b' } } },
      target: { type: 'AverageValue', averageValue: '10' },
    },
  },
  {
    type: 'Object',
    object: {
      describedObject: { kind: 'Service', name: 's', apiVersion: 'v1' },
      target: { type: 'Value', value: '5' },
      metric: { name: 'o' },
    },
  },
  { type: 'External', external: { metric: { name: 'e' }, target: { type: 'AverageValue', averageValue: '500m' } } },
  {
    type: 'ContainerResource',
    containerResource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' }, container: 'c' },
  },
];

// As v1.36.1 writes them into the annotation.
const text =
  '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"10","selector":{"matchLabels":{"a":"b"}}}},' +
  '{"type":"Object","object":{"target":{"kind":"Service","name":"s","apiVersion":"v1"},"metricName":"o","targetValue":"5"}},' +
  '{"type":"External","external":{"metricName":"e","targetAverageValue":"500m"}},' +
  '{"type":"ContainerResource","containerResource":{"name":"memory","targetAverageValue":"1Gi","container":"c"}}]';

test('metrics in the shapes of v1, and back', () => {
  expect(JSON.stringify(metrics.map(metricToV1))).toBe(text);
  expect(metrics.map(metricToV1).map(metricToV2)).toEqual(metrics);
});

test('what is measured, and back', () => {
  const cpu: v2.MetricStatus = { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40 } } };
  const written = metricStatusToV1(cpu);
  expect(JSON.stringify(written)).toBe(
    '{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":40,"currentAverageValue":"0"}}',
  );
  expect(metricStatusToV2(written).resource?.current).toEqual({ averageValue: '0', averageUtilization: 40 });
});

test('behaviors with the names of Go, and back', () => {
  const behavior = {
    scaleUp: { stabilizationWindowSeconds: 10, policies: [{ type: 'Pods', value: 2, periodSeconds: 15 }] },
  };
  const written = behaviorText(behavior);
  expect(written).toBe(
    '{"ScaleUp":{"StabilizationWindowSeconds":10,"SelectPolicy":null,"Policies":[{"Type":"Pods","Value":2,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":null}',
  );
  expect(camelCased(JSON.parse(written))).toEqual(behavior);
});

import { expect, test } from 'vitest';
import { isUnservedKind } from './unserved-kinds.ts';

test('kinds of versions that are gone are known, and their lists', () => {
  expect(isUnservedKind('extensions/v1beta1', 'Deployment')).toBe(true);
  expect(isUnservedKind('apps/v1beta1', 'StatefulSetList')).toBe(true);
  expect(isUnservedKind('policy/v1beta1', 'Eviction')).toBe(true);
  expect(isUnservedKind('autoscaling/v2beta2', 'HorizontalPodAutoscaler')).toBe(false);
  expect(isUnservedKind('apps/v1', 'Deployment')).toBe(false);
  expect(isUnservedKind('constructor', 'Deployment')).toBe(false);
});

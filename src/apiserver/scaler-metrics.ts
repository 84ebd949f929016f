import type * as v1 from '../api/autoscaling/v1.gen.ts';
import type * as v2 from '../api/autoscaling/v2.gen.ts';

/**
 * The metrics of an autoscaler as autoscaling/v1 writes them into annotations: in the shapes that metrics had before v2,
 * where a value that has to be there and is not is "0". Behaviors stand there with the names that the fields have in Go.
 */

const ZERO = '0';

export function metricToV1({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v2.MetricSpec): v1.MetricSpec {
  return {
    type,
    ...(object && {
      object: {
        target: object.describedObject,
        metricName: object.metric.name,
        targetValue: object.target.value ?? ZERO,
        ...(object.metric.selector && { selector: object.metric.selector }),
        ...(object.target.averageValue !== undefined && { averageValue: object.target.averageValue }),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? ZERO,
        ...(pods.metric.selector && { selector: pods.metric.selector }),
      },
    }),
    ...(resource && { resource: { name: resource.name, ...averages(resource.target) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        ...averages(containerResource.target),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...(external.metric.selector && { metricSelector: external.metric.selector }),
        ...(external.target.value !== undefined && { targetValue: external.target.value }),
        ...(external.target.averageValue !== undefined && { targetAverageValue: external.target.averageValue }),
      },
    }),
  };
}

const averages = ({ averageUtilization, averageValue }: v2.MetricTarget) => ({
  ...(averageUtilization !== undefined && { targetAverageUtilization: averageUtilization }),
  ...(averageValue !== undefined && { targetAverageValue: averageValue }),
});

export function metricToV2({
  type,
  object,
  pods,
  resource,
  containerResource,
  external,
}: v1.MetricSpec): v2.MetricSpec {
  return {
    type,
    ...(object && {
      object: {
        describedObject: referred(object.target),
        target:
          object.averageValue === undefined
            ? { type: 'Value', value: object.targetValue }
            : {
                type: 'AverageValue',
                ...(object.targetValue !== ZERO && { value: object.targetValue }),
                averageValue: object.averageValue,
              },
        metric: metric(object.metricName, object.selector),
      },
    }),
    ...(pods && {
      pods: {
        metric: metric(pods.metricName, pods.selector),
        target: { type: 'AverageValue', averageValue: pods.targetAverageValue },
      },
    }),
    ...(resource && { resource: { name: resource.name, target: target(resource) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        target: target(containerResource),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metric: metric(external.metricName, external.metricSelector),
        target: {
          type: external.targetValue === undefined ? 'AverageValue' : 'Value',
          ...(external.targetValue !== undefined && { value: external.targetValue }),
          ...(external.targetAverageValue !== undefined && { averageValue: external.targetAverageValue }),
        },
      },
    }),
  };
}

/** Annotations are anybody's: what has to be there may be missing. */
const metric = (name: string | undefined, selector: v2.MetricIdentifier['selector']): v2.MetricIdentifier => ({
  name: name ?? '',
  ...(selector && { selector }),
});

const referred = (object: Partial<v2.CrossVersionObjectReference> | undefined): v2.CrossVersionObjectReference => ({
  kind: '',
  name: '',
  ...object,
});

const target = ({ targetAverageUtilization, targetAverageValue }: v1.ResourceMetricSource): v2.MetricTarget => ({
  type: targetAverageUtilization === undefined ? 'AverageValue' : 'Utilization',
  ...(targetAverageValue !== undefined && { averageValue: targetAverageValue }),
  ...(targetAverageUtilization !== undefined && { averageUtilization: targetAverageUtilization }),
});

export function metricStatusToV1(status: v2.MetricStatus): v1.MetricStatus {
  const { type, object, pods, resource, containerResource, external } = status;
  return {
    type,
    ...(object && {
      object: {
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? ZERO,
        ...(object.metric.selector && { selector: object.metric.selector }),
        ...(object.current.averageValue !== undefined && { averageValue: object.current.averageValue }),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? ZERO,
        ...(pods.metric.selector && { selector: pods.metric.selector }),
      },
    }),
    ...(resource && { resource: { name: resource.name, ...measured(resource.current) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        ...measured(containerResource.current),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...(external.metric.selector && { metricSelector: external.metric.selector }),
        currentValue: external.current.value ?? ZERO,
        ...(external.current.averageValue !== undefined && { currentAverageValue: external.current.averageValue }),
      },
    }),
  };
}

const measured = ({ averageUtilization, averageValue }: v2.MetricValueStatus) => ({
  ...(averageUtilization !== undefined && { currentAverageUtilization: averageUtilization }),
  currentAverageValue: averageValue ?? ZERO,
});

export function metricStatusToV2(status: v1.MetricStatus): v2.MetricStatus {
  const { type, object, pods, resource, containerResource, external } = status;
  return {
    type,
    ...(object && {
      object: {
        metric: metric(object.metricName, object.selector),
        current: {
          value: object.currentValue,
          ...(object.averageValue !== undefined && { averageValue: object.averageValue }),
        },
        describedObject: referred(object.target),
      },
    }),
    ...(pods && {
      pods: {
        metric: metric(pods.metricName, pods.selector),
        current: { averageValue: pods.currentAverageValue },
      },
    }),
    ...(resource && { resource: { name: resource.name, current: current(resource) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        current: current(containerResource),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metric: metric(external.metricName, external.metricSelector),
        current: {
          value: external.currentValue,
          ...(external.currentAverageValue !== undefined && { averageValue: external.currentAverageValue }),
        },
      },
    }),
  };
}

const current = ({
  currentAverageUtilization,
  currentAverageValue,
}: v1.ResourceMetricStatus): v2.MetricValueStatus => ({
  averageValue: currentAverageValue,
  ...(currentAverageUtilization !== undefined && { averageUtilization: currentAverageUtilization }),
});

export const behaviorText = ({ scaleUp, scaleDown }: v2.HorizontalPodAutoscalerBehavior): string =>
  JSON.stringify({ ScaleUp: goRules(scaleUp), ScaleDown: goRules(scaleDown) });

const goRules = (rules: v2.HPAScalingRules | undefined): unknown =>
  rules
    ? {
        StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
        SelectPolicy: rules.selectPolicy ?? null,
        Policies:
          rules.policies?.map(({ type, value, periodSeconds }) => ({
            Type: type,
            Value: value,
            PeriodSeconds: periodSeconds,
          })) ?? null,
        Tolerance: rules.tolerance ?? null,
      }
    : null;

/** The names of a behavior's fields as the API has them, nothing for null: Go reads either. */
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([name, one]) => [name.charAt(0).toLowerCase() + name.slice(1), camelCased(one)]),
  );
}

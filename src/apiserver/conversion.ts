import type * as v1 from '../api/autoscaling/v1.gen.ts';
import type * as v2 from '../api/autoscaling/v2.gen.ts';
import type * as core from '../api/core/v1.gen.ts';
import type * as events from '../api/events/v1.gen.ts';
import { model } from '../api/model.ts';
import { groupResourceName, type KubeObject, type Mutable, parseApiVersion } from '../api/resource.ts';
import type { JsonObject } from '../schema/json.ts';
import type { ObjectSchema } from '../schema/model.ts';
import type { ServedResource } from './core.ts';
import {
  behaviorText,
  camelCased,
  metricStatusToV1,
  metricStatusToV2,
  metricToV1,
  metricToV2,
} from './scaler-metrics.ts';

/** Between a served version and the stored one. Both keep every field the other can say. */
export interface Conversion {
  toStorage(object: Mutable<KubeObject>): Mutable<KubeObject>;
  fromStorage(object: KubeObject): KubeObject;
}

/** Conversions by the served resource; the casts hold because decoding gave the kind its shape. */
const conversions: Readonly<Record<string, Conversion>> = {
  'events.events.k8s.io': {
    toStorage: (object) => eventToCore(object as unknown as events.Event) as unknown as Mutable<KubeObject>,
    fromStorage: (object) => eventFromCore(object as core.Event),
  },
  'horizontalpodautoscalers.autoscaling': {
    toStorage: (object) =>
      scalerToV2(object as unknown as v1.HorizontalPodAutoscaler) as unknown as Mutable<KubeObject>,
    fromStorage: (object) => scalerToV1(object as v2.HorizontalPodAutoscaler),
  },
};

/** Versions of one kind that differ, and how one comes from what is stored of it; the stored one comes as it is. */
const differing: Readonly<Record<string, Readonly<Record<string, Conversion | undefined>>>> = {
  Event: { v1: undefined, 'events.k8s.io/v1': conversions['events.events.k8s.io'] },
  HorizontalPodAutoscaler: {
    'autoscaling/v2': undefined,
    'autoscaling/v1': conversions['horizontalpodautoscalers.autoscaling'],
  },
};

/** An object as another version of its kind shows it; undefined where the two do not differ, or one is not known. */
export function inVersion(
  object: JsonObject,
  apiVersion: string,
): { readonly schema: ObjectSchema; readonly object: JsonObject } | undefined {
  const { kind, apiVersion: from } = object;
  if (typeof kind !== 'string' || typeof from !== 'string') return undefined;
  const versions = Object.hasOwn(differing, kind) ? differing[kind] : undefined;
  if (!versions || !Object.hasOwn(versions, from) || !Object.hasOwn(versions, apiVersion)) return undefined;
  const { group, version } = parseApiVersion(apiVersion) ?? { group: '', version: apiVersion };
  const schema = model.kind(group, version, kind);
  if (!schema) return undefined;
  // The kind is one that the conversions are for; what they give shares with what they take.
  const given = object as unknown as Mutable<KubeObject>;
  const stored = versions[from]?.toStorage(given) ?? given;
  return { schema, object: (versions[apiVersion]?.fromStorage(stored) ?? stored) as unknown as JsonObject };
}

/** Whether a built-in kind has a version; its namesake in another group is another kind. Undefined for custom resources. */
export function versionsKnown(
  group: string,
  kind: string,
  schema: ObjectSchema,
): ((apiVersion: string) => boolean) | undefined {
  if (schema.proto === undefined) return undefined;
  return (apiVersion) => {
    const gv = parseApiVersion(apiVersion);
    return gv?.group === group && model.kind(group, gv.version, kind) !== undefined;
  };
}

export function conversionOf(served: ServedResource): Conversion {
  const name = groupResourceName({ group: served.group, resource: served.data.resource });
  const conversion = conversions[name];
  if (!conversion) throw new Error(`nothing converts ${name} ${served.version}`);
  return conversion;
}

function eventToCore(event: events.Event): core.Event {
  const { regarding, note, reportingController, deprecatedSource, ...rest } = event;
  const { deprecatedFirstTimestamp, deprecatedLastTimestamp, deprecatedCount, ...same } = rest;
  return {
    ...same,
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: regarding,
    ...(note !== undefined && { message: note }),
    source: deprecatedSource,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    ...(deprecatedCount !== undefined && { count: deprecatedCount }),
    reportingComponent: reportingController ?? '',
    reportingInstance: event.reportingInstance ?? '',
  };
}

function eventFromCore(event: core.Event): events.Event {
  const { involvedObject, message, source, firstTimestamp, lastTimestamp, count, reportingComponent, ...same } = event;
  return {
    kind: 'Event',
    apiVersion: 'events.k8s.io/v1',
    metadata: same.metadata,
    eventTime: same.eventTime as string,
    ...(same.series && { series: same.series as events.EventSeries }),
    ...(reportingComponent && { reportingController: reportingComponent }),
    ...(same.reportingInstance && { reportingInstance: same.reportingInstance }),
    ...(same.action && { action: same.action }),
    ...(same.reason && { reason: same.reason }),
    regarding: involvedObject,
    ...(same.related && { related: same.related }),
    ...(message && { note: message }),
    ...(same.type && { type: same.type }),
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    ...(count && { deprecatedCount: count }),
  };
}

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics';

type Cpu = v2.MetricSpec & { readonly resource: NonNullable<v2.MetricSpec['resource']> };

const isCpu = (metric: v2.MetricSpec): metric is Cpu =>
  metric.type === 'Resource' &&
  metric.resource?.name === 'cpu' &&
  metric.resource.target.averageUtilization !== undefined;

const DEFAULT_UTILIZATION = 80;

/** As maps are written. */
const sortedKeys = (map: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Autoscaling/v1 says one thing, the utilization of CPU; the rest of v2 stands in annotations. */
function scalerToV1(scaler: v2.HorizontalPodAutoscaler): v1.HorizontalPodAutoscaler {
  const { metrics: given, behavior, ...spec } = scaler.spec;
  const { currentMetrics: measured, conditions, ...status } = scaler.status;
  // Absent lists may be null.
  const metrics = given ?? [];
  const currentMetrics = measured ?? [];
  const cpu = metrics.find(isCpu);
  const others = metrics.filter((metric) => metric !== cpu);
  const current = currentMetrics.find((m) => m.type === 'Resource' && m.resource?.name === 'cpu');
  const annotations = sortedKeys({
    ...scaler.metadata.annotations,
    ...(others.length > 0 && { [METRICS]: JSON.stringify(others.map(metricToV1)) }),
    ...(behavior && { [BEHAVIOR]: behaviorText(behavior) }),
    ...(conditions?.length && { [CONDITIONS]: JSON.stringify(conditions) }),
    ...(currentMetrics.length > 0 && { [CURRENT]: JSON.stringify(currentMetrics.map(metricStatusToV1)) }),
  });
  const utilization = cpu?.resource.target.averageUtilization;
  const now = current?.resource?.current.averageUtilization;
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    metadata: Object.keys(annotations).length > 0 ? { ...scaler.metadata, annotations } : scaler.metadata,
    spec: { ...spec, ...(utilization !== undefined && { targetCPUUtilizationPercentage: utilization }) },
    status: {
      ...status,
      currentReplicas: status.currentReplicas ?? 0,
      ...(now !== undefined && { currentCPUUtilizationPercentage: now }),
    },
  };
}

export function scalerToV2(scaler: v1.HorizontalPodAutoscaler): v2.HorizontalPodAutoscaler {
  const { targetCPUUtilizationPercentage, ...spec } = scaler.spec;
  const { currentCPUUtilizationPercentage: used, ...status } = scaler.status;
  const {
    [METRICS]: metricsText,
    [BEHAVIOR]: rulesText,
    [CONDITIONS]: conditionsText,
    [CURRENT]: currentText,
    ...annotations
  } = scaler.metadata.annotations ?? {};
  const { annotations: _annotations, ...metadata } = scaler.metadata;
  const behavior = parsed(rulesText, asBehavior);
  const conditions = parsed(
    conditionsText,
    eachOf((condition: v2.HorizontalPodAutoscalerCondition) => condition),
  );
  const cpuUsed =
    used === undefined
      ? undefined
      : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: used } } }];
  // What the annotation tells is more.
  const currentMetrics = parsed(currentText, eachOf(metricStatusToV2)) ?? cpuUsed;
  const metrics: v2.MetricSpec[] = [...(parsed(metricsText, eachOf(metricToV2)) ?? [])];
  // Who says nothing at all means CPU.
  const utilization = targetCPUUtilizationPercentage ?? (metrics.length === 0 ? DEFAULT_UTILIZATION : undefined);
  if (utilization !== undefined) {
    const target = { type: 'Utilization', averageUtilization: utilization };
    metrics.push({ type: 'Resource', resource: { name: 'cpu', target } });
  }
  return {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata,
    spec: { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior && { behavior }) },
    status: { ...status, ...(currentMetrics && { currentMetrics }), ...(conditions && { conditions }) },
  };
}

/** Of a list in an annotation; what is none, or holds what the conversion fails at, counts as absent. */
const eachOf =
  <From, To>(convert: (one: From) => To) =>
  (value: unknown): readonly To[] => {
    if (!Array.isArray(value)) throw new Error('not a list');
    return value.map(convert);
  };

/** An annotation that this file wrote; anything else counts as absent, and validation sees what is left. */
function parsed<T>(text: string | undefined, read: (value: unknown) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return read(JSON.parse(text));
  } catch {
    return undefined;
  }
}

// What is of the wrong shape inside is for validation to find.
const asBehavior = (value: unknown): v2.HorizontalPodAutoscalerBehavior => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return camelCased(value) as v2.HorizontalPodAutoscalerBehavior;
};
